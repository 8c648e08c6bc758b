import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// The estimate of the gradient: right on average, and steadier with more particles.
@Suite struct GradientNoiseTests {
    /// x ~ N(0, 1), the guide N(2, 0.5): the loss is KL, whose gradient by loc is 2 and by scale 0.5 - 1 / 0.5.
    static let model = Model { m in m.sample("x", Normal(0, 1)) }
    static let guide = Model { m in
        m.sample("x", Normal(m.param("loc", 2), m.param("scale", 0.5)))
    }
    static let divergence = 0.5 * (4 + 0.25 - 1) - 0.5 * 2 * -0.6931471805599453

    @Test(arguments: TestDevice.all)
    func particlesReduceTheNoiseAndKeepTheMean(_ device: TestDevice) throws {
        let lanes = TestLevel.choose(small: 4000, medium: 20_000, full: 100_000)
        var variances: [Double] = []
        for particles in [1, 4, 16] {
            let fits = try SVI(
                Self.model, guide: Self.guide, optimizer: SGD(learningRate: 1), loss: TraceELBO(particles: particles)
            ).run(keys: Key(0).split(lanes), steps: 1, device: device.device)
            // One step of rate 1 moves by the gradient.
            let byLoc = fits.unconstrained("loc").map { 2 - $0[0] }
            let byScale = fits.unconstrained("scale").map { 0.5 - $0[0] }
            let checks: [(String, [Double], Double)] = [
                ("loc", byLoc, 2), ("scale", byScale, -1.5), ("loss", fits.initialLoss, Self.divergence),
            ]
            for (name, values, expected) in checks {
                let error = 4.5 * (Statistics.variance(values) / Double(lanes)).squareRoot() + 1e-5
                #expect(abs(Statistics.mean(values) - expected) < error, "\(name), \(particles) particles")
            }
            variances.append(Statistics.variance(byLoc))
            // d/dloc is the mean of the draws, whose variance is 1/4.
            #expect(abs(Statistics.variance(byLoc) * Double(particles) / 0.25 - 1) < 0.15)
        }
        #expect(variances[0] > 3 * variances[1] && variances[1] > 3 * variances[2])
    }

    /// Steps draw anew, and lanes do too.
    @Test(arguments: TestDevice.all)
    func stepsAndLanesDrawAnew(_ device: TestDevice) throws {
        var options = RunOptions()
        options.lossInterval = 1
        let fits = try SVI(Self.model, guide: Self.guide, optimizer: Resting())
            .run(keys: Key(0).split(40), steps: 100, device: device.device, options: options)
        let losses = try (0..<40).map { try fits.losses(lane: $0) }
        // Of 4,000 floats a few may agree by chance.
        #expect(Set(losses.flatMap { $0 }).count > 3900)
        let all = losses.flatMap { $0 }
        let error = 4.5 * (Statistics.variance(all) / 4000).squareRoot()
        #expect(abs(Statistics.mean(all) - Self.divergence) < error)
        // No memory between steps or lanes.
        func correlation(_ pairs: [(Double, Double)]) -> Double {
            let center = Statistics.mean(all)
            return pairs.reduce(0) { $0 + ($1.0 - center) * ($1.1 - center) } / Double(pairs.count) / Statistics.variance(all)
        }
        #expect(abs(correlation(losses.flatMap { zip($0, $0.dropFirst()).map { ($0, $1) } })) < 4.5 / 3960.0.squareRoot())
        #expect(abs(correlation(zip(losses, losses.dropFirst()).flatMap { zip($0, $1).map { ($0, $1) } })) < 4.5 / 3900.0.squareRoot())
    }

    /// Latents of one model draw apart from each other, and from those that only the model has.
    @Test func sitesDrawApart() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            let b = m.sample("b", Normal(0, 1))
            let c = m.sample("c", Normal(0, 1))
            m.deterministic("all", Tensor.stack([a, b, c]))
        }
        let guided = model.block(hide: ["c"])
        // Minus the loss is quadratic in the draws: its mean over lanes tells whether they are independent.
        let fits = try SVI(
            model, guide: AutoNormal(guided, initializer: .value(["a": 0, "b": 0]), initialScale: 1), optimizer: Resting()
        ).run(keys: Key(4).split(50), steps: 1, device: .cpu)
        let draws = try (0..<50).map { try fits[$0].sample(80) }
        func column(_ site: String) -> [Double] { draws.flatMap { lane in (0..<80).map { lane[site]?[$0][0] ?? .nan } } }
        for (x, y) in [("a", "b"), ("a", "c"), ("b", "c")] {
            let correlation = zip(column(x), column(y)).map(*).reduce(0, +) / 4000
            #expect(abs(correlation) < 4.5 / 4000.0.squareRoot(), "\(x) and \(y): \(correlation)")
        }
    }
}
