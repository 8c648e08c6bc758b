// Operators and functions of tensors and numbers. They are disfavoured: a literal beside a tensor becomes a tensor, which
// keeps long formulas fast to compile and `pow(2, 3)` what it was.

extension TensorExpression {
    @_disfavoredOverload public static func + <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor + b.tensor(beside: a.tensor) }
    @_disfavoredOverload public static func + <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) + b.tensor }
    @_disfavoredOverload public static func - <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor - b.tensor(beside: a.tensor) }
    @_disfavoredOverload public static func - <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) - b.tensor }
    @_disfavoredOverload public static func * <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor * b.tensor(beside: a.tensor) }
    @_disfavoredOverload public static func * <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) * b.tensor }
    @_disfavoredOverload public static func / <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor / b.tensor(beside: a.tensor) }
    @_disfavoredOverload public static func / <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) / b.tensor }

    @_disfavoredOverload public static func .< <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .< b.tensor(beside: a.tensor) }
    @_disfavoredOverload public static func .< <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .< b.tensor }
    @_disfavoredOverload public static func .<= <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .<= b.tensor(beside: a.tensor) }
    @_disfavoredOverload public static func .<= <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .<= b.tensor }
    @_disfavoredOverload public static func .> <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .> b.tensor(beside: a.tensor) }
    @_disfavoredOverload public static func .> <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .> b.tensor }
    @_disfavoredOverload public static func .>= <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .>= b.tensor(beside: a.tensor) }
    @_disfavoredOverload public static func .>= <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .>= b.tensor }
    @_disfavoredOverload public static func .== <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .== b.tensor(beside: a.tensor) }
    @_disfavoredOverload public static func .== <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .== b.tensor }
    @_disfavoredOverload public static func .!= <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .!= b.tensor(beside: a.tensor) }
    @_disfavoredOverload public static func .!= <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .!= b.tensor }
}

extension Tensor {
    @_disfavoredOverload public static func += <N: TensorNumber>(a: inout Tensor, b: N) { a = a + b }
    @_disfavoredOverload public static func -= <N: TensorNumber>(a: inout Tensor, b: N) { a = a - b }
    @_disfavoredOverload public static func *= <N: TensorNumber>(a: inout Tensor, b: N) { a = a * b }
    @_disfavoredOverload public static func /= <N: TensorNumber>(a: inout Tensor, b: N) { a = a / b }
}

/// `a` where `condition` holds, else `b`; see `select(_:_:_:)` of tensors.
@_disfavoredOverload public func select<N: TensorNumber>(_ condition: Tensor, _ a: Tensor, _ b: N) -> Tensor {
    select(condition, a, b.tensor(beside: a))
}

/// `a` where `condition` holds, else `b`; see `select(_:_:_:)` of tensors.
@_disfavoredOverload public func select<N: TensorNumber>(_ condition: Tensor, _ a: N, _ b: Tensor) -> Tensor {
    select(condition, a.tensor(beside: b), b)
}

/// `a` where `condition` holds, else `b`, as reals.
@_disfavoredOverload public func select<N: TensorNumber, M: TensorNumber>(_ condition: Tensor, _ a: N, _ b: M) -> Tensor {
    select(condition, Tensor(a.dataValue), Tensor(b.dataValue))
}

@_disfavoredOverload public func pow<N: TensorNumber>(_ x: Tensor, _ y: N) -> Tensor { pow(x, Tensor(y.dataValue)) }
@_disfavoredOverload public func pow<N: TensorNumber>(_ x: N, _ y: Tensor) -> Tensor { pow(Tensor(x.dataValue), y) }
@_disfavoredOverload public func pointwiseMin<N: TensorNumber>(_ a: Tensor, _ b: N) -> Tensor { pointwiseMin(a, b.tensor(beside: a)) }
@_disfavoredOverload public func pointwiseMin<N: TensorNumber>(_ a: N, _ b: Tensor) -> Tensor { pointwiseMin(a.tensor(beside: b), b) }
@_disfavoredOverload public func pointwiseMax<N: TensorNumber>(_ a: Tensor, _ b: N) -> Tensor { pointwiseMax(a, b.tensor(beside: a)) }
@_disfavoredOverload public func pointwiseMax<N: TensorNumber>(_ a: N, _ b: Tensor) -> Tensor { pointwiseMax(a.tensor(beside: b), b) }
@_disfavoredOverload public func logAddExp<N: TensorNumber>(_ a: Tensor, _ b: N) -> Tensor { logAddExp(a, Tensor(b.dataValue)) }
@_disfavoredOverload public func logAddExp<N: TensorNumber>(_ a: N, _ b: Tensor) -> Tensor { logAddExp(Tensor(a.dataValue), b) }
@_disfavoredOverload public func atan2<N: TensorNumber>(_ y: Tensor, _ x: N) -> Tensor { atan2(y, Tensor(x.dataValue)) }
@_disfavoredOverload public func atan2<N: TensorNumber>(_ y: N, _ x: Tensor) -> Tensor { atan2(Tensor(y.dataValue), x) }
@_disfavoredOverload public func remainder<N: TensorNumber>(_ a: Tensor, _ b: N) -> Tensor { remainder(a, b.tensor(beside: a)) }
@_disfavoredOverload public func remainder<N: TensorNumber>(_ a: N, _ b: Tensor) -> Tensor { remainder(a.tensor(beside: b), b) }

@_disfavoredOverload public func clip<L: TensorNumber, H: TensorNumber>(_ x: Tensor, _ low: L, _ high: H) -> Tensor {
    clip(x, low.tensor(beside: x), high.tensor(beside: x))
}
@_disfavoredOverload public func clip<L: TensorNumber>(_ x: Tensor, _ low: L, _ high: Tensor) -> Tensor {
    clip(x, low.tensor(beside: x), high)
}
@_disfavoredOverload public func clip<H: TensorNumber>(_ x: Tensor, _ low: Tensor, _ high: H) -> Tensor {
    clip(x, low, high.tensor(beside: x))
}
