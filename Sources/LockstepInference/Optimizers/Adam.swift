import Foundation
import LockstepTensor

/// Kingma and Ba 2015, algorithm 1, with the epsilon outside of the square root as there.
public struct Adam: Optimizer {
    /// The step size; positive.
    public let learningRate: Hyperparameter
    /// The share of the mean gradient that a step keeps; in [0, 1).
    public let beta1: Double
    /// The share of the mean squared gradient that a step keeps; in [0, 1).
    public let beta2: Double
    /// What is added to the root of the mean square; not negative.
    public let epsilon: Double

    /// Numbers with which Adam makes no sense are refused before a run.
    public init(
        learningRate: some HyperparameterConvertible = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8
    ) {
        self.learningRate = learningRate.hyperparameter
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    public var slotNames: [String] { ["mean", "square"] }
    public var hyperparameters: [Hyperparameter] {
        [
            learningRate.named("learningRate", .positive), .constant(beta1).named("beta1", .belowOne),
            .constant(beta2).named("beta2", .belowOne), .constant(epsilon).named("epsilon", .notNegative),
        ]
    }

    public func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) {
        guard slots.count == slotNames.count else { return missingSlots(slots) }
        let mean = slots[0] * Tensor(beta1) + gradient * Tensor(1 - beta1)
        let square = slots[1] * Tensor(beta2) + gradient * gradient * Tensor(1 - beta2)
        // 1 / (1 - beta^t), without the cancellation; the logarithm is the host's, in double precision.
        func correction(_ beta: Double) -> Tensor { 1 / -expMinusOne(step * Tensor(log(beta))) }
        let rate = read(learningRate) * correction(beta1)
        let next = parameter - rate * mean / (sqrt(square * correction(beta2)) + Tensor(epsilon))
        return (next, [mean, square])
    }
}
