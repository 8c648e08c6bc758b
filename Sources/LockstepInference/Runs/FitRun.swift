import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// A run that goes on as it is told to: it can be looked at, saved and left between its steps.
///
/// Lanes that a device has no room for together are taken through in waves, one after the other. Used by one task at a time.
///
/// ```swift
/// let run = try svi.start(keys: keys, steps: 10_000, data: data)
/// while !run.isFinished {
///     try run.advance(for: 10)
///     try run.state().write(to: file)
/// }
/// let fits = try run.fits()
/// ```
public final class FitRun {
    private let run: PreparedRun
    private let compiled: PreparedRun.Compiled
    private let compileTime: Clock.Time
    private var finished: [Finished] = []
    private var wave: Wave?
    /// Lanes whose turn has not come, in order.
    private var waiting: [Int]
    /// Lanes of the waves to come.
    private var size: Int
    private var estimator: Background<FinalEstimate.Estimator>?
    /// The data that all lanes share, where they lie.
    private var shared: (any PlacedData)?
    private var firstLaunch: Clock.Time?
    private var launches = LaunchLog()
    private var laneSteps = 0
    private var runTime = Clock.Time.zero
    private var finalTime = Clock.Time.zero
    /// What the listener was told last.
    private var told = 0.0
    /// Whether a step was interrupted.
    private var isBroken = false

    /// Lanes of a wave that have come to an end.
    private struct Finished {
        let lanes: [Int]
        let result: WaveResult
        let elbo: ElboEstimate
    }

    convenience init(
        _ algorithm: any LaneAlgorithm, keys: [Key], steps: Int, data: [String: LaneData], device: @autoclosure () throws -> DeviceChoice,
        options: RunOptions, resuming state: RunState? = nil
    ) throws {
        try options.validate(lanes: keys.count, steps: steps)
        var options = options
        if let schedule = state?.schedule, options.schedule == .automatic {
            options.schedule = try Schedule(schedule) ?? { throw RunState.mismatch("the schedule") }()
        }
        let run = try PreparedRun(algorithm, keys: keys, steps: steps, data: data, device: device(), options: options)
        try self.init(run, resuming: state)
    }

    init(_ run: PreparedRun, resuming state: RunState? = nil) throws {
        self.run = run
        try Task.checkCancellation()
        let compiling = Clock()
        // A driver's compiler cannot be stopped: where the task is cancelled, its thread is left alone with it.
        compiled = try Background(onThread: !run.device.device.isOfOneThread) { try run.compile() }.value()
        compileTime = compiling.time
        size = compiled.step.mostLanes(budget: run.budget(compiled.device))
        waiting = run.good
        if let state { try resume(state) }
    }

    // No thread outlives the run, but of a task that is cancelled.
    deinit { estimator?.wait() }

    // MARK: Where it is

    /// Whether all lanes have come to an end.
    public var isFinished: Bool { wave == nil && waiting.isEmpty }

    /// The share of all steps that is done, 0 ... 1.
    public var progress: Double { run.good.isEmpty ? 1 : progress(wave?.share ?? 0, of: wave?.lanes.count ?? 0) }

    /// - Parameters:
    ///   - share: of the steps of the wave that is on the device.
    private func progress(_ share: Double, of lanes: Int) -> Double {
        let ended = finished.reduce(0) { $0 + $1.lanes.count }
        return (Double(ended) + Double(lanes) * share) / Double(run.good.count)
    }

    // MARK: Going on

    /// Takes further steps with the lanes that are on the device; when these have come to an end, the next call goes on with others.
    ///
    /// - Parameters:
    ///   - steps: at most so many.
    ///   - seconds: stops when they are over, after one step at least.
    /// - Throws: `LockstepError`; `CancellationError` where the calling task is cancelled. After either what the lanes hold is lost: a
    ///   run goes on from the last state that was saved.
    public func advance(_ steps: Int = .max, for seconds: Double = .infinity) throws {
        try LockstepError.wrapping {
            try checkWhole()
            guard steps >= 1, seconds > 0 else {
                throw RunError("cannot advance \(steps) steps in \(seconds) seconds; give at least 1 step, and some time")
            }
            guard !isFinished else { return }
            isBroken = true
            let (clock, final) = (Clock(), finalTime)
            do {
                try go(steps, seconds)
            } catch  where Self.isTooLarge(error) && lanesAtOnce > 1 {
                // Others use the device too. What a lane comes to does not depend on its wave, so all of them begin anew.
                size = (lanesAtOnce + 1) / 2
                waiting = (wave?.lanes ?? []) + waiting
                (wave, shared) = (nil, nil)
            }
            runTime = runTime + clock.time - (finalTime - final)
            isBroken = false
        }
    }

