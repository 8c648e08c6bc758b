import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// One call of `SVI.run`: compiles once, then takes the lanes through in waves that fit the device's memory.
struct SVIRun {
    private let svi: SVI
    private let keys: [Key]
    private let steps: Int
    private let options: RunOptions
    private let device: DeviceChoice
    private let function: StepFunction
    private let binding: DataBinding
    /// Started with the call.
    private let clock: Clock
    /// Why lanes are left out.
    private let badData: [Int: DataError]
    /// The others.
    private let good: [Int]
    private let traceSeconds: Double
    private let checkSeconds: Double
    /// Nil where no final draws are wanted.
    private let estimate: FinalEstimate?
    /// Steps at the end whose mean loss is a fit's final loss.
    private let tail: Int

    init(_ svi: SVI, keys: [Key], steps: Int, data: [String: LaneData], device: @autoclosure () throws -> DeviceChoice, options: RunOptions) throws {
        clock = Clock()
        self.svi = svi
        self.keys = keys
        self.steps = steps
        self.options = options
        tail = min(50, steps)
        self.device = try device()
        function = try DataError.naming {
            try StepFunction(
                svi, slots: options.slots(steps), convergence: options.convergence, data: data.shapes(lanes: keys.count))
        }
        binding = try DataBinding(function.declarations, data, lanes: keys.count)
        estimate = options.finalDraws == 0 ? nil : try FinalEstimate(svi, function.guide, draws: options.finalDraws, data: binding.shapes)
        traceSeconds = clock.time.seconds
        let checking = Clock()
        let badData = try function.check(binding, lanes: keys.count, options)
        self.badData = badData
        good = keys.indices.filter { badData[$0] == nil }
        checkSeconds = checking.time.seconds
    }

    func run() throws -> Fits {
        try Task.checkCancellation()
        let compiling = Clock()
        // A driver's compiler cannot be stopped: where the task is cancelled, its thread is left alone with it.
        let compiled = try Background(onThread: !device.device.isOfOneThread) { [self] in try compile() }.value()
        let (step, device) = (compiled.step, compiled.device)
        let compileTime = compiling.time

        let running = Clock()
        let budget = budget(device)
        var size = step.mostLanes(budget: budget)
        var outcome: Outcome?
        var progress = Progress(device: device.device)
        // No thread outlives the call, but of a task that is cancelled.
        defer { progress.estimator?.wait() }
        var elbo = ElboEstimate()
        var finalTime = Clock.Time.zero
        var first = 0
        while first < good.count {
            let lanes = Array(good[first..<min(first + size, good.count)])
            do {
                let (wave, placed) = try run(lanes, step, &progress)
                let estimating = Clock()
                elbo = elbo.appending(try estimated(wave, lanes, placed, progress.estimator, budget: budget))
                finalTime = finalTime + estimating.time
                outcome = outcome.map { $0.appending(wave) } ?? wave
                first += lanes.count
            } catch  where Self.isTooLarge(error) && lanes.count > 1 {
                // Others use the device too. What a lane comes to does not depend on its wave, so all of them begin anew.
                size = (lanes.count + 1) / 2
                progress.shared = nil
            }
        }
        let runTime = running.time - finalTime
        if !badData.isEmpty { (outcome, elbo) = withLanesLeftOut(outcome, elbo) }
        guard let outcome else { throw RunError("there are no lanes: give at least one key") }
        return Fits(
            svi: svi, guide: function.guide, keys: keys, binding: binding, outcome: outcome, estimate: elbo, device: device,
            options: options, steps: steps,
            timings: Timings(
                trace: traceSeconds, check: checkSeconds, compile: compileTime, run: runTime,
                firstLaunch: progress.firstLaunch ?? clock.time, final: finalTime,
                finalCompile: try progress.estimator?.value().compileSeconds ?? 0, launches: progress.launches),
            layout: RunLayout(schedule: step.chosenSchedule, laneWidth: step.laneWidth, bytesPerLane: step.bytesPerLane), badData: badData)
    }

    /// Bytes that a wave may take.
    private func budget(_ device: DeviceChoice) -> Int { options.memoryBudget ?? device.device.memoryBudget }

    /// Whether fewer lanes at a time may do.
    private static func isTooLarge(_ error: any Error) -> Bool {
        switch error {
        case let error as OpenCLError: error.kind == .memory
        case ExecutionError.memory: true
        default: false
        }
    }

    private struct Compiled: Sendable {
        let step: any LaneExecutable
        /// What the caller's choice came to.
        let device: DeviceChoice
    }

