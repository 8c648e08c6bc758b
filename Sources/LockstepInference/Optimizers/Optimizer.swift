import LockstepTensor

/// Moves parameters along their gradients. A pure function of values: what it remembers travels in slots.
public protocol Optimizer: Sendable {
    /// What messages call it: the name of the type, unless it says otherwise.
    var name: String { get }
    /// Arrays of a parameter's own shape that start at zero and travel with it.
    var slotNames: [String] { get }
    /// The numbers that the optimiser works with, those read from the run's data among them; see `Hyperparameter.named`.
    var hyperparameters: [Hyperparameter] { get }
    /// The share of the steps, at the end, over which parameters are averaged for the results; nil reports the last ones.
    var averagedShare: Double? { get }

    /// What becomes of the gradients of all parameters of a lane before any of these is moved.
    ///
    /// A step is refused where one of the gradients that this gives, or its square, is not finite.
    func prepare(_ gradients: [Tensor], _ read: (Hyperparameter) -> Tensor) -> [Tensor]

    /// - Parameters:
    ///   - parameter: an array of a lane, in unconstrained space.
    ///   - gradient: of the loss, as `prepare` left it; of the parameter's shape.
    ///   - slots: in the order of `slotNames`, of the parameter's shape.
    ///   - step: the number of this update, a real scalar, 1 for the first.
    ///   - read: the value of a hyperparameter at this step, a real scalar.
    /// - Returns: the new parameter, and the new slots in the order of `slotNames`.
    func update(_ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor)
        -> (parameter: Tensor, slots: [Tensor])
}

extension Optimizer {
    public var name: String { "\(Self.self)" }
    public var slotNames: [String] { [] }
    public var hyperparameters: [Hyperparameter] { [] }
    public var averagedShare: Double? { nil }
    public func prepare(_ gradients: [Tensor], _ read: (Hyperparameter) -> Tensor) -> [Tensor] { gradients }

    /// What an update without the slots that it needs comes to.
    func missingSlots(_ slots: [Tensor]) -> (parameter: Tensor, slots: [Tensor]) {
        let error = TensorError("update", slots.map(\.shape), "\(name) needs the slots \(slotNames), and was given \(slots.count)")
        return (.failed(error), slots)
    }
}
