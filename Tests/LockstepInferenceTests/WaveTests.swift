import Lockstep
import LockstepRuntime
import Synchronization
import TestSupport
import Testing

@testable import LockstepInference

/// Lanes that a device has no room for run in waves, whatever turns up on the way.
@Suite struct WaveTests {
    private func run(_ session: OpenCLSession, lanes: Int, _ configure: (inout RunOptions) -> Void = { _ in }) throws -> Fits {
        var options = RunOptions()
        options.schedule = .lanes
        options.finalDraws = 20
        configure(&options)
        let run = try FitRun(
            InvariantTests.svi(), keys: Key(5).split(lanes), steps: 20, data: InvariantTests.data, device: DeviceChoice(.opencl(session)),
            options: options)
        while !run.isFinished { try run.advance() }
        return try run.fits()
    }

    /// Somebody else has most of the memory that a wave was planned for: it begins anew with fewer lanes, and none of them
    /// shows it.
    @Test func memoryThatOthersHaveMakesWavesSmaller() throws {
        func card() throws -> OpenCLSession? { try FakeDevices.card { ($0.globalMemoryBytes, $0.maxAllocationBytes) = (2 << 20, 1 << 20) } }
        guard let free = try card(), let taken = try card() else { return }
        let whole = try run(free, lanes: 6000)
        let others = try (0..<3).map { _ in try taken.allocate(bytes: 450_000) }
        let shares = Mutex<[Double]>([])
        let waves = try run(taken, lanes: 6000) { $0.onProgress = { share in shares.withLock { $0.append(share) } } }
        #expect(waves.bits == whole.bits && waves.elbo == whole.elbo)
        #expect(waves.timings.launches > whole.timings.launches)
        let told = shares.withLock { $0 }
        #expect(told == told.sorted() && told.last == 1)
        withExtendedLifetime(others) {}
    }

    /// A device that has no room for one group says so.
    @Test func noRoomAtAllIsAnError() throws {
        guard let session = try FakeDevices.card({ ($0.globalMemoryBytes, $0.maxAllocationBytes) = (1 << 20, 1 << 20) }) else { return }
        let others = try session.allocate(bytes: 1 << 20)
        let text = errorText { _ = try run(session, lanes: 100) }
        #expect(text?.contains("out of memory") ?? false, "\(text ?? "no error")")
        withExtendedLifetime(others) {}
    }
}
