import ArgumentParser
import Foundation
import Lockstep
import LockstepExamples
import LockstepTables

struct FitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit", abstract: "Fit a model from many starts, and show the best fit.",
        discussion: (["The models, and the columns of their data:"]
            + Example.all.flatMap { ["  \($0.name)", "    \($0.summary)"] + ($0.columns.isEmpty ? [] : ["    columns \($0.columns)"]) })
            .joined(separator: "\n"))

    @Argument(help: "The model to fit.", completion: .list(Example.all.map(\.name)))
    var model: String

    @Option(
        help: ArgumentHelp(
            "A CSV file with a header line; - stands for standard input. (default for eight-schools: the data of 1981)", valueName: "FILE.csv"),
        completion: .file(extensions: ["csv"]))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Fit the rows of each group by themselves: all that have the same text in this column.", valueName: "COLUMN"))
    var group: String?

    // Numbers are parsed unconditionally, so that a negative one is taken for a number and refused as such.
    @Option(
        parsing: .unconditional,
        help: "Fits to run, each from a start of its own. (default: 1024; with --group, the number of groups times --starts)")
    var lanes: Int?

    @Option(parsing: .unconditional, help: "With --group: fits of each group, each from a start of its own. (default: 8)")
    var starts: Int?

    @Option(parsing: .unconditional, help: "Updates of each fit.")
    var steps = FitDefaults.steps

    @Option(parsing: .unconditional, help: "The same seed gives the same starts and draws.")
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp("normal: a normal distribution with diagonal covariance; delta: a point.", valueName: "normal|delta"),
        completion: .list(GuideChoice.allCases.map(\.rawValue)))
    var guide = GuideChoice.normal.rawValue

    @Option(
        help: ArgumentHelp("What runs the fits; part of an OpenCL device's name will do.", valueName: "auto|opencl|cpu"),
        completion: .list(["auto", "opencl", "cpu"]))
    var device = "auto"

    // Those without numbers: shells take a colon for the end of a word.
    @Option(
        help: ArgumentHelp("How work is shared out on an OpenCL device.", valueName: "automatic|A|B:vectors:workers|C:workers|D:slices:together"),
        completion: .list([Schedule.automatic, .lanes].map(\.description)))
    var schedule = Schedule.automatic.description

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The step size of Adam: a constant, or two numbers between which it decays exponentially. (default: 0.15, to 0 along a cosine)",
            valueName: "RATE|FROM:TO"))
    var learningRate: String?

    @Option(
        help: ArgumentHelp(
            "When a fit stops before the last step. automatic: once it only wanders; its rate, 0.05 where none is given, then decays. "
                + "(default: automatic with --group, else none)",
            valueName: "automatic|none"),
        completion: .list(ConvergenceChoice.allCases.map(\.rawValue)))
    var convergence: String?

    @Option(parsing: .unconditional, help: "Draws averaged in each step, whose time grows with them.")
    var particles = 1

    @Option(
        help: ArgumentHelp(
            "svi: fit the guide by Adam; minimize: look for the point of highest density, from each start, by L-BFGS.",
            valueName: "svi|minimize"),
        completion: .list(AlgorithmChoice.allCases.map(\.rawValue)))
    var algorithm = AlgorithmChoice.svi.rawValue

    @Option(
        help: ArgumentHelp(
            "Save the run in a file from time to time, and on Ctrl-C; where the file is there, go on with the run that it holds.", valueName: "FILE"),
        completion: .file())
    var checkpoint: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Seconds between two savings.", valueName: "S"))
    var checkpointSeconds = 30.0

    @Option(
        help: ArgumentHelp("Write all results to a file; - stands for standard output, without the table.", valueName: "FILE"),
        completion: .file(extensions: ["json"]))
    var json: String?

    @Option(
        help: ArgumentHelp(
            "With --group: write tables into a folder, fits.csv of all fits and summary.csv of the parameters of each group.", valueName: "DIR"),
        completion: .directory)
    var csv: String?

    func run() throws {
        let interruption = Interruption()
        try checkNumbers()
        let rate =
            try learningRate.map { try Hyperparameter(rateChoice: $0) }
            ?? (stopsEarly() ? FitDefaults.automaticRate : FitDefaults.learningRate)
        let example = try Example.chosen(model)
        if let group {
            try runGroups(example, group, rate, interruption)
        } else {
            try runLanes(example, rate, interruption)
        }
    }

    /// Whether fits stop by themselves.
    private func stopsEarly() throws -> Bool {
        try convergence.map { try ConvergenceChoice(named: $0) == .automatic } ?? (group != nil)
    }

    private func table() throws -> Table? { try data.map { $0 == "-" ? try Table.standardInput() : try Table(path: $0) } }

    /// Many starts of one dataset.
    private func runLanes(_ example: Example, _ rate: Hyperparameter, _ interruption: Interruption) throws {
        let problem = try example.problem(table())
        let algorithm = try algorithm(problem, rate)
        let device = try Device(choice: device)
        let schedule = try Schedule(choice: schedule)
        // Before the long run, not after it.
        let file = try json.map { try ReportFile($0, interruption) }

        let keys = Key(seed).split(lanes ?? Self.defaultLanes)
        let fits = try fits(lanes: keys.count, schedule, interruption) { options, state in
            try state.map { try algorithm.resume($0, data: problem.data, device: device, options: options) }
                ?? algorithm.start(keys: keys, steps: steps, data: problem.data, device: device, options: options)
        }
        let best = fits.best.status.isLost ? nil : fits.best
        let posterior = try best.map { try $0.summary() }
        if let file {
            // Before the table, whose reader may go away.
            try file.write(FitRecord(model: model, seed: seed, fits: fits, posterior: posterior).json())
        }
        if file?.isStandardOutput != true {
            try Terminal.write(FitSummary(model: model, fits: fits, posterior: posterior).text, to: .output)
        }
        if best == nil { throw Self.nothingFinished(fits) }
    }

    /// Some starts of each of many datasets.
    private func runGroups(_ example: Example, _ column: String, _ rate: Hyperparameter, _ interruption: Interruption) throws {
        guard let table = try table() else { throw CommandError("--group \(ShownText(column)) needs a table: pass --data FILE.csv") }
        let groups = try table.grouped(by: column)
        let problem = try example.problem(groups)
        let starts = starts ?? Self.defaultStarts
        let (lanes, isTooMany) = groups.labels.count.multipliedReportingOverflow(by: starts)
        guard !isTooMany, lanes <= Self.mostLanes else {
            throw CommandError("\(groups.labels.count) groups of \(starts) starts are more than \(Self.mostLanes) fits; give fewer --starts")
        }
        let algorithm = try algorithm(problem, rate)
        let device = try Device(choice: device)
        let schedule = try Schedule(choice: schedule)
        let file = try json.map { try ReportFile($0, interruption) }
        let folder = try csv.map { try ReportFolder($0, ["fits.csv", "summary.csv"], interruption) }

        let datasets = try Datasets(problem.data, labels: groups.labels)
        var grid: GridRun?
        _ = try fits(lanes: lanes, schedule, interruption) { options, state in
            let run =
                try state.map { try algorithm.resumeGrid($0, datasets: datasets, device: device, options: options) }
                ?? algorithm.startGrid(starts: starts, datasets: datasets, steps: steps, key: Key(seed), device: device, options: options)
            grid = run
            return run.run
        }
        guard let grid else { throw CommandError("no fit was run") }
        let grouped = GroupedFits(column: column, grid: try grid.fits())
        let results = try grouped.results()
        if let folder {
            let tables = GroupedTables(grouped: grouped, results: results)
            try folder.write("fits.csv", tables.fits)
            try folder.write("summary.csv", tables.summary)
        }
        if let file { try file.write(GroupedRecord(model: model, seed: seed, grouped: grouped, results: results).json()) }
        if file?.isStandardOutput != true {
            try Terminal.write(GroupedSummary(model: model, grouped: grouped, results: results).text, to: .output)
        }
        if results.allSatisfy({ $0.best == nil }) { throw Self.nothingFinished(grouped.fits) }
    }

    private static func nothingFinished(_ fits: Fits) -> CommandError {
        let reason = fits.reasons.first.map { "\($0.reason.description); \($0.reason.advice)" }
        let advice = reason ?? fits.badData.min { $0.key < $1.key }?.value.description
        return CommandError("no lane finished: \(advice ?? "try other data or another --seed")")
    }

    /// - Parameters:
    ///   - lanes: of the run.
    ///   - begin: a run, or goes on with one that was saved.
    private func fits(
        lanes: Int, _ schedule: Schedule, _ interruption: Interruption, _ begin: (RunOptions, RunState?) throws -> FitRun
    ) throws -> Fits {
        let fits = try withProgressBar { bar -> Fits in
            var options = RunOptions()
            // The history is not shown, but tells whether the loss is level; more entries would only take memory.
            options.lossInterval = max(1, steps / 50)
            options.schedule = schedule
            options.convergence = try stopsEarly() ? .automatic : nil
            // Of many datasets the others are fitted.
            if group != nil { options.badData = .leaveOut }
            options.onCompile = { size in
                guard size.isLarge else { return }
                ProgressBar.clearLine()
                try? Terminal.write("lockstep: \(size)\n", to: .error)
            }
            if let bar { options.onProgress = { share in bar.show(share) } }
            return try run(lanes, options, interruption, begin)
        }
        if let reason = fits.fallbackReason {
            try Terminal.write("lockstep: the built-in interpreter ran the fits: \(reason)\n", to: .error)
        }
        return fits
    }

    private func algorithm(_ problem: Example.Problem, _ rate: Hyperparameter) throws -> any LaneAlgorithm {
        let loss = TraceELBO(particles: particles)
        switch try AlgorithmChoice(named: algorithm) {
        case .svi:
            let guide = try GuideChoice(named: guide).guide(over: problem.guided)
            return SVI(problem.model, guide: guide, optimizer: FitDefaults.optimizer(learningRate: rate), loss: loss)
        case .minimize: return Minimize(problem.model, guide: AutoDelta(problem.guided), loss: loss)
        }
    }

    /// Runs the fits, and saves the run on the way where that is wanted.
    private func run(
        _ lanes: Int, _ options: RunOptions, _ interruption: Interruption, _ begin: (RunOptions, RunState?) throws -> FitRun
    ) throws -> Fits {
        guard let checkpoint else {
            let run = try begin(options, nil)
            while !run.isFinished { try run.advance() }
            return try run.fits()
        }
        let file = URL(fileURLWithPath: checkpoint)
        var state: RunState?
        if FileManager.default.fileExists(atPath: file.path) {
            let saved = try RunState(contentsOf: file)
            let first = group == nil ? Key(seed).split(lanes)[0] : Key(seed).fold(0).fold(0)
            guard saved.keys.count == lanes, saved.keys.first == first, saved.steps == steps else {
                throw CommandError(
                    "\(checkpoint) holds a run of \(saved.keys.count) lanes and \(saved.steps) steps with another "
                        + "\(group == nil ? "--lanes" : "--starts"), --steps or --seed; give those, or another file")
            }
            state = saved
        }
        let run = try begin(options, state)
        try interruption.deferring {
            while !run.isFinished, !interruption.isWanted {
                let clock = ContinuousClock.now
                while !run.isFinished, !interruption.isWanted, clock.duration(to: .now) < .seconds(checkpointSeconds) {
                    try run.advance(for: min(Self.pieceSeconds, checkpointSeconds))
                }
                try run.state().write(to: file)
            }
        }
        return try run.fits()
    }

    /// Between two looks at whether the run is to end.
    private static let pieceSeconds = 0.5

    private static let defaultLanes = 1024
    private static let defaultStarts = 8
    // Beyond these the host's memory gives out, a step's number is no longer exact as a float, or a step, in which
    // particles follow one another, takes as long as thousands.
    private static let mostLanes = 1 << 24
    private static let mostSteps = 1 << 22
    private static let mostParticles = 4096

    private func checkNumbers() throws {
        if group == nil {
            if starts != nil { throw CommandError("--starts is of each group; give --lanes, or --group COLUMN") }
            if csv != nil { throw CommandError("--csv writes tables of groups; give --group COLUMN, or --json FILE") }
        } else if lanes != nil {
            throw CommandError("--lanes follows from --group; give --starts, the fits of each group")
        }
        if let lanes, !(1...Self.mostLanes).contains(lanes) { throw CommandError("--lanes is \(lanes); give 1 to \(Self.mostLanes)") }
        if let starts, !(1...Self.mostLanes).contains(starts) { throw CommandError("--starts is \(starts); give 1 to \(Self.mostLanes)") }
        guard (1...Self.mostSteps).contains(steps) else { throw CommandError("--steps is \(steps); give 1 to \(Self.mostSteps)") }
        guard checkpointSeconds > 0, checkpointSeconds.isFinite else {
            throw CommandError("--checkpoint-seconds is \(checkpointSeconds); give a positive number")
        }
        guard (1...Self.mostParticles).contains(particles) else {
            throw CommandError("--particles is \(particles); give 1 to \(Self.mostParticles)")
        }
    }
}
