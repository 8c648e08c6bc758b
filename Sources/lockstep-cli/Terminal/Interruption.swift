import Dispatch
import Foundation
import Synchronization

/// Ends the process at once on Ctrl-C and on SIGTERM, with the terminal's line cleared and no half-written file left.
final class Interruption: Sendable {
    private let unfinished = Mutex<String?>(nil)

    /// For the life of the process.
    init() {
        // Whoever started us may have had it ignored; a closed pipe ends the process without a word, as it ends others.
        signal(SIGPIPE, SIG_DFL)
        watch(SIGINT)
        watch(SIGTERM)
    }

    /// Runs something during which a file is half-written.
    func removing<Result>(_ path: String, during body: () throws -> Result) rethrows -> Result {
        unfinished.withLock { $0 = path }
        defer { unfinished.withLock { $0 = nil } }
        return try body()
    }

    private func watch(_ number: Int32) {
        // A shell that runs a job in the background of a script has it ignored, and means it.
        guard signal(number, SIG_IGN) == nil else { return }
        // A serial queue has a thread of its own even when all cores are taken.
        let source = DispatchSource.makeSignalSource(signal: number, queue: DispatchQueue(label: "interruption"))
        source.setEventHandler { [self] in
            // Held until the end, so that no file begins or ends meanwhile.
            unfinished.withLock { path in
                if let path { unlink(path) }
                ProgressBar.clearLine()
                // Not exit(): drivers that still compute do not survive its handlers.
                _exit(128 + number)
            }
        }
        source.resume()
        // The source must outlive this call.
        _ = Unmanaged.passRetained(source as AnyObject)
    }
}
