import ArgumentParser
import Lockstep

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs one case and prints what it took, as JSON.")

    @Option(name: .customLong("case"), help: "The case; see list.") var name: String
    @Option(help: "Fits.") var lanes = 4096
    @Option(help: "Steps of each fit.") var steps = 1000
    @Option(help: "Runs; the median counts.") var `repeat` = 1
    @Option(help: "Draws for each fit's final ELBO, which peers do not compute: its seconds are apart from those of the run.")
    var finalDraws = 0
    @Flag(name: .customLong("json"), help: "On one line, for programs.") var isCompact = false
    @OptionGroup var devices: DeviceOptions
    @OptionGroup var files: DataOptions

    func validate() throws {
        if lanes < 1 || steps < 1 || `repeat` < 1 { throw ValidationError("--lanes, --steps and --repeat must be positive") }
        if finalDraws < 0 { throw ValidationError("--final-draws must not be negative") }
    }

    func run() throws {
        let item = try BenchmarkCase.named(name)
        let problem = try item.problem(files.data, lanes)
        let keys = Key(0).split(lanes)
        var options = devices.runOptions
        options.finalDraws = finalDraws
        func fits() throws -> Fits {
            try problem.svi.run(keys: keys, steps: steps, data: problem.data, device: devices.chosen, options: options)
        }
        let first = try fits()
        var timings = [first.timings]
        for _ in 1..<`repeat` { timings.append(try fits().timings) }
        print(try RunReport(item, problem, first: first, timings: timings).json(isCompact: isCompact))
    }
}
