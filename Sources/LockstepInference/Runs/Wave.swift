import LockstepCompiler
import LockstepRuntime
import LockstepTensor

/// Lanes that are on a device together, as they go from step to step.
struct Wave {
    private let run: PreparedRun
    private let step: any LaneExecutable
    /// Their places among the keys of the run.
    private(set) var lanes: [Int]
    private(set) var execution: any LaneExecution
    private let names: [String]
    private(set) var done = 0
    /// Steps of all lanes together, of those that stand still too.
    private(set) var laneSteps = 0
    /// Of executions that fewer lanes were taken out of.
    private(set) var launches = LaunchLog()
    /// Whether no lane moves any more.
    private(set) var allStopped = false
    private var withoutStart: Set<Int> = []
    private var drift: ParameterDrift?
    /// Steps of each lane that were refused before the last tenth; nil until it begins.
    private var refusedEarly: Deferred<[Int]>?

    /// Puts lanes on the device, at their first start.
    ///
    /// - Parameter shared: the data that all lanes share, where they lie.
    init(_ run: PreparedRun, _ compiled: PreparedRun.Compiled, _ lanes: [Int], shared: (any PlacedData)?) throws {
        self.run = run
        step = compiled.step
        self.lanes = lanes
        execution = try step.start(run.binding.inputs(run.keys, lanes: lanes), placed: shared)
        names = Self.names(compiled.program)
        drift = drift()
        // The last tenth may be all there is.
        if PreparedRun.lastTenth(of: run.steps) == 0 { refusedEarly = Deferred { [lanes] in lanes.map { _ in 0 } } }
    }

    /// Of all states and records.
    private static func names(_ program: LaneProgram) -> [String] {
        let records = program.buffers.compactMap { buffer -> String? in if case .record(let name) = buffer.role { name } else { nil } }
        return (Set(records).union(program.stateNames)).sorted()
    }

    var isFinished: Bool { done == run.steps || allStopped }
    var share: Double { allStopped ? 1 : Double(done) / Double(run.steps) }

    // MARK: Steps

    /// Takes the first step. It is the trial of a lane's start: where it is refused, others are tried.
    mutating func begin(afterFirstLaunch: () throws -> Void) throws {
        try execution.begin(attempt: 0)
        try execution.advance(from: 0, count: 1, scalars: run.settings(commit: true))
        try afterFirstLaunch()
        withoutStart = try tryOtherStarts()
        done = 1
        laneSteps += lanes.count
        try look()
    }

    /// Looks at what has to be seen after so many steps.
    private mutating func look() throws {
        if done == PreparedRun.lastTenth(of: run.steps) { refusedEarly = try refused() }
        if var drift, done == drift.next {
            try drift.look(execution)
            self.drift = drift
        }
        if run.function.mayStop { allStopped = try !execution.hasZero(.frozen) }
    }

    /// Seconds between two calls of a listener, or two looks at which lanes have stopped.
    private static let pieceSeconds = 0.05
    /// Where lanes may stop, the steps between two looks are this share of those that are done, or they would be taken for nothing.
    private static let pieceShare = 1.0 / 16
    private static let fewestSteps = 16
    /// The share of lanes that have stopped with which the others go on without them.
    private static let stoppedShare = 1.0 / 8

    /// Takes further steps, up to a number of all, until the lanes are finished or time is up.
    ///
    /// - Parameter listener: called from time to time.
    /// - Returns: what came of lanes that have stopped, and are left behind.
    mutating func advance(to end: Int, for seconds: Double, _ listener: ((_ share: Double) -> Void)?) throws -> [(lanes: [Int], WaveResult)] {
        var left: [(lanes: [Int], WaveResult)] = []
        let settings = run.settings(commit: true)
        let clock = Clock()
        // Without a listener or a hope to be done early there is nothing to stop for.
        let piece = listener == nil && !run.function.mayStop ? Double.infinity : Self.pieceSeconds
        let late = PreparedRun.lastTenth(of: run.steps)
        while done < end, !isFinished {
            let time = seconds - clock.time.seconds
            if time <= 0 { break }
            var next = min(end, done < late ? late : run.steps, drift?.next ?? run.steps)
            if run.function.mayStop { next = min(next, done + max(Self.fewestSteps, Int(Double(done) * Self.pieceShare))) }
            let taken = try execution.advance(from: done, count: next - done, for: min(piece, time), scalars: settings)
            done += taken
            laneSteps += taken * lanes.count
            try look()
            if let stopped = try leaveBehind() { left.append(stopped) }
            listener?(share)
        }
        return left
    }

