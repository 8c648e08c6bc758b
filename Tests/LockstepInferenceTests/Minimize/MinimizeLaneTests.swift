import Lockstep
import Testing

@testable import LockstepInference

/// Lanes of `Minimize` are fits of their own, and say how they end.
@Suite struct MinimizeLaneTests {
    /// A valley in four dimensions, each lane from its own start.
    private static let valley = Minimize(Model { m in m.factor("f", -TestFunctions.rosenbrock(m.param("x", m.data("start", shape: [4])))) })

    private static func starts(_ lanes: Int) -> [[Double]] {
        func start(_ lane: Int, _ element: Int) -> Double { Double((lane * 7 + element * 11) % 17) / 4 - 2 }
        return (0..<lanes).map { lane in (0..<4).map { start(lane, $0) } }
    }

    private func run(_ starts: [[Double]], on device: TestDevice, steps: Int = 400, budget: Int? = nil) throws -> Fits {
        var options = RunOptions()
        (options.finalDraws, options.memoryBudget) = (0, budget)
        return try Self.valley.run(
            keys: Key(0).split(starts.count), steps: steps, data: ["start": .perLane(starts)], device: device.device, options: options)
    }

    @Test(arguments: TestDevice.all)
    func laneIsAsAlone(_ device: TestDevice) throws {
        let starts = Self.starts(41)
        let all = try run(starts, on: device)
        let ends = all.status.compactMap { if case .converged(let step) = $0 { step } else { nil } }
        #expect(ends.count == 41)
        // They need different numbers of evaluations.
        #expect(Set(ends).count > 10)
        for lane in [0, 1, 7, 16, 29, 40] {
            #expect(try run([starts[lane]], on: device).bits(0).parameters == all.bits(lane).parameters, "lane \(lane)")
            #expect(try run([starts[lane]], on: device).status[0] == all.status[lane], "lane \(lane)")
        }
        #expect(try run(starts, on: device, budget: 20_000).bits == all.bits)
    }

    @Test(arguments: TestDevice.all)
    func savedRunGoesOn(_ device: TestDevice) throws {
        let starts = Self.starts(5)
        let data: [String: LaneData] = ["start": .perLane(starts)]
        let first = try Self.valley.start(keys: Key(0).split(5), steps: 400, data: data, device: device.device)
        try first.advance(23)
        let second = try Self.valley.resume(try first.state(), data: data, device: device.device)
        for run in [first, second] { while !run.isFinished { try run.advance() } }
        #expect(try first.fits().bits == second.fits().bits)
        #expect(try second.fits().status.allSatisfy { if case .converged = $0 { true } else { false } })
    }

    /// A lane that runs out of steps says so, and holds what it has found.
    @Test func stepsRunOut() throws {
        let fits = try run(Self.starts(3), on: .interpreter, steps: 9)
        #expect(fits.status == [.finished, .finished, .finished])
        #expect(zip(fits.loss, fits.initialLoss).allSatisfy { $0 < $1 })
    }

    /// log(x) - x^2 / 2 has its maximum at 1, and is nowhere left of 0, where half of all starts lie.
    @Test(arguments: TestDevice.all)
    func lanesWithoutALossAtTheirStartGetOthers(_ device: TestDevice) throws {
        let model = Model { m in m.factor("f", log(m.sample("x", Normal(0, 1)))) }
        let fits = try Minimize(model).run(keys: Key(3).split(40), steps: 100, device: device.device)
        for lane in 0..<40 {
            let x = fits.unconstrained("x_auto_loc")[lane][0]
            #expect(abs(x - 1) < 1e-3, "lane \(lane): \(x), \(fits.status[lane])")
        }
    }

    /// A start that is given is the only one.
    @Test func startWithoutALossIsNone() throws {
        let model = Model { m in m.factor("f", log(m.param("x", m.data("start", shape: [])))) }
        let fits = try Minimize(model).run(
            keys: Key(0).split(2), steps: 20, data: ["start": .perLane([-1.0, 1])], device: .cpu)
        #expect(fits.status[0] == .noValidStart)
        // Beside it one whose loss has no minimum goes on.
        #expect(!fits.status[1].isLost && fits.loss[1] < -1)
    }

    /// A wall that a search runs into is nothing to stop at.
    @Test func wallsAreTurnedBackFrom() throws {
        let model = Model { m in
            let x = m.param("x", m.data("start", shape: []))
            m.factor("f", log(1 - x) + 1000 * x)
        }
        let fits = try Minimize(model).run(
            keys: Key(0).split(4), steps: 200, data: ["start": .perLane([-300.0, -1, 0, 0.99])], device: .cpu,
            options: { var o = RunOptions(); o.precision = .double; return o }())
        for lane in 0..<4 {
            #expect(abs(fits.unconstrained("x")[lane][0] - 0.999) < 1e-8, "\(fits.status[lane])")
            #expect(fits.status[lane].description.hasPrefix("converged"))
        }
    }

    @Test func drawsAreNamed() throws {
        let model = Model { m in m.sample("x", Normal(0, 1)) }
        let text = errorText { _ = try Minimize(model, guide: AutoNormal(model)).run(keys: [Key(0)], steps: 5, device: .cpu) }
        #expect(text?.contains("'x'") ?? false, "\(text ?? "no error")")
        #expect(text?.contains("AutoDelta") ?? false)
    }

    @Test func nothingToMinimiseOverIsAnError() throws {
        let text = errorText { _ = try Minimize(Model { m in m.factor("f", 1) }).run(keys: [Key(0)], steps: 5, device: .cpu) }
        #expect(text?.contains("nothing to minimise over") ?? false, "\(text ?? "no error")")
    }

    @Test(arguments: [
        (LBFGS(memory: 0), "memory"), (LBFGS(memory: 101), "memory"), (LBFGS(gradientTolerance: -1), "gradientTolerance"),
        (LBFGS(lossTolerance: .nan), "lossTolerance"), (LBFGS(decrease: 0), "decrease"), (LBFGS(decrease: 0.95), "decrease"),
        (LBFGS(curvature: 1), "curvature"), (LBFGS(mostTrials: 1), "mostTrials"),
    ])
    func numbersThatMakeNoSenseAreErrors(_ method: LBFGS, _ word: String) throws {
        let model = Model { m in m.factor("f", -square(m.param("x", 1))) }
        let text = errorText { _ = try Minimize(model, method: method).run(keys: [Key(0)], steps: 5, device: .cpu) }
        #expect(text?.contains(word) ?? false, "\(text ?? "no error")")
    }

    /// Numbers at their bounds are none.
    @Test(arguments: [LBFGS(memory: 1), LBFGS(memory: 100), LBFGS(gradientTolerance: 0, lossTolerance: 0), LBFGS(curvature: 0.1, mostTrials: 2)])
    func boundsAreAllowed(_ method: LBFGS) throws {
        let minimize = Minimize(Self.valley.model, method: method)
        var options = RunOptions()
        options.precision = .double
        let fits = try minimize.run(keys: [Key(0)], steps: 800, data: ["start": .shared([-1.2, 1, -1.2, 1])], device: .cpu, options: options)
        #expect(fits.loss[0] < 1e-12, "\(method): \(fits.loss[0]), \(fits.status[0])")
    }
}
