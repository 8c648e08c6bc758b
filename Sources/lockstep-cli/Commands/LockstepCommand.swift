import ArgumentParser
import Foundation

@main
struct LockstepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockstep",
        abstract: "Thousands of probabilistic fits in lockstep, on OpenCL or on the built-in interpreter.",
        subcommands: [FitCommand.self, DevicesCommand.self])
}
