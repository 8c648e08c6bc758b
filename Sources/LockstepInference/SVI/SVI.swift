import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Stochastic variational inference: a model, a guide, an optimiser and a loss, compiled into one program that
/// thousands of fits go through in lockstep. A value: running it twice gives the same answer.
public struct SVI: Sendable {
    public let model: Model
    public let guide: any Guide
    public let optimizer: any Optimizer
    public let loss: any Loss

    public init(_ model: Model, guide: any Guide, optimizer: any Optimizer, loss: any Loss = TraceELBO()) {
        self.model = model
        self.guide = guide
        self.optimizer = optimizer
        self.loss = loss
    }

    /// Runs one fit for each key.
    ///
    /// - Parameters:
    ///   - keys: one per lane. A lane's result is a function of its key and data, not of the other lanes.
    ///   - steps: updates of each lane.
    ///   - data: by the names that the model declares.
    ///   - options: how often losses are kept, what precision, what happens on the way.
    /// - Throws: `ModelError`, `DataError`, `DeviceError` or a driver's error, before or during the run; a lane that
    ///   fails throws nothing, and has its status. `CancellationError` where the calling task is cancelled: within about
    ///   a second while steps run, and after the compiler of a driver, which cannot be stopped.
    public func run(
        keys: [Key], steps: Int, data: [String: LaneData] = [:], device: Device = .auto, options: RunOptions = RunOptions()
    ) throws -> Fits {
        try options.validate(lanes: keys.count, steps: steps)
        return try SVIRun(self, keys: keys, steps: steps, data: data, device: device, options: options).run()
    }
}

/// How a run is done; nothing in it changes a lane's result, except precision, convergence and, in the last digits,
/// the schedule.
public struct RunOptions: Sendable {
    /// The losses of this many steps are averaged into one entry of the history.
    public var lossInterval = 50
    public var precision = Precision.float
    /// How lanes and data are laid on an OpenCL device. A lane's result is the same to the bit for one schedule.
    public var schedule = Schedule.automatic
    /// Bytes of device memory that one wave of lanes may take; nil leaves it to the device.
    public var memoryBudget: Int?
    /// Starts tried for a lane whose loss or gradient is not finite at its start.
    public var startAttempts = 100
    /// When a lane stops before the last step; nil lets all lanes run to the end.
    public var convergence: Convergence?
    /// Called from time to time with the share of all steps that is done.
    public var onProgress: (@Sendable (Double) -> Void)?

    public init() {}

    /// - Throws: `RunError` for a run that makes no sense.
    func validate(lanes: Int, steps: Int) throws {
        guard lanes >= 1 else { throw RunError("there are no lanes: give at least one key") }
        guard steps >= 1 else { throw RunError("cannot run \(steps) steps; give at least 1") }
        // Step numbers are reals to the optimiser and to the history, and must be exact with half a step to spare.
        guard steps <= 1 << 22 else { throw RunError("cannot run \(steps) steps; give at most \(1 << 22)") }
        guard lossInterval >= 1 else { throw RunError("the loss interval is \(lossInterval) steps; give at least 1") }
        if let memoryBudget, memoryBudget < 1 {
            throw RunError("the memory budget is \(memoryBudget) bytes; give at least 1, or nil to leave it to the device")
        }
        guard (1...1_000_000).contains(startAttempts) else {
            throw RunError("cannot try \(startAttempts) starts; give 1 to 1000000")
        }
        try convergence?.validate()
    }

    /// Entries of the loss history of so many steps, of which there is at least one.
    func slots(_ steps: Int) -> Int { (steps - 1) / lossInterval + 1 }
}

/// A run that makes no sense.
public struct RunError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
