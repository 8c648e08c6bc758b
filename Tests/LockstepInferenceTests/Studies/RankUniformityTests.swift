import Foundation
import Testing

@testable import LockstepInference

/// Chances of ranks against all ranks there are, and against a program of its own.
@Suite struct RankUniformityTests {
    /// The smallest two-sided tail over thresholds, from sums that are written out.
    static func statistic(_ ranks: [Int], draws: Int) -> Double {
        func choose(_ n: Int, _ k: Int) -> Double { (0..<k).reduce(1) { $0 * Double(n - $1) / Double($1 + 1) } }
        let count = ranks.count
        return (1...draws).map { threshold -> Double in
            let share = Double(threshold) / Double(draws + 1)
            func mass(_ k: Int) -> Double { choose(count, k) * pow(share, Double(k)) * pow(1 - share, Double(count - k)) }
            let below = ranks.count { $0 < threshold }
            return 2 * min((0...below).map(mass).reduce(0, +), (below...count).map(mass).reduce(0, +))
        }.min() ?? 0
    }

    @Test(arguments: [(4, 2), (5, 3), (3, 6), (1, 9)])
    func chancesAreThoseOfAllRanks(_ datasets: Int, _ draws: Int) {
        // Every vector of ranks is as likely as any other.
        let all = (0..<Int(pow(Double(draws + 1), Double(datasets)))).map { number -> [Int] in
            var (rest, ranks) = (number, [Int]())
            for _ in 0..<datasets {
                ranks.append(rest % (draws + 1))
                rest /= draws + 1
            }
            return ranks
        }
        let statistics = all.map { Self.statistic($0, draws: draws) }
        let uniformity = RankUniformity(datasets: datasets, draws: draws)
        for (ranks, statistic) in zip(all, statistics) where ranks == ranks.sorted() {
            let expected = Double(statistics.count { $0 <= statistic * (1 + 1e-9) }) / Double(all.count)
            #expect(abs(uniformity.pValue(ranks) - expected) < 1e-9, "\(ranks)")
        }
    }

    /// By the recursion of Säilynoja et al. in Python, with `math.lgamma`, and by 200,000 draws.
    @Test func knownChances() {
        let ranks = [4, 5, 7, 9, 0, 1, 8, 9, 2, 3, 8, 4, 2, 8, 2, 4, 6, 5, 0, 0]
        let p = RankUniformity(datasets: 20, draws: 9).pValue(ranks)
        #expect(abs(p - 0.9701495664054183) < 1e-9 && abs(p - 0.970275) < 0.0016)
        let uneven = RankUniformity(datasets: 12, draws: 9).pValue([0, 5, 9, 9, 9, 1, 2, 9, 8, 9, 9, 7])
        #expect(abs(uneven - 0.0023530125759989584) < 1e-9)
        // (1/5)^10, twice, is the chance of the farthest ranks, and the sum over four thresholds is a bound.
        let farthest = RankUniformity(datasets: 10, draws: 4).pValue(Array(repeating: 4, count: 10))
        #expect(farthest >= 2.0479999e-7 && farthest <= 4 * 2.0480001e-7)
        #expect(RankUniformity(datasets: 0, draws: 4).pValue([]).isNaN)
    }

    /// Of the ranks that a study has, some thousand.
    @Test func manyRanks() {
        let uniformity = RankUniformity(datasets: 1010, draws: 100)
        let even = (0..<1010).map { $0 % 101 }
        #expect(uniformity.pValue(even) > 0.999)
        // Three in a hundred moved to one end: the first of the thresholds sees 10 + 30 of 1010, nine standard deviations too many.
        let moved = even.enumerated().map { $0 % 33 == 7 ? 0 : $1 }
        #expect(uniformity.pValue(moved) < 1e-3)
        // Narrow by a factor of two, as posteriors may be.
        let narrow = (0..<1010).map { Int(101 * StudyCases.normalShare(2 * Self.normalQuantile((Double($0) + 0.5) / 1010))) }
        #expect(uniformity.pValue(narrow) < 1e-6)
    }

    /// By bisection.
    static func normalQuantile(_ share: Double) -> Double {
        var (low, high) = (-10.0, 10.0)
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if StudyCases.normalShare(middle) < share { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