    private func checkWhole() throws {
        if isBroken { throw RunError("the run was interrupted within a step; resume it from the last state that was saved") }
    }

    /// Of the wave that is on the device, or comes next.
    private var lanesAtOnce: Int { wave?.lanes.count ?? min(size, waiting.count) }

    /// Whether fewer lanes at a time may do.
    private static func isTooLarge(_ error: any Error) -> Bool {
        switch error {
        case let error as OpenCLError: error.kind == .memory
        case ExecutionError.memory: true
        default: false
        }
    }

    private func go(_ steps: Int, _ seconds: Double) throws {
        let clock = Clock()
        var left = steps
        if wave == nil {
            wave = try nextWave()
            left -= 1
        }
        guard var moving = wave else { return }
        let count = moving.lanes.count
        let listener = run.options.onProgress.map { listener in
            { [unowned self] (share: Double) in
                // A wave that begins anew does not take back what was said.
                told = max(told, progress(share, of: count))
                listener(told)
            }
        }
        listener?(moving.share)
        let end = moving.done + min(left, run.steps - moving.done)
        let taken = moving.laneSteps
        let stopped = try moving.advance(to: end, for: seconds - clock.time.seconds, listener)
        laneSteps += moving.laneSteps - taken
        wave = moving
        for (lanes, result) in stopped { finished.append(try ended(lanes, result, moving.execution)) }
        if moving.isFinished {
            finished.append(try ended(moving.lanes, moving.result(), moving.execution))
            launches.add(moving.launches)
            launches.add(moving.execution.launches)
            wave = nil
        }
    }

    /// The next lanes, after their first step.
    private func nextWave() throws -> Wave {
        var wave = try Wave(run, compiled, Array(waiting.prefix(size)), shared: shared)
        shared = wave.execution.placedData?.shared
        try wave.begin {
            guard firstLaunch == nil else { return }
            firstLaunch = run.clock.time
            _ = try finalDraws()
        }
        laneSteps += wave.laneSteps
        waiting.removeFirst(wave.lanes.count)
        return wave
    }

    private func ended(_ lanes: [Int], _ result: WaveResult, _ execution: any LaneExecution) throws -> Finished {
        Finished(lanes: lanes, result: result, elbo: try estimated(result, lanes, execution))
    }

    /// Compiled when it is first asked for; nil where no final draws are wanted.
    private func finalDraws() throws -> Background<FinalEstimate.Estimator>? {
        if estimator == nil { estimator = try run.startEstimator(compiled.device.device, compiled.step.chosenSchedule ?? .automatic) }
        return estimator
    }

    /// - Parameter execution: where the data lie that all lanes share, and those of these lanes if it has them and no others.
    private func estimated(_ result: WaveResult, _ lanes: [Int], _ execution: any LaneExecution) throws -> ElboEstimate {
        let clock = Clock()
        defer { finalTime = finalTime + clock.time }
        guard let estimator = try finalDraws()?.value() else { return ElboEstimate(nothingFor: lanes.count) }
        return try estimator.estimate(
            Outcome(result), run.binding, run.keys, lanes: lanes, placed: execution.placedData, budget: run.budget(compiled.device))
    }

    // MARK: What it comes to

