import Lockstep
import Testing

/// Absurd sizes are errors that say what is too large, before anything is made of that size.
@Suite struct SizeTests {
    /// What `run` and `explain` say alike.
    private func text(
        _ model: Model, _ device: TestDevice, keys: [Key] = [Key(0)], steps: Int = 2, data: [String: LaneData] = [:],
        _ change: (inout RunOptions) -> Void = { _ in }
    ) -> String? {
        var options = RunOptions()
        change(&options)
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
        let explained = errorText {
            _ = try svi.explain(steps: steps, lanes: max(keys.count, 1), data: data, device: device.device, options: options)
        }
        let ran = errorText { _ = try svi.run(keys: keys, steps: steps, data: data, device: device.device, options: options) }
        #expect(ran != nil)
        if !keys.isEmpty { #expect(explained == ran, "explain does not say the same") }
        return ran
    }

    private static func plate(_ size: Int) -> Model {
        Model { m in
            m.plate("many", size) { m in
                let x = m.sample("x", Normal(0, 1))
                m.observe("y", Normal(x, 1), 0.5)
            }
        }
    }

    @Test(arguments: TestDevice.all, [1 << 31, 1 << 40, Int.max]) func platesOfMoreThanIndicesReach(_ device: TestDevice, _ size: Int) {
        let text = text(Self.plate(size), device)
        #expect(text?.contains("2147483647") == true, "\(text ?? "")")
    }

    /// Indices reach, memory does not; where it does, the next power of two in which such a plate is summed is too much.
    @Test(arguments: TestDevice.all, [(1 << 31) - 1, 1 << 30]) func platesOfMoreThanMemory(_ device: TestDevice, _ size: Int) {
        let text = text(Self.plate(size), device) ?? ""
        #expect(text.contains("GiB") || text.contains("there can be at most 2147483647"), "\(text)")
        #expect(text.contains("'") || text.contains("an intermediate result"), "\(text)")
    }

    @Test(arguments: TestDevice.all) func segments(_ device: TestDevice) {
        let model = Model { m in
            let x = m.sample("x", Normal(0, 1))
            let sums = (x * Tensor([1, 2, 3])).segmentSum(Tensor(integers: [0, 1, 2]), count: 1 << 40)
            m.observe("y", Normal(sums.sum(), 1), 0.5)
        }
        #expect(text(model, device)?.contains("2147483647") == true)
    }

    @Test(arguments: TestDevice.all, [65, 40_000, 1 << 30]) func runningSums(_ device: TestDevice, _ length: Int) throws {
        let model = Model { m in
            let x = m.sample("x", Normal(0, 1))
            let sums = (x * Tensor(repeating: 1, shape: [length])).cumulativeSum()
            m.observe("y", Normal(sums[-1] / Tensor(Double(length)), 1), 0.5)
        }
        if length == 1 << 30 {
            #expect(text(model, device)?.contains("memory") == true)
        } else {
            let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01)).run(
                keys: [Key(0)], steps: 2, device: device.device)
            #expect(fits.loss[0].isFinite)
        }
    }

    @Test(arguments: TestDevice.all) func options(_ device: TestDevice) {
        let small = Self.plate(2)
        #expect(text(small, device) { $0.memoryBudget = 0 }?.contains("memory budget") == true)
        #expect(text(small, device) { $0.memoryBudget = .min }?.contains("memory budget") == true)
        #expect(text(small, device) { $0.startAttempts = 0 }?.contains("starts") == true)
        #expect(text(small, device) { $0.startAttempts = .max }?.contains("starts") == true)
        #expect(text(small, device) { $0.lossInterval = 0 }?.contains("loss interval") == true)
        #expect(text(small, device, keys: Key(0).split(.max))?.contains("no lanes") == true)
    }

    @Test(arguments: TestDevice.all) func largeOptionsAreFine(_ device: TestDevice) throws {
        var options = RunOptions()
        options.lossInterval = .max
        options.memoryBudget = .max
        let model = Self.plate(2)
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
        let fits = try svi.run(keys: Key(0).split(3), steps: 5, device: device.device, options: options)
        let history = try fits.losses(lane: 2)
        #expect(history.count == 1)
        #expect(fits.fallbackReason == nil)
        let explanation = try svi.explain(steps: 5, lanes: 3, device: device.device, options: options)
        #expect(!explanation.laneProgram.isEmpty)
    }

    @Test func resultsOfAllLanes() {
        let model = Self.plate(2)
        var options = RunOptions()
        options.lossInterval = 1
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
        let text = errorText { _ = try svi.run(keys: Key(0).split(1 << 18), steps: 1 << 22, device: .cpu, options: options) }
        #expect(text?.contains("larger lossInterval") == true, "\(text ?? "")")
    }

    @Test func keys() {
        #expect(Key(0).split(.max).isEmpty)
        #expect(Key(0).split(Key.mostChildren + 1).isEmpty)
        #expect(Key(0).split(.min).isEmpty)
        #expect(Key(0).split(3).count == 3)
    }

    @Test(arguments: TestDevice.all) func schedules(_ device: TestDevice) {
        guard !device.isInterpreter else { return }
        for schedule in [
            Schedule.group(vectors: .max, workers: 2), .group(vectors: .min, workers: .min), .group(vectors: 1, workers: 1 << 62),
            .group(vectors: 1 << 32, workers: 1 << 32), .split(slices: .max, together: 1), .split(slices: .max, together: 16),
            .split(slices: 0, together: 0), .split(slices: .min, together: .min),
        ] {
            #expect(text(Self.plate(2), device) { $0.schedule = schedule } != nil, "\(schedule)")
        }
    }
}
