import Foundation
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// How well fits find parameters that data were drawn from, element by element. Printed, it is a table.
public struct Recovery: Sendable {
    /// One element of a site, over all datasets that have a fit.
    public struct Row: Sendable, Hashable {
        /// The name of the site.
        public let site: String
        /// The element's place in the site's array; empty for a scalar.
        public let index: [Int]
        /// The mean of (posterior mean - truth).
        public let bias: Double
        /// The root of the mean of (posterior mean - truth) squared.
        public let rootMeanSquaredError: Double
        /// The mean of the posterior standard deviations: of what size errors should be.
        public let meanSD: Double
        /// The share of datasets, 0 ... 1, whose central interval of 50 %, 80 % or 95 % holds the truth.
        public let coverage50, coverage80, coverage95: Double

        /// `tau`, `theta[3]`, `w[0,2]`.
        public var name: String { Summary.Row.name(site, index) }
    }

    /// In the order of the model.
    public let rows: [Row]
    /// How many datasets have a fit.
    public let datasets: Int
    /// What the data of each dataset were drawn from, by latent or deterministic site.
    public let truth: [String: LaneValues]
    /// Of the datasets, called `0`, `1` and so on.
    public let fits: GridFits
    /// Datasets without a fit: their data were not finite, or all fits were lost.
    public let lost: [Int]

    /// The rows of one site; none where there is no such site.
    public subscript(site: String) -> [Row] { rows.filter { $0.site == site } }

    static let probabilities = [0.025, 0.1, 0.25, 0.75, 0.9, 0.975]
}

extension LaneAlgorithm {
    /// Draws data from known parameters, fits each dataset, and compares the fits with what the data were drawn from.
    ///
    /// - Parameters:
    ///   - parameters: values of latents that all datasets are drawn from, row-major; latents that are not named are drawn from their prior, for
    ///     each dataset anew. Values of one number stand for all elements.
    ///   - datasets: how many are drawn.
    ///   - sites: latent or deterministic sites; all latents where nil.
    ///   - simulating: the model that data are drawn from, where it is not the one that is fitted.
    ///   - starts: fits of each dataset, of which the best is looked at.
    ///   - steps: of each fit, at most.
    ///   - data: as of `calibrate(datasets:draws:sites:simulating:starts:steps:data:key:device:options:)`.
    ///   - key: the same key gives the same data and fits.
    ///   - device: what runs the kernels.
    ///   - options: as of `run(keys:steps:data:device:options:)`; bad data are always left out.
    /// - Throws: `LockstepError` for parameters that the model does not have, for a model that no data can be drawn from, naming the site, and
    ///   as `run(keys:steps:data:device:options:)`; `CancellationError`.
    public func recover(
        parameters: [String: [Double]] = [:], datasets: Int = 1000, sites: [String]? = nil, simulating: Model? = nil, starts: Int = 1,
        steps: Int, data: [String: LaneData] = [:], key: Key = Key(0), device: Device = .auto, options: RunOptions = RunOptions()
    ) throws -> Recovery {
        try LockstepError.wrapping {
            let simulated = try SimulatedFits(
                self, simulating: Self.fixing(parameters, in: simulating ?? model, data.shapes(lanes: datasets)), datasets: datasets,
                starts: starts, steps: steps, data: data, sites: sites, key: key, device: device, options: options)
            return try Recovery(simulated)
        }
    }

    /// The model with some latents at known values.
    private static func fixing(_ parameters: [String: [Double]], in model: Model, _ shapes: DataShapes) throws -> Model {
        if parameters.isEmpty { return model }
        let trace = try DataError.naming { try model.trace(TraceRun.prototype(shapes)) }
        var values: [String: Tensor] = [:]
        for (name, given) in parameters.sorted(by: { $0.key < $1.key }) {
            guard let site = trace.latents.first(where: { $0.name == name }) else {
                throw RunError("parameters give '\(name)', which is no latent; \(Spelling.hint(name, among: trace.latents.map(\.name)))")
            }
            let shape = site.value.shape
            guard given.count == 1 || given.count == shape.elementCount else {
                throw RunError(
                    "parameters give '\(name)' \(given.count) numbers; its shape is \(shape), so give \(shape.elementCount), or one for all")
            }
            values[name] = given.count == 1 ? Tensor(given[0]) : Tensor(given, shape: shape)
        }
        return model.substitute(values)
    }
}

extension Recovery {
    fileprivate init(_ simulated: SimulatedFits) throws {
        let live = simulated.live
        let statistics = try PosteriorQuery(simulated.fits.fits).statistics(
            live.map(\.lane), of: simulated.sites.map(\.name), .all(Self.probabilities))
        rows = statistics.flatMap { site -> [Row] in
            guard let truth = simulated.simulation.values(site.name) else { return [] }
            return (0..<site.shape.elementCount).map { element in
                Row(
                    site.name, ElementPlace.index(element, site.shape),
                    zip(live, site.lanes).map { place, lane in
                        Row.Case(
                            truth: truth.array[place.dataset, element], mean: lane.mean[element], sd: lane.sd[element],
                            quantiles: lane.quantiles.map { $0[element] })
                    })
            }
        }
        datasets = live.count
        truth = Dictionary(uniqueKeysWithValues: simulated.simulation.truth.map { ($0.site, $0.values) })
        fits = simulated.fits
        lost = simulated.lost
    }
}

extension Recovery.Row {
    /// One dataset.
    struct Case {
        let truth, mean, sd: Double
        /// As `Recovery.probabilities`.
        let quantiles: [Double]

        func covers(_ low: Int) -> Bool { quantiles[low] <= truth && truth <= quantiles[quantiles.count - 1 - low] }
    }

    init(_ site: String, _ index: [Int], _ cases: [Case]) {
        func mean(_ value: (Case) -> Double) -> Double { cases.reduce(0) { $0 + value($1) } / Double(cases.count) }
        self.site = site
        self.index = index
        bias = mean { $0.mean - $0.truth }
        rootMeanSquaredError = mean { ($0.mean - $0.truth) * ($0.mean - $0.truth) }.squareRoot()
        meanSD = mean(\.sd)
        coverage95 = mean { $0.covers(0) ? 1 : 0 }
        coverage80 = mean { $0.covers(1) ? 1 : 0 }
        coverage50 = mean { $0.covers(2) ? 1 : 0 }
    }
}

extension Recovery: CustomStringConvertible {
    private static let header = ["site", "bias", "RMSE", "mean sd", "in 50%", "in 80%", "in 95%"]

    /// A line for each element; of long arrays for the first ten, with a note.
    public var description: String {
        var table = [Self.header]
        var notes: [String] = []
        for site in rows.map(\.site).reduce(into: [String](), { if $0.last != $1 { $0.append($1) } }) {
            let own = self[site]
            let shown = own.count <= Summary.shownElements + 2 ? own.count : Summary.shownElements
            table += own.prefix(shown).map { row in
                [row.name] + [row.bias, row.rootMeanSquaredError, row.meanSD].map(Summary.number)
                    + [row.coverage50, row.coverage80, row.coverage95].map { String(format: "%.1f %%", 100 * $0) }
            }
            if shown < own.count { notes.append("\(site) has \(own.count) elements; the first \(shown) are shown.") }
        }
        notes.append("\(datasets) datasets" + (lost.isEmpty ? "." : "; \(lost.count) more have no fit."))
        return (table.aligned(words: 1) + notes).joined(separator: "\n") + "\n"
    }
}
