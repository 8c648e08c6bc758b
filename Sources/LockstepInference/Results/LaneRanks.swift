/// Which of a run's lanes is better: `Fits.best` of any of them.
struct LaneRanks {
    /// Two numbers, the lower the better: no lane with draws that are not finite comes before one without. Nil for lanes without a rank.
    private let ranks: [(nonFinite: Double, loss: Double)?]

    init(_ fits: Fits) {
        let status = fits.status
        let ranks: [(nonFinite: Double, loss: Double)] =
            fits.options.finalDraws > 0
            ? zip(fits.nonFiniteDraws, fits.elbo).map { ($0, $1.isNaN ? .infinity : -$1) } : fits.loss.map { ($0.isNaN ? .nan : 0, $0) }
        self.ranks = zip(status, ranks).map { $0.isLost || $1.nonFinite.isNaN ? nil : $1 }
    }

    /// The best of some lanes, of equals the first; nil where all of them were lost.
    func best(_ lanes: some Sequence<Int>) -> Int? {
        var best: (lane: Int, rank: (nonFinite: Double, loss: Double))?
        for lane in lanes {
            guard let rank = ranks[lane] else { continue }
            if let found = best, !(rank < found.rank) { continue }
            best = (lane, rank)
        }
        return best?.lane
    }
}
