import LockstepTensor

/// An optimiser at work on one step of a lane: all parameters moved, as expressions.
struct OptimizerStep {
    /// What a step would make of one array of a lane.
    struct Update {
        let name: String
        let isParameter: Bool
        let old: Tensor
        let new: Tensor
    }

    /// Those that parameters are moved by.
    let gradients: [Tensor]
    let updates: [Update]
    let check: HyperparameterCheck

    /// - Throws: `RunError` for an optimiser that does not keep to its word.
    init(
        _ optimizer: any Optimizer, _ parameters: [PreparedGuide.Parameter], _ values: [Tensor], _ raw: [Tensor], _ time: StepTime,
        _ origin: Origin
    ) throws {
        let slotNames = optimizer.slotNames
        let author = Author(name: optimizer.name)
        try author.validate(slotNames)
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
        var updates: [Update] = []
        for ((parameter, value), gradient) in zip(zip(parameters, values), gradients) {
            try author.validate(gradient, "gradient of '\(parameter.name)' that prepare gave", parameter.shape)
            let names = slotNames.map { StateName.slot($0, of: parameter.name) }
            let slots = names.map { $0.before(origin, shape: parameter.shape) }
            let (next, nextSlots) = optimizer.update(value, gradient: gradient, slots: slots, step: time.done + 1, read)
            try author.validate(next, "new value of '\(parameter.name)'", parameter.shape)
            guard nextSlots.count == slots.count else {
                throw author.error(
                    "update gave \(nextSlots.count) slots for '\(parameter.name)'; give one for each of the slotNames \(slotNames)")
            }
            updates.append(Update(name: StateName.parameter(parameter.name).text, isParameter: true, old: value, new: next))
            for (slot, new) in nextSlots.enumerated() {
                try author.validate(new, "slot '\(slotNames[slot])' of '\(parameter.name)'", parameter.shape)
                updates.append(Update(name: names[slot].text, isParameter: false, old: slots[slot], new: new))
            }
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

    func validate(_ slotNames: [String]) throws {
        for (place, slot) in slotNames.enumerated() {
            guard !slotNames[..<place].contains(slot) else { throw error("slotNames has '\(slot)' twice; give each slot a name of its own") }
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
struct StepTime {
    /// The number of the step, a real, 0 for the first.
    let done: Tensor
    /// Steps of the run, a real: a number given at each launch, so that runs of any length share a program.
    let steps: Tensor

    init(_ origin: Origin) {
        done = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int).asReal
        steps = Tensor.input(Input(.scalar, Bookkeeping.Setting.steps, origin: origin), shape: [])
    }
}
