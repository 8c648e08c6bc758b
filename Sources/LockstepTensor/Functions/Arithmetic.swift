// Functions of elements that are made of others.

/// `x`, but `low` where it is below and `high` where it is above; where the bounds cross, `high`. A bound that is a
/// number holds the gradient back where it is reached.
public func clip(_ x: Tensor, _ low: Tensor, _ high: Tensor) -> Tensor { pointwiseMin(pointwiseMax(x, low), high) }

extension Tensor {
    /// This tensor within bounds, as `clip(_:_:_:)` gives it.
    public func clamped(to bounds: ClosedRange<Double>) -> Tensor {
        clip(self, Tensor(bounds.lowerBound), Tensor(bounds.upperBound))
    }
    /// Not below a bound.
    public func clamped(to bounds: PartialRangeFrom<Double>) -> Tensor { pointwiseMax(self, Tensor(bounds.lowerBound)) }
    /// Not above a bound.
    public func clamped(to bounds: PartialRangeThrough<Double>) -> Tensor { pointwiseMin(self, Tensor(bounds.upperBound)) }

    /// `round(_:)` of this.
    public func rounded() -> Tensor { round(self) }
}

/// log(exp(a) + exp(b)), without overflow.
public func logAddExp(_ a: Tensor, _ b: Tensor) -> Tensor {
    let isLess = a .< b
    let high = select(isLess, b, a)
    let low = select(isLess, a, b)
    // Two equal infinities would give inf - inf.
    let gap = select((a .== b) .& .!a.isFinite, 0, low - high)
    return high + softplus(gap)
}

/// The angle of the point (x, y) with the x axis, in [-pi, pi]: IEEE's, signed zeros and infinities included, except that
/// its gradient at the origin is 0.
public func atan2(_ y: Tensor, _ x: Tensor) -> Tensor {
    let isSteep = abs(x) .< abs(y)
    // The smaller over the larger, so that nothing overflows; two infinities count as equal, two zeros as the x axis.
    let areInfinite = .!x.isFinite .& .!y.isFinite .& (x .== x) .& (y .== y)
    let areZero = (x .== 0) .& (y .== 0)
    let over = select(areInfinite .| areZero, signOrOne(x), select(isSteep, y, x))
    let under = select(areInfinite, signOrOne(y), select(areZero, 0, select(isSteep, x, y)))
    let angle = atan(under / over)
    let side = signOrOne(y)
    let flat = select(isNegative(x), side * 3.141592653589793 + angle, select(areZero, y.withoutGradient, angle))
    return select(isSteep, side * 1.5707963267948966 - angle, flat)
}

/// Whether a number is below 0 or is -0, which comparisons take for 0.
private func isNegative(_ x: Tensor) -> Tensor { select(x .== 0, 1 / x, x) .< 0 }

/// -1 or 1 by a number's sign, that of zeros too.
private func signOrOne(_ x: Tensor) -> Tensor { select(isNegative(x), -1, 1) }

/// The nearest whole number, halves away from 0, as Swift's `rounded()` (NumPy rounds halves to even). Its gradient is 0.
public func round(_ x: Tensor) -> Tensor {
    if x.dtype == .int { return x }
    // Not floor(x + 0.5): the sum is rounded itself.
    let size = abs(x)
    let whole = floor(size)
    return sign(x) * select(0.5 .<= size - whole, whole + 1, whole)
}

/// How often `b` goes into `a`: floor(a / b), as NumPy's `floor_divide` (and Python's `//`); Swift's `/` of ints goes towards 0 instead.
/// With `remainder(_:_:)`, a = quotient b + remainder.
///
/// Of ints it is an int, and exact; 0 where `b` is 0, and -2^31 of -2^31 and -1, as ints wrap. It has no gradient.
public func quotient(_ a: Tensor, _ b: Tensor) -> Tensor {
    a.dtype == .real || b.dtype == .real ? division(a, b).quotient : .map(.quotient, [a, b])
}

/// What is left of `a` after whole multiples of `b`, with the sign of `b`: a - b floor(a / b), as NumPy's `remainder`
/// (and Python's `%`); C's function of this name, and Swift's `%`, have other signs.
///
/// Of ints it is an int, and exact; `a` where `b` is 0. Of reals it is NaN there, and the error is a rounding of `a`, so little is right where
/// a / b is beyond 2^24 in single precision.
public func remainder(_ a: Tensor, _ b: Tensor) -> Tensor {
    a.dtype == .real || b.dtype == .real ? division(a, b).remainder : .map(.remainder, [a, b])
}

/// Of reals.
private func division(_ a: Tensor, _ b: Tensor) -> (quotient: Tensor, remainder: Tensor) {
    let quotient = floor(a / b)
    // 0 * infinity is not 0.
    let left = a - select(quotient .== 0, 0, quotient * b)
    // The quotient was rounded: up, or on some devices a whole one down.
    let isBelow = select(0 .< b, left .< 0, 0 .< left)
    let isWhole = (quotient + 1) * b .== a
    return (
        select(isBelow, quotient - 1, select(isWhole, quotient + 1, quotient)), select(isBelow, left + b, select(isWhole, left - b, left))
    )
}
