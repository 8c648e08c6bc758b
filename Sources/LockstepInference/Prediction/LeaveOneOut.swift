import Foundation
import LockstepTensor

/// How well each lane's fit would predict each observation if it had not seen it: Pareto smoothed importance sampling leave-one-out cross
/// validation (Vehtari, Gelman and Gabry 2017, Statistics and Computing 27, 1413; Vehtari, Simpson, Gelman, Yao and Gabry 2024, JMLR 25, 72).
///
/// An observation is an element of an observed site's batch; one that a mask or a scale of 0 excludes, and a row beyond those that a lane
/// has of ragged data, counts for nothing and is NaN. So is all of a lane that was lost. Lanes are those of `Fits`, or the datasets of a
/// grid.
public struct LeaveOneOut: Sendable {
    /// Of each lane, 100 at least.
    public let draws: Int
    /// Whether draws of the guide were weighed to be those of the posterior.
    public let isCorrected: Bool
    /// The sum of log p(y_i | y without i) over all observations, by lane: higher is better.
    public let elpd: [Double]
    /// The standard error of `elpd` as a sum over n observations, sqrt(n times their variance), by n - 1; NaN of fewer than two.
    public let standardError: [Double]
    /// p_loo, by lane: log p(y_i | y) less log p(y_i | y without i), summed up. More than the number of parameters, or than half of the
    /// observations, says that the model fits badly, or that the criterion does not work.
    public let effectiveParameters: [Double]
    /// How many observations count, by lane.
    public let observations: [Int]
    /// How many observations have a Pareto shape above `shapeLimit`, or none, by lane: what is said of them is not to be trusted.
    public let untrustedCounts: [Int]
    /// log p(y_i | y without i), an array of the batch shape per lane, by observed site.
    public let pointwise: [String: LaneValues]
    /// The Pareto shapes k of the weights that leave one observation out, by observed site.
    ///
    /// Minus infinity where weights have no tail, as of a guide that is a point: leaving out changes nothing there, which says nothing of
    /// how the model predicts. Infinity where a draw gives the observation density 0.
    public let paretoShapes: [String: LaneValues]
    /// The observed sites, in the order of the model.
    public let sites: [String]
    /// Which elements count, by lane, through all sites; none of a lane that was lost.
    private let counted: [[Bool]]

    /// An observation that is not to be trusted.
    public struct UntrustedRow: Sendable, Hashable {
        /// The name of the site.
        public let site: String
        /// The place in the site's batch; empty for a scalar.
        public let index: [Int]
        /// Above `LeaveOneOut.shapeLimit`, or NaN.
        public let paretoShape: Double

        /// `obs[3]`.
        public var name: String { Summary.Row.name(site, index) }
    }

    init(_ criteria: LaneCriteria) {
        (draws, isCorrected, sites) = (criteria.draws, criteria.isCorrected, criteria.sites.map(\.name))
        let limit = Trust.shapeLimit(criteria.draws)
        let sums = criteria.sums(\.leftOut)
        elpd = sums.map(\.total)
        standardError = sums.map(\.error)
        effectiveParameters = criteria.sums { $0.density - $0.leftOut }.map(\.total)
        observations = criteria.counts { _ in true }
        untrustedCounts = criteria.counts { !($0.paretoShape <= limit) }
        pointwise = criteria.values(\.leftOut)
        paretoShapes = criteria.values(\.paretoShape)
        counted = criteria.rows.map { row in row.map { $0 != nil } }
    }

    /// How many lanes there are.
    public var lanes: Int { elpd.count }
    /// min(1 - 1 / log10(draws), 0.7): weights with a greater Pareto shape need more draws, or are of no use (Vehtari et al. 2024).
    public var shapeLimit: Double { Trust.shapeLimit(draws) }

    /// The observations of a lane that are not to be trusted, the worst first; none of a lane that was lost or does not exist.
    public func untrusted(lane: Int = 0) -> [UntrustedRow] {
        guard counted.indices.contains(lane) else { return [] }
        let limit = shapeLimit
        var (rows, first): ([UntrustedRow], Int) = ([], 0)
        for site in sites {
            guard let shapes = paretoShapes[site] else { continue }
            for (element, shape) in shapes[lane].enumerated() where counts(lane, first + element) && !(shape <= limit) {
                rows.append(UntrustedRow(site: site, index: ElementPlace.index(element, shapes.shape), paretoShape: shape))
            }
            first += shapes.shape.elementCount
        }
        func rank(_ row: UntrustedRow) -> Double { row.paretoShape.isNaN ? -.infinity : -row.paretoShape }
        return rows.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(\.element)
    }

    /// Whether an element, numbered through all sites, counts.
    private func counts(_ lane: Int, _ element: Int) -> Bool { counted[lane].indices.contains(element) && counted[lane][element] }

    /// The terms of a lane, of the observations that count; with their places through all sites.
    func terms(_ lane: Int) -> [(place: Int, elpd: Double)] {
        let all = sites.flatMap { pointwise[$0]?[lane] ?? [] }
        return all.indices.filter { counts(lane, $0) }.map { ($0, all[$0]) }
    }
}

extension LeaveOneOut {
    private static let shownRows = 10

    /// A lane's numbers, and which observations are not to be trusted, in words.
    ///
    /// - Throws: `LockstepError` where there is no such lane.
    public func report(lane: Int = 0) throws -> String {
        try LockstepError.wrapping {
            guard elpd.indices.contains(lane) else { throw RunError("there is no lane \(lane); there are \(lanes)") }
            guard observations[lane] > 0 else { return "there is nothing to say: the lane was lost, or none of its observations count" }
            let head =
                "elpd \(Self.text(elpd[lane])), give or take \(Self.text(standardError[lane])); p_loo \(Self.text(effectiveParameters[lane]))"
            let rows = untrusted(lane: lane)
            let limit = Self.text(shapeLimit)
            guard !rows.isEmpty else { return "\(head); no Pareto shape of the \(observations[lane]) observations is above \(limit)" }
            let shown = rows.prefix(Self.shownRows).map { "\($0.name) (\(Self.text($0.paretoShape)))" }.joined(separator: ", ")
            let more = rows.count > Self.shownRows ? " and \(rows.count - Self.shownRows) more" : ""
            return "\(head); \(rows.count) of \(observations[lane]) observations are not to be trusted, their Pareto shapes being above \(limit): "
                + shown + more
        }
    }

    static func text(_ value: Double) -> String { value.isFinite ? String(format: "%.2f", value) : "\(value)" }
}
