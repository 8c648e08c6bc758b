import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Posteriors in closed form.
@Suite struct ConjugateTests {
    /// mu ~ N(1, 2), five observations with standard deviation 0.7.
    static let y = [0.3, 1.2, -0.4, 0.9, 2.1]
    static let model = Model { m in
        let y = m.data("y", shape: [5])
        let mu = m.sample("mu", Normal(1, 2))
        m.plate("rows", 5) { m in m.observe("obs", Normal(mu, 0.7), y) }
    }
    static let precision = 1 / 4.0 + 5 / 0.49
    static let posteriorMean = (1 / 4.0 + y.reduce(0, +) / 0.49) / precision
    static let posteriorDeviation = (1 / precision).squareRoot()
    /// log p(y) = log p(mu) + log p(y | mu) - log p(mu | y), at any mu.
    static let logEvidence: Double = {
        func normal(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
            -0.5 * ((x - loc) / scale) * ((x - loc) / scale) - log(scale) - 0.5 * log(2 * Double.pi)
        }
        return normal(0, 1, 2) + y.reduce(0) { $0 + normal($1, 0, 0.7) } - normal(0, posteriorMean, posteriorDeviation)
    }()
    static let data: [String: LaneData] = ["y": .shared(y)]

    /// Where the guide is the posterior, every draw gives the same loss: minus the log evidence.
    @Test(arguments: TestDevice.all)
    func lossAtThePosteriorIsTheEvidence(_ device: TestDevice) throws {
        let guide = AutoNormal(
            Self.model, initializer: .value(["mu": Tensor(Self.posteriorMean)]), initialScale: Self.posteriorDeviation)
        let fits = try SVI(Self.model, guide: guide, optimizer: Resting())
            .run(keys: Key(0).split(50), steps: 50, data: Self.data, device: device.device)
        #expect(fits.loss.allSatisfy { abs($0 + Self.logEvidence) < 1e-4 })
        for lane in 0..<50 {
            let history = try fits.losses(lane: lane)
            #expect(history.allSatisfy { abs($0 + Self.logEvidence) < 1e-4 })
        }
    }

    /// The same through a bijector: its Jacobian must be in the guide's density. The evidence is 1.
    @Test(arguments: TestDevice.all)
    func lossOfATransformedPriorIsZero(_ device: TestDevice) throws {
        let model = Model { m in m.plate("p", 3) { m in m.sample("x", LogNormal(0.3, 0.8)) } }
        let fits = try SVI(
            model, guide: AutoNormal(model, initializer: .value(["x": Tensor(exp(0.3))]), initialScale: 0.8),
            optimizer: Resting()
        ).run(keys: Key(0).split(50), steps: 50, device: device.device)
        #expect(fits.loss.allSatisfy { abs($0) < 1e-5 })
    }

    /// Fits reach mean and standard deviation; the mean over lanes averages Adam's noise out.
    @Test(arguments: TestDevice.all)
    func fitsReachThePosterior(_ device: TestDevice) throws {
        let lanes = TestLevel.choose(small: 64, medium: 256, full: 2048)
        let fits = try SVI(Self.model, guide: AutoNormal(Self.model), optimizer: Adam(learningRate: 0.01))
            .run(keys: Key(1).split(lanes), steps: 2000, data: Self.data, device: device.device)
        #expect(fits.status.allSatisfy { $0 == .finished })
        let parameters = try fits.parameters()
        let locs = (0..<lanes).map { parameters["mu_auto_loc"]?[$0][0] ?? .nan }
        let scales = (0..<lanes).map { parameters["mu_auto_scale"]?[$0][0] ?? .nan }
        let error = 4 * (Statistics.variance(locs) / Double(lanes)).squareRoot()
        #expect(abs(Statistics.mean(locs) - Self.posteriorMean) < error + 0.002)
        #expect(abs(Statistics.mean(scales) / Self.posteriorDeviation - 1) < 0.02)
        // Above the evidence by the divergence that Adam's noise keeps up: a few hundredths at this rate, never below.
        let excess = Statistics.mean(fits.loss) + Self.logEvidence
        #expect(excess > -0.005 && excess < 0.03, "\(excess)")
        // The mode is the mean here.
        let modes = try SVI(Self.model, guide: AutoDelta(Self.model), optimizer: Adam(learningRate: 0.01))
            .run(keys: Key(1).split(4), steps: 2000, data: Self.data, device: device.device)
        for lane in 0..<4 { #expect(abs(try modes[lane].median("mu")[0] - Self.posteriorMean) < 1e-4) }
    }

    @Test(arguments: TestDevice.all)
    func queriesAreThoseOfTheFamily(_ device: TestDevice) throws {
        let model = Model { m in
            let x = m.sample("x", Normal(1, 2))
            let s = m.sample("s", LogNormal(0, 1))
            m.deterministic("sum", x + 2 * x)
            m.deterministic("product", x * s)
        }
        let guide = AutoNormal(model, initializer: .value(["x": 1.5, "s": 2]), initialScale: 0.5)
        let fits = try SVI(model, guide: guide, optimizer: Resting()).run(keys: Key(2).split(2), steps: 1, device: device.device)
        // Standard normal quantiles.
        let z = [0.05: -1.6448536269514722, 0.25: -0.6744897501960817, 0.5: 0, 0.9: 1.2815515655446004]
        for (probability, quantile) in z {
            #expect(abs(try fits[0].quantiles("x", [probability])[0][0] - (1.5 + 0.5 * quantile)) < 1e-5)
            #expect(abs(try fits[0].quantiles("s", [probability])[0][0] / (2 * exp(0.5 * quantile)) - 1) < 1e-5)
            // By 2,000 draws: the error of a quantile is below 0.09 sd at these probabilities (4 sigma: 0.19).
            #expect(abs(try fits[1].quantiles("sum", [probability])[0][0] - 3 * (1.5 + 0.5 * quantile)) < 1.5 * 0.19)
        }
        let count = 4000
        let draws = try fits[0].sample(count)
        func column(_ site: String) -> [Double] { (0..<count).map { draws[site]?[$0][0] ?? .nan } }
        let x = column("x"), s = column("s")
        #expect(abs(Statistics.mean(x) - 1.5) < 0.035 && abs(Statistics.variance(x) / 0.25 - 1) < 0.1)
        #expect(Statistics.kolmogorovSmirnov(x) { 0.5 * erfc(-($0 - 1.5) / 0.5 / 2.0.squareRoot()) } < 1.95)
        #expect(Statistics.kolmogorovSmirnov(s) { 0.5 * erfc(-log($0 / 2) / 0.5 / 2.0.squareRoot()) } < 1.95)
        // The two sites do not share their draws.
        let correlation = zip(x, s.map { log($0) }).map { ($0 - 1.5) * ($1 - log(2)) }.reduce(0, +) / Double(count) / 0.25
        #expect(abs(correlation) < 4 / Double(count).squareRoot())
        #expect(zip(zip(x, s), column("product")).allSatisfy { abs($0.0 * $0.1 - $1) < 1e-4 })
        // Other keys, other draws; other lanes, other draws; the same key again, the same.
        #expect(try fits[0].sample(3, key: Key(1))["x"]?[0] != draws["x"]?[0])
        #expect(try fits[1].sample(3)["x"]?[0] != draws["x"]?[0])
        #expect(try fits[0].sample(3)["x"]?[2] == draws["x"]?[2])
    }
}
