import LockstepDistributions
import LockstepTensor

extension Message {
    /// Finds mistakes in the statement itself, and expands its distribution over the plates.
    mutating func prepare() throws(ModelError) {
        switch statement {
        case .sample(let given):
            wrongConstant = try check(given)
            let distribution = try repeated(given)
            statement = .sample(distribution)
            let batch = try plates.expand(distribution.batchShape, site: name)
            guard batch != distribution.batchShape else { return }
            let expanded = distribution.expanded(to: batch)
            if let failure = expanded.failure { throw ModelError(site: name, "\(failure)") }
            guard expanded.batchShape == batch else {
                throw ModelError(
                    site: name,
                    "\(distribution.name) of batch shape \(distribution.batchShape) does not expand to \(batch), which its plates ask for")
            }
            statement = .sample(expanded)
        case .param(let initial, let constraint):
            try check(initial, as: "its initial value")
            guard times.isEmpty || !Region.hasStandIns([initial] + constraint.bounds.map(\.value)) else {
                throw ModelError(
                    site: name,
                    "a param in a step of a scan is one value for all steps, and this one starts from, or is bounded by, what a step gets; "
                        + "put a param with an axis for time outside of the scan, and go over its rows")
            }
            if constraint.isDiscrete {
                throw ModelError(site: name, "a param cannot be optimised over isolated points (\(constraint)); use a continuous constraint")
            }
            if let violation = DistributionParameter("its initial value", initial, constraint).violation {
                throw ModelError(site: name, violation)
            }
            // It is optimised, whatever it starts from.
            statement = .param(initial: initial.asReal, constraint: constraint)
        case .deterministic, .factor:
            if let value { try check(value, as: "its value") }
        }
    }

    /// The distribution with the axes that the statement asks for, as one event.
    private func repeated(_ distribution: any Distribution) throws(ModelError) -> any Distribution {
        if shape.isEmpty { return distribution }
        let batch = distribution.batchShape
        let outer = Array(batch.dropLast(shape.count))
        guard shape.allSatisfy({ $0 >= 1 }), Shapes.isPossible(outer + shape + distribution.eventShape) else {
            throw ModelError(site: name, "its shape is \(shape); give positive extents, and not so many")
        }
        guard Shapes.canBroadcast(Array(batch.suffix(shape.count)), to: shape) else {
            throw ModelError(
                site: name,
                "\(distribution.name) has batch shape \(batch), which does not expand to shape \(shape); give parameters of "
                    + "that shape, and axes of 1 in its place where they vary over a plate, as x.expandingShape(at: -1) has")
        }
        let repeated = distribution.expanded(to: outer + shape).toEvent(shape.count)
        if let failure = repeated.failure { throw ModelError(site: name, "\(failure)") }
        return repeated
    }

    /// What the site comes to, once all handlers have seen it.
    func resolve(_ run: TraceRun) throws(ModelError) -> Site {
        if let error { throw error }
        switch statement {
        case .sample(let distribution):
            // Handlers too may exclude rows; the check of a run's data knows which.
            if let wrongConstant, hiddenBy != nil || weighting.counted == nil { throw ModelError(site: name, wrongConstant) }
            let value = if let given = self.value { try fit(given, distribution) } else { try draw(distribution, run) }
            let logProb = hiddenBy == nil ? try weighting.logProb(distribution, value, site: name) : nil
            if let logProb { try check(logProb, as: "its log density") }
            return site(value, distribution: distribution, logProb: logProb)
        case .param(let initial, let constraint):
            let value = self.value ?? initial
            try check(value, as: "its value")
            guard value.shape == initial.shape else {
                throw ModelError(site: name, "it was given a value of shape \(value.shape), but the param has shape \(initial.shape)")
            }
            return site(value.asReal, constraint: constraint, initial: initial)
        case .deterministic:
            return site(value ?? 0)
        case .factor:
            let term = value ?? 0
            let batch = try plates.expand(term.shape, site: name)
            let logProb = hiddenBy == nil ? try weighting.term(term.asReal.broadcast(to: batch), site: name) : nil
            return site(term, logProb: logProb)
        }
    }

    private func site(
        _ value: Tensor, distribution: (any Distribution)? = nil, logProb: Tensor? = nil, constraint: Constraint? = nil,
        initial: Tensor? = nil
    ) -> Site {
        Site(
            name: name, kind: kind, isObserved: isObserved, distribution: distribution, value: value, logProb: logProb,
            plates: plates, constraint: constraint, initial: initial,
            uses: uses(value, distribution: distribution, constraint: constraint, initial: initial),
            masks: weighting.masks, scales: weighting.scales)
    }

