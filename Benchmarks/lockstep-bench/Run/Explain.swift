import ArgumentParser
import Lockstep

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Prints a case's lane program and kernel.")

    @Option(name: .customLong("case"), help: "The case; see list.") var name: String
    @OptionGroup var files: DataOptions

    func run() throws {
        let problem = try BenchmarkCase.named(name).problem(files.data, 16)
        let explained = try problem.svi.explain(steps: 1000, lanes: 16, data: problem.data)
        print(explained.laneProgram)
        print()
        print(explained.kernel)
    }
}
