import LockstepTensor

/// Steepest descent, with momentum where asked: velocity = momentum * velocity + gradient.
public struct SGD: Optimizer {
    /// The step size; positive.
    public let learningRate: Hyperparameter
    /// The share of the velocity that a step keeps; in [0, 1).
    public let momentum: Double

    /// Numbers with which descent makes no sense are refused before a run.
    public init(learningRate: some HyperparameterConvertible = 0.001, momentum: Double = 0) {
        self.learningRate = learningRate.hyperparameter
        self.momentum = momentum
    }

    public var slotNames: [String] { momentum == 0 ? [] : ["velocity"] }
    public var hyperparameters: [Hyperparameter] {
        [learningRate.named("learningRate", .positive), .constant(momentum).named("momentum", .belowOne)]
    }

    public func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) {
        guard let velocity = slots.first else { return (parameter - read(learningRate) * gradient, []) }
        let next = velocity * Tensor(momentum) + gradient
        return (parameter - read(learningRate) * next, [next])
    }
}
