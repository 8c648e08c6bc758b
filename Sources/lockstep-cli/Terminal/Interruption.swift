import Dispatch
import Foundation
import Synchronization

/// Ends the process on Ctrl-C, on SIGTERM and when its terminal is closed, with the terminal's line cleared and no half-written file left: at
/// once, or, where something is to be saved, after that.
final class Interruption: Sendable {
    private let unfinished = Mutex<String?>(nil)
    private let deferral = Mutex(Deferral.none)

    private enum Deferral {
        case none
        /// Somebody asks `isWanted` from time to time.
        case possible
        case wanted(Int32)
    }

    /// For the life of the process.
    init() {
        // Whoever started us may have had it ignored; a closed pipe ends the process without a word, as it ends others.
        signal(SIGPIPE, SIG_DFL)
        watch(SIGINT)
        watch(SIGTERM)
        watch(SIGHUP)
    }

    /// Makes a file and runs something during which it is half-written.
    ///
    /// - Parameter make: makes the file at `path`. No interruption comes between its making and its being known.
    func removing<File, Result>(_ path: String, make: () throws -> File, during body: (File) throws -> Result) throws -> Result {
        let file = try unfinished.withLock { unfinished in
            let file = try make()
            unfinished = path
            return file
        }
        defer { unfinished.withLock { $0 = nil } }
        return try body(file)
    }

    // MARK: Something to save

    /// Runs something that ends soon after `isWanted` says so. A second signal ends the process at once.
    func deferring<Result>(_ body: () throws -> Result) rethrows -> Result {
        deferral.withLock { $0 = .possible }
        let result = try body()
        if let number = wanted { end(number) }
        deferral.withLock { $0 = .none }
        return result
    }

    /// Whether the process is to end.
    var isWanted: Bool { wanted != nil }

    private var wanted: Int32? { deferral.withLock { if case .wanted(let number) = $0 { number } else { nil } } }

    /// - Returns: whether the process goes on for now.
    private func isDeferred(_ number: Int32) -> Bool {
        deferral.withLock { deferral in
            guard case .possible = deferral else { return false }
            deferral = .wanted(number)
            return true
        }
    }

    private func end(_ number: Int32) -> Never {
        // Held until the end, so that no file begins or ends meanwhile.
        unfinished.withLock { path in
            if let path { unlink(path) }
            ProgressBar.clearLine()
            // Not exit(): drivers that still compute do not survive its handlers.
            _exit(128 + number)
        }
    }

    private func watch(_ number: Int32) {
        // A shell that runs a job in the background of a script has it ignored, and means it.
        guard signal(number, SIG_IGN) == nil else { return }
        // A serial queue has a thread of its own even when all cores are taken.
        let source = DispatchSource.makeSignalSource(signal: number, queue: DispatchQueue(label: "interruption"))
        source.setEventHandler { [self] in
            if !isDeferred(number) { end(number) }
        }
        source.resume()
        // The source must outlive this call.
        _ = Unmanaged.passRetained(source as AnyObject)
    }
}
