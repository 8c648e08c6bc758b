import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Stochastic variational inference: a model, a guide, an optimiser and a loss, compiled into one program that
/// thousands of fits go through in lockstep. A value: running it twice gives the same answer.
public struct SVI: Sendable {
    /// What is fitted.
    public let model: Model
    /// The family of distributions that it is fitted with.
    public let guide: any Guide
    /// What moves the parameters.
    public let optimizer: any Optimizer
    /// What is minimised.
    public let loss: any Loss

    /// Looks at nothing yet: what does not fit together is an error of the run.
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
    ///   - device: what runs the kernels.
    ///   - options: how often losses are kept, what precision, what happens on the way.
    /// - Throws: `LockstepError`, before or during the run; a lane that fails throws nothing, and has its status.
    ///   `CancellationError` where the calling task is cancelled: within about a second while steps run, and at once
    ///   while a driver compiles. Drivers cannot be stopped: its thread goes on, and the next run finds what it made.
    public func run(
        keys: [Key], steps: Int, data: [String: LaneData] = [:], device: Device = .auto, options: RunOptions = RunOptions()
    ) throws -> Fits {
        try LockstepError.wrapping {
            try options.validate(lanes: keys.count, steps: steps)
            return try SVIRun(self, keys: keys, steps: steps, data: data, device: device.choice(), options: options).run()
        }
    }
}
