import LockstepTensor

/// A bijector from the reals to the values that fulfil a constraint (NumPyro's `biject_to`).
///
/// - Throws: a `TensorError` for a discrete constraint, which has none.
public func bijector(to constraint: Constraint) throws -> any Bijector {
    switch constraint {
    case .real:
        return IdentityBijector()
    case .positive, .nonNegative:
        return ExpBijector()
    case .unitInterval:
        return SigmoidBijector()
    case .interval(let lower, let upper):
        return ComposedBijector([SigmoidBijector(), AffineBijector(lower, upper - lower)])
    case .greaterThan(let lower):
        return ComposedBijector([ExpBijector(), AffineBijector(lower, 1)])
    case .simplex:
        return StickBreakingBijector()
    case .ordered:
        return OrderedBijector()
    case .positiveOrdered:
        return ComposedBijector([OrderedBijector(), ExpBijector()])
    case .independent(let base, let axes):
        return IndependentBijector(try bijector(to: base), axes: axes)
    case .boolean, .nonNegativeInteger, .integerInterval:
        throw TensorError(
            "bijector(to:)", [],
            """
            a value that is \(constraint) is discrete, and no bijector reaches it from the reals; \
            sum the variable out (enumerate it) or observe it
            """)
    }
}
