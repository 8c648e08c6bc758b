extension Tensor {
    /// Applies an elementwise operation after broadcasting its operands and converting ints where reals meet them.
    package static func map(_ op: ElementOp, _ operands: [Tensor], name: String? = nil) -> Tensor {
        let label = name ?? op.name
        let row = op.row
        // "real or int": real as soon as one operand is real.
        let free = zip(operands, row.inputs).filter { $0.1 == nil }.map(\.0.dtype)
        var common: DType = free.contains(.real) ? .real : (free.first ?? .real)
        if op != .select, op != .toReal, op != .toInt, op != .equal, common == .bool { common = .real }
        if free.contains(.int), common == .bool { common = .int }
        let converts = op == .toReal || op == .toInt
        var typed: [Tensor] = []
        for (operand, expected) in zip(operands, row.inputs) {
            guard let converted = converts ? operand : operand.converted(to: expected ?? common) else {
                return .failed(TensorError(label, operands.map(\.shape), "a mask is needed here, not \(operand.dtype) values"))
            }
            typed.append(converted)
        }
        guard let shape = Shapes.broadcast(typed.map(\.shape)) else {
            return .failed(
                operands.lazy.compactMap(\.failure).first
                    ?? TensorError(label, operands.map(\.shape), "the shapes do not broadcast; axes must be equal or 1, aligned at the right"))
        }
        return Tensor(.map(op), typed.map { $0.broadcast(to: shape) }, shape: shape, dtype: row.output ?? common)
    }

    private func converted(to target: DType) -> Tensor? {
        switch (dtype, target) {
        case (.real, .real), (.int, .int), (.bool, .bool): self
        case (_, .real): Tensor(.map(.toReal), [self], shape: shape, dtype: .real)
        case (_, .int): Tensor(.map(.toInt), [self], shape: shape, dtype: .int)
        case (_, .bool): failure == nil ? nil : self
        }
    }
}

// MARK: Arithmetic

extension Tensor {
    /// Elementwise; shapes broadcast.
    public static func + (a: Tensor, b: Tensor) -> Tensor { map(.add, [a, b], name: "+") }
    /// Elementwise; shapes broadcast.
    public static func - (a: Tensor, b: Tensor) -> Tensor { map(.subtract, [a, b], name: "-") }
    /// Elementwise; shapes broadcast.
    public static func * (a: Tensor, b: Tensor) -> Tensor { map(.multiply, [a, b], name: "*") }
    /// Elementwise and real, also of ints; shapes broadcast.
    public static func / (a: Tensor, b: Tensor) -> Tensor { map(.divide, [a, b], name: "/") }
    /// Elementwise.
    public static prefix func - (a: Tensor) -> Tensor { map(.negate, [a], name: "-") }
    /// Replaces `a` by a + b, whose shape may be larger.
    public static func += (a: inout Tensor, b: Tensor) { a = a + b }
    /// Replaces `a` by a - b, whose shape may be larger.
    public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
    /// Replaces `a` by a * b, whose shape may be larger.
    public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
    /// Replaces `a` by a / b, whose shape may be larger.
    public static func /= (a: inout Tensor, b: Tensor) { a = a / b }
}

// MARK: Comparisons, as SIMD spells them

extension Tensor {
    /// Where `a` is less: a mask.
    public static func .< (a: Tensor, b: Tensor) -> Tensor { map(.less, [a, b], name: ".<") }
    /// Where `a` is less or equal: a mask.
    public static func .<= (a: Tensor, b: Tensor) -> Tensor { map(.lessOrEqual, [a, b], name: ".<=") }
    /// Where `a` is greater: a mask.
    public static func .> (a: Tensor, b: Tensor) -> Tensor { map(.less, [b, a], name: ".>") }
    /// Where `a` is greater or equal: a mask.
    public static func .>= (a: Tensor, b: Tensor) -> Tensor { map(.lessOrEqual, [b, a], name: ".>=") }
    /// Where both are equal: a mask.
    public static func .== (a: Tensor, b: Tensor) -> Tensor { map(.equal, [a, b], name: ".==") }
    /// Where they differ: a mask.
    public static func .!= (a: Tensor, b: Tensor) -> Tensor { .!(a .== b) }
    /// Where both masks are true.
    public static func .& (a: Tensor, b: Tensor) -> Tensor { map(.and, [a, b], name: ".&") }
    /// Where one of two masks is true, or both.
    public static func .| (a: Tensor, b: Tensor) -> Tensor { map(.or, [a, b], name: ".|") }
    /// Where a mask is false.
    public static prefix func .! (a: Tensor) -> Tensor { map(.not, [a], name: ".!") }

