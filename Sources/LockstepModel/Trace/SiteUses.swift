import LockstepDistributions
import LockstepTensor

extension Message {
    /// What the site takes values for. Of a hidden one that is what its draws need.
    func uses(_ value: Tensor, distribution: (any Distribution)?, constraint: Constraint?, initial: Tensor?) -> [Use] {
        if let constraint, let initial { return paramUses(constraint, initial) }
        guard hiddenBy == nil else {
            return self.value == nil ? parameterUses(distribution, mask: nil) : []
        }
        let mask = weighting.counted
        let scales = weighting.scales.map { Use(site: name, role: "the scale", $0, .nonNegative, .finite, mask: weighting.mask) }
        if kind == .factor { return scales + [Use(site: name, role: "the factor", value, .real, mask: mask)] }
        guard let distribution else { return [] }
        return scales + parameterUses(distribution, mask: mask) + valueUses(value, distribution, mask)
    }

    private func paramUses(_ constraint: Constraint, _ initial: Tensor) -> [Use] {
        if let value, hiddenBy == nil { return [Use(site: name, role: "the given value", value, constraint)] }
        return [Use(site: name, role: "the initial value", initial, constraint, hiddenBy == nil ? .inside : .plain)]
    }

    private func parameterUses(_ distribution: (any Distribution)?, mask: Tensor?) -> [Use] {
        guard let distribution else { return [] }
        return distribution.parameters.map { parameter in
            Use(
                site: name, role: "\(parameter.name) of \(distribution.name)", parameter.value, parameter.constraint,
                parameter.isLogarithm ? .logarithm : .plain, mask: mask, eventAxes: parameter.eventAxes)
        }
    }

    private func valueUses(_ value: Tensor, _ distribution: any Distribution, _ mask: Tensor?) -> [Use] {
        guard self.value != nil else { return [] }
        let role = "the \(isObserved ? "observed" : "given") value of \(distribution.name)"
        // The support of a user's distribution may be that of one element of its event.
        let missing = distribution.eventShape.count - distribution.support.eventRank
        let support = missing > 0 ? Constraint.independent(distribution.support, axes: missing) : distribution.support
        return [Use(site: name, role: role, value, support, .observed(distribution), mask: mask)]
    }
}

extension Weighting {
    /// All masks together; nil when there is none.
    var mask: Tensor? { masks.first.map { masks.dropFirst().reduce($0, .&) } }

    /// Where an element counts at all: no mask excludes it, and no scale is 0.
    var counted: Tensor? {
        let all = masks + scales.filter { $0.splat == nil || $0.splat == 0 }.map { $0 .!= 0 }
        return all.first.map { all.dropFirst().reduce($0, .&) }
    }
}
