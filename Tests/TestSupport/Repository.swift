import Foundation

/// The files of the repository that tests read: where the tests were compiled, unless they were carried to another
/// machine with those files, whose folder `LOCKSTEP_REPOSITORY` names then.
package enum Repository {
    package static let root: URL =
        ProcessInfo.processInfo.environment["LOCKSTEP_REPOSITORY"].map { URL(fileURLWithPath: $0) }
        ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    package static let tests = root.appendingPathComponent("Tests")
    package static let benchmarks = root.appendingPathComponent("Benchmarks")
}
