import ArgumentParser

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockstep-bench",
        abstract: "Measures Lockstep on models of its own and beside NumPyro.",
        subcommands: [Run.self, Compare.self, Checksum.self, List.self, Explain.self])
}
