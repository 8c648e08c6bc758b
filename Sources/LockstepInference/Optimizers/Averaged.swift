import LockstepTensor

/// An optimiser of whose parameters, in unconstrained space, the mean over the last steps is the result (Polyak and
/// Juditsky 1992): it has less of the noise in which the last ones move.
///
/// A lane that stops early, converged, has the mean over those of the last steps of the run that it took, or its last
/// parameters where it took none. One that diverged has its last finite parameters, as ever.
public struct Averaged: Optimizer {
    /// What moves the parameters.
    public let base: any Optimizer
    /// The share of the run's steps, at the end, over which the mean is taken; above 0, up to 1.
    public let share: Double

    /// - Parameters:
    ///   - base: what moves the parameters.
    ///   - share: the share of the run's steps, at the end, over which the mean is taken.
    public init(_ base: any Optimizer, over share: Double = 0.25) {
        self.base = base
        self.share = share
    }

    public var name: String { "Averaged(\(base.name))" }
    public var slotNames: [String] { base.slotNames }
    public func sharedSlots(_ shapes: [Shape]) -> [SharedSlot] { base.sharedSlots(shapes) }
    public var averagedShare: Double? { share }
    public var hyperparameters: [Hyperparameter] { base.hyperparameters + [.constant(share).named("share", .share)] }

    public func prepare(_ gradients: [Tensor], _ read: (Hyperparameter) -> Tensor) -> [Tensor] { base.prepare(gradients, read) }

    public func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) {
        base.update(parameter, gradient: gradient, slots: slots, step: step, read)
    }

    public func move(_ step: OptimizationStep) throws -> OptimizationMove { try base.move(step) }
}
