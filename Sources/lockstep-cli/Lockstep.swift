import ArgumentParser
import Lockstep

@main
struct LockstepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "lockstep")
}
