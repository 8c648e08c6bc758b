import Foundation

/// A program of this package, built, and run as a user runs it.
package struct BuiltProgram {
    package struct Outcome {
        package let status: Int32
        package let output: String
        package let error: String

        /// The lines of standard error.
        package var errorLines: [Substring] { error.split(separator: "\n", omittingEmptySubsequences: true) }
    }

    /// Where the program runs, and writes: a folder of its own.
    package let folder: URL
    private let name: String

    package init(_ name: String) throws {
        self.name = name
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("lockstep-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    package func remove() { try? FileManager.default.removeItem(at: folder) }

    package func write(_ name: String, _ text: String) throws {
        try text.write(to: folder.appendingPathComponent(name), atomically: false, encoding: .utf8)
    }

    /// The names of all files in the folder, hidden ones too, except what the program itself printed.
    package func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".stream-") }.sorted()
    }

    package func json(_ name: String) throws -> [String: Any] {
        try Self.object(Data(contentsOf: folder.appendingPathComponent(name)))
    }

    package static func object(_ data: Data) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw Missing(description: "there is no JSON object in: \(String(decoding: data, as: UTF8.self))")
        }
        return object
    }

    /// Runs to the end.
    ///
    /// - Parameter input: the name of a file in the folder that standard input reads.
    package func run(_ arguments: [String], environment: [String: String] = [:], input: String? = nil) throws -> Outcome {
        let running = try start(arguments, environment: environment, input: input)
        running.process.waitUntilExit()
        return try running.outcome()
    }

    // MARK: Processes

    package struct Running {
        package let process: Process
        let output: URL
        let error: URL

        package func outcome() throws -> Outcome {
            let status = process.terminationStatus
            return Outcome(
                // As a shell reports an end by a signal.
                status: process.terminationReason == .uncaughtSignal ? 128 + status : status,
                output: try String(contentsOf: output, encoding: .utf8), error: try String(contentsOf: error, encoding: .utf8))
        }
    }

    /// Streams go to files, as a pipe that nobody reads would block.
    package func start(
        _ arguments: [String], environment: [String: String] = [:], error terminal: FileHandle? = nil, executable: URL? = nil,
        input: String? = nil
    ) throws -> Running {
        let process = Process()
        process.executableURL = try executable ?? self.executable()
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = try input.map { try FileHandle(forReadingFrom: folder.appendingPathComponent($0)) } ?? .nullDevice
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
    package func executable() throws -> URL {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
        var folder = URL(fileURLWithPath: bundle ?? arguments[0])
        for _ in 0..<5 {
            folder.deleteLastPathComponent()
            let candidate = folder.appendingPathComponent(name)
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder), !isFolder.boolValue { return candidate }
        }
        throw Missing(description: "the program '\(name)' is not beside the tests; build it with swift build")
    }

    package struct Missing: Error, CustomStringConvertible {
        package let description: String
    }
}

/// Runs a test's body with a program in a folder of its own, which is gone afterwards.
package func withProgram<Result>(_ name: String, _ body: (BuiltProgram) throws -> Result) throws -> Result {
    let program = try BuiltProgram(name)
    defer { program.remove() }
    return try body(program)
}
