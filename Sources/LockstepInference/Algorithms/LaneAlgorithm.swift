import LockstepModel
import LockstepRuntime
import LockstepTensor

/// An algorithm that fits a model, one fit in each lane: `SVI`, `Minimize`, or one of your own.
///
/// It says what a lane carries, where that starts, and what one step makes of it, all as expressions of one lane. The
/// library compiles that into a kernel, runs steps of all lanes in lockstep, keeps losses and statuses, refuses steps whose
/// loss or gradient is not finite, draws other starts where a lane has none, and saves and resumes runs (`FitRun`).
public protocol LaneAlgorithm: Sendable {
    /// What is fitted.
    var model: Model { get }
    /// The family of distributions whose parameters are found.
    var guide: any Guide { get }
    /// What is minimised.
    var loss: any Loss { get }

    /// Looks at the problem and says what a step is.
    ///
    /// - Throws: `ModelError` or `RunError` for a problem that the algorithm is not for.
    func prepare(_ problem: LaneProblem) throws -> LanePlan
}

extension LaneAlgorithm {
    /// Runs one fit for each key.
    ///
    /// - Parameters:
    ///   - keys: one per lane. A lane's result is a function of its key and data, not of the other lanes.
    ///   - steps: of each lane, at most.
    ///   - data: by the names that the model declares.
    ///   - device: what runs the kernels.
    ///   - options: how often losses are kept, what precision, what happens on the way.
    /// - Throws: `LockstepError`, before or during the run; a lane that fails throws nothing, and has its status.
    ///   `CancellationError` where the calling task is cancelled: within about a second while steps run, and at once
    ///   while a driver compiles. Drivers cannot be stopped: its thread goes on, and the next run finds what it made.
    public func run(
        keys: [Key], steps: Int, data: [String: LaneData] = [:], device: Device = .auto, options: RunOptions = RunOptions()
    ) throws -> Fits {
        let run = try start(keys: keys, steps: steps, data: data, device: device, options: options)
        while !run.isFinished { try run.advance() }
        return try run.fits()
    }

    /// Compiles a run, which then goes on as it is told to, and can be looked at and saved between its steps.
    ///
    /// - Parameters: as of `run`.
    /// - Throws: `LockstepError`; `CancellationError` where the calling task is cancelled.
    public func start(
        keys: [Key], steps: Int, data: [String: LaneData] = [:], device: Device = .auto, options: RunOptions = RunOptions()
    ) throws -> FitRun {
        try LockstepError.wrapping {
            try FitRun(self, keys: keys, steps: steps, data: data, device: device.choice(), options: options)
        }
    }

    /// Goes on with a run that was saved: on the device that it ran on it ends with the same bits as if it had never stopped.
    ///
    /// - Parameters:
    ///   - state: of a run of the same algorithm, with the same data and options.
    ///   - data: as for the run that was saved.
    ///   - device: the one that the run was on; on another one the last digits differ.
    ///   - options: as for the run that was saved. The schedule is that of the saved run where this says `automatic`.
    /// - Throws: `LockstepError`, also where the state is one of another model, algorithm, data or options.
    public func resume(
        _ state: RunState, data: [String: LaneData] = [:], device: Device = .auto, options: RunOptions = RunOptions()
    ) throws -> FitRun {
        try LockstepError.wrapping {
            try FitRun(self, keys: state.keys, steps: state.steps, data: data, device: device.choice(), options: options, resuming: state)
        }
    }
}