    private func compile() throws -> Compiled {
        let stepProgram = try Lowering.lower(function.laneFunction(perLane: binding.perLane))
        try Outcome.checkRoom(for: keys.count, function.guide.parameters, steps: steps, options)
        if let onCompile = options.onCompile, case .opencl = device.device { onCompile(CompilationSize(stepProgram, function.trace)) }
        let (step, device) = try device.compile(
            stepProgram, precision: options.precision, lanes: keys.count, schedule: options.schedule,
            first: FirstBatch(budget: budget(device)) { binding.inputs(keys, lanes: Array(good.prefix($0))) })
        return Compiled(step: step, device: device)
    }

    /// What all lanes came to, in order, when some were left out.
    private func withLanesLeftOut(_ outcome: Outcome?, _ elbo: ElboEstimate) -> (Outcome, ElboEstimate) {
        let bad = badData.keys.sorted()
        let slots = outcome?.losses.count ?? options.slots(steps)
        let none = Outcome(leftOut: bad.count, function.guide.parameters, slots: slots, options.precision)
        var order = Array(repeating: 0, count: keys.count)
        for (place, lane) in (good + bad).enumerated() { order[lane] = place }
        let estimates = elbo.appending(ElboEstimate(nothingFor: bad.count))
        return ((outcome?.appending(none) ?? none).lanes(order), estimates.lanes(order))
    }

    // MARK: One wave

    /// What comes with the first launch of all.
    private struct Progress {
        /// What the steps are compiled for.
        let device: ResolvedDevice
        var firstLaunch: Clock.Time?
        var launches = LaunchLog()
        /// The data that all lanes share, where they lie.
        var shared: (any PlacedData)?
        /// What the listener was told last.
        var share = 0.0
        /// Nil where no final draws are wanted.
        var estimator: Background<FinalEstimate.Estimator>?
    }

    /// Compiles the final estimate beside the steps: its driver's compiler needs as long as theirs.
    ///
    /// - Parameter schedule: the one of the steps, on which alone the bits of a lane may depend.
    private func startEstimator(_ device: ResolvedDevice, _ schedule: Schedule) throws -> Background<FinalEstimate.Estimator>? {
        guard let estimate else { return nil }
        let beside = try device.beside()
        let (perLane, lanes, precision, device) = (binding.perLane, keys.count, options.precision, beside ?? device)
        return Background(onThread: beside != nil) {
            try estimate.compiled(on: device, lanes: lanes, perLane: perLane, precision: precision, schedule: schedule)
        }
    }

    private func estimated(
        _ outcome: Outcome, _ lanes: [Int], _ placed: PlacedData?, _ estimator: Background<FinalEstimate.Estimator>?, budget: Int
    ) throws -> ElboEstimate {
        guard let estimator = try estimator?.value() else { return ElboEstimate(nothingFor: lanes.count) }
        return try estimator.estimate(outcome, binding, keys, lanes: lanes, placed: placed, budget: budget)
    }

    /// - Returns: what the lanes came to, and their data on the device.
    private func run(_ lanes: [Int], _ step: any LaneExecutable, _ progress: inout Progress) throws -> (Outcome, PlacedData?) {
        let execution = try step.start(binding.inputs(keys, lanes: lanes), placed: progress.shared)
        progress.shared = execution.placedData?.shared
        try execution.begin(attempt: 0)
        // The first step of a lane is the trial of its start: where it is refused, others are tried.
        try execution.advance(from: 0, count: 1, scalars: settings(commit: true))
        if progress.firstLaunch == nil {
            progress.firstLaunch = clock.time
            progress.estimator = try startEstimator(progress.device, step.chosenSchedule ?? .automatic)
        }
        let withoutStart = try tryOtherStarts(lanes, execution, step)
        var drift = ParameterDrift(svi.optimizer, function.guide.parameters, lanes: lanes.count, steps: steps)
        let (done, refusedEarly) = try advance(lanes, execution, &drift, &progress.share)
        progress.launches.add(execution.launches)
        let outcome = try Outcome(
            execution, results: function.results, withoutStart: withoutStart, slots: options.slots(done), refusedEarly: refusedEarly,
            paces: paces(drift, lanes), convergence: options.convergence)
        return (outcome, estimate == nil ? nil : execution.placedData)
    }

    /// Of drifts; NaN where there was nothing to look at.
    private func paces(_ drift: ParameterDrift?, _ lanes: [Int]) throws -> Deferred<[Double]> {
        guard let drift, let rate = RatePath.schedule(of: svi.optimizer) else { return Deferred { lanes.map { _ in .nan } } }
        return Deferred(value: drift.paces(lanes: lanes.count, try RatePath.sums(rate, steps: steps, binding, lanes: lanes)))
    }

