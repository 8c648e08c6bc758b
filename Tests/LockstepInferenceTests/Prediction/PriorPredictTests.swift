import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Predictions of models that nothing was fitted to.
@Suite struct PriorPredictTests {
    private static let draws = 8000

    /// a ~ N(1, 2^2) and y_i ~ N(a x_i, 1): y_i is N(x_i, 1 + 4 x_i^2).
    private static let model = Model { m in
        let x = m.data("x", rank: 1)
        let a = m.sample("a", Normal(1, 2))
        m.deterministic("double", 2 * a)
        let scale = m.param("scale", 1, constraint: .positive)
        m.plate("rows", x.shape.first ?? 1) { m in m.observe("y", Normal(a * x, scale), m.data("y", shape: [2])) }
    }

    @Test(arguments: TestDevice.all, Precision.allCases)
    func sitesHaveTheirMoments(_ device: TestDevice, _ precision: Precision) throws {
        if precision == .double, !device.hasDouble { return }
        // What is observed need not be there.
        let found = try Self.model.predictPrior(
            draws: Self.draws, data: ["x": .perLane([[1, 3], [0, -1]])], device: device.device, precision: precision)
        #expect(found.sites == ["a", "double", "y"] && found.lanes == 2)
        #expect(found["y"]?.shape == [Self.draws, 2] && found["a"]?.shape == [Self.draws])
        let root = Double(Self.draws).squareRoot()
        for (lane, x) in [[1.0, 3], [0, -1]].enumerated() {
            let (mean, sd) = try (found.mean("y")[lane], found.sd("y")[lane])
            for (element, x) in x.enumerated() {
                let deviation = (1 + 4 * x * x).squareRoot()
                #expect(abs(mean[element] - x) < 5 * deviation / root && abs(sd[element] / deviation - 1) < 5 / root / 2.0.squareRoot())
            }
            let (a, double) = try (#require(found["a"])[lane], #require(found["double"])[lane])
            #expect(zip(a, double).allSatisfy { 2 * $0 == $1 } && abs(Statistics.mean(a) - 1) < 5 * 2 / root)
        }
        #expect(found["a"]?[0] != found["a"]?[1])
    }

    @Test func keysMakeDraws() throws {
        let data: [String: LaneData] = ["x": .shared([1, 2])]
        func a(_ model: Model = Self.model, _ key: Key? = nil) throws -> [Double] {
            try #require(try model.predictPrior(draws: 20, key: key, data: data)["a"])[0]
        }
        #expect(try a() == a(Self.model, Key(0)) && a() != a(Self.model, Key(1)))
        #expect(try a(Self.model.seed(Key(1))) == a(Self.model, Key(1)) && a(Self.model.seed(Key(1)), Key(0)) == a())
        #expect(try Set(a()).count == 20)
    }

    /// A discrete latent, which no guide could have.
    @Test func discreteLatentsAreDrawn() throws {
        let model = Model { m in
            let coin = m.sample("coin", Bernoulli(probabilities: 0.3))
            m.observe("y", Normal(10 * coin, 1), 0.5)
        }
        let found = try model.predictPrior(draws: Self.draws)
        let (coins, y) = try (#require(found["coin"])[0], #require(found["y"])[0])
        #expect(coins.allSatisfy { $0 == 0 || $0 == 1 } && abs(Statistics.mean(coins) - 0.3) < 5 * 0.46 / Double(Self.draws).squareRoot())
        #expect(zip(coins, y).allSatisfy { abs($1 - 10 * $0) < 6 } && found.lanes == 1)
    }

    @Test func mistakesAreNamed() throws {
        let text = errorText { _ = try Self.model.predictPrior(draws: 0, data: ["x": .shared([1, 2])]) }
        #expect(text == "the number of draws is 0; give 1 to 262144")
        #expect(errorText { _ = try Self.model.predictPrior() }?.hasPrefix("data 'x'") == true)
        #expect(errorText { _ = try Self.model.predictPrior(data: ["x": .shared([1, .nan])]) }?.contains("'x'") == true)
        #expect(errorText { _ = try Self.model.predictPrior(data: ["x": .shared([1, 2]), "z": .shared(1)]) }?.contains("'z' is not read") == true)
        let flat = Model { m in m.sample("a", ImproperUniform(.real)) }
        #expect(errorText { _ = try flat.predictPrior() }?.contains("flat prior, which has no draws") == true)
        let huge = Model { m in m.plate("rows", 1 << 20) { m in m.sample("a", Normal(0, 1)) } }
        #expect(errorText { _ = try huge.predictPrior(draws: 1 << 18) }?.contains("ask for fewer draws or for one lane") == true)
    }
}
