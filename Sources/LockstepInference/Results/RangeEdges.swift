import LockstepDistributions
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Finds latents and parameters that ended at the edge of their range.
struct RangeEdges {
    private struct Candidate {
        let site: String
        let kind: FitProgress.Edge.Kind
        let value: Tensor
        /// Whether an element is at the edge, of the value's shape.
        let isAtEdge: Tensor
    }

    private let evaluation: HostEvaluation
    private let candidates: [Candidate]

    init(_ fits: Fits) throws {
        evaluation = HostEvaluation(fits)
        let run = TraceRun(origin: evaluation.origin, purpose: "posterior", data: fits.binding.shapes)
        let (trace, values) = try fits.guide.trace(fits.algorithm.model, .quantile(0.5), evaluation.parameters, run)
        let guide = values.sites(trace)
        var found: [Candidate] = []
        func add(_ site: String, _ value: Tensor, _ constraint: Constraint?) {
            guard let isAtEdge = constraint?.edge(value), isAtEdge.failure == nil else { return }
            found.append(Candidate(site: site, kind: .bound, value: value, isAtEdge: isAtEdge.broadcast(to: value.shape)))
        }
        // Draws of a guide that has no medians may lie anywhere: its parameters tell.
        for site in trace.latents where fits.guide.hasQuantiles && fits.guide.latents.contains(site.name) {
            add(site.name, site.value, site.distribution?.support)
        }
        for site in guide + ExaminedSite.all(of: trace, inGuide: false) where site.kind == .param {
            add(site.name, site.value, site.constraint)
        }
        let rounding = fits.options.precision == .float ? Double(Float.ulpOfOne) : Double.ulpOfOne
        for site in guide {
            guard let normal = site.distribution as? Normal else { continue }
            let smallest = pointwiseMax(abs(normal.loc) * Tensor(rounding / 8), Tensor(Constraint.nothing))
            let isAtEdge = normal.scale .< smallest
            found.append(
                Candidate(
                    site: site.name, kind: .collapsed, value: normal.scale.broadcast(to: isAtEdge.shape), isAtEdge: isAtEdge))
        }
        candidates = found.filter { $0.value.failure == nil && $0.isAtEdge.failure == nil }
    }

    /// By lane; those without are left out.
    func edges(of lanes: [Int]) throws -> [Int: [FitProgress.Edge]] {
        var edges: [Int: [FitProgress.Edge]] = [:]
        let count = candidates.reduce(1) { $0 + 2 * $1.value.count }
        for chunk in lanes.chunks(of: max(1, (1 << 22) / count)) {
            let lanes = Array(chunk)
            let values = try evaluation.values(
                of: candidates.map(\.isAtEdge) + candidates.map(\.value), at: lanes.map { .init(lane: $0, step: 0) })
            for (row, lane) in lanes.enumerated() {
                for (number, candidate) in candidates.enumerated() {
                    let marks = values[number, row]
                    guard let first = marks.firstIndex(where: { $0 != 0 }) else { continue }
                    let position = first - marks.startIndex
                    let value = values[candidates.count + number, row]
                    edges[lane, default: []].append(
                        FitProgress.Edge(
                            site: candidate.site, kind: candidate.kind, element: ElementPlace.index(position, candidate.value.shape),
                            count: marks.count { $0 != 0 }, value: value[value.startIndex + position]))
                }
            }
        }
        return edges
    }
}

extension Constraint {
    /// Numbers below this are nothing in any unit that a model may have, and those above its inverse too much.
    fileprivate static let nothing = 1e-30
    private static let share = 1e-6

    /// Whether elements lie at the edge; of the value's shape, or one that broadcasts to it. Nil where there is no edge.
    fileprivate func edge(_ value: Tensor) -> Tensor? {
        let (nothing, share) = (Tensor(Self.nothing), Tensor(Self.share))
        switch self {
        case .real, .boolean, .nonNegativeInteger, .integerInterval: return nil
        case .positive, .nonNegative: return (value .< nothing) .| (Tensor(1 / Self.nothing) .< value)
        case .greaterThan(let lower): return (value - lower .< nothing) .| (Tensor(1 / Self.nothing) .< value - lower)
        case .unitInterval: return (value .< share) .| (1 - share .< value)
        case .interval(let lower, let upper):
            let place = (value - lower) / (upper - lower)
            return (place .< share) .| (1 - share .< place)
        case .simplex: return 1 - share .< value
        case .ordered: return Self.touches(value)
        case .positiveOrdered: return Self.touches(value).map { $0 .| (value .< nothing) }
        case .independent(let base, _): return base.edge(value)
        }
    }

    /// Elements of vectors that are no larger than those before them.
    private static func touches(_ value: Tensor) -> Tensor? {
        guard let extent = value.shape.last, extent > 1 else { return nil }
        let first = value.slice(axis: -1, 0..<1)
        let (before, after) = (value.slice(axis: -1, 0..<(extent - 1)), value.slice(axis: -1, 1..<extent))
        return .concatenate([Tensor(repeating: 1, shape: first.shape), after - before], axis: -1) .<= 0
    }
}
