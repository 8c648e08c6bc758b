import ArgumentParser
import Foundation
import Lockstep
import LockstepExamples

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

    // Numbers are parsed unconditionally, so that a negative one is taken for a number and refused as such.
    @Option(parsing: .unconditional, help: "Fits to run, each from a start of its own.")
    var lanes = 1024

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
            "Save the run in a file from time to time; where the file is there, go on with the run that it holds.", valueName: "FILE"),
        completion: .file())
    var checkpoint: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Seconds between two savings.", valueName: "S"))
    var checkpointSeconds = 30.0

    @Option(
        help: ArgumentHelp("Write all results to a file; - stands for standard output, without the table.", valueName: "FILE"),
        completion: .file(extensions: ["json"]))
    var json: String?

    func run() throws {
        let interruption = Interruption()
        try checkNumbers()
        let rate = try learningRate.map { try Hyperparameter(rateChoice: $0) } ?? FitDefaults.learningRate
        let problem = try Example.chosen(model).problem(data.map { $0 == "-" ? try Table.standardInput() : try Table(path: $0) })
        let algorithm = try algorithm(problem, rate)
        let device = try Device(choice: device)
        let schedule = try Schedule(choice: schedule)
        // Before the long run, not after it.
        let file = try json.map { try ReportFile($0, interruption) }

        let fits = try withProgressBar { bar -> Fits in
            var options = RunOptions()
            // The history is not shown, but tells whether the loss is level; more entries would only take memory.
            options.lossInterval = max(1, steps / 50)
            options.schedule = schedule
            options.onCompile = { size in
                guard size.isLarge else { return }
                ProgressBar.clearLine()
                try? Terminal.write("lockstep: \(size)\n", to: .error)
            }
            if let bar { options.onProgress = { share in bar.show(share) } }
            return try run(algorithm, problem.data, device, options)
        }
        if let reason = fits.fallbackReason {
            try Terminal.write("lockstep: the built-in interpreter ran the fits: \(reason)\n", to: .error)
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
        if best == nil {
            let advice = fits.reasons.first.map { "\($0.reason.description); \($0.reason.advice)" }
            throw CommandError("no lane finished: \(advice ?? "try other data or another --seed")")
        }
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
        _ algorithm: any LaneAlgorithm, _ data: [String: LaneData], _ device: Device, _ options: RunOptions
    ) throws -> Fits {
        let keys = Key(seed).split(lanes)
        guard let checkpoint else { return try algorithm.run(keys: keys, steps: steps, data: data, device: device, options: options) }
        let file = URL(fileURLWithPath: checkpoint)
        let run: FitRun
        if FileManager.default.fileExists(atPath: file.path) {
            let state = try RunState(contentsOf: file)
            guard state.keys == keys, state.steps == steps else {
                throw CommandError(
                    "\(checkpoint) holds a run of \(state.keys.count) lanes and \(state.steps) steps with another --lanes, --steps or --seed; "
                        + "give those, or another file")
            }
            run = try algorithm.resume(state, data: data, device: device, options: options)
        } else {
            run = try algorithm.start(keys: keys, steps: steps, data: data, device: device, options: options)
        }
        while !run.isFinished {
            try run.advance(for: checkpointSeconds)
            try run.state().write(to: file)
        }
        return try run.fits()
    }

    private func checkNumbers() throws {
        // Beyond these the host's memory gives out, a step's number is no longer exact as a float, or a step, in which
        // particles follow one another, takes as long as thousands.
        let most = (lanes: 1 << 24, steps: 1 << 22, particles: 4096)
        guard lanes >= 1, lanes <= most.lanes else { throw CommandError("--lanes is \(lanes); give 1 to \(most.lanes)") }
        guard steps >= 1, steps <= most.steps else { throw CommandError("--steps is \(steps); give 1 to \(most.steps)") }
        guard checkpointSeconds > 0, checkpointSeconds.isFinite else {
            throw CommandError("--checkpoint-seconds is \(checkpointSeconds); give a positive number")
        }
        guard particles >= 1, particles <= most.particles else {
            throw CommandError("--particles is \(particles); give 1 to \(most.particles)")
        }
    }
}
