import Lockstep

/// Moves nothing, so that a fit shows its starts.
struct Resting: Optimizer {
    func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) { (parameter, []) }
}

/// Writes the values of hyperparameters at each step into the column of that number of a parameter with a row for each.
struct Recorder: Optimizer {
    let values: [Hyperparameter]

    var hyperparameters: [Hyperparameter] { values.map { $0.named("value", .positive) } }

    func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) {
        let isNow = Tensor.iota(parameter.shape.last ?? 0) .== (step - 1).asInt
        return (select(isNow, Tensor.stack(values.map(read)).expandingShape(at: 1), parameter), [])
    }
}
