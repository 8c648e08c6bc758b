import Dispatch
import Foundation
import Lockstep
import Synchronization
import Testing

/// A cancelled task stops its run.
@Suite(.serialized) struct CancellationTests {
    static let model = Model { m in
        let x = m.sample("x", Normal(0, 1))
        m.observe("y", Normal(x, 1), 0.5)
    }
    /// No start is ever valid.
    static let hopeless = Model { m in
        let x = m.sample("x", Normal(0, 1))
        m.factor("never", log(x * 0))
    }

    /// Seconds. Tests that run beside these have launches of their own, for which all wait: only by themselves are they
    /// held to what is promised. Left alone the runs take most of an hour.
    private static let most = ProcessInfo.processInfo.environment["LOCKSTEP_TEST_ALONE"] == "1" ? 5.0 : 900

    /// How long a body goes on after its task is cancelled: by a thread of its own, as the body may have all of the pool.
    private func seconds(after delay: Double = 2, _ body: @escaping @Sendable () throws -> Void) async -> Double {
        let cancelled = Mutex(Date())
        let task = Task.detached { try body() }
        DispatchQueue.global().asyncAfter(deadline: .now() + delay) {
            cancelled.withLock { $0 = Date() }
            task.cancel()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        return Date().timeIntervalSince(cancelled.withLock { $0 })
    }

    /// Left alone these take hours. The machine may be busy.
    @Test(arguments: TestDevice.all) func duringSteps(_ device: TestDevice) async throws {
        let svi = SVI(Self.model, guide: AutoNormal(Self.model), optimizer: Adam(learningRate: 0.01))
        // Compiled before: other tests wait for the compiler too.
        _ = try svi.run(keys: Key(0).split(1 << 16), steps: 1, device: device.device)
        let waited = await seconds {
            var options = RunOptions()
            options.lossInterval = 1 << 22
            _ = try svi.run(keys: Key(0).split(1 << 16), steps: 1 << 22, device: device.device, options: options)
        }
        #expect(waited < Self.most)
    }

    @Test(arguments: TestDevice.all) func duringStarts(_ device: TestDevice) async throws {
        let svi = SVI(Self.hopeless, guide: AutoNormal(Self.hopeless), optimizer: Adam(learningRate: 0.01))
        _ = try svi.run(keys: Key(0).split(1 << 14), steps: 1, device: device.device, options: RunOptions())
        let waited = await seconds {
            var options = RunOptions()
            options.startAttempts = 100_000
            _ = try svi.run(keys: Key(0).split(1 << 14), steps: 1, device: device.device, options: options)
        }
        #expect(waited < Self.most)
    }

    /// The driver's compiler goes on. Left alone it takes several seconds; the program is in no cache.
    @Test(.enabled(if: Device.whyNoOpenCL == nil, "there is no OpenCL device")) func duringCompiling() async {
        let scale = Double.random(in: 0.5...1)
        // Groups take drivers for CPUs far longer, and other tests wait for it.
        let length = TestDevice.all.contains(where: \.isGPU) ? 1000 : 4500
        let model = Model { m in
            var value = m.sample("x", Normal(0, 1))
            for _ in 0..<length { value = sin(value * Tensor(scale)) }
            m.observe("y", Normal(value, 1), 0.5)
        }
        let svi = SVI(model, guide: AutoDelta(model), optimizer: Adam(learningRate: 0.01))
        let waited = await seconds(after: 1) { _ = try svi.run(keys: [Key(0)], steps: 1, device: .opencl) }
        #expect(waited < Self.most / 2)
    }

    @Test(arguments: TestDevice.all) func beforeTheStart(_ device: TestDevice) async {
        let task = Task.detached {
            while !Task.isCancelled { await Task.yield() }
            let svi = SVI(Self.model, guide: AutoNormal(Self.model), optimizer: Adam(learningRate: 0.01))
            return try svi.run(keys: [Key(0)], steps: 1, device: device.device).lanes
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    /// A launch's length depends on the machine, so results may not depend on it.
    @Test(arguments: TestDevice.all) func resultsDoNotDependOnTheLengthOfLaunches(_ device: TestDevice) throws {
        let svi = SVI(Self.model, guide: AutoNormal(Self.model), optimizer: Adam(learningRate: 0.01))
        func losses(_ change: (inout RunOptions) -> Void) throws -> [UInt64] {
            var options = RunOptions()
            change(&options)
            return try svi.run(keys: Key(3).split(37), steps: 203, device: device.device, options: options).loss.map(\.bitPattern)
        }
        let (whole, pieces) = (try losses { _ in }, try losses { $0.onProgress = { _ in } })
        #expect(whole == pieces)
    }
}
