import Foundation
import Lockstep
import LockstepRuntime
import TestSupport
import Testing

@testable import LockstepInference

/// Log predictive densities against closed forms.
@Suite struct PredictiveDensityTests {
    static let y = [-1.5, 0.5, 3]
    static let model = Model { m in
        let a = m.sample("a", Normal(0, 1))
        m.plate("rows", 3) { m in m.observe("y", Normal(a, 1), Tensor(y)) }
        m.observe("single", Normal(2 * a, 1), Tensor(1.25))
    }

    /// Of lanes whose guides stay at N(0.5, 0.25).
    private func fits(_ lanes: Int, on device: Device = .cpu, _ precision: Precision = .float) throws -> Fits {
        var options = RunOptions()
        options.precision = precision
        let guide = AutoNormal(Self.model, initializer: .value(["a": 0.5]), initialScale: 0.25)
        return try SVI(Self.model, guide: guide, optimizer: Resting())
            .run(keys: Key(4).split(lanes), steps: 1, device: device, options: options)
    }

    private func logNormal(_ x: Double, _ mean: Double, _ variance: Double) -> Double {
        -0.5 * (log(2 * Double.pi * variance) + (x - mean) * (x - mean) / variance)
    }

    /// With a ~ N(0.5, 0.25^2) an observation N(a, 1) is N(0.5, 1 + 0.25^2), and N(2 a, 1) is N(1, 1 + 0.5^2).
    @Test(arguments: TestDevice.all, Precision.allCases)
    func normalObservationsHaveTheirMarginals(_ device: TestDevice, _ precision: Precision) throws {
        if precision == .double, !device.hasDouble { return }
        let found = try fits(3, on: device.device, precision).logPredictiveDensities(draws: 16_384)
        let (rows, single) = try (#require(found["y"]), #require(found["single"]))
        #expect(rows.shape == [3] && rows.lanes == 3 && single.shape == [] && found.count == 2)
        for lane in 0..<3 {
            for (element, value) in Self.y.enumerated() {
                // The density's standard deviation over draws is at most 0.7 of its mean: five standard errors. A mean of logarithms
                // would be off by 0.2 at the last.
                #expect(abs(rows[lane][element] - logNormal(value, 0.5, 1.0625)) < 5 * 0.7 / 128)
            }
            #expect(abs(single[lane][0] - logNormal(1.25, 1, 1.25)) < 5 * 0.7 / 128)
        }
        #expect(rows[0] != rows[1])
    }

    /// A density that single precision cannot hold, and one that is 0; any number of draws.
    @Test(arguments: TestDevice.all, [1, 2, 32, 100])
    func pointsHaveTheirDensity(_ device: TestDevice, _ draws: Int) throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 3) { m in
                m.mask(Tensor([1, 1, 0]) .!= 0) { m in m.observe("y", Normal(a, 1), m.data("y", shape: [3])) }
            }
        }
        let fits = try SVI(model, guide: AutoDelta(model, initializer: .value(["a": 0.5])), optimizer: Resting())
            .run(keys: Key(4).split(2), steps: 1, data: ["y": .perLane([100, 0, 1, -60, 7, 1])], device: device.device)
        let found = try #require(fits.logPredictiveDensities(draws: draws)["y"])
        for (lane, values) in [[100.0, 0], [-60, 7]].enumerated() {
            for (element, value) in values.enumerated() {
                #expect(abs(found[lane][element] / logNormal(value, 0.5, 1) - 1) < 1e-5)
            }
            #expect(abs(found[lane][2]) < 1e-5)
        }
    }

    @Test(arguments: TestDevice.all)
    func laneDoesNotKnowItsBatch(_ device: TestDevice) throws {
        let many = try fits(70, on: device.device)
        let all = try #require(try many.logPredictiveDensities(draws: 64, key: Key(3))["y"])
        let query = try PredictiveDensity(many, draws: 64)
        #expect(try query.evaluated([41, 7], key: Key(3))["y"] == [all[41], all[7]])
        #expect(Set((0..<70).map { all[$0] }).count == 70)
        #expect(try many.logPredictiveDensities(draws: 64, key: Key(2))["y"]?[7] != all[7])
    }

    @Test func whatCannotBeAsked() throws {
        let fits = try fits(1)
        for draws in [0, -1, .max] {
            #expect(
                errorText { _ = try fits.logPredictiveDensities(draws: draws) }
                    == "cannot take predictive densities from \(draws) draws; give 1 to 4194304")
        }
        let empty = Model { m in _ = m.sample("a", Normal(0, 1)) }
        let none = try SVI(empty, guide: AutoNormal(empty), optimizer: Resting()).run(keys: [Key(0)], steps: 1, device: .cpu)
        #expect(try none.logPredictiveDensities().isEmpty)
    }

    /// Of a lane that was lost there is no number.
    @Test func lostLanesHaveNone() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.observe("y", Normal(a, 1), Tensor(0.5))
            m.factor("f", log(m.data("sign", shape: []) + 0 * a))
        }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Resting())
            .run(keys: Key(0).split(3), steps: 1, data: ["sign": .perLane([1, -1, 1])], device: .cpu)
        let found = try #require(try fits.logPredictiveDensities(draws: 8)["y"])
        #expect((0..<3).map { found[$0][0].isNaN } == [false, true, false])
    }
}
