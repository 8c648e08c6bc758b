import Foundation

/// Programs that are run to their end for what they print.
enum ChildProcess {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter settings: variables of its environment, beside those of this process.
    static func output(of program: String, _ arguments: [String], settings: [String: String] = [:]) throws -> Data {
        let name = URL(fileURLWithPath: program).lastPathComponent
        // Complaints go to a file: two pipes, read one after the other, can hold the child for ever.
        let complaints = FileManager.default.temporaryDirectory.appendingPathComponent("lockstep-bench-\(UUID().uuidString)")
        guard FileManager.default.createFile(atPath: complaints.path, contents: nil) else {
            throw Failure(description: "\(name): there is no room for what it may complain about")
        }
        defer { try? FileManager.default.removeItem(at: complaints) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(settings) { $1 }
        let printed = Pipe()
        process.standardOutput = printed
        process.standardError = try FileHandle(forWritingTo: complaints)
        try process.run()
        let data = printed.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let text = String(decoding: (try? Data(contentsOf: complaints)) ?? Data(), as: UTF8.self)
            let reason = text.split(whereSeparator: \.isNewline).last.map(String.init) ?? "it said nothing"
            throw Failure(description: "\(name) ended with \(process.terminationStatus): \(reason)")
        }
        return data
    }
}
