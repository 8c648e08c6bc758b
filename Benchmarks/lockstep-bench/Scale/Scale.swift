import ArgumentParser

struct Scale: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures what a step of a lane costs at several numbers of lanes.",
        discussion: ScaleReport.meaning + " Exit code 1: the cost is not flat.")

    @Option(name: .customLong("case"), help: "The case; see list.") var name = "eight-schools"
    @Option(help: "Numbers of lanes.") var lanes = LaneCounts([4096, 16384, 65536, 262_144, 1_048_576])
    @Option(help: "Steps of each fit.") var steps = 1000
    @Option(help: "Turns; in each, every number of lanes runs once, in a process of its own.") var turns = 3
    @Option(help: "By how many per cent the dearest may exceed the cheapest.") var within = 20.0
    @Option(name: .customLong("json"), help: "Where the results go, as JSON.") var file: String?
    @OptionGroup var devices: DeviceOptions
    @OptionGroup var files: DataOptions

    func validate() throws {
        guard steps > 0, turns > 0 else { throw ValidationError("--steps and --turns must be positive") }
        guard within >= 0 else { throw ValidationError("--within must not be negative") }
    }

    func run() throws {
        let item = try BenchmarkCase.named(name)
        var reports = lanes.counts.map { _ in [RunReport]() }
        let most = lanes.counts.max() ?? 1
        for turn in 1...turns {
            for (place, lanes) in lanes.counts.enumerated() {
                note("\(item.name), \(lanes) lanes, turn \(turn) of \(turns)")
                // A short run is noisy: several, of which the median counts.
                let run = OwnRun(
                    item: item, lanes: lanes, steps: steps, repeats: min(max(most / lanes, 1), 9), devices: devices, files: files)
                reports[place].append(try run.report())
            }
        }
        let report = ScaleReport(item.name, reports, allowed: within / 100)
        print(report.text)
        if let file { try ReportJSON.write(report, to: file) }
        if !report.isFlat { throw ExitCode.failure }
    }
}
