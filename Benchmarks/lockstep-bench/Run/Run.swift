import ArgumentParser
import Lockstep

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs one case and prints what it took, as JSON.")

    @Option(name: .customLong("case"), help: "The case; see list.") var name: String
    @Option(help: "Fits.") var lanes = 4096
    @Option(help: "Steps of each fit.") var steps = 1000
    @Option(help: "auto, opencl, cpu or part of a device's name.") var device = "auto"
    @Option(help: "Runs; the median counts.") var `repeat` = 1
    @Option(help: "automatic, A, B:vectors:workers, C:workers or D:slices:together.") var schedule = Schedule.automatic
    @Flag(name: .customLong("json"), help: "On one line, for programs.") var isCompact = false
    @OptionGroup var files: DataOptions

    func validate() throws {
        if lanes < 1 || steps < 1 || `repeat` < 1 { throw ValidationError("--lanes, --steps and --repeat must be positive") }
    }

    func run() throws {
        let item = try BenchmarkCase.named(name)
        let problem = try item.problem(files.data, lanes)
        let keys = Key(0).split(lanes)
        let chosen: Device = ["auto": .auto, "opencl": .opencl, "cpu": .cpu][device] ?? .named(device)
        var options = RunOptions()
        options.schedule = schedule
        let first = try problem.svi.run(keys: keys, steps: steps, data: problem.data, device: chosen, options: options)
        var timings = [first.timings]
        for _ in 1..<`repeat` {
            timings.append(try problem.svi.run(keys: keys, steps: steps, data: problem.data, device: chosen, options: options).timings)
        }
        print(try RunReport(item, problem, first: first, timings: timings).json(isCompact: isCompact))
    }
}

extension Schedule: ExpressibleByArgument {}
