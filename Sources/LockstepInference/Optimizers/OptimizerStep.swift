import LockstepTensor

/// An optimiser at work on one step of a lane: all parameters moved, as expressions.
struct OptimizerStep {
    /// Those that parameters are moved by.
    let gradients: [Tensor]
    /// Each parameter with its slots, then what they share.
    let updates: [LanePlan.Update]
    let check: HyperparameterCheck

    /// - Parameters:
    ///   - value: of the loss.
    ///   - raw: its gradients.
    /// - Throws: `RunError` for an optimiser that does not keep to its word.
    init(_ optimizer: any Optimizer, _ problem: LaneProblem, _ loss: any Loss, _ value: Tensor, _ raw: [Tensor]) throws {
        let (time, origin) = (problem.time, problem.origin)
        let slotNames = optimizer.slotNames
        let author = Author(name: optimizer.name)
        let shared = optimizer.sharedSlots(problem.parameters.map(\.value.shape))
        try author.validate(slotNames, "slotNames")
        try author.validate(shared.map(\.name), "sharedSlots")
        let declared = optimizer.hyperparameters
        var numbers: [Hyperparameter.Form: Tensor] = [:]
        var undeclared: [Hyperparameter] = []
        func read(_ hyperparameter: Hyperparameter) -> Tensor {
            if let known = numbers[hyperparameter.form] { return known }
            if !declared.contains(where: { $0.form == hyperparameter.form }) { undeclared.append(hyperparameter) }
            let number = hyperparameter.value(in: ScheduleSpan(done: time.done, length: time.steps)) { name in
                .input(Input(.data, name, origin: origin), shape: [])
            }
            numbers[hyperparameter.form] = number
            return number
        }

        if let failure = raw.lazy.compactMap(\.failure).first { throw failure }
        let gradients = optimizer.prepare(raw, read)
        guard gradients.count == raw.count else {
            throw author.error("prepare gave \(gradients.count) gradients; give one for each of the \(raw.count) that it was given")
        }
        for (parameter, gradient) in zip(problem.parameters, gradients) {
            try author.validate(gradient, "gradient of '\(parameter.name)' that prepare gave", parameter.value.shape)
        }
        let names = problem.parameters.map { parameter in slotNames.map { StateName.slot($0, of: parameter.name) } }
        let sharedNames = shared.map { StateName.slot($0.name, of: "") }
        let step = OptimizationStep(
            parameters: problem.parameters.indices.map { number in
                let parameter = problem.parameters[number]
                return .init(
                    name: parameter.name, value: parameter.value, gradient: gradients[number],
                    slots: names[number].map { $0.before(origin, shape: parameter.value.shape) })
            },
            sharedSlots: zip(sharedNames, shared).map { $0.before(origin, shape: $1.shape) }, step: time.done + 1, loss: value,
            evaluate: { try problem.valueAndGradients(of: loss, at: $0) }, readValue: read)
        var updates: [LanePlan.Update] = []
        let (before, after) = (step.parameters, try optimizer.move(step))
        guard after.parameters.count == before.count else {
            throw author.error("move gave \(after.parameters.count) parameters; give one for each of the \(before.count) that it was given")
        }
        for ((old, new), names) in zip(zip(before, after.parameters), names) {
            try author.validate(new.value, "new value of '\(old.name)'", old.value.shape)
            guard new.slots.count == old.slots.count else {
                throw author.error(
                    "update gave \(new.slots.count) slots for '\(old.name)'; give one for each of the slotNames \(slotNames)")
            }
            updates.append(LanePlan.Update(name: .parameter(old.name), start: nil, old: old.value, new: new.value))
            for (number, slot) in new.slots.enumerated() {
                try author.validate(slot, "slot '\(slotNames[number])' of '\(old.name)'", old.value.shape)
                updates.append(LanePlan.Update(name: names[number], start: nil, old: old.slots[number], new: slot))
            }
        }
        guard after.sharedSlots.count == shared.count else {
            throw author.error(
                "move gave \(after.sharedSlots.count) shared slots; give one for each of the sharedSlots \(shared.map(\.name))")
        }
        for (number, slot) in after.sharedSlots.enumerated() {
            try author.validate(slot, "shared slot '\(shared[number].name)'", shared[number].shape)
            updates.append(LanePlan.Update(name: sharedNames[number], start: nil, old: step.sharedSlots[number], new: slot))
        }
        self.gradients = gradients
        self.updates = updates
        check = HyperparameterCheck(optimizer.name, declared + undeclared)
    }
}

/// Who is to blame for what an optimiser gives.
private struct Author {
    let name: String

    func error(_ reason: String) -> RunError { RunError("\(name): \(reason)") }

    func validate(_ slotNames: [String], _ what: String) throws {
        for (place, slot) in slotNames.enumerated() {
            guard !slotNames[..<place].contains(slot) else { throw error("\(what) has '\(slot)' twice; give each slot a name of its own") }
            // It ends the slot's name in the name of a lane's array.
            guard !slot.contains("/") else { throw error("the slot name '\(slot)' contains '/'; give another name") }
        }
    }

    func validate(_ tensor: Tensor, _ what: String, _ shape: Shape) throws {
        if let failure = tensor.failure { throw error("the \(what) cannot be computed: \(failure)") }
        guard tensor.shape == shape else { throw error("the \(what) has shape \(tensor.shape); give shape \(shape)") }
        guard tensor.dtype == .real else { throw error("the \(what) is made of \(tensor.dtype) values; give reals") }
    }
}

/// Where a step is in its run, as expressions.
struct StepTime: Sendable {
    /// The number of the step, a real, 0 for the first.
    let done: Tensor
    /// Steps of the run, a real: a number given at each launch, so that runs of any length share a program.
    let steps: Tensor

    init(_ origin: Origin) {
        done = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int).asReal
        steps = Tensor.input(Input(.scalar, Bookkeeping.Setting.steps, origin: origin), shape: [])
    }
}
