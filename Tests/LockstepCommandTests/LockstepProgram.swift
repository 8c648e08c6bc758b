import Foundation
import Lockstep
import Testing

/// The built program, run as a user runs it.
struct LockstepProgram {
    struct Outcome {
        let status: Int32
        let output: String
        let error: String

        /// The lines of standard error.
        var errorLines: [Substring] { error.split(separator: "\n", omittingEmptySubsequences: true) }
    }

    /// Where the program runs, and writes: a folder of its own.
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("lockstep-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    func write(_ name: String, _ text: String) throws {
        try text.write(to: folder.appendingPathComponent(name), atomically: false, encoding: .utf8)
    }

    /// The names of all files in the folder, hidden ones too, except what the program itself printed.
    func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".stream-") }.sorted()
    }

    func json(_ name: String) throws -> [String: Any] {
        try Self.object(Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func object(_ data: Data) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// Runs to the end.
    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        let running = try start(arguments, environment: environment)
        running.process.waitUntilExit()
        return try running.outcome()
    }

    // MARK: Processes

    struct Running {
        let process: Process
        let output: URL
        let error: URL

        func outcome() throws -> Outcome {
            let status = process.terminationStatus
            return Outcome(
                // As a shell reports an end by a signal.
                status: process.terminationReason == .uncaughtSignal ? 128 + status : status,
                output: try String(contentsOf: output, encoding: .utf8), error: try String(contentsOf: error, encoding: .utf8))
        }
    }

    /// Streams go to files, as a pipe that nobody reads would block.
    func start(
        _ arguments: [String], environment: [String: String] = [:], error terminal: FileHandle? = nil, executable: URL? = nil
    ) throws -> Running {
        let process = Process()
        process.executableURL = try executable ?? Self.executable()
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let (output, error) = (try stream(), try stream())
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try terminal ?? FileHandle(forWritingTo: error)
        try process.run()
        return Running(process: process, output: output, error: error)
    }

    private func stream() throws -> URL {
        let url = folder.appendingPathComponent(".stream-\(UUID().uuidString)")
        try Data().write(to: url)
        return url
    }

    /// Beside the tests' own executable, or above it where that lies in a bundle.
    static func executable() throws -> URL {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
        var folder = URL(fileURLWithPath: bundle ?? arguments[0])
        for _ in 0..<5 {
            folder.deleteLastPathComponent()
            let candidate = folder.appendingPathComponent("lockstep")
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder), !isFolder.boolValue { return candidate }
        }
        throw Missing(description: "the program 'lockstep' is not beside the tests; build it with swift build")
    }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }
}

/// The devices that a run can ask for on this machine.
let deviceChoices = Device.whyNoOpenCL == nil ? ["cpu", "opencl"] : ["cpu"]

/// Runs a test's body in a folder of its own, which is gone afterwards.
func withProgram<Result>(_ body: (LockstepProgram) throws -> Result) throws -> Result {
    let program = try LockstepProgram()
    defer { program.remove() }
    return try body(program)
}
