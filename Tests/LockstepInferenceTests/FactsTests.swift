import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// Cases with a known answer, most from the tests of NumPyro and Pyro.
///
/// Not here, for want of the feature: Renyi bounds, multivariate normal quantiles, score-function gradients,
/// enumeration of discrete latents, multi-sample guides, and the guide Beta(exp, exp), since no gradient flows through
/// Beta draws. Pareto-smoothed importance sampling has tests of its own, in Trust.
@Suite struct FactsTests {
    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    /// f ~ Beta(1, 1), eight ones of ten: the posterior is Beta(9, 3), of mean 0.75 and mode 0.8.
    @Test(arguments: TestDevice.all)
    func coin(_ device: TestDevice) throws {
        let model = Model { m in
            let y = m.data("y", shape: [10])
            let f = m.sample("f", Beta(1, 1))
            m.plate("flips", 10) { m in m.observe("obs", Bernoulli(probabilities: f), y) }
        }
        let data: [String: LaneData] = ["y": .shared([1, 1, 1, 1, 1, 1, 1, 1, 0, 0])]
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
            .run(keys: Key(0).split(16), steps: 3000, data: data, device: device.device)
        // Over lanes, since the last step of Adam leaves noise in each.
        let means = try (0..<16).map { lane in
            let draws = try fits[lane].sample(500)["f"]
            return mean((0..<500).map { draws?[$0][0] ?? .nan })
        }
        #expect(abs(mean(means) - 0.75) < 0.03)
        let modes = try SVI(model, guide: AutoDelta(model), optimizer: Adam(learningRate: 0.01))
            .run(keys: Key(0).split(4), steps: 3000, data: data, device: device.device)
        for lane in 0..<4 { #expect(abs(try modes[lane].median("f")[0] - 0.8) < 1e-3) }
    }

    /// Two coins: log evidence log B(9, 3) + log B(5, 7) = -13.949560.
    @Test(arguments: TestDevice.all)
    func twoCoins(_ device: TestDevice) throws {
        let model = Model { m in
            let y = m.data("y", shape: [10, 2])
            let f = m.plate("coins", 2) { m in m.sample("f", Beta(1, 1)) }
            m.plate("coins", 2) { m in m.plate("flips", 10) { m in m.observe("obs", Bernoulli(probabilities: f), y) } }
        }
        let rows: [Double] = (0..<10).flatMap { flip in [flip < 8 ? 1.0 : 0.0, flip < 4 ? 1.0 : 0.0] }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
            .run(keys: Key(0).split(32), steps: 3000, data: ["y": .shared(rows)], device: device.device)
        let draws = try (0..<32).map { try #require(try fits[$0].sample(200)["f"]) }
        for (coin, expected) in [0.75, 5.0 / 12].enumerated() {
            let found = mean(draws.flatMap { lane in (0..<200).map { lane[$0][coin] } })
            #expect(abs(found - expected) < 0.05, "coin \(coin): \(found)")
        }
        // The bound: above the evidence by the divergence that a normal on the logit leaves.
        let loss = mean(fits.loss)
        #expect(loss > 13.949560 - 0.02 && loss < 13.949560 + 0.1, "\(loss)")
    }

    /// The support of a latent that depends on another latent.
    @Test(arguments: TestDevice.all, [true, false])
    func dependentSupport(_ device: TestDevice, _ isTransformed: Bool) throws {
        let model = Model { m in
            let y = m.data("y", shape: [1000])
            let alpha = m.sample("alpha", Uniform(0, 1))
            let loc = m.sample(
                "loc", isTransformed ? TransformedDistribution(Uniform(0, 1), AffineBijector(0, alpha)) : Uniform(0, alpha))
            m.plate("rows", 1000) { m in m.observe("obs", Normal(loc, 0.1), y) }
        }
        // Quantiles of N(0.9, 1): a sample whose mean is 0.9.
        let y = (0..<1000).map { i in 0.9 + 1.7 * sin(Double(i) * 2 * .pi / 1000) }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
            .run(keys: Key(0).split(8), steps: 3000, data: ["y": .shared(y)], device: device.device)
        for lane in 0..<8 where fits.status[lane] == .finished {
            #expect(abs(try fits[lane].median("loc")[0] / 0.9 - 1) < 0.05)
        }
        #expect(fits.status.contains(.finished))
    }

    /// p: a standard normal times 2, sigmoid, times 3; q: uniform on (0, 3); at 2.
    @Test(arguments: TestDevice.all)
    func transformedDensity(_ device: TestDevice) throws {
        let bijector = ComposedBijector([AffineBijector(0, 2), SigmoidBijector(), AffineBijector(0, 3)])
        let model = Model { m in m.sample("x", TransformedDistribution(Normal(0, 1), bijector)) }
        let guide = Model { m in m.sample("x", Uniform(0, 3)) }.substitute(["x": 2])
        let fits = try SVI(model, guide: guide, optimizer: Adam()).run(keys: Key(0).split(2), steps: 3, device: device.device)
        #expect(fits.status.allSatisfy { $0 == .finished })
        #expect(fits.loss.allSatisfy { abs($0 - 0.1680649437) < 1e-6 })
        #expect(try fits.parameters().isEmpty)
    }

    /// Draws of the guide outside of the support: the step is refused, the parameters stay finite.
    @Test(arguments: TestDevice.all)
    func drawsOutsideOfTheSupport(_ device: TestDevice) throws {
        let model = Model { m in
            let variance = m.sample("var", Exponential(1))
            m.observe("obs", Normal(0, sqrt(variance)), 0)
        }
        let guide = Model { m in m.sample("var", Normal(m.param("loc", 1), 10)) }
        let fits = try SVI(model, guide: guide, optimizer: Adam(learningRate: 1))
            .run(keys: Key(0).split(50), steps: 1000, device: device.device)
        let locs = fits.unconstrained("loc").map { $0[0] }
        #expect(locs.allSatisfy { $0.isFinite })
        let refused = zip(fits.refusedLosses, fits.refusedGradients).map { $0 + $1 }
        #expect(refused.allSatisfy { $0 > 0 })
        for lane in 0..<50 {
            switch fits.status[lane] {
            case .finished: #expect(refused[lane] < 1000)
            case .converged, .stalled, .running, .waiting: Issue.record("nobody asked for that")
            case .diverged(let step): #expect(step < 1000 && refused[lane] >= 10)
            case .badData: Issue.record("there are no data")
            case .noValidStart: Issue.record("the start is fixed, and half of all draws are in the support there")
            }
        }
    }

    /// y ~ N(mu, sigma) with sigma a param of the model, and z = (y - mu) / sigma deterministic.
    @Test(arguments: TestDevice.all)
    func standardisedData(_ device: TestDevice) throws {
        let count = 300
        let model = Model { m in
            let y = m.data("y", shape: [count])
            let mu = m.sample("mu", Normal(0, 5))
            let sigma = m.param("sigma", 1, constraint: .positive)
            m.plate("rows", count) { m in m.observe("obs", Normal(mu, sigma), y) }
            m.deterministic("z", (y - mu) / sigma)
        }
        // Of mean 2 and standard deviation 3.
        let wave = (0..<count).map { i in 2 + 3 * 2.0.squareRoot() * sin(Double(i) * 2 * .pi / Double(count)) }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
            .run(keys: Key(0).split(4), steps: 3000, data: ["y": .shared(wave)], device: device.device)
        for lane in 0..<4 {
            let z = try fits[lane].median("z")
            #expect(zip(z, wave).allSatisfy { abs($0 - ($1 - 2) / 3) < 0.05 })
        }
        let sigma = try #require(try fits.parameters()["sigma"])
        #expect((0..<4).allSatisfy { abs(sigma[$0][0] - 3) < 0.1 })
    }

    struct Method: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let optimizer: any Optimizer
        static let all = [
            Method(testDescription: "Adam", optimizer: Adam(learningRate: 0.01)),
            Method(testDescription: "SGD", optimizer: SGD(learningRate: 0.01)),
            Method(testDescription: "SGD with momentum", optimizer: SGD(learningRate: 0.005, momentum: 0.9)),
        ]
    }

    /// Minimise x^2 + y^2 from +-1.
    @Test(arguments: TestDevice.all, Method.all)
    func optimizersFindTheMinimum(_ device: TestDevice, _ method: Method) throws {
        let model = Model { m in
            let x = m.param("x", [1, -1])
            let y = m.param("y", -1)
            m.factor("f", -((x * x).sum() + y * y))
        }
        let fits = try SVI(model, guide: Model { _ in }, optimizer: method.optimizer)
            .run(keys: Key(0).split(3), steps: 2000, device: device.device)
        for lane in 0..<3 {
            let values = try fits[lane].parameters().values.flatMap { $0 }
            #expect(values.count == 3 && values.allSatisfy { abs($0) < 1e-4 }, "\(values)")
        }
    }

    /// The updates themselves, in closed form: momentum against a constant gradient, and Adam's first steps.
    @Test(arguments: TestDevice.all)
    func updatesAreThoseOfThePapers(_ device: TestDevice) throws {
        func path(_ optimizer: any Optimizer, _ steps: Int, slope: Double) throws -> Double {
            let model = Model { m in m.factor("f", Tensor(-slope) * m.param("x", 0)) }
            return try SVI(model, guide: Model { _ in }, optimizer: optimizer)
                .run(keys: [Key(0)], steps: steps, device: device.device).unconstrained("x")[0][0]
        }
        // Velocities 2, 3.8, 5.42: their sum.
        #expect(abs(try path(SGD(learningRate: 0.1, momentum: 0.9), 3, slope: 2) + 1.122) < 1e-6)
        // With its bias corrections, Adam moves by its rate at each step against a constant gradient.
        for steps in [1, 2, 10, 100] {
            #expect(abs(try path(Adam(learningRate: 0.01), steps, slope: 3) + 0.01 * Double(steps)) < 1e-5 * Double(steps))
        }
    }
}
