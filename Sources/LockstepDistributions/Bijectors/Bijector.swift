import LockstepTensor

/// A differentiable map with a differentiable inverse, used to move unconstrained numbers into a support.
///
/// The rightmost `domainEventRank` axes of `x` (`codomainEventRank` of `y`) are one event, axes left of them a batch.
public protocol Bijector: Sendable {
    /// The rightmost axes of `x` that make one event.
    var domainEventRank: Int { get }
    /// The rightmost axes of `y` that make one event.
    var codomainEventRank: Int { get }

    /// y, of shape `forwardShape(x.shape)`.
    func forward(_ x: Tensor) -> Tensor
    /// The x that `forward` takes to `y`, of shape `inverseShape(y.shape)`.
    func inverse(_ y: Tensor) -> Tensor

    /// log |det dy/dx|, of the batch shape: event axes are summed.
    ///
    /// - Parameters:
    ///   - x: where the map is taken.
    ///   - y: `forward(x)`, so that it need not be computed twice.
    func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor

    /// The shape of `forward(x)` for an `x` of the given shape.
    func forwardShape(_ shape: Shape) -> Shape
    /// The shape of `inverse(y)` for a `y` of the given shape.
    func inverseShape(_ shape: Shape) -> Shape

    /// Where `forward` takes values that fulfil `constraint`.
    func image(of constraint: Constraint) -> Constraint
}

extension Bijector {
    public var domainEventRank: Int { 0 }
    public var codomainEventRank: Int { 0 }
    public func forwardShape(_ shape: Shape) -> Shape { shape }
    public func inverseShape(_ shape: Shape) -> Shape { shape }
}

/// Bounds that keep a rounded value inside an open support. An expression does not know its precision, so they are
/// single precision's: both are exact in it, and harmless in double precision.
enum Rounding {
    /// The smallest normal single-precision number, 2^-126.
    static let tiny = Tensor(0x1p-126)
    /// The largest single-precision number below one, 1 - 2^-24.
    static let belowOne = Tensor(1 - 0x1p-24)
    /// log(tiny), rounded up.
    static let logTiny = Tensor(-87.3365)

    static func clampToUnitInterval(_ x: Tensor) -> Tensor {
        pointwiseMin(pointwiseMax(x, tiny), belowOne)
    }
}

extension Tensor {
    /// Sums the last `count` axes.
    func sumRightmost(_ count: Int) -> Tensor {
        if count <= 0 || failure != nil { return self }
        guard count <= rank else { return .failed(TensorError("sum", [shape], "there are no \(count) axes to sum over")) }
        return sum(Array(-count..<0))
    }
}
