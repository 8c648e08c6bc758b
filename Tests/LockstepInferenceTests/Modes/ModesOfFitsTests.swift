import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// Modes of fits of small models, and their mixture.
@Suite struct ModesOfFitsTests {
    /// x^2 is seen: the modes are near 2 and -2.
    static let model = Model { m in
        let x = m.sample("x", Normal(0, 5))
        m.deterministic("twice", 2 * x)
        m.observe("y", Normal(x * x, 0.5), m.data("y", shape: []))
    }

    private func fits(lanes: Int = 100, data: LaneData = .shared(4.0), finalDraws: Int = 200) throws -> Fits {
        var options = RunOptions()
        options.finalDraws = finalDraws
        return try SVI(Self.model, guide: AutoNormal(Self.model), optimizer: Adam(learningRate: .exponentialDecay(from: 0.1, to: 0.002)))
            .run(keys: Key(2).split(lanes), steps: 600, data: ["y": data], device: .cpu, options: options)
    }

    @Test(arguments: [200, 0]) func bothSidesAreModes(_ finalDraws: Int) throws {
        let fits = try fits(finalDraws: finalDraws)
        let modes = try fits.modes()
        #expect(modes.count == 2 && modes.unassigned.isEmpty)
        let x = try fits.median("x").values
        for mode in modes {
            #expect(Set(mode.lanes.map { x[$0].sign }).count == 1 && (0.3...0.7).contains(mode.share))
            #expect(mode.elbo.isNaN == (finalDraws == 0))
        }
        #expect(modes[0].representative == fits.best.lane)
        if finalDraws == 0 {
            #expect(
                errorText { _ = try modes.evidenceWeights() }
                    == "the modes have no ELBO to be weighed by: run with RunOptions.finalDraws above 0")
        } else {
            let weights = try modes.evidenceWeights()
            #expect(abs(log(weights[0] / weights[1]) - (modes[0].elbo - modes[1].elbo)) < 1e-9 && abs(weights[0] + weights[1] - 1) < 1e-12)
        }
        #expect(modes.description.hasPrefix("     mode      lanes") && modes.description.split(separator: "\n").count == 3)
    }

    /// Points have no spread to measure by.
    @Test func pointsAreCompared() throws {
        let map = try Minimize(Self.model).run(keys: Key(2).split(100), steps: 200, data: ["y": .shared(4.0)], device: .cpu)
        let modes = try map.modes()
        let x = try map.median("x").values
        #expect(modes.count == 2 && modes.allSatisfy { Set($0.lanes.map { x[$0].sign }).count == 1 })
        // So are params.
        let model = Model { m in
            let x = m.sample("x", Normal(0, 5))
            let p = m.param("p", 0)
            m.observe("y", Normal(x * x, 0.5), Tensor(4))
            m.factor("f", -(p - x) * (p - x))
        }
        let found = try Minimize(model).run(keys: Key(2).split(100), steps: 200, device: .cpu)
        let p = try #require(try found.parameters()["p"]).values
        let byParam = try found.modes(sites: ["p"])
        #expect(byParam.count == 2 && byParam.allSatisfy { Set($0.lanes.map { p[$0].sign }).count == 1 })
        let byAll = try found.modes()
        // Ties are broken by what is compared, so lanes are in other orders.
        #expect(Set(byAll.map { Set($0.lanes) }) == Set(byParam.map { Set($0.lanes) }), "\(byAll), \(byParam)")
    }

    @Test func lanesOfOtherDataAreNotCompared() throws {
        let fits = try fits(lanes: 4, data: .perLane([4, 9, 4, 4]))
        #expect(
            errorText { _ = try fits.modes() }
                == "lanes 0 and 1 were fitted to different data 'y', and modes are those of one posterior; "
                + "ask for the lanes of one dataset, as in fits.modes(of: [0, 1, 2])")
        #expect(try fits.modes(of: [3, 0, 2, 0]).flatMap(\.lanes).sorted() == [0, 2, 3])
        #expect(try fits.modes(of: [1]).map(\.lanes) == [[1]])
    }

    @Test func lostLanesBelongToNone() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.factor("f", log(m.data("sign", shape: []) + 0 * a))
        }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Resting())
            .run(keys: Array(repeating: Key(1), count: 5), steps: 1, data: ["sign": .perLane([1, -1, 1, 1, -1])], device: .cpu)
        let modes = try fits.modes()
        #expect(modes.map(\.lanes) == [[0, 2, 3]] && modes.unassigned == [1, 4] && modes[0].share == 1)
        #expect(modes.index(containing: 1) == nil && modes.index(containing: 3) == 0)
        #expect(modes[5].lanes.isEmpty && modes[-1].representative == -1)
        #expect(errorText { _ = try modes.stackingWeights() } == "the model observes nothing that modes could predict: use evidenceWeights()")
    }

    @Test func drawsAreThoseOfTheModes() throws {
        let fits = try fits()
        let modes = try fits.modes()
        let count = 4000
        let draws = try modes.sample(count, weights: [1, 3], key: Key(5))
        let x = try #require(draws["x"]).values
        let sign = try fits[modes[1].representative].mean("x")[0].sign
        let second = x.filter { $0.sign == sign }
        // Five standard errors of a share.
        #expect(abs(Double(second.count) / Double(count) - 0.75) < 5 * (0.1875 / Double(count)).squareRoot())
        let (mean, sd) = try (fits[modes[1].representative].mean("x")[0], fits[modes[1].representative].sd("x")[0])
        #expect(abs(second.reduce(0, +) / Double(second.count) - mean) < 5 * sd / Double(second.count).squareRoot())
        // A draw is one of all sites, and modes take turns by chance.
        #expect(draws["twice"]?.values == x.map { 2 * $0 } && draws["twice"]?.lanes == count)
        #expect(zip(x, x.dropFirst()).filter { $0.sign != $1.sign }.count > count / 4)
        #expect(try modes.sample(count, weights: [1, 3], key: Key(5))["x"]?.values == x)
        #expect(try modes.sample(count, weights: [1, 3], key: Key(6))["x"]?.values != x)
        #expect(try modes.sample(200, weights: [0, 1])["x"]?.values.allSatisfy { $0.sign == sign } == true)
        for weights in [[], [1], [0, 0], [1, -1], [1, .nan], [.infinity, 1]] {
            #expect(errorText { _ = try modes.sample(3, weights: weights) }?.contains("the weights of 2 modes are") == true)
        }
        #expect(errorText { _ = try modes.sample(0, weights: [1, 1]) } == "cannot draw 0 samples; give 1 to 16777216")
    }
}
