import Dispatch
import Synchronization

/// Work that is the same for many parts, on all cores.
package enum AllCores {
    /// Elements that one part has at least: fewer are not worth a thread.
    static let grain = 1 << 16

    /// - Parameter body: called for each part, on any thread.
    static func run(_ parts: Int, _ body: (Int) -> Void) {
        guard parts > 1 else {
            if parts == 1 { body(0) }
            return
        }
        // Parts do not overlap, and all are done before this returns.
        nonisolated(unsafe) let body = body
        DispatchQueue.concurrentPerform(iterations: parts) { body($0) }
    }

    /// What a function makes of the numbers below a count, in their order.
    ///
    /// - Parameter body: called for each, on any thread.
    package static func map<Result: Sendable>(_ count: Int, _ body: (Int) -> Result) -> [Result] {
        let length = max(1, count / 256)
        let parts = (count + length - 1) / length
        let made = Mutex<[Int: [Result]]>([:])
        run(parts) { part in
            let results = (part * length..<min((part + 1) * length, count)).map(body)
            made.withLock { $0[part] = results }
        }
        return made.withLock { made in (0..<parts).flatMap { made[$0] ?? [] } }
    }
}
