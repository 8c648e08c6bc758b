import Foundation

/// Whether ranks are uniform on 0 ... draws, by the empirical distribution function and its simultaneous band (Säilynoja, Bürkner and Vehtari
/// 2022, "Graphical test for discrete uniformity and its applications in goodness-of-fit evaluation and multiple sample comparison",
/// section 2.2).
///
/// At each of the `draws` values that ranks can be below, the number of ranks below is binomial. What is tested is the smallest two-sided tail
/// of these numbers; its distribution is had exactly, by the chance that a path of such numbers stays inside of the band of all larger tails.
struct RankUniformity: Sendable {
    let datasets: Int
    let draws: Int
    /// By threshold 1 ... draws, and number of ranks below it: twice the smaller tail.
    private let tails: [[Double]]
    private let logFactorials: [Double]

    init(datasets: Int, draws: Int) {
        (self.datasets, self.draws) = (datasets, draws)
        let count = datasets
        let logFactorials = (0...max(count, 1)).reduce(into: [Double]()) { $0.append($1 < 2 ? 0 : $0[$1 - 1] + log(Double($1))) }
        self.logFactorials = logFactorials
        tails = (0..<draws).map { place in
            let share = Double(place + 1) / Double(draws + 1)
            let masses = (0...count).map { Self.mass($0, of: count, log(share), log1p(-share), logFactorials) }
            var (below, above) = (masses, masses)
            for number in masses.indices.dropFirst() { below[number] += below[number - 1] }
            for number in masses.indices.dropLast().reversed() { above[number] += above[number + 1] }
            return zip(below, above).map { 2 * min($0, $1) }
        }
    }

    /// Of a binomial variate.
    private static func mass(_ number: Int, of count: Int, _ logShare: Double, _ logRest: Double, _ logFactorials: [Double]) -> Double {
        let choices = logFactorials[count] - logFactorials[number] - logFactorials[count - number]
        return exp(choices + Double(number) * logShare + Double(count - number) * logRest)
    }

    /// The chance that ranks which are uniform would stray as far.
    ///
    /// - Parameter ranks: one for each dataset, 0 ... draws.
    func pValue(_ ranks: [Int]) -> Double {
        guard ranks.count == datasets, datasets > 0, draws > 0 else { return .nan }
        var counts = Array(repeating: 0, count: draws + 1)
        for rank in ranks { counts[min(max(rank, 0), draws)] += 1 }
        var (below, smallest) = (0, Double.infinity)
        for threshold in 0..<draws {
            below += counts[threshold]
            smallest = min(smallest, tails[threshold][below])
        }
        // So far out, the sum over thresholds is as good, and the band is as wide as all there is.
        if smallest * Double(draws) < 1e-6 { return smallest * Double(draws) }
        // Equal tails of thresholds that mirror each other differ by rounding.
        return min(max(1 - chanceInside(smallest * (1 + 1e-9)), 0), 1)
    }

    /// The chance that all tails are larger than a bound.
    private func chanceInside(_ bound: Double) -> Double {
        var (first, chances) = (0, [1.0])
        for threshold in 0..<draws {
            let inside = tails[threshold]
            guard let low = inside.firstIndex(where: { $0 > bound }), let high = inside.lastIndex(where: { $0 > bound }) else { return 0 }
            // Of the ranks that are not below the threshold before, each is below this one with the same chance.
            let share = 1 / Double(draws + 1 - threshold)
            let (logShare, logRest) = (log(share), log1p(-share))
            var next = Array(repeating: 0.0, count: high - low + 1)
            for (place, chance) in chances.enumerated() where chance > 0 {
                let before = first + place
                guard before <= high else { break }
                for number in max(before, low)...high {
                    next[number - low] += chance * Self.mass(number - before, of: datasets - before, logShare, logRest, logFactorials)
                }
            }
            (first, chances) = (low, next)
        }
        return chances.reduce(0, +)
    }
}
