import Lockstep
import Testing

@testable import LockstepInference

/// Handlers and scopes inside a fit: each against the model that says the same without them.
@Suite struct HandlerFitTests {
    private func fit(
        _ model: Model, _ device: TestDevice, data: [String: LaneData] = [:], steps: Int = 40, guided: Model? = nil
    ) throws -> Fits {
        try SVI(model, guide: AutoNormal(guided ?? model), optimizer: Adam(learningRate: 0.05))
            .run(keys: Key(0).split(3), steps: steps, data: data, device: device.device)
    }

    /// Equal up to the rounding of sums in another order.
    private func expectAlike(_ a: Fits, _ b: Fits, _ parameters: [String], _ what: String) throws {
        for name in parameters {
            let pairs = zip(a.unconstrained(name).flatMap { $0 }, b.unconstrained(name).flatMap { $0 })
            let worst = pairs.map { abs($0 - $1) / max(abs($1), 1) }.max() ?? .infinity
            #expect(worst < 1e-3, "\(what): \(name) differs by \(worst)")
        }
        for lane in 0..<3 { #expect(abs(a.loss[lane] - b.loss[lane]) < 1e-3 * max(1, abs(b.loss[lane])), "\(what): the loss differs") }
    }

    private static func rows(_ count: Int, _ inside: @escaping @Sendable (inout ModelContext, Tensor, Tensor) -> Void) -> Model {
        Model { m in
            let y = m.data("y", shape: [count])
            let mu = m.sample("mu", Normal(0, 2))
            m.plate("rows", count) { m in inside(&m, mu, y) }
        }
    }

    @Test(arguments: TestDevice.all)
    func maskedRowsAreAbsentRows(_ device: TestDevice) throws {
        let mask = 0.5 .< Tensor([1, 0, 1, 1, 0])
        let scoped = Self.rows(5) { m, mu, y in m.mask(mask) { m in m.observe("obs", Normal(mu, 1), y) } }
        let short = Self.rows(3) { m, mu, y in m.observe("obs", Normal(mu, 1), y) }
        let y: [Double] = [1, 1e6, 2, 0.5, -1e6]
        let a = try fit(scoped, device, data: ["y": .shared(y)])
        let b = try fit(short, device, data: ["y": .shared([1, 2, 0.5])])
        try expectAlike(a, b, ["mu_auto_loc", "mu_auto_scale"], "mask")
    }

    @Test(arguments: TestDevice.all)
    func scaledRowsCountAsOften(_ device: TestDevice) throws {
        let scaled = Self.rows(2) { m, mu, y in m.scale(3) { m in m.observe("obs", Normal(mu, 1), y) } }
        let repeated = Self.rows(6) { m, mu, y in m.observe("obs", Normal(mu, 1), y) }
        let a = try fit(scaled, device, data: ["y": .shared([1, 2])])
        let b = try fit(repeated, device, data: ["y": .shared([1, 2, 1, 2, 1, 2])])
        try expectAlike(a, b, ["mu_auto_loc", "mu_auto_scale"], "scale")
        // The handler weighs the prior too.
        let whole = Self.rows(2) { m, mu, y in m.observe("obs", Normal(mu, 1), y) }.scale(3)
        let c = try fit(whole, device, data: ["y": .shared([1, 2])])
        #expect(abs(c.initialLoss[0] - a.initialLoss[0]) > 0.1)
    }

    @Test(arguments: TestDevice.all)
    func conditionedLatentsAreData(_ device: TestDevice) throws {
        let model = Model { m in
            let mu = m.sample("mu", Normal(0, 2))
            let sigma = m.sample("sigma", HalfNormal(1))
            m.sample("y", Normal(mu, sigma))
        }
        let conditioned = model.condition(["y": 1.5, "sigma": 0.5])
        let written = Model { m in
            let mu = m.sample("mu", Normal(0, 2))
            m.observe("sigma", HalfNormal(1), 0.5)
            m.observe("y", Normal(mu, 0.5), 1.5)
        }
        let a = try fit(conditioned, device)
        #expect(Set(try a.parameters().keys) == ["mu_auto_loc", "mu_auto_scale"])
        try expectAlike(a, try fit(written, device), ["mu_auto_loc", "mu_auto_scale"], "condition")
    }

    /// A substituted latent that is hidden from the guide is fixed there, and still counts.
    @Test(arguments: TestDevice.all)
    func substitutedLatentsAreFixed(_ device: TestDevice) throws {
        let model = Model { m in
            let mu = m.sample("mu", Normal(0, 2))
            let sigma = m.sample("sigma", HalfNormal(1))
            m.observe("y", Normal(mu, sigma), 1.5)
        }
        let substituted = model.substitute(["sigma": 0.5])
        let a = try fit(substituted, device, guided: substituted.block(hide: ["sigma"]))
        let b = try fit(model.condition(["sigma": 0.5]), device)
        try expectAlike(a, b, ["mu_auto_loc", "mu_auto_scale"], "substitute")
        #expect(try a[0].median("sigma") == [0.5])
    }

    @Test(arguments: TestDevice.all)
    func hiddenDiscreteLatentsAreDrawn(_ device: TestDevice) throws {
        let model = Model { m in
            let x = m.sample("x", Normal(0, 1))
            m.sample("coin", Bernoulli(logits: x))
        }
        let hidden = model.block(hide: ["coin"])
        let fits = try SVI(hidden, guide: AutoNormal(hidden), optimizer: Adam(learningRate: 0.05))
            .run(keys: Key(0).split(3), steps: 300, device: device.device)
        #expect(fits.status.allSatisfy { $0 == .finished })
        // Nothing of it is in the loss: the posterior is the prior.
        #expect(fits.loss.allSatisfy { abs($0) < 0.1 })
    }

    /// A model as a guide, with its params as parameters, equals the automatic guide of the same family: its draws
    /// have the same names.
    @Test(arguments: TestDevice.all)
    func modelsAreGuides(_ device: TestDevice) throws {
        let model = Model { m in
            let x = m.sample("x", Normal(1, 2))
            m.observe("y", Normal(x, 0.5), 0.25)
        }
        let guide = Model { m in
            let loc = m.param("loc", 0.5)
            let scale = m.param("scale", 0.1, constraint: .positive)
            m.sample("x", Normal(loc, scale))
        }
        // Rates of zero: the two move their scales through different bijectors.
        let own = try SVI(model, guide: guide, optimizer: Resting()).run(keys: Key(0).split(3), steps: 20, device: device.device)
        let auto = try SVI(model, guide: AutoNormal(model, initializer: .value(["x": 0.5])), optimizer: Resting())
            .run(keys: Key(0).split(3), steps: 20, device: device.device)
        for lane in 0..<3 { #expect(abs(own.loss[lane] - auto.loss[lane]) < 1e-4 * abs(auto.loss[lane])) }
        #expect(Set(own.loss).count == 3)

        let fitted = try SVI(model, guide: guide, optimizer: Adam(learningRate: 0.01))
            .run(keys: Key(0).split(16), steps: 2000, device: device.device)
        let parameters = try fitted.parameters()
        let loc = (0..<16).map { parameters["loc"]?[$0][0] ?? .nan }.reduce(0, +) / 16
        let scale = (0..<16).map { parameters["scale"]?[$0][0] ?? .nan }.reduce(0, +) / 16
        // Precisions 1/4 and 4.
        #expect(abs(loc - (0.25 * 1 + 4 * 0.25) / 4.25) < 0.03)
        #expect(abs(scale - (1 / 4.25).squareRoot()) < 0.03)
        let median = try fitted[0].median("x")[0]
        #expect(abs(median - (parameters["loc"]?[0][0] ?? .nan)) < 0.05)
    }

    /// A param that guide and model share is one parameter; one of the model alone is optimised too.
    @Test(arguments: TestDevice.all)
    func paramsOfTheModelAreOptimised(_ device: TestDevice) throws {
        let model = Model { m in
            let shared = m.param("shared", 0)
            let own = m.param("own", 2, constraint: .positive)
            let x = m.sample("x", Normal(shared, 1))
            m.factor("f", -square(log(own) - 1) + 0 * x)
        }
        let guide = Model { m in
            let shared = m.param("shared", 0)
            m.sample("x", Normal(shared + 1, 1))
            m.factor("pull", square(shared - 3))
        }
        let fits = try SVI(model, guide: guide, optimizer: Adam(learningRate: 0.02))
            .run(keys: Key(0).split(2), steps: 2000, device: device.device)
        let parameters = try fits.parameters()
        #expect(Set(parameters.keys) == ["shared", "own"])
        for lane in 0..<2 {
            #expect(abs((parameters["shared"]?[lane][0] ?? .nan) - 3) < 0.02)
            #expect(abs((parameters["own"]?[lane][0] ?? .nan) - 2.718282) < 0.02)
        }
        // A hidden param keeps its initial value.
        let hidden = model.block(hide: ["own"])
        #expect(
            Set(
                try SVI(hidden, guide: guide, optimizer: Adam()).run(keys: [Key(0)], steps: 2, device: device.device)
                    .parameters().keys) == ["shared"])
    }

    @Test(arguments: TestDevice.all)
    func nestedPlatesFit(_ device: TestDevice) throws {
        let model = Model { m in
            let y = m.data("y", shape: [4, 3])
            let level = m.plate("columns", 3) { m in m.sample("level", Normal(0, 3)) }
            m.plate("columns", 3) { m in
                m.plate("rows", 4) { m in m.observe("obs", Normal(level, 0.5), y) }
            }
        }
        let y = (0..<12).map { Double($0 % 3) }
        let fits = try fit(model, device, data: ["y": .shared(y)], steps: 800)
        for lane in 0..<3 {
            let level = try fits[lane].median("level")
            #expect(level.count == 3)
            // Shrunk by the prior: precision 16 against 1/9.
            for (place, value) in level.enumerated() { #expect(abs(value - Double(place) * 16 / (16 + 1.0 / 9)) < 0.15) }
        }
    }
}
