import Foundation
import LockstepTensor

/// Moves a parameter along its gradient. A pure function of values: what it remembers travels in slots.
public protocol Optimizer: Sendable {
    /// Arrays of a parameter's own shape that start at zero and travel with it.
    var slotNames: [String] { get }
    /// Numbers that the optimiser reads from the run's data, by name.
    var hyperparameters: [Hyperparameter] { get }

    /// - Parameter step: the number of this update, a real scalar, 1 for the first.
    /// - Returns: the new parameter, and the new slots in the order of `slotNames`.
    func update(_ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor)
        -> (parameter: Tensor, slots: [Tensor])
}

/// A number of an optimiser: the same for all lanes, or read from data, where it may differ from lane to lane.
public enum Hyperparameter: Sendable, Hashable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    case constant(Double)
    /// The name of scalar data.
    case data(String)

    public init(floatLiteral value: Double) { self = .constant(value) }
    public init(integerLiteral value: Int) { self = .constant(Double(value)) }
}

/// Kingma and Ba 2015, algorithm 1, with the epsilon outside of the square root as there.
public struct Adam: Optimizer {
    public let learningRate: Hyperparameter
    public let beta1: Double
    public let beta2: Double
    public let epsilon: Double

    public init(learningRate: Hyperparameter = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    public var slotNames: [String] { ["mean", "square"] }
    public var hyperparameters: [Hyperparameter] { [learningRate] }

    public func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) {
        let mean = slots[0] * Tensor(beta1) + gradient * Tensor(1 - beta1)
        let square = slots[1] * Tensor(beta2) + gradient * gradient * Tensor(1 - beta2)
        // 1 / (1 - beta^t), without the cancellation; the logarithm is the host's, in double precision.
        func correction(_ beta: Double) -> Tensor { 1 / -expMinusOne(step * Tensor(log(beta))) }
        let rate = read(learningRate) * correction(beta1)
        let next = parameter - rate * mean / (sqrt(square * correction(beta2)) + Tensor(epsilon))
        return (next, [mean, square])
    }
}

/// Steepest descent, with momentum where asked: velocity = momentum * velocity + gradient.
public struct SGD: Optimizer {
    public let learningRate: Hyperparameter
    public let momentum: Double

    public init(learningRate: Hyperparameter = 0.001, momentum: Double = 0) {
        self.learningRate = learningRate
        self.momentum = momentum
    }

    public var slotNames: [String] { momentum == 0 ? [] : ["velocity"] }
    public var hyperparameters: [Hyperparameter] { [learningRate] }

    public func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) {
        guard let velocity = slots.first else { return (parameter - read(learningRate) * gradient, []) }
        let next = velocity * Tensor(momentum) + gradient
        return (parameter - read(learningRate) * next, [next])
    }
}
