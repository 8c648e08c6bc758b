import Lockstep
import Testing

@testable import LockstepInference

/// Lanes that stop by themselves when their losses no longer fall.
@Suite struct ConvergenceTests {
    /// The loss is target + x^2, from x = 1 by a rate of the lane's own: x shrinks by 1 - 2 rate at each step.
    static let model = Model { m in
        let x = m.param("x", 1)
        m.factor("f", -(x * x) - 10)
    }
    static let rates = [0.5, 0.05, 0.005, 1e-5, 0.25]

    private func run(
        _ device: TestDevice, steps: Int = 2000, lanes: [Int] = Array(0..<5), tolerance: Double = 1e-3, window: Int = 20,
        interval: Int = 10, convergence: Bool = true
    ) throws -> Fits {
        var options = RunOptions()
        options.lossInterval = interval
        if convergence { options.convergence = Convergence(tolerance: tolerance, window: window) }
        let keys = Key(0).split(5)
        return try SVI(Self.model, guide: Model { _ in }, optimizer: SGD(learningRate: .data("rate"))).run(
            keys: lanes.map { keys[$0] }, steps: steps, data: ["rate": .perLane(lanes.map { Self.rates[$0] })],
            device: device.device, options: options)
    }

    /// What the rule says, step by step.
    private func expected(rate: Double, tolerance: Double, window: Int, steps: Int) -> (step: Int, mean: Double, x: Double)? {
        var x = 1.0
        var sum = 0.0
        var previous: Double?
        for step in 0..<steps {
            sum += x * x + 10
            x -= rate * 2 * x
            guard (step + 1) % window == 0 else { continue }
            let mean = sum / Double(window)
            if let previous, abs(mean - previous) <= tolerance * abs(previous) { return (step + 1, mean, x) }
            (previous, sum) = (mean, 0)
        }
        return nil
    }

    @Test(arguments: TestDevice.all)
    func lanesStopByTheRule(_ device: TestDevice) throws {
        // The slowest lane moves so little that it counts as converged at once.
        let fits = try run(device)
        for (lane, rate) in Self.rates.enumerated() {
            let rule = try #require(expected(rate: rate, tolerance: 1e-3, window: 20, steps: 2000))
            #expect(fits.status[lane] == .converged(step: rule.step), "rate \(rate)")
            #expect(abs(fits.loss[lane] - rule.mean) < 1e-4)
            #expect(abs(fits.unconstrained("x")[lane][0] - rule.x) < 1e-4)
            #expect(!fits.status[lane].isLost)
            let history = try fits.losses(lane: lane)
            #expect(history.count == 200)
            #expect(history[..<(rule.step / 10)].allSatisfy { $0.isFinite })
            #expect(history[(rule.step / 10)...].allSatisfy { $0.isNaN })
        }
        #expect(Set(fits.status).count >= 2)
        #expect(fits.status[0].description == "converged at step 60")
    }

    /// Whether its neighbours run on or not, and whether the run ends early or not.
    @Test(arguments: TestDevice.all)
    func lanesStopOnTheirOwn(_ device: TestDevice) throws {
        let fits = try run(device, tolerance: 0, window: 7)
        #expect(fits.status[2] != fits.status[0])
        for lane in 0..<5 { #expect(try run(device, lanes: [lane], tolerance: 0, window: 7).bits(0) == fits.bits(lane)) }
    }

    /// A lane that is not there yet is as without the option.
    @Test(arguments: TestDevice.all)
    func lanesThatAreNotThereRunOn(_ device: TestDevice) throws {
        let watched = try run(device, steps: 70, tolerance: 1e-9, window: 30)
        let plain = try run(device, steps: 70, convergence: false)
        #expect(watched.status[2] == .finished)
        #expect(watched.bits(2) == plain.bits(2))
        // One window alone says nothing.
        #expect(try run(device, steps: 20, window: 20).status.allSatisfy { $0 == .finished })
    }

    /// A lane that diverged has not converged.
    @Test(arguments: TestDevice.all)
    func lostLanesDoNotConverge(_ device: TestDevice) throws {
        let model = Model { m in
            let x = m.param("x", 1)
            m.factor("f", -x * x)
        }
        var options = RunOptions()
        options.convergence = Convergence(tolerance: 0.1, window: 3)
        let fits = try SVI(model, guide: Model { _ in }, optimizer: SGD(learningRate: 1e6))
            .run(keys: Key(0).split(2), steps: 500, device: device.device, options: options)
        for status in fits.status {
            guard case .diverged = status else {
                Issue.record("\(status)")
                continue
            }
        }
        #expect(fits.loss.allSatisfy { $0.isNaN })
    }

    @Test func nonsenseIsRefused() {
        #expect(
            errorText { _ = try run(.interpreter, tolerance: -1) }
                == "the tolerance of convergence is -1.0; give a number that is not negative")
        #expect(errorText { _ = try run(.interpreter, window: 0) } == "the window of convergence is 0 steps; give at least 1")
    }
}
