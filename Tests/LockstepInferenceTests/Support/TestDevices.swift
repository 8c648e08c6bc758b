import Foundation
import Lockstep
import TestSupport
import Testing

/// A device that the tests of this module run on: the interpreter, and each OpenCL device that is there.
struct TestDevice: Sendable, CustomTestStringConvertible {
    let device: Device
    let testDescription: String
    let isInterpreter: Bool

    /// Whether it computes in double precision, as its description says.
    var hasDouble: Bool { isInterpreter || testDescription.hasSuffix("double") }

    /// Whether it is a GPU, or a CPU that is described as one.
    var isGPU: Bool { testDescription.contains("[GPU,") }

    static let interpreter = TestDevice(device: .cpu, testDescription: "interpreter", isInterpreter: true)

    static let all: [TestDevice] = {
        if let reason = Device.whyNoOpenCL { print("inference tests run on the interpreter only: \(reason)") }
        return Device.available().map { found in
            found.kind == "cpu"
                ? .interpreter
                : TestDevice(device: .named(found.description), testDescription: found.description, isInterpreter: false)
        }
    }()
}

/// How much statistical work the tests do: the environment variable LOCKSTEP_TEST_LEVEL is small, medium or full.
enum TestLevel: Int, Comparable {
    case small, medium, full

    static let current: TestLevel =
        switch ProcessInfo.processInfo.environment["LOCKSTEP_TEST_LEVEL"] {
        case "full": .full
        case "medium": .medium
        default: .small
        }

    static func < (a: TestLevel, b: TestLevel) -> Bool { a.rawValue < b.rawValue }

    /// The choice for the current level.
    static func choose<T>(small: T, medium: T, full: T) -> T {
        switch current {
        case .small: small
        case .medium: medium
        case .full: full
        }
    }
}

/// Folders that the tests read.
enum Folders {
    static let goldens = Repository.tests.appendingPathComponent("Goldens")
    static let benchmarkData = Repository.benchmarks.appendingPathComponent("data")
    /// Next to the repository, or to a folder that holds it: what is not part of the project.
    static let shared: URL? = {
        var folder = Repository.root
        while folder.pathComponents.count > 1 {
            folder = folder.deletingLastPathComponent()
            let candidate = folder.appendingPathComponent("shared")
            if FileManager.default.fileExists(atPath: candidate.appendingPathComponent("posteriordb").path) { return candidate }
        }
        return nil
    }()
}

/// The text of the error that a closure throws, or nil where it throws none.
func errorText(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return "\(error)"
    }
}
