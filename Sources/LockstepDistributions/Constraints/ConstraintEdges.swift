import LockstepTensor

extension Constraint {
    /// With open ends closed: where a rounded value may lie.
    package var closed: Constraint {
        switch self {
        case .positive: .nonNegative
        case .greaterThan(let lower): .interval(lower, Tensor(Double.infinity))
        case .independent(let base, let axes): .independent(base.closed, axes: axes)
        default: self
        }
    }

    /// As `check`, but ends do not count, nor does infinity: where the bijector to the constraint has a finite inverse.
    package func checkInside(_ value: Tensor) -> Tensor {
        if value.failure != nil { return value }
        switch self {
        case .nonNegative: return Constraint.positive.checkInside(value)
        case .unitInterval: return (0 .< value) .& (value .< 1)
        case .interval(let lower, let upper): return (lower .< value) .& (value .< upper) .& value.isFinite
        case .independent(let base, let axes):
            let each = base.checkInside(value)
            return axes <= 0 ? each : each.all(Array(-axes..<0))
        case .simplex: return check(value) .& (0 .< value).all([-1])
        case .real, .positive, .greaterThan, .ordered, .positiveOrdered, .boolean, .nonNegativeInteger, .integerInterval:
            let isInside = check(value)
            let isFinite = value.isFinite
            return isInside .& (eventRank == 0 || isFinite.failure != nil ? isFinite : isFinite.all(Array(-eventRank..<0)))
        }
    }

    /// The constraint that holds for the values of all elements along a batch axis, counted from the right.
    func overBatchAxis(_ axis: Int) -> Constraint {
        func over(_ bound: Tensor, _ reduction: Reduction) -> Tensor {
            bound.rank < -axis ? bound : bound.reduce(reduction, [axis])
        }
        switch self {
        case .interval(let lower, let upper): return .interval(over(lower, .minimum), over(upper, .maximum))
        case .integerInterval(let lower, let upper): return .integerInterval(over(lower, .minimum), over(upper, .maximum))
        case .greaterThan(let lower): return .greaterThan(over(lower, .minimum))
        case .independent(let base, let axes): return .independent(base.overBatchAxis(axis - axes), axes: axes)
        default: return self
        }
    }

    /// The same with other bounds.
    package func mapBounds(_ bound: (Tensor) -> Tensor) -> Constraint {
        switch self {
        case .interval(let lower, let upper): .interval(bound(lower), bound(upper))
        case .integerInterval(let lower, let upper): .integerInterval(bound(lower), bound(upper))
        case .greaterThan(let lower): .greaterThan(bound(lower))
        case .independent(let base, let axes): .independent(base.mapBounds(bound), axes: axes)
        default: self
        }
    }
}
