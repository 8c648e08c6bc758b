import Dispatch
import Foundation
import Synchronization

/// A value that is made on a thread of its own while others work.
final class Background<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let done = DispatchGroup()

    /// - Parameter onThread: false makes the value before this returns.
    init(onThread: Bool, _ make: @escaping @Sendable () throws -> Value) {
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

    func wait() { done.wait() }

    /// Waits for it.
    ///
    /// - Throws: what making it threw.
    func value() throws -> Value? {
        wait()
        return try result.withLock { $0 }?.get()
    }
}