    /// Seconds between two calls of a listener, or two looks at whether all lanes have stopped.
    private static let pieceSeconds = 0.05

    /// Runs the steps after the first, or fewer where all lanes stop before.
    ///
    /// - Returns: how many are done then, and the steps of each lane that were refused before the last tenth.
    private func advance(
        _ lanes: [Int], _ execution: any LaneExecution, _ drift: inout ParameterDrift?, _ told: inout Double
    ) throws -> (done: Int, refusedEarly: Deferred<[Int]>) {
        let settings = settings(commit: true)
        // Without a listener or a hope to be done early there is nothing to stop for.
        let seconds = options.onProgress == nil && options.convergence == nil ? Double.infinity : Self.pieceSeconds
        let before = good.firstIndex(of: lanes[0]) ?? 0
        let late = Self.lastTenth(of: steps)
        // The last tenth may be all there is.
        var refusedEarly = late == 0 ? Deferred { lanes.map { _ in 0 } } : nil
        var done = 1
        var allStopped = false
        while true {
            if done == late { refusedEarly = try refused(execution) }
            if done == drift?.next { try drift?.look(execution) }
            if options.convergence != nil { allStopped = try !execution.hasZero(.frozen) }
            let share = Double(before) + Double(lanes.count) * (allStopped ? 1 : Double(done) / Double(steps))
            // A wave that begins anew does not take back what was said.
            told = max(told, share / Double(good.count))
            options.onProgress?(told)
            if done == steps || allStopped { break }
            let end = min(done < late ? late : steps, drift?.next ?? steps)
            done += try execution.advance(from: done, count: end - done, for: seconds, scalars: settings)
        }
        return try (done, refusedEarly ?? refused(execution))
    }

    /// The step with which the last tenth begins.
    static func lastTenth(of steps: Int) -> Int { steps - max(1, steps / 10) }

    private func refused(_ execution: any LaneExecution) throws -> Deferred<[Int]> {
        let (losses, gradients) = try (execution.read(.refusedLosses), execution.read(.refusedGradients))
        return Deferred { zip(losses.whole, gradients.whole).map { $0 + $1 } }
    }

    private func settings(commit: Bool) -> [String: Double] {
        [
            Bookkeeping.Setting.commit: commit ? 1 : 0,
            Bookkeeping.Setting.interval: Double(options.lossInterval),
            Bookkeeping.Setting.tailStart: Double(steps - tail),
            Bookkeeping.Setting.steps: Double(steps),
        ]
    }

    /// Draws other starts for lanes whose loss or gradient is not finite where they began, each attempt with draws of its
    /// own, until it is; such a lane then takes its first step. The others are not touched.
    ///
    /// - Parameter execution: after the first step from the first start.
    /// - Returns: the lanes of this wave that found none; they stand still.
    private func tryOtherStarts(_ lanes: [Int], _ execution: any LaneExecution, _ step: any LaneExecutable) throws -> Set<Int> {
        let firstTrial = try execution.read(.isFinite)
        guard firstTrial.contains({ $0 == 0 }) else { return [] }
        let isFinite = firstTrial.whole
        var missing = isFinite.indices.filter { isFinite[$0] == 0 }
        let shared = execution.placedData?.shared
        for attempt in 1..<options.startAttempts where !missing.isEmpty {
            let trial = try step.start(binding.inputs(keys, lanes: missing.map { lanes[$0] }), placed: shared)
            try trial.begin(attempt: attempt)
            // Each trial has the draws of a step of its own: where the start is fixed, one unlucky draw is not the end.
            try trial.advance(from: attempt, count: 1, scalars: settings(commit: false))
            let isFinite = try trial.read(.isFinite).whole
            let found = missing.indices.filter { isFinite[$0] != 0 }
            if found.isEmpty { continue }
            try trial.advance(from: 0, count: 1, scalars: settings(commit: true))
            try execution.replace(found.map { (from: $0, to: missing[$0]) }, by: trial)
            missing = missing.indices.filter { isFinite[$0] == 0 }.map { missing[$0] }
        }
        if missing.isEmpty { return [] }
        var frozen = try execution.read(.frozen).whole.map { Int32($0) }
        for place in missing { frozen[place] = Int32(Bookkeeping.Frozen.lost) }
        try execution.write(.frozen, LaneArray(lanes: lanes.count, count: 1, elements: .int(frozen)))
        return Set(missing)
    }
}
