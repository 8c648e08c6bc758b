import Lockstep
import Testing

@testable import LockstepInference

/// Lanes of `Pathfinder` are fits of their own, and say how they end.
@Suite struct PathfinderLaneTests {
    private static let pathfinder = Pathfinder(PathfinderProblems.eightSchools, elboDraws: 7)

    private func run(_ keys: [Key], on device: TestDevice, budget: Int? = nil) throws -> Fits {
        var options = RunOptions()
        (options.memoryBudget, options.schedule) = (budget, .lanes)
        return try Self.pathfinder.run(keys: keys, steps: 150, device: device.device, options: options)
    }

    @Test(arguments: TestDevice.all)
    func laneIsAsAlone(_ device: TestDevice) throws {
        let keys = Key(1).split(23)
        let all = try run(keys, on: device)
        let steps = Set(all.status.compactMap { if case .converged(let step) = $0 { step } else { nil } })
        #expect(steps.count > 3 && Set(all.elbo).count == 23)
        for lane in [0, 9, 22] { #expect(try run([keys[lane]], on: device).bits(0) == all.bits(lane), "lane \(lane)") }
        #expect(try run(keys, on: device, budget: 60_000).bits == all.bits)
    }

    @Test(arguments: TestDevice.all)
    func savedRunGoesOn(_ device: TestDevice) throws {
        let first = try Self.pathfinder.start(keys: Key(0).split(5), steps: 150, device: device.device)
        try first.advance(11)
        let second = try Self.pathfinder.resume(try first.state(), device: device.device)
        for run in [first, second] { while !run.isFinished { try run.advance() } }
        #expect(try first.fits().bits == second.fits().bits)
    }

    /// The path starts where the initialiser says, and the kept distribution has seen the step that follows.
    @Test(arguments: TestDevice.all)
    func pathsStartWhereTheyAreTold(_ device: TestDevice) throws {
        let model = Model { m in
            let a = m.sample("a", LogNormal(0, 1))
            m.sample("b", Normal(a, 1), shape: [2])
        }
        let start: [String: Tensor] = ["a": 2.5, "b": [1, -3]]
        let fits = try Pathfinder(model, initializer: .value(start)).run(keys: Key(0).split(3), steps: 1, device: device.device)
        // -log p at the start, with the Jacobian of log a: the lognormal density times a is that of a normal variate.
        let u = 0.9162907318741551
        let loss = 1.5 * 1.8378770664093453 + (u * u + 1.5 * 1.5 + 5.5 * 5.5) / 2
        #expect(fits.initialLoss.allSatisfy { abs($0 - loss) < 1e-4 }, "\(fits.initialLoss), not \(loss)")
    }

    /// Half of all starts have no density; all lanes come to the maximum.
    @Test(arguments: TestDevice.all)
    func lanesWithoutADensityAtTheirStartGetOthers(_ device: TestDevice) throws {
        let model = Model { m in m.factor("f", log(m.sample("x", Normal(5, 0.1)))) }
        let fits = try Pathfinder(model).run(keys: Key(3).split(40), steps: 100, device: device.device)
        let (means, deviations) = try (fits.mean("x").values, fits.sd("x").values)
        for lane in 0..<40 {
            #expect(abs(means[lane] - 5.002) < 0.05 && abs(deviations[lane] - 0.1) < 0.03, "lane \(lane): \(means[lane]), \(fits.status[lane])")
        }
    }

    @Test func lanesWithoutAStartSayWhy() throws {
        let model = Model { m in
            let x = m.sample("x", Normal(0, 1))
            m.factor("f", log(-1 - x * x))
        }
        let fits = try Pathfinder(model).run(keys: Key(3).split(2), steps: 10, device: .cpu)
        #expect(fits.status == [.noValidStart, .noValidStart])
        #expect(fits[0].reason?.site == "f", "\(String(describing: fits[0].reason))")
        #expect(fits.elbo.allSatisfy { $0.isNaN })
    }

    /// Where each distribution on the way has draws without a density there is none to keep.
    @Test func lanesThatFindNoneAreStalled() throws {
        let model = Model { m in m.factor("f", select(abs(m.sample("x", Normal(0, 1))) .< 2.5, 0, Tensor(-Double.infinity))) }
        let fits = try Pathfinder(model, elboDraws: 4000).run(keys: Key(3).split(8), steps: 60, device: .cpu)
        #expect(fits.status.allSatisfy { if case .stalled = $0 { true } else { false } }, "\(fits.status)")
        let scales = try fits.parameters()["auto_scale"]?.values ?? []
        #expect(scales.count == 8 && scales.allSatisfy { $0.isNaN } && fits.elbo.allSatisfy { $0.isNaN })
    }

    @Test func whatIsNotForItIsAnError() throws {
        func text(_ pathfinder: Pathfinder) -> String {
            errorText { _ = try pathfinder.run(keys: [Key(0)], steps: 5, device: .cpu) } ?? "no error"
        }
        let model = Model { m in m.sample("x", Normal(m.param("loc", 0), 1)) }
        #expect(text(Pathfinder(model)).contains("'loc'"), "\(text(Pathfinder(model)))")
        let discrete = Model { m in m.sample("k", Bernoulli(probabilities: 0.5)) }
        #expect(text(Pathfinder(discrete)).contains("'k'"))
        #expect(text(Pathfinder(Model { m in m.factor("f", 1) })).contains("no latents"))
        let normal = Model { m in m.sample("x", Normal(0, 1)) }
        #expect(text(Pathfinder(normal, elboDraws: 0)).contains("elboDraws"))
        #expect(text(Pathfinder(normal, method: LBFGS(memory: 0))).contains("memory"))
        #expect(text(Pathfinder(normal)) == "no error")
    }
}
