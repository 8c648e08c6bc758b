import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Stochastic variational inference: a model, a guide, an optimiser and a loss, compiled into one program that
/// thousands of fits go through in lockstep. A value: running it twice gives the same answer.
public struct SVI: LaneAlgorithm {
    public let model: Model
    /// The family of distributions that the model is fitted with.
    public let guide: any Guide
    /// What moves the parameters.
    public let optimizer: any Optimizer
    public let loss: any Loss

    /// Looks at nothing yet: what does not fit together is an error of the run.
    public init(_ model: Model, guide: any Guide, optimizer: any Optimizer, loss: any Loss = TraceELBO()) {
        self.model = model
        self.guide = guide
        self.optimizer = optimizer
        self.loss = loss
    }

    public func prepare(_ problem: LaneProblem) throws -> LanePlan {
        let (value, gradients) = try problem.valueAndGradients(of: loss)
        let step = try OptimizerStep(optimizer, problem, loss, value, gradients)
        var plan = LanePlan(loss: value, gradients: step.gradients, updates: step.updates)
        plan.averagedShare = optimizer.averagedShare
        plan.hyperparameters = optimizer.hyperparameters
        plan.check = step.check
        return plan
    }
}