    /// Where elements are neither NaN nor infinite: a mask.
    public var isFinite: Tensor { .map(.isFinite, [self]) }
    /// The values as reals: masks become 0 and 1.
    public var asReal: Tensor { dtype == .real ? self : .map(.toReal, [self]) }
    /// The values as integers, truncated towards zero.
    public var asInt: Tensor { dtype == .int ? self : .map(.toInt, [self]) }
}

/// `a` where `condition` holds, else `b`. Both are computed, but the one that is not taken counts for nothing, in value
/// and gradient, whatever it holds: `select(0 .< x, sqrt(x), 0)` is all that a root needs.
public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor { .map(.select, [condition, a, b]) }

// MARK: Functions, named as swift-numerics names them

/// |x|, elementwise.
public func abs(_ x: Tensor) -> Tensor { .map(.abs, [x]) }
/// -1, 0 or 1.
public func sign(_ x: Tensor) -> Tensor { .map(.sign, [x]) }
/// The largest whole number not above x.
public func floor(_ x: Tensor) -> Tensor { .map(.floor, [x]) }
/// The smallest whole number not below x.
public func ceil(_ x: Tensor) -> Tensor { .map(.ceil, [x]) }
/// The square root; NaN below 0.
public func sqrt(_ x: Tensor) -> Tensor { .map(.sqrt, [x]) }
/// x * x.
public func square(_ x: Tensor) -> Tensor { x * x }
/// The exponential.
public func exp(_ x: Tensor) -> Tensor { .map(.exp, [x]) }
/// exp(x) - 1, accurate near 0.
public func expMinusOne(_ x: Tensor) -> Tensor { .map(.expMinusOne, [x]) }
/// The natural logarithm; -infinity at 0, NaN below.
public func log(_ x: Tensor) -> Tensor { .map(.log, [x]) }
/// log(1 + x), accurate near 0.
public func log(onePlus x: Tensor) -> Tensor { .map(.logOnePlus, [x], name: "log(onePlus:)") }
/// The sine of an angle in radians.
public func sin(_ x: Tensor) -> Tensor { .map(.sin, [x]) }
/// The cosine of an angle in radians.
public func cos(_ x: Tensor) -> Tensor { .map(.cos, [x]) }
/// The tangent of an angle in radians.
public func tan(_ x: Tensor) -> Tensor { .map(.tan, [x]) }
/// The angle in [-pi / 2, pi / 2] with this sine.
public func asin(_ x: Tensor) -> Tensor { .map(.asin, [x]) }
/// The angle in [0, pi] with this cosine.
public func acos(_ x: Tensor) -> Tensor { .map(.acos, [x]) }
/// The angle in (-pi / 2, pi / 2) with this tangent.
public func atan(_ x: Tensor) -> Tensor { .map(.atan, [x]) }
/// The hyperbolic sine.
public func sinh(_ x: Tensor) -> Tensor { .map(.sinh, [x]) }
/// The hyperbolic cosine.
public func cosh(_ x: Tensor) -> Tensor { .map(.cosh, [x]) }
/// The hyperbolic tangent.
public func tanh(_ x: Tensor) -> Tensor { .map(.tanh, [x]) }
/// 1 / (1 + exp(-x)).
public func sigmoid(_ x: Tensor) -> Tensor { .map(.sigmoid, [x]) }
/// log(1 + exp(x)).
public func softplus(_ x: Tensor) -> Tensor { .map(.softplus, [x]) }
/// log(p / (1 - p)).
public func logit(_ p: Tensor) -> Tensor { log(p) - log(onePlus: -p) }
/// log |Gamma(x)|.
public func logGamma(_ x: Tensor) -> Tensor { .map(.logGamma, [x]) }
/// The derivative of `logGamma`.
public func digamma(_ x: Tensor) -> Tensor { .map(.digamma, [x]) }
/// The Hurwitz zeta function, sum over k >= 0 of (x + k)^-s, for s > 1 and x > 0.
public func hurwitzZeta(_ s: Tensor, _ x: Tensor) -> Tensor { .map(.hurwitzZeta, [s, x]) }
/// The error function.
public func erf(_ x: Tensor) -> Tensor { .map(.erf, [x]) }
/// 1 - erf(x), accurate for large x.
public func erfc(_ x: Tensor) -> Tensor { .map(.erfc, [x]) }
/// The inverse of `erf` on (-1, 1).
public func erfInverse(_ x: Tensor) -> Tensor { .map(.erfInverse, [x]) }
/// x to the power of y, elementwise; shapes broadcast.
public func pow(_ x: Tensor, _ y: Tensor) -> Tensor { .map(.power, [x, y]) }
/// The lesser of two elements; shapes broadcast.
public func pointwiseMin(_ a: Tensor, _ b: Tensor) -> Tensor { .map(.minimum, [a, b]) }
/// The greater of two elements; shapes broadcast.
public func pointwiseMax(_ a: Tensor, _ b: Tensor) -> Tensor { .map(.maximum, [a, b]) }
