import ArgumentParser
import Foundation

@main
struct LockstepCommand: ParsableCommand {
    /// The top heading of CHANGELOG.md.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "lockstep",
        abstract: "Thousands of probabilistic fits in lockstep, on OpenCL or on the built-in interpreter.",
        version: version,
        subcommands: [FitCommand.self, DevicesCommand.self])
}
