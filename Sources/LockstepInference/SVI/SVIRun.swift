import Dispatch
import Foundation
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
    private let device: ResolvedDevice
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
    /// Steps at the end whose mean loss is a fit's final loss.
    private let tail: Int

    init(_ svi: SVI, keys: [Key], steps: Int, data: [String: LaneData], device: Device, options: RunOptions) throws {
        clock = Clock()
        self.svi = svi
        self.keys = keys
        self.steps = steps
        self.options = options
        tail = min(50, steps)
        self.device = try device.resolved()
        function = try StepFunction(svi, slots: (steps + options.lossInterval - 1) / options.lossInterval, convergence: options.convergence)
        binding = try DataBinding(function.declarations, data, lanes: keys.count)
        traceSeconds = clock.time.seconds
        let checking = Clock()
        let badData = try function.check(binding, lanes: keys.count, options)
        self.badData = badData
        good = keys.indices.filter { badData[$0] == nil }
        checkSeconds = checking.time.seconds
    }

    func run() throws -> Fits {
        let compiling = Clock()
        let perLane = binding.perLane
        let stepProgram = try Lowering.lower(
            LaneFunction(states: function.step.states, records: function.step.records, perLane: perLane))
        let startProgram = try Lowering.lower(LaneFunction(states: function.start, perLane: perLane))
        let step = try device.compile(
            stepProgram, precision: options.precision, lanes: keys.count, schedule: options.schedule)
        // Starts are drawn once: the interpreter has done so before a driver has compiled, and does so alike for all devices.
        let start = InterpreterExecutable(startProgram, precision: options.precision)
        let compileTime = compiling.time

        let running = Clock()
        let budget = options.memoryBudget ?? device.memoryBudget
        let bytes = (step as? OpenCLExecutable)?.bytesPerLane
            ?? stepProgram.bytesPerLane(realBytes: options.precision == .float ? 4 : 8)
        let waveSize = max(1, budget / bytes)
        var outcome: Outcome?
        var firstLaunch: Clock.Time?
        for first in stride(from: 0, to: good.count, by: waveSize) {
            let lanes = Array(good[first..<min(first + waveSize, good.count)])
            let wave = try run(lanes, step, start, &firstLaunch)
            outcome = outcome.map { $0.appending(wave) } ?? wave
        }
        if !badData.isEmpty { outcome = withLanesLeftOut(outcome) }
        guard let outcome else { throw RunError("there are no lanes: give at least one key") }
        return Fits(
            svi: svi, guide: function.guide, keys: keys, binding: binding, outcome: outcome, device: device, options: options,
            steps: steps,
            timings: timings(compile: compileTime, run: running.time, firstLaunch: firstLaunch ?? clock.time),
            layout: layout(step, bytesPerLane: bytes), badData: badData)
    }

    /// The outcome of all lanes in order, when some were left out.
    private func withLanesLeftOut(_ outcome: Outcome?) -> Outcome {
        let bad = badData.keys.sorted()
        let slots = outcome?.losses.count ?? (steps + options.lossInterval - 1) / options.lossInterval
        let none = Outcome(leftOut: bad.count, function.guide.parameters, slots: slots, options.precision)
        var order = Array(repeating: 0, count: keys.count)
        for (place, lane) in (good + bad).enumerated() { order[lane] = place }
        return (outcome?.appending(none) ?? none).lanes(order)
    }

    private func timings(compile: Clock.Time, run: Clock.Time, firstLaunch: Clock.Time) -> Timings {
        Timings(
            trace: traceSeconds, check: checkSeconds, compile: compile.seconds, run: run.seconds, firstLaunch: firstLaunch.seconds,
            runProcessor: run.processorSeconds, compileProcessor: compile.processorSeconds,
            firstLaunchProcessor: firstLaunch.processorSeconds)
    }

    private func layout(_ step: any LaneExecutable, bytesPerLane: Int) -> RunLayout {
        let opencl = (step as? OpenCLExecutable)?.schedule
        return RunLayout(schedule: opencl?.schedule, laneWidth: opencl?.width ?? 1, bytesPerLane: bytesPerLane)
    }

    // MARK: One wave

    private func run(
        _ lanes: [Int], _ step: any LaneExecutable, _ start: any LaneExecutable, _ firstLaunch: inout Clock.Time?
    ) throws -> Outcome {
        let execution = try step.start(binding.inputs(keys, lanes: lanes))
        let hasStart = try startLanes(lanes, execution, start, &firstLaunch)
        if hasStart.contains(false) {
            // Such a lane takes no step at all.
            let frozen = LaneArray(lanes: lanes.count, count: 1, elements: .int(hasStart.map { Int32($0 ? Bookkeeping.Frozen.no : Bookkeeping.Frozen.lost) }))
            try execution.write(Bookkeeping.Name.frozen, frozen)
        }
        let done = try advance(lanes, execution)
        let slots = (done + options.lossInterval - 1) / options.lossInterval
        return try Outcome(execution, parameters: function.guide.parameters.map(\.name), hasStart: hasStart, slots: slots, convergence: options.convergence)
    }

    /// Runs all steps, or fewer where all lanes stop before.
    ///
    /// - Returns: how many.
    private func advance(_ lanes: [Int], _ execution: any LaneExecution) throws -> Int {
        let settings = settings(commit: true)
        // Without a listener or a hope to be done early there is nothing to stop for.
        let piece = options.onProgress == nil && options.convergence == nil ? steps : max(1, steps / 50)
        let before = good.firstIndex(of: lanes[0]) ?? 0
        var done = 0
        var allStopped = false
        while done < steps, !allStopped {
            let count = min(piece, steps - done)
            try execution.advance(from: done, count: count, scalars: settings)
            done += count
            if options.convergence != nil {
                allStopped = try execution.read(Bookkeeping.Name.frozen).element(0).allSatisfy { $0 != 0 }
            }
            let share = Double(before) + Double(lanes.count) * (allStopped ? 1 : Double(done) / Double(steps))
            options.onProgress?(share / Double(good.count))
        }
        return done
    }

    private func settings(commit: Bool) -> [String: Double] {
        [
            Bookkeeping.Setting.commit: commit ? 1 : 0,
            Bookkeeping.Setting.interval: Double(options.lossInterval),
            Bookkeeping.Setting.tailStart: Double(steps - tail),
        ]
    }

    /// Draws starts until loss and gradient of a lane are finite there, each attempt with draws of its own.
    ///
    /// - Returns: for each lane, whether it found one.
    private func startLanes(
        _ lanes: [Int], _ execution: any LaneExecution, _ start: any LaneExecutable, _ firstLaunch: inout Clock.Time?
    ) throws -> [Bool] {
        var values: [String: LaneArray] = [:]
        var missing = Array(lanes.indices)
        for attempt in 0..<max(options.startAttempts, 1) {
            let drawing = try start.start(binding.inputs(keys, lanes: missing.map { lanes[$0] }))
            try drawing.advance(from: attempt, count: 1, scalars: [:])
            for name in function.start.map(\.name) {
                let drawn = try drawing.read(name)
                values[name] = values[name].map { $0.replacing(missing, with: drawn) } ?? drawn
            }
            for (name, array) in values { try execution.write(name, array) }
            // Each trial has the draws of a step of its own: where the start is fixed, one unlucky draw is not the end.
            try execution.advance(from: attempt, count: 1, scalars: settings(commit: false))
            firstLaunch = firstLaunch ?? clock.time
            let isFinite = try execution.read(Bookkeeping.Name.isFinite).element(0)
            missing = missing.filter { isFinite[$0] == 0 }
            if missing.isEmpty { break }
        }
        let failed = Set(missing)
        return lanes.indices.map { !failed.contains($0) }
    }
}

/// Wall time and processor time, for reports.
struct Clock {
    private let start = DispatchTime.now().uptimeNanoseconds
    private let processorStart = Self.processor

    struct Time {
        let seconds: Double
        /// Of all threads of this process.
        let processorSeconds: Double
    }

    /// Since it was made.
    var time: Time {
        Time(
            seconds: Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9, processorSeconds: Self.processor - processorStart)
    }

    private static var processor: Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
