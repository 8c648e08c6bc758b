import Foundation
import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// The log density of the non-centred eight schools against its formula, written out.
@Suite struct EightSchoolsTests {
    static let y: [Double] = [28, 8, -3, 7, -1, 1, 18, 12]
    static let sigma: [Double] = [15, 10, 16, 11, 9, 11, 10, 18]

    static let model = Model { m in
        let sigma = m.data("sigma", shape: [8])
        let mu = m.sample("mu", Normal(0, 5))
        let tau = m.sample("tau", HalfCauchy(5))
        m.plate("school", 8) { m in
            let z = m.sample("z", Normal(0, 1))
            let theta = m.deterministic("theta", mu + tau * z)
            m.observe("y", Normal(theta, sigma), m.data("y", shape: [8]))
        }
    }

    @Test func logJointIsTheFormula() throws {
        let z: [Double] = [0.3, -1.1, 0.2, 0.9, -0.4, 1.7, -2.0, 0.05]
        let (mu, tau) = (4.5, 3.2)
        let trace = try Self.model.substitute(["mu": Tensor(mu), "tau": Tensor(tau), "z": Tensor(z)]).trace()

        func normal(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
            -0.5 * pow((x - loc) / scale, 2) - log(scale) - 0.5 * log(2 * Double.pi)
        }
        var expected = normal(mu, 0, 5) + log(2 / (Double.pi * 5 * (1 + pow(tau / 5, 2))))
        for i in 0..<8 {
            expected += normal(z[i], 0, 1) + normal(Self.y[i], mu + tau * z[i], Self.sigma[i])
        }
        let joint = try #require(try ReferenceEvaluator.evaluate(trace.logJoint, inputs: ["y": Self.y, "sigma": Self.sigma]).first)
        #expect(abs(joint - expected) < 1e-11 * abs(expected))
    }

    @Test func traceTellsItsSites() throws {
        let trace = try Self.model.trace()
        #expect(trace.sites.map(\.name) == ["mu", "tau", "z", "theta", "y"])
        #expect(trace.latents.map(\.name) == ["mu", "tau", "z"])
        #expect(trace.observations.map(\.name) == ["y"])
        #expect(trace.deterministics.map(\.name) == ["theta"])
        #expect(trace["z"]?.value.shape == [8])
        #expect(trace["z"]?.plates == trace["y"]?.plates)
        #expect(trace["z"]?.plates.map(\.dim) == [-1])
        #expect(trace["nobody"] == nil)
        #expect(trace.data.map(\.name) == ["sigma", "y"])
        #expect(trace.data.map(\.shape) == [[8], [8]])
        #expect(trace.logJoint.shape == [])
        #expect(trace.discreteLatents.isEmpty)
    }
}
