import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Laplace's approximation against closed forms.
@Suite struct LaplaceTests {
    /// The precision L L' of a lane, row-major.
    private func precision(_ fits: Fits, _ lane: Int) throws -> [Double] {
        let factor = try #require(try fits[lane].parameters()["auto_precision_tril"])
        let count = Int(Double(factor.count).squareRoot())
        return (0..<(count * count)).map { place in
            let (a, b) = (place / count * count, place % count * count)
            return (0..<count).reduce(0) { $0 + factor[a + $1] * factor[b + $1] }
        }
    }

    private func largest(_ a: [Double], _ b: [Double]) -> Double {
        guard a.count == b.count else { return .infinity }
        return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    /// The precision of the posterior, by the columns of the inverse of its covariance.
    private static let wanted: [Double] = (0..<5).flatMap { column in
        PathfinderProblems.posterior.posterior.solved((0..<5).map { $0 == column ? 1 : 0 })
    }

    @Test(arguments: MinimizeTests.Setting.all)
    func normalPosteriorsAreFoundExactly(_ setting: MinimizeTests.Setting) throws {
        let fits = try Laplace(PathfinderProblems.correlated).run(
            keys: Key(2).split(16), steps: 100, device: setting.device.device, options: PathfinderProblems.options(setting.precision))
        let (posterior, evidence) = PathfinderProblems.posterior
        let isDouble = setting.precision == .double
        for lane in 0..<16 {
            guard case .converged = fits.status[lane] else {
                Issue.record("lane \(lane): \(fits.status[lane])")
                continue
            }
            #expect(largest(try fits[lane].parameters()["auto_loc"] ?? [], posterior.mean) < (isDouble ? 1e-8 : 1e-3))
            // Its elements are up to 20.
            #expect(largest(try precision(fits, lane), Self.wanted) < (isDouble ? 1e-10 : 1e-3))
            #expect(abs(fits.elbo[lane] - evidence) < (isDouble ? 1e-8 : 1e-3), "\(fits.elbo[lane]), not \(evidence)")
            #expect(fits.elboError[lane] < (isDouble ? 1e-8 : 1e-3))
        }
        let x = try fits.sample(4000)["x"]
        let values = try #require(x)[3]
        for element in 0..<4 {
            let own = (0..<4000).map { values[4 * $0 + element] }
            #expect(abs(Statistics.variance(own) / posterior.covariance[element][element] - 1) < 0.12)
        }
    }

    /// y ~ Poisson(rate) with rate ~ Gamma(a, b): of u = log rate the density is (a + sum y) u - (b + n) exp(u).
    @Test(arguments: TestDevice.all)
    func jacobiansCount(_ device: TestDevice) throws {
        let model = Model { m in
            let rate = m.sample("rate", Gamma(2, 3))
            m.plate("rows", 4) { m in m.observe("y", Poisson(rate), [1, 0, 4, 2]) }
        }
        let fits = try Laplace(model).run(keys: Key(0).split(9), steps: 100, device: device.device)
        for lane in 0..<9 {
            let place = try fits[lane].parameters()["auto_loc"] ?? []
            #expect(largest(place, [log(9.0 / 7)]) < 1e-4)
            #expect(abs(try precision(fits, lane)[0] - 9) < 1e-2)
        }
    }

    /// Where steps run out the curvature is that of the point; of a normal distribution it is the same everywhere.
    @Test(arguments: TestDevice.all, [1, 4])
    func stepsRunOut(_ device: TestDevice, steps: Int) throws {
        let fits = try Laplace(PathfinderProblems.correlated).run(keys: Key(5).split(3), steps: steps, device: device.device)
        #expect(fits.status == [.finished, .finished, .finished])
        for lane in 0..<3 { #expect(largest(try precision(fits, lane), Self.wanted) < 1e-3) }
    }

    /// A lane that starts at a saddle goes nowhere, and says that it has found no maximum.
    @Test(arguments: TestDevice.all)
    func saddlesAreNoMaxima(_ device: TestDevice) throws {
        let model = Model { m in
            let x = m.sample("x", Normal(0, 1), shape: [2])
            m.factor("f", 2 * square(x[0]) - square(square(x[0])))
        }
        let saddle = Laplace(model, initializer: .value(["x": [0, 0.5]]))
        let fits = try saddle.run(keys: Key(0).split(2), steps: 100, device: device.device)
        #expect(fits.status.allSatisfy { if case .stalled = $0 { true } else { false } }, "\(fits.status)")
        let means = try fits.mean("x").values
        #expect(means.count == 4 && means.allSatisfy { $0.isNaN } && fits.elbo.allSatisfy { $0.isNaN })
        // Beside it there are two, at x0 = +-sqrt(3) / 2, with the curvature 6.
        let others = try Laplace(model).run(keys: Key(0).split(8), steps: 100, device: device.device)
        for lane in 0..<8 {
            let place = try others[lane].parameters()["auto_loc"] ?? []
            #expect(abs(place[0].magnitude - 3.0.squareRoot() / 2) < 1e-3 && abs(place[1]) < 1e-3)
            #expect(largest(try precision(others, lane), [6, 0, 0, 1]) < 0.02)
        }
    }

    @Test(arguments: TestDevice.all)
    func laneIsAsAlone(_ device: TestDevice) throws {
        let laplace = Laplace(PathfinderProblems.correlated)
        let keys = Key(1).split(17)
        let all = try laplace.run(keys: keys, steps: 100, device: device.device)
        #expect(Set(all.status).count > 1)
        for lane in [0, 8, 16] {
            let alone = try laplace.run(keys: [keys[lane]], steps: 100, device: device.device)
            #expect(alone.bits(0).parameters == all.bits(lane).parameters && alone.status[0] == all.status[lane], "lane \(lane)")
        }
    }

    @Test func paramsAreErrors() throws {
        let model = Model { m in m.sample("x", Normal(m.param("loc", 0), 1)) }
        let text = errorText { _ = try Laplace(model).run(keys: [Key(0)], steps: 5, device: .cpu) }
        #expect(text?.contains("'loc'") ?? false, "\(text ?? "no error")")
    }
}
