import ArgumentParser
import Foundation

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockstep-bench",
        abstract: "Measures Lockstep on models of its own and beside NumPyro.",
        subcommands: [Run.self, Compare.self, Scale.self, Start.self, Checksum.self, List.self, Explain.self])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let code = exitCode(for: error)
            // One line says what is wrong; the usage is what --help is for.
            guard code == .validationFailure else { exit(withError: error) }
            FileHandle.standardError.write(Data("Error: \(message(for: error))\n".utf8))
            exit(withError: code)
        }
    }
}