    /// Goes on without lanes that have stopped, once they are many.
    private mutating func leaveBehind() throws -> (lanes: [Int], WaveResult)? {
        guard run.function.mayStop, !isFinished, lanes.count > step.laneWidth else { return nil }
        let frozen = try execution.read(.frozen).whole
        let stopped = frozen.indices.filter { frozen[$0] != Bookkeeping.Frozen.no }
        guard Double(stopped.count) >= Self.stoppedShare * Double(lanes.count) else { return nil }
        let moving = frozen.indices.filter { frozen[$0] == Bookkeeping.Frozen.no }
        let gone = (stopped.map { lanes[$0] }, try result().finished(stopped))
        // What they are made of goes away.
        for array in gone.1.arrays.values { _ = array.elements }
        let others = try step.start(run.binding.inputs(run.keys, lanes: moving.map { lanes[$0] }), placed: execution.placedData?.shared)
        try others.replace(moving.enumerated().map { (from: $1, to: $0) }, by: execution)
        launches.add(execution.launches)
        withoutStart = Set(moving.indices.filter { withoutStart.contains(moving[$0]) })
        refusedEarly = refusedEarly.map { early in Deferred { moving.map { early.value[$0] } } }
        lanes = moving.map { lanes[$0] }
        execution = others
        drift = drift.map { drift(seen: $0.seen.lanes(moving)) } ?? nil
        return gone
    }

    private func drift(seen: ParameterDrift.Seen = .init()) -> ParameterDrift? {
        ParameterDrift(run.function.plan.hyperparameters, run.function.guide.parameters, lanes: lanes.count, steps: run.steps, seen: seen)
    }

    private func refused() throws -> Deferred<[Int]> {
        let (losses, gradients) = try (execution.read(.refusedLosses), execution.read(.refusedGradients))
        return Deferred { zip(losses.whole, gradients.whole).map { $0 + $1 } }
    }

    /// Draws other starts for lanes whose loss or gradient is not finite where they began, each attempt with draws of its
    /// own, until it is; such a lane then takes its first step. The others are not touched.
    ///
    /// - Returns: the lanes of this wave that found none; they stand still.
    private func tryOtherStarts() throws -> Set<Int> {
        let firstTrial = try execution.read(.isFinite)
        guard firstTrial.contains({ $0 == 0 }) else { return [] }
        let isFinite = firstTrial.whole
        var missing = isFinite.indices.filter { isFinite[$0] == 0 }
        let shared = execution.placedData?.shared
        for attempt in 1..<run.options.startAttempts where !missing.isEmpty {
            let trial = try step.start(run.binding.inputs(run.keys, lanes: missing.map { lanes[$0] }), placed: shared)
            try trial.begin(attempt: attempt)
            // Each trial has the draws of a step of its own: where the start is fixed, one unlucky draw is not the end.
            try trial.advance(from: attempt, count: 1, scalars: run.settings(commit: false))
            let isFinite = try trial.read(.isFinite).whole
            let found = missing.indices.filter { isFinite[$0] != 0 }
            if found.isEmpty { continue }
            try trial.advance(from: 0, count: 1, scalars: run.settings(commit: true))
            try execution.replace(found.map { (from: $0, to: missing[$0]) }, by: trial)
            missing = missing.indices.filter { isFinite[$0] == 0 }.map { missing[$0] }
        }
        if missing.isEmpty { return [] }
        var frozen = try execution.read(.frozen).whole.map { Int32($0) }
        for place in missing { frozen[place] = Int32(Bookkeeping.Frozen.lost) }
        try execution.write(.frozen, LaneArray(lanes: lanes.count, count: 1, elements: .int(frozen)))
        return Set(missing)
    }

    // MARK: What the lanes hold

    /// As they are now.
    func result() throws -> WaveResult {
        let results = run.function.results
        let arrays = try WaveResult.needed(names, results).map { ($0, try execution.read($0)) }
        return WaveResult(
            lanes: lanes.count, arrays: Dictionary(uniqueKeysWithValues: arrays), withoutStart: withoutStart, done: done,
            slots: run.options.slots(done), isFinished: isFinished, refusedEarly: try refusedEarly ?? refused(),
            paces: try run.paces(isFinished ? drift : nil, lanes), results: results)
    }

    /// All that is needed to go on.
    func state() throws -> WaveState {
        WaveState(
            lanes: lanes, done: done, withoutStart: withoutStart.sorted(), refusedEarly: refusedEarly?.value, drift: drift?.seen,
            arrays: Dictionary(uniqueKeysWithValues: try names.map { ($0, StoredArray(try execution.read($0))) }))
    }

    /// Puts lanes on the device as they were.
    ///
    /// - Throws: `RunError` where the state is of another program.
    init(_ run: PreparedRun, _ compiled: PreparedRun.Compiled, resuming state: WaveState) throws {
        try self.init(run, compiled, state.lanes, shared: nil)
        guard state.arrays.keys.sorted() == names else { throw RunState.mismatch("the model or the algorithm") }
        for (name, array) in state.arrays { try execution.write(name, try array.array(lanes: lanes.count)) }
        done = state.done
        withoutStart = Set(state.withoutStart)
        if let early = state.refusedEarly { refusedEarly = Deferred(value: early) }
        if let seen = state.drift { drift = drift(seen: seen) }
        if run.function.mayStop { allStopped = try !execution.hasZero(.frozen) }
    }
}