    // MARK: Checks

    private func check(_ tensor: Tensor, as role: String) throws(ModelError) {
        if let failure = tensor.failure { throw ModelError(site: name, "\(role) is wrong: \(failure)") }
    }

    /// - Returns: what is wrong with constants that some rows may have and others not.
    private func check(_ distribution: any Distribution) throws(ModelError) -> String? {
        let parameters = distribution.parameters
        for parameter in parameters {
            if let failure = parameter.value.failure {
                throw ModelError(site: name, "\(parameter.name) of \(distribution.name) is wrong: \(failure)")
            }
        }
        if let failure = distribution.failure { throw ModelError(site: name, "\(failure)") }
        for parameter in parameters {
            guard let violation = parameter.violation else { continue }
            let text = "in \(distribution.name), \(violation)"
            guard !parameter.value.shape.isEmpty else { throw ModelError(site: name, text) }
            return text
        }
        return nil
    }

    private func draw(_ distribution: any Distribution, _ run: TraceRun) throws(ModelError) -> Tensor {
        if !distribution.isProper {
            guard run.isPrototype else {
                throw ModelError(
                    site: name,
                    "\(distribution.name) is a flat prior, which has no draws; let a guide cover the site, or give it a value "
                        + "with condition(_:) or substitute(_:)")
            }
            return distribution.support.typicalValue(distribution.shape()).broadcast(to: distribution.shape())
        }
        let draw = distribution.sample(run.source(site: name), sampleShape: [])
        try check(draw, as: "its value")
        // Of a recurrence, some draws cannot be made before it.
        if run.isPrototype, !times.isEmpty, draw.dtype == .real { return distribution.support.typicalValue(draw.shape).broadcast(to: draw.shape) }
        // A distribution may be a user's own.
        guard draw.shape == distribution.shape() else {
            throw ModelError(
                site: name, "\(distribution.name) drew shape \(draw.shape), but its batch and event shapes say \(distribution.shape())")
        }
        return draw
    }

    /// A given value over the whole batch.
    func fit(_ value: Tensor, _ distribution: any Distribution) throws(ModelError) -> Tensor {
        let role = isObserved ? "observed" : "given"
        try check(value, as: "its \(role) value")
        let shape = distribution.batchShape + distribution.eventShape
        guard Shapes.canBroadcast(value.shape, to: shape) else {
            throw ModelError(
                site: name,
                "its \(role) value has shape \(value.shape), but \(distribution.name) has batch shape \(distribution.batchShape) "
                    + "and event shape \(distribution.eventShape); \(Self.advice(value.shape, distribution))")
        }
        // A mask or a weight of 0 may exclude what is missing.
        if let literal = value.literal, weighting.counted == nil {
            let bad = literal.first { !$0.isFinite }
            if let bad {
                throw ModelError(site: name, "its \(role) value holds \(bad); take missing elements out with a mask")
            }
            if let violation = DistributionParameter("the \(role) value", value, distribution.support.closed).violation {
                throw ModelError(site: name, "in \(distribution.name), \(violation)")
            }
        }
        return value.broadcast(to: shape)
    }
}

extension Message {
    /// What to do about a value that is larger than its distribution, or of another shape.
    private static func advice(_ shape: Shape, _ distribution: any Distribution) -> String {
        let batch = distribution.batchShape
        let wider = Array(shape.dropLast(distribution.eventShape.count))
        guard Shapes.canBroadcast(batch + distribution.eventShape, to: shape), !wider.isEmpty else {
            return "give a value of shape \(batch + distribution.eventShape)"
        }
        // Plates are what makes the batch longer.
        let missing = wider.indices.filter { index in
            let own = index - (wider.count - batch.count)
            return own < 0 || batch[own] != wider[index]
        }
        let plates = missing.map { "size \(wider[$0]) at dim \($0 - wider.count)" }.joined(separator: " and ")
        return missing.count == 1 ? "put the site in a plate of \(plates)" : "put the site in plates of \(plates)"
    }
}

extension Distribution {
    /// As a user wrote it, without what plates, scans and `toEvent` put around it.
    package var name: String {
        let own = ofStep
        if let independent = own as? Independent { return independent.base.name }
        return String(describing: type(of: own))
    }

    /// Of one step, without the time axes that scans put in front.
    package var ofStep: any Distribution { (self as? OverSteps)?.step.ofStep ?? self }
}
