import Dispatch
import Foundation
import Testing

@testable import LockstepRuntime

@Suite struct BackgroundTests {
    private struct Failure: Error, Equatable { let number: Int }

    @Test func makesItsValueBesideOthers() throws {
        let gate = DispatchSemaphore(value: 0)
        let background = Background(onThread: true) {
            gate.wait()
            return 42
        }
        // Made on this thread it would wait for ever.
        gate.signal()
        #expect(try background.value() == 42)
        #expect(try background.value() == 42)
    }

    @Test func makesItsValueAtOnce() throws {
        let caller = pthread_self()
        let background = Background(onThread: false) { pthread_self() }
        #expect(try background.value() == caller)
    }

    @Test(arguments: [true, false]) func throwsWhatMakingThrew(_ onThread: Bool) {
        let background = Background<Int>(onThread: onThread) { throw Failure(number: 3) }
        background.wait()
        #expect(throws: Failure(number: 3)) { try background.value() }
    }

    /// What is made goes on, and nobody waits for it.
    @Test func aCancelledTaskWaitsForNothing() async throws {
        let gate = DispatchSemaphore(value: 0)
        let background = Background(onThread: true) {
            gate.wait()
            return 42
        }
        let task = Task.detached { try background.value() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        gate.signal()
        #expect(try background.value() == 42)
    }
}
