import Dispatch
import Foundation
import Synchronization

/// A value that is made on a thread of its own while others work.
package final class Background<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let done = DispatchGroup()

    /// - Parameter onThread: false makes the value before this returns.
    package init(onThread: Bool, _ make: @escaping @Sendable () throws -> Value) {
        done.enter()
        let work = { @Sendable [self] in
            let made = Result { try make() }
            result.withLock { $0 = made }
            done.leave()
        }
        guard onThread else {
            work()
            return
        }
        let thread = Thread(block: work)
        // Compilers recurse deeply.
        thread.stackSize = 1 << 26
        thread.start()
    }

    /// Waits for it, or until the calling task is cancelled: then the thread is left to finish, and nobody asks for what
    /// it makes.
    package func wait() {
        // A task wakes no thread.
        while done.wait(timeout: .now() + .milliseconds(20)) == .timedOut, !Task.isCancelled {}
    }

    /// Waits for it.
    ///
    /// - Throws: what making it threw; `CancellationError` where the calling task is cancelled before.
    package func value() throws -> Value {
        wait()
        guard let made = result.withLock({ $0 }) else { throw CancellationError() }
        return try made.get()
    }
}
