import Foundation
import LockstepRuntime
import LockstepTensor

/// Criteria of all observations of some lanes, computed for as many lanes at a time as there is room for.
struct LaneCriteria {
    let sites: [ObservationDraws.Site]
    let draws: Int
    let isCorrected: Bool
    /// By place among what was asked for, then site and element; nil where an element does not count, and empty for a lane that was lost.
    private(set) var rows: [[RowCriteria?]]

    /// - Parameters:
    ///   - lanes: of the run, also such as were lost.
    ///   - corrected: whether importance weights make draws of the guide those of the posterior.
    /// - Throws: `RunError` for a model that observes nothing.
    init(_ fits: Fits, of lanes: [Int], draws: Int, key: Key, corrected: Bool) throws {
        let observed = try ObservationDraws(fits, draws: draws, atLeast: Trust.fewestDraws)
        guard !observed.sites.isEmpty else { throw RunError("the model observes nothing, so that there is nothing to predict or to leave out") }
        (sites, self.draws, isCorrected) = (observed.sites, draws, corrected)
        try Self.checkRoom(lanes.count, observed.elements)
        rows = lanes.map { _ in [] }
        let status = fits.status
        let live = lanes.indices.filter { !status[lanes[$0]].isLost }
        let places = observed.sites.enumerated().flatMap { number, site in (0..<site.shape.elementCount).map { (site: number, element: $0) } }
        let rounding = fits.options.precision.weightRounding
        try observed.run(live.map { lanes[$0] }, key: key) { chunk, values in
            let weights = AllCores.map(chunk.count) { row in corrected ? LaneWeights(values.logWeights(row), rounding) : LaneWeights(equal: draws) }
            // By observations: a fit may be alone.
            let found = AllCores.map(chunk.count * places.count) { number -> RowCriteria? in
                let (row, place) = (number / places.count, places[number % places.count])
                guard values.counts(row, site: place.site, place.element) else { return nil }
                return RowCriteria(
                    values.logLikelihoods(row, site: place.site, place.element), logWeights: weights[row].raw, posterior: weights[row].posterior,
                    rounding: rounding)
            }
            for row in 0..<chunk.count {
                rows[live[chunk.lowerBound + row]] = Array(found[(row * places.count)..<((row + 1) * places.count)])
            }
        }
    }

    /// Weights of a lane's draws.
    private struct LaneWeights: Sendable {
        /// Nil where all are equal.
        let raw: [Double]?
        /// Smoothed and normalised.
        let posterior: [Double]

        init(_ logWeights: [Double], _ rounding: ([Double]) -> Double) {
            raw = logWeights
            posterior = ParetoSmoothing(logWeights, rounding: rounding(logWeights)).logWeights
        }

        init(equal draws: Int) { (raw, posterior) = (nil, Array(repeating: -log(Double(draws)), count: draws)) }
    }

    private static func checkRoom(_ lanes: Int, _ elements: Int) throws {
        // Four numbers, and two of them once more as results.
        let needed = 56 * Double(lanes) * Double(elements)
        guard needed > Double(HostMemory.limit) else { return }
        throw RunError(
            "criteria of \(elements) observations in \(lanes) lanes take \(HostMemory.text(needed)), of which this machine has "
                + "\(HostMemory.text(Double(HostMemory.limit))); ask for one lane, as in fits[0].loo()")
    }

    // MARK: By lane

    /// A number of each observation that counts, summed up.
    func sums(_ term: (RowCriteria) -> Double) -> [CriterionSum] { rows.map { row in CriterionSum(row.compactMap { $0.map(term) }) } }

    /// How many observations that count are such.
    func counts(_ isSuch: (RowCriteria) -> Bool) -> [Int] { rows.map { row in row.count { $0.map(isSuch) ?? false } } }

    /// A number of each observation, by site; NaN where it does not count, and in lanes that were lost.
    func values(_ term: (RowCriteria) -> Double) -> [String: LaneValues] {
        var first = 0
        return Dictionary(
            uniqueKeysWithValues: sites.map { site in
                let count = site.shape.elementCount
                defer { first += count }
                let numbers = rows.flatMap { row in
                    row.isEmpty ? Array(repeating: .nan, count: count) : row[first..<(first + count)].map { $0.map(term) ?? .nan }
                }
                return (site.name, LaneValues(array: LaneArray(lanes: rows.count, count: count, elements: .double(numbers)), shape: site.shape))
            })
    }
}
