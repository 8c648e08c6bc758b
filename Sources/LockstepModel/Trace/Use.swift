import LockstepDistributions
import LockstepTensor

/// What a site takes a value for, and where the value must lie: what is known of it can be checked before a run.
package struct Use: Sendable {
    /// How the constraint is meant.
    package enum Rule: Sendable {
        case plain
        case finite
        /// Ends do not count: an optimiser that starts there cannot move.
        case inside
        /// An observed value: rounded data may lie on an open end, if the density is finite there.
        case observed(any Distribution)
        /// -infinity will do too.
        case logarithm
        /// An index of so many rows.
        case row(below: Int)
    }

    package let site: String
    /// As in "the scale of Normal".
    package let role: String
    package let value: Tensor
    package let constraint: Constraint
    package let rule: Rule
    /// Over the batch of the site: where the value does not matter it is false. Nil where it matters everywhere.
    package let mask: Tensor?
    /// Axes of the site's event over which the constraint is checked one by one.
    package let eventAxes: Int

    package init(
        site: String, role: String, _ value: Tensor, _ constraint: Constraint, _ rule: Rule = .plain, mask: Tensor? = nil,
        eventAxes: Int = 0
    ) {
        var (base, axes) = (constraint, eventAxes)
        // Element by element, so that a mistake can be located.
        while case .independent(let inner, let more) = base { (base, axes) = (inner, axes + Swift.max(more, 0)) }
        self.site = site
        self.role = role
        self.value = value
        self.constraint = base
        self.rule = rule
        self.mask = mask
        self.eventAxes = axes
    }

    /// The same with another mask.
    package func masked(_ mask: Tensor?) -> Use {
        Use(site: site, role: role, value, constraint, rule, mask: mask, eventAxes: eventAxes)
    }

    /// A mask of the elements that are wrong.
    package var violations: Tensor {
        let isRight =
            switch rule {
            case .plain: constraint.check(value)
            case .finite: constraint.check(value) .& isFinite
            case .inside: constraint.checkInside(value)
            case .observed: constraint.closed.check(value) .& isFinite
            case .logarithm: value .< Tensor(Double.infinity)
            case .row(let count): (Tensor(integer: 0) .<= value) .& (value .< Tensor(integer: count))
            }
        return excluding(.!isRight)
    }

    /// A mask of the elements that lie on an end of a continuous support; nil where there is none.
    package var edges: Tensor? {
        guard case .observed = rule, !constraint.isDiscrete else { return nil }
        switch constraint {
        case .real, .ordered: return nil
        default: return excluding(constraint.closed.check(value) .& .!constraint.checkInside(value))
        }
    }

    /// Whether each event's density is finite at the value, over the shape of `edges`.
    package func hasFiniteDensity(_ density: Tensor) -> Tensor {
        let isFinite = density.isFinite
        return isFinite.failure == nil ? isFinite.reshape(isFinite.shape + Shape(repeating: 1, count: eventAxes)) : isFinite
    }

    private var isFinite: Tensor {
        let each = value.isFinite
        let rank = constraint.eventRank
        return rank == 0 || each.failure != nil ? each : each.all(Array(-rank..<0))
    }

    private func excluding(_ mistakes: Tensor) -> Tensor {
        guard let mask, mistakes.failure == nil else { return mistakes }
        return mistakes .& mask.reshape(mask.shape + Shape(repeating: 1, count: eventAxes))
    }
}
