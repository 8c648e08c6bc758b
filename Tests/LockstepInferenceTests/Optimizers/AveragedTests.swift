import Lockstep
import Testing

@testable import LockstepInference

/// Parameters that are the mean over the last steps.
@Suite struct AveragedTests {
    /// The loss is 10 + x^2, from x = 1: x shrinks by 1 - 2 rate at each step.
    private static let model = ConvergenceTests.model
    private static let rates = [0.5, 0.05, 0.005, 0.25]

    private func fit(_ optimizer: any Optimizer, _ device: TestDevice, steps: Int, change: (inout RunOptions) -> Void = { _ in }) throws -> Fits {
        var options = RunOptions()
        change(&options)
        return try SVI(Self.model, guide: Model { _ in }, optimizer: optimizer)
            .run(keys: Key(0).split(4), steps: steps, data: ["rate": .perLane(Self.rates)], device: device.device, options: options)
    }

    /// The mean of the values after steps `first + 1` to `last`, counted from 1.
    private func mean(_ rate: Double, _ first: Int, _ last: Int) -> Double {
        var x = 1.0
        var total = 0.0
        for step in 1...last {
            x -= rate * 2 * x
            if step > first { total += x }
        }
        return total / Double(last - first)
    }

    @Test(arguments: TestDevice.all)
    func isTheMeanOverTheLastShare(_ device: TestDevice) throws {
        let base = SGD(learningRate: .data("rate"))
        for (share, steps, first) in [(0.25, 40, 30), (1, 33, 0), (0.5, 7, 4), (0.01, 40, 39)] {
            let fits = try fit(Averaged(base, over: share), device, steps: steps)
            for (lane, rate) in Self.rates.enumerated() {
                let expected = mean(rate, first, steps)
                #expect(abs(fits.unconstrained("x")[lane][0] - expected) < 2e-6 * max(abs(expected), 0.01), "share \(share), rate \(rate)")
            }
            #expect(fits.status.allSatisfy { $0 == .finished })
            // The losses are those of the steps.
            #expect(fits.loss == (try fit(base, device, steps: steps)).loss)
            #expect(try fits[1].parameters()["x"]?[0] == fits.unconstrained("x")[1][0])
        }
    }

    /// A lane that stopped before the average began has its last parameters, and one that stopped later the mean so far.
    @Test(arguments: TestDevice.all)
    func stoppedLanesKeepWhatTheyHad(_ device: TestDevice) throws {
        func run(_ optimizer: any Optimizer) throws -> Fits {
            try fit(optimizer, device, steps: 400) { $0.convergence = Convergence(tolerance: 1e-3, window: 20) }
        }
        let base = SGD(learningRate: .data("rate"))
        let plain = try run(base)
        for share in [0.25, 0.95] {
            let fits = try run(Averaged(base, over: share))
            #expect(fits.status == plain.status)
            for (lane, rate) in Self.rates.enumerated() {
                let first = Int(400 * (1 - share) + 0.5)
                let last = if case .converged(let step) = fits.status[lane] { step } else { 400 }
                let found = fits.unconstrained("x")[lane][0]
                if last <= first {
                    #expect(found == plain.unconstrained("x")[lane][0])
                } else {
                    #expect(abs(found - mean(rate, first, last)) < 2e-6)
                }
            }
        }
        #expect(plain.status.contains { if case .converged(let step) = $0 { step < 300 } else { false } })
    }

    /// A lane that diverged has its last finite parameters: its mean would be of steps that led nowhere.
    @Test(arguments: TestDevice.all)
    func divergedLanesHaveTheirLastParameters(_ device: TestDevice) throws {
        // A lane's loss is no number once x, which grows by 0.07 a step, has passed the limit.
        let model = Model { m in
            let x = m.param("x", 1)
            m.factor("f", x + 0 * log(m.data("limit") - x))
        }
        func run(_ optimizer: any Optimizer) throws -> Fits {
            try SVI(model, guide: Model { _ in }, optimizer: optimizer)
                .run(keys: Key(0).split(2), steps: 60, data: ["limit": .perLane([100, 2.1])], device: device.device)
        }
        let base = SGD(learningRate: 0.07)
        let plain = try run(base)
        let fits = try run(Averaged(base, over: 1))
        #expect(fits.status == plain.status && fits.status[0] == .finished && fits.status[1].isLost)
        #expect(fits.unconstrained("x")[1] == plain.unconstrained("x")[1])
        #expect(fits.unconstrained("x")[0][0] < plain.unconstrained("x")[0][0] - 0.5)
    }

    /// Lanes do not know their batch, their wave or the launches.
    @Test(arguments: TestDevice.all)
    func lanesAreAlone(_ device: TestDevice) throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 5) { m in m.observe("y", Normal(a, 1), [1, 2, 0, 1, 3]) }
        }
        let keys = Key(4).split(21)
        let rates = keys.indices.map { 0.01 + 0.003 * Double($0) }
        func run(_ lanes: [Int], change: (inout RunOptions) -> Void = { _ in }) throws -> [LaneBits] {
            var options = RunOptions()
            if case .named = device.device { options.schedule = .lanes }
            change(&options)
            let optimizer = Averaged(Clipped(Adam(learningRate: .exponentialDecay(from: .data("rate"), to: 1e-3)), norm: 5), over: 0.3)
            return try SVI(model, guide: AutoNormal(model), optimizer: optimizer)
                .run(
                    keys: lanes.map { keys[$0] }, steps: 75, data: ["rate": .perLane(lanes.map { rates[$0] })], device: device.device,
                    options: options
                )
                .bits
        }
        let whole = try run(Array(keys.indices))
        #expect(try run([17]) == [whole[17]])
        #expect(try run([20, 3, 8]) == [whole[20], whole[3], whole[8]])
        #expect(try run(Array(keys.indices)) { $0.memoryBudget = 1000 } == whole)
        #expect(try run(Array(keys.indices)) { $0.onProgress = { _ in } } == whole)
    }
}
