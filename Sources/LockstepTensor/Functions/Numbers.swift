// Operators and functions of tensors and numbers. They are disfavoured: a literal beside a tensor becomes a tensor, which
// keeps long formulas fast to compile and `pow(2, 3)` what it was.

extension TensorExpression {
    /// The number broadcasts to the tensor's shape.
    @_disfavoredOverload public static func + <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor + b.tensor(beside: a.tensor) }
    /// The number broadcasts to the tensor's shape.
    @_disfavoredOverload public static func + <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) + b.tensor }
    /// The number broadcasts to the tensor's shape.
    @_disfavoredOverload public static func - <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor - b.tensor(beside: a.tensor) }
    /// The number broadcasts to the tensor's shape.
    @_disfavoredOverload public static func - <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) - b.tensor }
    /// The number broadcasts to the tensor's shape.
    @_disfavoredOverload public static func * <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor * b.tensor(beside: a.tensor) }
    /// The number broadcasts to the tensor's shape.
    @_disfavoredOverload public static func * <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) * b.tensor }
    /// The number broadcasts to the tensor's shape.
    @_disfavoredOverload public static func / <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor / b.tensor(beside: a.tensor) }
    /// The number broadcasts to the tensor's shape.
    @_disfavoredOverload public static func / <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) / b.tensor }

    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .< <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .< b.tensor(beside: a.tensor) }
    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .< <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .< b.tensor }
    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .<= <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .<= b.tensor(beside: a.tensor) }
    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .<= <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .<= b.tensor }
    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .> <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .> b.tensor(beside: a.tensor) }
    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .> <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .> b.tensor }
    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .>= <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .>= b.tensor(beside: a.tensor) }
    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .>= <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .>= b.tensor }
    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .== <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .== b.tensor(beside: a.tensor) }
    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .== <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .== b.tensor }
    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .!= <N: TensorNumber>(a: Self, b: N) -> Tensor { a.tensor .!= b.tensor(beside: a.tensor) }
    /// A mask of the tensor's shape.
    @_disfavoredOverload public static func .!= <N: TensorNumber>(a: N, b: Self) -> Tensor { a.tensor(beside: b.tensor) .!= b.tensor }
}

extension Tensor {
    /// The number broadcasts to the tensor's shape.
    @_disfavoredOverload public static func += <N: TensorNumber>(a: inout Tensor, b: N) { a = a + b }
    /// The number broadcasts to the tensor's shape.
    @_disfavoredOverload public static func -= <N: TensorNumber>(a: inout Tensor, b: N) { a = a - b }
    /// The number broadcasts to the tensor's shape.
    @_disfavoredOverload public static func *= <N: TensorNumber>(a: inout Tensor, b: N) { a = a * b }
    /// The number broadcasts to the tensor's shape.
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

/// `pow(_:_:)` of a tensor and a number.
@_disfavoredOverload public func pow<N: TensorNumber>(_ x: Tensor, _ y: N) -> Tensor { pow(x, Tensor(y.dataValue)) }
/// `pow(_:_:)` of a number and a tensor.
@_disfavoredOverload public func pow<N: TensorNumber>(_ x: N, _ y: Tensor) -> Tensor { pow(Tensor(x.dataValue), y) }
/// `pointwiseMin(_:_:)` of a tensor and a number.
@_disfavoredOverload public func pointwiseMin<N: TensorNumber>(_ a: Tensor, _ b: N) -> Tensor { pointwiseMin(a, b.tensor(beside: a)) }
/// `pointwiseMin(_:_:)` of a number and a tensor.
@_disfavoredOverload public func pointwiseMin<N: TensorNumber>(_ a: N, _ b: Tensor) -> Tensor { pointwiseMin(a.tensor(beside: b), b) }
/// `pointwiseMax(_:_:)` of a tensor and a number.
@_disfavoredOverload public func pointwiseMax<N: TensorNumber>(_ a: Tensor, _ b: N) -> Tensor { pointwiseMax(a, b.tensor(beside: a)) }
/// `pointwiseMax(_:_:)` of a number and a tensor.
@_disfavoredOverload public func pointwiseMax<N: TensorNumber>(_ a: N, _ b: Tensor) -> Tensor { pointwiseMax(a.tensor(beside: b), b) }
/// `logAddExp(_:_:)` of a tensor and a number.
@_disfavoredOverload public func logAddExp<N: TensorNumber>(_ a: Tensor, _ b: N) -> Tensor { logAddExp(a, Tensor(b.dataValue)) }
/// `logAddExp(_:_:)` of a number and a tensor.
@_disfavoredOverload public func logAddExp<N: TensorNumber>(_ a: N, _ b: Tensor) -> Tensor { logAddExp(Tensor(a.dataValue), b) }
/// `atan2(_:_:)` of a tensor and a number.
@_disfavoredOverload public func atan2<N: TensorNumber>(_ y: Tensor, _ x: N) -> Tensor { atan2(y, Tensor(x.dataValue)) }
/// `atan2(_:_:)` of a number and a tensor.
@_disfavoredOverload public func atan2<N: TensorNumber>(_ y: N, _ x: Tensor) -> Tensor { atan2(Tensor(y.dataValue), x) }
/// `quotient(_:_:)` of a tensor and a number.
@_disfavoredOverload public func quotient<N: TensorNumber>(_ a: Tensor, _ b: N) -> Tensor { quotient(a, b.tensor(beside: a)) }
/// `quotient(_:_:)` of a number and a tensor.
@_disfavoredOverload public func quotient<N: TensorNumber>(_ a: N, _ b: Tensor) -> Tensor { quotient(a.tensor(beside: b), b) }
/// `remainder(_:_:)` of a tensor and a number.
@_disfavoredOverload public func remainder<N: TensorNumber>(_ a: Tensor, _ b: N) -> Tensor { remainder(a, b.tensor(beside: a)) }
/// `remainder(_:_:)` of a number and a tensor.
@_disfavoredOverload public func remainder<N: TensorNumber>(_ a: N, _ b: Tensor) -> Tensor { remainder(a.tensor(beside: b), b) }

/// `clip(_:_:_:)` between two numbers.
@_disfavoredOverload public func clip<L: TensorNumber, H: TensorNumber>(_ x: Tensor, _ low: L, _ high: H) -> Tensor {
    clip(x, low.tensor(beside: x), high.tensor(beside: x))
}
/// `clip(_:_:_:)` with a number as its lower end.
@_disfavoredOverload public func clip<L: TensorNumber>(_ x: Tensor, _ low: L, _ high: Tensor) -> Tensor {
    clip(x, low.tensor(beside: x), high)
}
/// `clip(_:_:_:)` with a number as its upper end.
@_disfavoredOverload public func clip<H: TensorNumber>(_ x: Tensor, _ low: Tensor, _ high: H) -> Tensor {
    clip(x, low, high.tensor(beside: x))
}
