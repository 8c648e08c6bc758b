import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// Models that no data can be drawn from, and requests that make no sense.
@Suite struct CalibrationErrorTests {
    private func text(
        _ model: Model, datasets: Int = 3, draws: Int = 5, sites: [String]? = nil, simulating: Model? = nil,
        data: [String: LaneData] = ["y": .shared([1.0, 2, 3])]
    ) -> String? {
        errorText {
            _ = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01)).calibrate(
                datasets: datasets, draws: draws, sites: sites, simulating: simulating, steps: 2, data: data, device: .cpu,
                options: StudyCases.options())
        }
    }

    private static func model(_ body: @escaping @Sendable (inout ModelContext, _ mean: Tensor, _ y: Tensor) -> Void) -> Model {
        Model { m in
            let y = m.data("y")
            let mean = m.sample("mean", Normal(0, 1))
            m.plate("rows", 3) { m in body(&m, mean, y) }
        }
    }

    private static let plain = model { m, mean, y in m.observe("obs", Normal(mean, 1), y) }

    @Test func whatIsObservedMustBeData() {
        #expect(text(Self.plain) == nil)
        let made = Self.model { m, mean, y in m.observe("obs", Normal(mean, 1), 2 * y) }
        #expect(text(made)?.hasPrefix("site 'obs': what it observes is not data as they are") == true)
        #expect(text(Self.model { m, mean, _ in m.observe("obs", Normal(mean, 1), [1, 2, 3]) })?.contains("observe m.data(\"...\") itself") == true)
        let twice = Self.model { m, mean, y in
            m.observe("obs", Normal(mean, 1), y)
            m.observe("again", Normal(mean, 2), y)
        }
        #expect(text(twice)?.contains("sites 'obs' and 'again' both observe data 'y'") == true)
        #expect(text(Self.plain, data: ["y": .shared(1)])?.contains("observes data 'y' of shape [] as [3]") == true)
        #expect(text(Self.model { m, _, y in m.deterministic("y2", y) })?.contains("the model observes no data") == true)
    }

    @Test func whatIsDrawnMustNotFollowFromIt() {
        let before = Self.model { m, mean, y in m.observe("obs", Normal(mean + y.mean(), 1), y) }
        #expect(text(before)?.contains("site 'obs': it follows from data 'y', which site 'obs' observes") == true)
        let named = Self.model { m, mean, y in
            m.observe("obs", Normal(mean, 1), y)
            m.deterministic("residual", y - mean)
        }
        #expect(text(named)?.contains("site 'residual': it follows from data 'y'") == true)
        // The value that the statement returns is what was drawn.
        let returned = Self.model { m, mean, y in
            let own = m.observe("obs", Normal(mean, 1), y)
            m.deterministic("residual", own - mean)
        }
        #expect(text(returned) == nil)
    }

    @Test func whatHasNoDraws() {
        let factor = Self.model { m, mean, y in
            m.observe("obs", Normal(mean, 1), y)
            m.factor("extra", mean)
        }
        #expect(text(factor)?.hasPrefix("site 'extra': it is a factor, which has no draws") == true)
        // The truth can come from a model without it.
        #expect(text(factor, simulating: Self.plain) == nil)
        let flat = Model { m in
            let mean = m.sample("mean", ImproperUniform(.real))
            m.plate("rows", 3) { m in m.observe("obs", Normal(mean, 1), m.data("y")) }
        }
        #expect(text(flat)?.contains("flat prior") == true)
        #expect(text(flat, simulating: Self.plain) == nil)
    }

    @Test func theModelOfTheTruthMustHaveTheSites() {
        let other = Model { m in
            m.plate("rows", 3) { m in m.observe("obs", Normal(m.sample("location", Normal(0, 1)), 1), m.data("y")) }
        }
        #expect(text(Self.plain, simulating: other)?.hasPrefix("site 'mean': the model that the truth is drawn from has no such site") == true)
        let shaped = Model { m in
            let mean = m.sample("mean", Normal(0, 1), shape: [3])
            m.observe("obs", Normal(mean, 1).toEvent(1), m.data("y"))
        }
        #expect(text(Self.plain, simulating: shaped)?.contains("it has shape [], and [3] in the model that the truth is drawn from") == true)
        let elsewhere = Model { m in
            let mean = m.sample("mean", Normal(0, 1))
            m.plate("rows", 3) { m in m.observe("obs", Normal(mean, 1), m.data("z", shape: [3])) }
        }
        let missing = text(Self.plain, simulating: elsewhere)
        #expect(missing?.contains("site 'obs': it observes data 'y', and the model that the truth is drawn from does not; it observes 'z'") == true)
    }

    @Test func requestsThatMakeNoSense() {
        #expect(text(Self.plain, datasets: 0)?.contains("cannot fit 0 datasets") == true)
        #expect(text(Self.plain, draws: 0)?.contains("cannot rank among 0 draws") == true)
        #expect(text(Self.plain, sites: ["men"])?.contains("no latent or deterministic site 'men'; did you mean 'mean'?") == true)
        #expect(text(Self.plain, sites: [])?.contains("there are no sites to look at") == true)
        #expect(text(Self.plain, data: [:])?.contains("data 'y' is missing") == true)
        #expect(text(Self.plain, data: ["y": .shared([1.0, 2, 3]), "x": .shared(1)])?.contains("data 'x' is not read by the model") == true)
        let ragged = Model { m in
            let mean = m.sample("mean", Normal(0, 1))
            m.plate("rows", rowsOf: "y") { m in m.observe("obs", Normal(mean, 1), m.data("y")) }
        }
        #expect(text(ragged, data: ["y": .ragged([[1.0], [1, 2], [3]])])?.hasPrefix("data 'y' is ragged") == true)
    }
}
