import LockstepTensor

/// Where the values of a distribution or of a parameter may lie. The rightmost `eventRank` axes of a value belong
/// to one event; the others are batch axes. Intervals contain their ends.
public indirect enum Constraint: Sendable {
    /// Any finite number.
    case real
    /// Above 0.
    case positive
    /// 0 or above.
    case nonNegative
    /// [0, 1].
    case unitInterval
    /// [lower, upper]; the bounds broadcast against the value.
    case interval(Tensor, Tensor)
    /// Above a bound, which broadcasts against the value.
    case greaterThan(Tensor)
    /// Vectors of non-negative numbers that sum to one.
    case simplex
    /// Strictly increasing vectors.
    case ordered
    /// Strictly increasing vectors of positive numbers.
    case positiveOrdered
    /// 0 or 1.
    case boolean
    /// 0, 1, 2 and so on.
    case nonNegativeInteger
    /// Integers in [lower, upper].
    case integerInterval(Tensor, Tensor)
    /// `axes` batch axes of a constraint taken into the event: all of them must fulfil it.
    case independent(Constraint, axes: Int)
}

extension Constraint {
    /// Whether the values are isolated points, which no bijector from the reals reaches.
    public var isDiscrete: Bool {
        switch self {
        case .boolean, .nonNegativeInteger, .integerInterval: true
        case .independent(let base, _): base.isDiscrete
        default: false
        }
    }

    /// The number of axes that one value takes.
    public var eventRank: Int {
        switch self {
        case .simplex, .ordered, .positiveOrdered: 1
        case .independent(let base, let axes): base.eventRank + Shapes.axes(axes)
        default: 0
        }
    }

    /// A mask of the value's batch shape: true where the constraint holds; NaN never does.
    public func check(_ value: Tensor) -> Tensor {
        if value.failure != nil { return value }
        guard value.rank >= eventRank else {
            return .failed(TensorError("check", [value.shape], "a value that is \(self) has \(eventRank) axes at least"))
        }
        switch self {
        case .real: return value.isFinite
        case .positive: return 0 .< value
        case .nonNegative: return 0 .<= value
        case .unitInterval: return (0 .<= value) .& (value .<= 1)
        case .interval(let lower, let upper): return (lower .<= value) .& (value .<= upper)
        case .greaterThan(let lower): return lower .< value
        case .simplex:
            let total = value.sum(axis: -1)
            return (0 .<= value).all([-1]) .& (abs(total - 1) .< Tensor(Constraint.simplexTolerance))
        case .ordered: return increases(value)
        case .positiveOrdered: return increases(value) .& (0 .< value).all([-1])
        case .boolean: return (value .== 0) .| (value .== 1)
        case .nonNegativeInteger: return (0 .<= value) .& (floor(value) .== value)
        case .integerInterval(let lower, let upper):
            return (lower .<= value) .& (value .<= upper) .& (floor(value) .== value)
        case .independent(let base, let axes):
            let each = base.check(value)
            return axes <= 0 ? each : each.all(Array(-axes..<0))
        }
    }

    /// What a sum of single-precision probabilities may miss one by.
    static let simplexTolerance = 1e-5

    private func increases(_ value: Tensor) -> Tensor {
        let extent = value.shape.last ?? 0
        guard extent > 1 else { return value.isFinite.all([-1]) }
        return (value.slice(axis: -1, 0..<(extent - 1)) .< value.slice(axis: -1, 1..<extent)).all([-1])
    }
}

extension Constraint: CustomStringConvertible {
    /// Reads after "must be".
    public var description: String {
        switch self {
        case .real: "real"
        case .positive: "positive"
        case .nonNegative: "non-negative"
        case .unitInterval: "in [0, 1]"
        case .interval(let lower, let upper): "in [\(Self.text(lower, "lower bound")), \(Self.text(upper, "upper bound"))]"
        case .greaterThan(let lower): "greater than \(Self.text(lower, "its lower bound"))"
        case .simplex: "a simplex (non-negative, with sum 1 along the last axis)"
        case .ordered: "strictly increasing along the last axis"
        case .positiveOrdered: "positive and strictly increasing along the last axis"
        case .boolean: "0 or 1"
        case .nonNegativeInteger: "a non-negative integer"
        case .integerInterval(let lower, let upper):
            "an integer in [\(Self.text(lower, "lower bound")), \(Self.text(upper, "upper bound"))]"
        case .independent(let base, _): base.description
        }
    }

    private static func text(_ bound: Tensor, _ unknown: String) -> String {
        bound.splat.map(Self.text) ?? unknown
    }

    package static func text(_ value: Double) -> String {
        value.isNaN ? "NaN" : Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}
