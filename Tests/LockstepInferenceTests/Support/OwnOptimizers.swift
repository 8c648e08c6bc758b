import Lockstep

/// Moves nothing, so that a fit shows its starts.
struct Resting: Optimizer {
    func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) { (parameter, []) }
}

/// Writes the value of a hyperparameter at each step into the element of that number of a parameter.
struct Recorder: Optimizer {
    let value: Hyperparameter

    var hyperparameters: [Hyperparameter] { [value.named("value", .positive)] }

    func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) {
        (select(.iota(parameter.count) .== (step - 1).asInt, read(value), parameter), [])
    }
}