    /// The fits as they are now. Those whose lanes have not come to an end have the status `running` or `waiting`.
    ///
    /// - Throws: `LockstepError`; `CancellationError` where the calling task is cancelled.
    public func fits() throws -> Fits {
        try LockstepError.wrapping {
            try checkWhole()
            guard !run.keys.isEmpty else { throw RunError("there are no lanes: give at least one key") }
            let parameters = run.function.guide.parameters
            let slots = finished.first?.result.slots ?? run.options.slots(wave?.done ?? run.steps)
            func nothing(_ lanes: Int, _ status: FitStatus) -> (Outcome, ElboEstimate) {
                (Outcome(nothingFor: lanes, status, parameters, slots: slots, run.options.precision), ElboEstimate(nothingFor: lanes))
            }
            var parts = finished.map { (Outcome($0.result), $0.elbo) }
            if let wave {
                let result = try wave.result()
                parts.append((Outcome(result), try estimated(result, wave.lanes, wave.execution)))
            }
            if !waiting.isEmpty { parts.append(nothing(waiting.count, .waiting)) }
            let bad = run.badData.keys.sorted()
            if !bad.isEmpty { parts.append(nothing(bad.count, .badData)) }
            let places = finished.flatMap(\.lanes) + (wave?.lanes ?? []) + waiting + bad
            var (outcome, elbo) = parts[0]
            for part in parts.dropFirst() { (outcome, elbo) = (outcome.appending(part.0), elbo.appending(part.1)) }
            if places != Array(run.keys.indices) {
                var order = Array(repeating: 0, count: run.keys.count)
                for (place, lane) in places.enumerated() { order[lane] = place }
                (outcome, elbo) = (outcome.lanes(order), elbo.lanes(order))
            }
            return try fits(outcome, elbo)
        }
    }

    private func fits(_ outcome: Outcome, _ elbo: ElboEstimate) throws -> Fits {
        var launches = launches
        if let wave {
            launches.add(wave.launches)
            launches.add(wave.execution.launches)
        }
        return Fits(
            algorithm: run.algorithm, guide: run.function.guide, keys: run.keys, binding: run.binding, outcome: outcome, estimate: elbo,
            device: compiled.device, options: run.options, steps: run.steps,
            timings: Timings(
                trace: run.traceSeconds, check: run.checkSeconds, compile: compileTime, run: runTime,
                firstLaunch: firstLaunch ?? run.clock.time, final: finalTime, finalCompile: try estimator?.value().compileSeconds ?? 0,
                launches: launches, laneSteps: laneSteps),
            layout: RunLayout(
                schedule: compiled.step.chosenSchedule, laneWidth: compiled.step.laneWidth, bytesPerLane: compiled.step.bytesPerLane),
            badData: run.badData)
    }

    // MARK: Saving

    /// All that is needed to go on from here with `LaneAlgorithm.resume`.
    ///
    /// - Throws: `LockstepError` where a device fails.
    public func state() throws -> RunState {
        try LockstepError.wrapping {
            try checkWhole()
            return RunState(
                keys: run.keys, steps: run.steps, schedule: compiled.step.chosenSchedule, marks: marks,
                finished: finished.map { .init(lanes: $0.lanes, result: StoredResult($0.result), elbo: $0.elbo) }, current: try wave?.state())
        }
    }

    private func resume(_ state: RunState) throws {
        let marks = marks
        guard state.marks.program == marks.program else { throw RunState.mismatch("the model, the algorithm or the precision") }
        guard state.marks.data == marks.data else { throw RunState.mismatch("the data") }
        guard state.marks.options == marks.options else { throw RunState.mismatch("the options") }
        finished = try state.finished.map { Finished(lanes: $0.lanes, result: try $0.result.result(), elbo: $0.elbo) }
        let places = finished.flatMap(\.lanes) + (state.current?.lanes ?? [])
        let taken = Set(places)
        guard taken.count == places.count, taken.isSubset(of: run.good) else { throw RunState.mismatch("the lanes") }
        waiting = run.good.filter { !taken.contains($0) }
        if let current = state.current {
            let wave = try Wave(run, compiled, resuming: current)
            shared = wave.execution.placedData?.shared
            self.wave = wave
        }
    }

    private lazy var marks = RunState.Marks(
        program: Digest(compiled.program.description.utf8).hexadecimal + " \(run.options.precision)", data: run.binding.mark,
        options: run.options.mark)
}
