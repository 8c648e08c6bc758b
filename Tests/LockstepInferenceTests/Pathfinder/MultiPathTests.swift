import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Draws from several lanes by importance weights.
@Suite struct MultiPathTests {
    /// Two modes far apart, of 0.3 and 0.7 of the posterior.
    private static let twoModes = Model { m in
        let x = m.sample("x", MixtureSameFamily(Categorical(probabilities: [0.3, 0.7]), Normal([-4, 4], 0.5)))
        m.deterministic("pair", Tensor.stack([x, -2 * x]))
    }

    /// A lane's guide is one mode, with its share of the posterior as weight: modes count as often as there are lanes, times their shares.
    @Test(arguments: TestDevice.all)
    func modesCountByTheirWeights(_ device: TestDevice) throws {
        let fits = try Pathfinder(Self.twoModes).run(keys: Key(6).split(30), steps: 100, device: device.device)
        let right = try fits.mean("x").values.map { $0 > 0 }
        let count: Double = Double(right.count { $0 })
        #expect(count > 5 && count < 25)
        let path = try fits.multiPath(draws: 2000, pathDraws: 500)
        let (x, pair) = (try #require(path.draws["x"]), try #require(path.draws["pair"]))
        #expect(path.count == 2000 && x.lanes == 2000 && x.shape == [] && pair.shape == [2])
        let share = Double(x.values.count { $0 > 0 }) / 2000
        let (ofRight, ofLeft) = (0.7 * count, 0.3 * (30 - count))
        let wanted = ofRight / (ofRight + ofLeft)
        #expect(abs(share - wanted) < 0.04, "\(share), not \(wanted), of \(count) lanes")
        // Each draw is one of its lane.
        #expect(zip(path.lanes, x.values).allSatisfy { lane, value in right[lane] == (value > 0) })
        #expect(path.lanes == path.lanes.sorted())
        for draw in [0, 777, 1999] { #expect(pair[draw] == [x[draw][0], -2 * x[draw][0]]) }
        #expect(path.paretoShape < 0.7 && path.effectiveSampleSize > 5000)
        let deviation = Statistics.variance(x.values.filter { $0 > 0 }).squareRoot()
        #expect(abs(deviation - 0.5) < 0.05)
    }

    /// Lanes that are not asked for have no part, and one lane by itself is resampled.
    @Test(arguments: TestDevice.all)
    func lanesAreChosen(_ device: TestDevice) throws {
        let fits = try Pathfinder(Self.twoModes).run(keys: Key(6).split(30), steps: 100, device: device.device)
        let path = try fits.multiPath(draws: 300, pathDraws: 200, lanes: [17, 3])
        let again = try fits.multiPath(draws: 300, pathDraws: 200, lanes: [3, 17])
        #expect(Set(path.lanes).isSubset(of: [3, 17]) && path.lanes == again.lanes)
        let alone = try fits.multiPath(draws: 300, pathDraws: 200, lanes: [8])
        #expect(alone.lanes == Array(repeating: 8, count: 300))
        #expect(try alone.paretoShape == fits[8].trust(draws: 200).paretoShape)
        let weighed = try WeighedDraws(fits, draws: 200)
        let site = try #require(weighed.shown.first { $0.name == "x" })
        let drawn = Set(try weighed.values(of: site, [8], at: [Array(0..<200)])[0])
        #expect(drawn.count > 150 && Set(alone.draws["x"]?.values ?? [.nan]).isSubset(of: drawn))
    }

    /// Whatever each lane's distribution is off by, weights make up for it.
    @Test(arguments: TestDevice.all)
    func weighedDrawsAreThePosterior(_ device: TestDevice) throws {
        // Lanes that have come a part of the way only.
        let fits = try Pathfinder(PathfinderProblems.correlated).run(keys: Key(8).split(64), steps: 9, device: device.device)
        let path = try fits.multiPath(draws: 20_000, pathDraws: 1000)
        #expect(path.paretoShape < 0.7 && path.effectiveSampleSize > 10_000, "\(path.paretoShape), \(path.effectiveSampleSize)")
        let (x, s) = (try #require(path.draws["x"]), try #require(path.draws["s"]))
        let posterior = PathfinderProblems.posterior.posterior
        for element in 0..<5 {
            let values = (0..<20_000).map { element < 4 ? x[$0][element] : log(s[$0][0]) }
            let variance = posterior.covariance[element][element]
            #expect(abs(Statistics.mean(values) - posterior.mean[element]) < 0.05 * variance.squareRoot(), "mean \(element)")
            #expect(abs(Statistics.variance(values) / variance - 1) < 0.08, "variance \(element)")
        }
    }

    @Test func whatCannotBeChosenIsAnError() throws {
        let fits = try Pathfinder(Self.twoModes).run(keys: Key(6).split(2), steps: 50, device: .cpu)
        #expect(errorText { _ = try fits.multiPath(draws: 0) }?.contains("0 draws") ?? false)
        #expect(errorText { _ = try fits.multiPath(pathDraws: 0) }?.contains("0") ?? false)
        #expect(errorText { _ = try fits.multiPath(lanes: [2]) }?.contains("lane 2") ?? false)
        #expect(errorText { _ = try fits.multiPath(lanes: []) }?.contains("none of the lanes") ?? false)
        let model = Model { m in m.observe("y", Normal(m.sample("x", Normal(0, 1)), 1), m.data("k", shape: [])) }
        let own = try Pathfinder(model).run(keys: Key(0).split(3), steps: 50, data: ["k": .perLane([1.0, 2, 2])], device: .cpu)
        #expect(errorText { _ = try own.multiPath() }?.contains("'k'") ?? false)
        #expect(try own.multiPath(draws: 10, pathDraws: 100, lanes: [1, 2]).count == 10)
    }
}
