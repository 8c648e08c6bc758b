import Dispatch

/// Work that is the same for many parts, on all cores.
enum AllCores {
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
}
