import LockstepRuntime
import LockstepTensor

/// Draws from the guides of several lanes that have one posterior, chosen by importance weights: multi-path Pathfinder (Zhang, Carpenter,
/// Gelman and Vehtari 2022, algorithm 2) where the lanes are those of `Pathfinder`.
///
/// A lane whose guide is beside the posterior loses its draws to those of others; what no lane came near stays unseen.
public struct MultiPath: Sendable {
    /// For each site an array per draw, row-major; draws of one lane stand together.
    public let draws: [String: LaneValues]
    /// The lane that each draw came from.
    public let lanes: [Int]
    /// The shape k of the tail of all lanes' weights together: see `ParetoSmoothing.shape`. From 0.7 on the draws are not the posterior's.
    public let paretoShape: Double
    /// How many draws of equal weight say as much as all lanes' weighed ones.
    public let effectiveSampleSize: Double

    /// How many draws there are.
    public var count: Int { lanes.count }
}

extension Fits {
    /// Draws from the guides of all lanes, or of some, chosen with replacement by importance weights p(x, z) / q(z), q being the guide of the draw's
    /// own lane, that are Pareto smoothed together.
    ///
    /// - Parameters:
    ///   - draws: how many are chosen, 1 to 262144.
    ///   - pathDraws: how many are made of each lane, 1 to 262144: those of `logWeights`.
    ///   - lanes: of one posterior: of the same data. All of them where nil; lost ones are left out.
    ///   - key: the same key chooses the same draws.
    /// - Throws: `LockstepError`, also where no draw has a weight, and where lanes have data of their own and `lanes` is nil.
    public func multiPath(draws: Int = 1000, pathDraws: Int = 1000, lanes: [Int]? = nil, key: Key = Key(0)) throws -> MultiPath {
        try LockstepError.wrapping {
            guard (1...WeighedDraws.most).contains(draws) else {
                throw RunError("cannot choose \(draws) draws; give 1 to \(WeighedDraws.most)")
            }
            if lanes == nil, self.lanes > 1, let own = binding.perLane.min() {
                throw RunError("each lane has its own '\(own)', and draws are of one posterior: say which lanes have the same data, by `lanes`")
            }
            for lane in lanes ?? [] { try check(lane) }
            let statuses = status
            let live = Set(lanes ?? Array(indices)).sorted().filter { !statuses[$0].isLost }
            guard !live.isEmpty else { throw RunError("none of the lanes has a result: see `status`") }
            return try MultiPath(WeighedDraws(self, draws: pathDraws), of: live, draws: draws, key: key)
        }
    }
}

extension MultiPath {
    fileprivate init(_ weighed: WeighedDraws, of candidates: [Int], draws: Int, key: Key) throws {
        let weights = try weighed.logWeights(candidates).flatMap(\.self)
        let smoothing = ParetoSmoothing(weights, rounding: weighed.fits.options.precision.weightRounding(weights))
        let places = SystematicResampling.places(smoothing.logWeights, count: draws, offset: SystematicResampling.offset(key))
        guard !places.isEmpty else { throw RunError("no draw of any lane has a finite weight: see `Fits.trust`") }
        // A draw's place among all is that of its lane first.
        let byRow = Dictionary(grouping: places) { $0 / weighed.draws }
        let rows = byRow.keys.sorted()
        let chosen = rows.map { candidates[$0] }
        let numbers = rows.map { row in (byRow[row] ?? []).map { $0 % weighed.draws } }
        var values: [String: LaneValues] = [:]
        for site in weighed.shown {
            let found = try weighed.values(of: site, chosen, at: numbers).flatMap(\.self)
            values[site.name] = LaneValues(
                array: LaneArray(lanes: draws, count: site.value.count, elements: .double(found)), shape: site.value.shape)
        }
        self.init(
            draws: values, lanes: zip(chosen, numbers).flatMap { lane, numbers in numbers.map { _ in lane } }, paretoShape: smoothing.shape,
            effectiveSampleSize: smoothing.effectiveSampleSize)
    }
}
