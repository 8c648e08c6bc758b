import LockstepTensor

/// Moves parameters along their gradients. A pure function of values: what it remembers travels in slots.
///
/// An optimiser that moves each parameter by itself has `slotNames` and `update`. One that looks at all of a lane's parameters
/// together, or at the loss elsewhere, has `move`, and `sharedSlots` for what it remembers of them together.
public protocol Optimizer: Sendable {
    /// What messages call it: the name of the type, unless it says otherwise.
    var name: String { get }
    /// Arrays of a parameter's own shape that start at zero and travel with it.
    var slotNames: [String] { get }
    /// The numbers that the optimiser works with, those read from the run's data among them; see `Hyperparameter.named`.
    var hyperparameters: [Hyperparameter] { get }
    /// The share of the steps, at the end, over which parameters are averaged for the results; nil reports the last ones.
    var averagedShare: Double? { get }

    /// Arrays of reals that start at zero and travel with all parameters together.
    ///
    /// - Parameter shapes: of the parameters.
    func sharedSlots(_ shapes: [Shape]) -> [SharedSlot]

    /// What becomes of the gradients of all parameters of a lane before any of these is moved.
    ///
    /// A step is refused where one of the gradients that this gives, or its square, is not finite.
    func prepare(_ gradients: [Tensor], _ read: (Hyperparameter) -> Tensor) -> [Tensor]

    /// Moves one parameter.
    ///
    /// - Parameters:
    ///   - parameter: an array of a lane, in unconstrained space.
    ///   - gradient: of the loss, as `prepare` left it; of the parameter's shape.
    ///   - slots: in the order of `slotNames`, of the parameter's shape.
    ///   - step: the number of this update, a real scalar, 1 for the first.
    ///   - read: the value of a hyperparameter at this step, a real scalar.
    /// - Returns: the new parameter, and the new slots in the order of `slotNames`.
    func update(_ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor)
        -> (parameter: Tensor, slots: [Tensor])

    /// Moves all parameters of a lane: each by `update`, unless an optimiser does otherwise.
    ///
    /// - Throws: what `OptimizationStep.valueAndGradients` throws.
    func move(_ step: OptimizationStep) throws -> OptimizationMove
}

/// What an optimiser remembers of all parameters together.
public struct SharedSlot: Hashable, Sendable {
    /// Without a slash.
    public let name: String
    /// Of one lane's array.
    public let shape: Shape

    /// An array of reals.
    public init(_ name: String, shape: Shape = []) {
        self.name = name
        self.shape = shape
    }
}

/// All parameters of a lane before an update.
public struct OptimizationStep {
    /// One array of a lane.
    public struct Parameter {
        /// As the guide or the model calls it.
        public let name: String
        /// In unconstrained space.
        public let value: Tensor
        /// Of the loss, as `Optimizer.prepare` left it.
        public let gradient: Tensor
        /// In the order of `Optimizer.slotNames`.
        public let slots: [Tensor]
    }

    /// In the order of the lane's.
    public let parameters: [Parameter]
    /// In the order of `Optimizer.sharedSlots`.
    public let sharedSlots: [Tensor]
    /// The number of this update, a real scalar, 1 for the first.
    public let step: Tensor
    /// The loss at the values, a scalar.
    public let loss: Tensor
    let evaluate: ([Tensor]) throws -> (value: Tensor, gradients: [Tensor])
    let readValue: (Hyperparameter) -> Tensor

    /// The value of a hyperparameter at this step, a real scalar.
    public func read(_ hyperparameter: Hyperparameter) -> Tensor { readValue(hyperparameter) }

    /// The loss and its gradients elsewhere, with the draws of this step.
    ///
    /// - Parameter values: of all parameters, in their order.
    /// - Throws: `RunError` where values have other shapes than the parameters, `ModelError` when model and guide do not fit together.
    public func valueAndGradients(at values: [Tensor]) throws -> (value: Tensor, gradients: [Tensor]) { try evaluate(values) }
}

/// All parameters of a lane after an update.
public struct OptimizationMove {
    /// The new parameter and slots of each, in the order of the step's.
    public var parameters: [(value: Tensor, slots: [Tensor])]
    /// In the order of the step's.
    public var sharedSlots: [Tensor]

    /// Shapes as in the step.
    public init(_ parameters: [(value: Tensor, slots: [Tensor])], sharedSlots: [Tensor] = []) {
        self.parameters = parameters
        self.sharedSlots = sharedSlots
    }
}

extension Optimizer {
    public var name: String { "\(Self.self)" }
    public var slotNames: [String] { [] }
    public var hyperparameters: [Hyperparameter] { [] }
    public var averagedShare: Double? { nil }
    public func sharedSlots(_ shapes: [Shape]) -> [SharedSlot] { [] }
    public func prepare(_ gradients: [Tensor], _ read: (Hyperparameter) -> Tensor) -> [Tensor] { gradients }

    public func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) {
        let error = TensorError("update", [parameter.shape], "\(name) has neither an update of one parameter nor a move of all")
        return (.failed(error), slots)
    }

    public func move(_ step: OptimizationStep) throws -> OptimizationMove {
        OptimizationMove(
            step.parameters.map { parameter in
                let (value, slots) = update(
                    parameter.value, gradient: parameter.gradient, slots: parameter.slots, step: step.step, step.readValue)
                return (value, slots)
            }, sharedSlots: step.sharedSlots)
    }

    /// What an update without the slots that it needs comes to.
    func missingSlots(_ slots: [Tensor]) -> (parameter: Tensor, slots: [Tensor]) {
        let error = TensorError("update", slots.map(\.shape), "\(name) needs the slots \(slotNames), and was given \(slots.count)")
        return (.failed(error), slots)
    }
}
