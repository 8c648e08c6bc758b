import LockstepTensor

/// An optimiser that is given clipped gradients. A gradient that is not finite stays so, and its step is refused.
public struct Clipped: Optimizer {
    /// What is given the clipped gradients.
    public let base: any Optimizer
    /// What is limited.
    public let limit: Limit

    /// What is limited, and the limit, which is positive.
    public enum Limit: Sendable, Hashable {
        /// Of the Euclidean norm of all gradients of a lane together: where it is larger, all are scaled down alike
        /// (Optax: `clip_by_global_norm`).
        case norm(Hyperparameter)
        /// Of the absolute value of each element (NumPyro: `ClippedAdam`).
        case value(Hyperparameter)
    }

    /// Scales all gradients of a lane down to a norm.
    public init(_ base: any Optimizer, norm: some HyperparameterConvertible) {
        self.base = base
        limit = .norm(norm.hyperparameter)
    }

    /// Clips gradients element by element to [-value, value].
    public init(_ base: any Optimizer, value: some HyperparameterConvertible) {
        self.base = base
        limit = .value(value.hyperparameter)
    }

    public var name: String { "Clipped(\(base.name))" }
    public var slotNames: [String] { base.slotNames }
    public func sharedSlots(_ shapes: [Shape]) -> [SharedSlot] { base.sharedSlots(shapes) }
    public var averagedShare: Double? { base.averagedShare }
    public var hyperparameters: [Hyperparameter] {
        switch limit {
        case .norm(let most): base.hyperparameters + [most.named("norm", .positive)]
        case .value(let most): base.hyperparameters + [most.named("value", .positive)]
        }
    }

    public func prepare(_ gradients: [Tensor], _ read: (Hyperparameter) -> Tensor) -> [Tensor] {
        let clipped: [Tensor]
        switch limit {
        case .norm(let most):
            // Squares of shares of the largest element do not overflow: it is large gradients that are to be clipped.
            let largest = gradients.filter { $0.count > 0 }.reduce(Tensor(0.0)) { pointwiseMax($0, abs($1).max()) }
            let unit = select(0 .< largest, largest, 1)
            let norm = unit * sqrt(gradients.reduce(Tensor(0.0)) { $0 + square($1 / unit).sum() })
            let factor = read(most) / pointwiseMax(norm, read(most))
            clipped = gradients.map { $0 * factor }
        case .value(let most):
            clipped = gradients.map { pointwiseMax(pointwiseMin($0, read(most)), -read(most)) }
        }
        return base.prepare(zip(gradients, clipped).map { select($0.isFinite, $1, $0) }, read)
    }

    public func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) {
        base.update(parameter, gradient: gradient, slots: slots, step: step, read)
    }

    public func move(_ step: OptimizationStep) throws -> OptimizationMove { try base.move(step) }
}
