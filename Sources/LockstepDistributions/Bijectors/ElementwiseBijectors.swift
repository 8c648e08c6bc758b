import LockstepTensor

/// y = x.
public struct IdentityBijector: Bijector {
    /// The identity on arrays of any shape.
    public init() {}
    public func forward(_ x: Tensor) -> Tensor { x }
    public func inverse(_ y: Tensor) -> Tensor { y }
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        x.failure == nil ? Tensor(repeating: 0, shape: x.shape) : x
    }
    public func image(of constraint: Constraint) -> Constraint { constraint }
}

/// y = exp(x), from the reals to the positive numbers. Where it would underflow, y is 2^-126; where it overflows it
/// is infinite, so that a fit which runs away is seen to diverge.
public struct ExpBijector: Bijector {
    /// Elementwise, on arrays of any shape.
    public init() {}
    public func forward(_ x: Tensor) -> Tensor { pointwiseMax(exp(x), Rounding.tiny) }
    public func inverse(_ y: Tensor) -> Tensor { log(pointwiseMax(y, Rounding.tiny)) }
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor { x }
    public func image(of constraint: Constraint) -> Constraint {
        switch constraint {
        case .independent(let base, let axes): .independent(image(of: base), axes: axes)
        case .unitInterval: .interval(1, exp(1))
        case .interval(let lower, let upper): .interval(exp(lower), exp(upper))
        case .positive: .greaterThan(1)
        case .greaterThan(let lower): .greaterThan(exp(lower))
        case .ordered, .positiveOrdered: .positiveOrdered
        default: .positive
        }
    }
}

/// y = 1 / (1 + exp(-x)), from the reals to (0, 1). Results are kept within [2^-126, 1 - 2^-24], so that rounding
/// never puts them on an end.
public struct SigmoidBijector: Bijector {
    /// Elementwise, on arrays of any shape.
    public init() {}
    public func forward(_ x: Tensor) -> Tensor { Rounding.clampToUnitInterval(sigmoid(x)) }
    public func inverse(_ y: Tensor) -> Tensor { logit(Rounding.clampToUnitInterval(y)) }
    /// -softplus(-x) - softplus(x), with softplus(-x) = softplus(x) - x.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor { x - 2 * softplus(x) }
    public func image(of constraint: Constraint) -> Constraint {
        if case .independent(let base, let axes) = constraint { return .independent(image(of: base), axes: axes) }
        return .unitInterval
    }
}

/// y = log(1 + exp(x)), from the reals to the positive numbers.
public struct SoftplusBijector: Bijector {
    /// Elementwise, on arrays of any shape.
    public init() {}
    public func forward(_ x: Tensor) -> Tensor { pointwiseMax(softplus(x), Rounding.tiny) }
    /// log(exp(y) - 1) = y + log(1 - exp(-y)).
    public func inverse(_ y: Tensor) -> Tensor {
        let safe = pointwiseMax(y, Rounding.tiny)
        return safe + log(-expMinusOne(-safe))
    }
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor { -softplus(-x) }
    public func image(of constraint: Constraint) -> Constraint {
        if case .independent(let base, let axes) = constraint { return .independent(image(of: base), axes: axes) }
        return .positive
    }
}

/// y = loc + scale x. The scale is taken to be positive where the image of a bounded constraint is asked for.
public struct AffineBijector: Bijector {
    /// What is added, after scaling.
    public let loc: Tensor
    /// What `x` is multiplied with.
    public let scale: Tensor

    /// `loc` and `scale` broadcast against `x`.
    public init(_ loc: Tensor, _ scale: Tensor) {
        self.loc = loc
        self.scale = scale
    }

    public func forward(_ x: Tensor) -> Tensor { loc + scale * x }
    public func inverse(_ y: Tensor) -> Tensor { quotient(y - loc, scale) }
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        if x.failure != nil { return x }
        return log(abs(scale)).broadcast(to: forwardShape(x.shape))
    }

    public func forwardShape(_ shape: Shape) -> Shape {
        Shapes.broadcast([shape, loc.shape, scale.shape]) ?? shape
    }
    public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }

    public func image(of constraint: Constraint) -> Constraint {
        switch constraint {
        case .independent(let base, let axes): .independent(image(of: base), axes: axes)
        case .positive, .nonNegative: .greaterThan(loc)
        case .greaterThan(let lower): .greaterThan(bound(lower))
        case .unitInterval: .interval(bound(0), bound(1))
        case .interval(let lower, let upper): .interval(bound(lower), bound(upper))
        case .ordered, .positiveOrdered: .ordered
        default: .real
        }
    }

    /// `forward`, as a literal where the host knows the numbers, so that messages can tell them.
    private func bound(_ x: Tensor) -> Tensor {
        guard x.rank + loc.rank + scale.rank == 0, let x = x.splat, let loc = loc.splat, let scale = scale.splat else {
            return forward(x)
        }
        return Tensor(loc + scale * x)
    }
}
