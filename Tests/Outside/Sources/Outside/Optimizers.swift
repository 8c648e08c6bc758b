import Lockstep

/// Steps of one size in the direction of each gradient's sign, with a momentum.
struct SignDescent: Optimizer {
    let rate: Hyperparameter

    var slotNames: [String] { ["mean"] }
    var hyperparameters: [Hyperparameter] { [rate.named("rate", .positive)] }

    func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) {
        let mean = 0.9 * slots[0] + 0.1 * gradient
        return (parameter - read(rate) * tanh(10 * mean), [mean])
    }
}

/// Steepest descent that takes a long step where the loss falls by it, and a short one where not.
struct BoldDriver: Optimizer {
    func sharedSlots(_ shapes: [Shape]) -> [SharedSlot] { [SharedSlot("log rate")] }

    func move(_ step: OptimizationStep) throws -> OptimizationMove {
        let rate = exp(step.sharedSlots[0] - 5)
        let tried = step.parameters.map { $0.value - rate * $0.gradient }
        let isLower = try step.valueAndGradients(at: tried).value .<= step.loss
        return OptimizationMove(
            zip(step.parameters, tried).map { parameter, tried in (select(isLower, tried, parameter.value), []) },
            sharedSlots: [step.sharedSlots[0] + select(isLower, 0.1, -0.7)])
    }
}
