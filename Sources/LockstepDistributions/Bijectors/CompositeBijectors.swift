import LockstepTensor

/// The parts one after another, the first part first.
public struct ComposedBijector: Bijector {
    /// In the order in which `forward` applies them.
    public let parts: [any Bijector]

    /// Applies `parts` from the first to the last; without any it is the identity.
    public init(_ parts: [any Bijector]) { self.parts = parts }

    public var domainEventRank: Int {
        parts.reversed().reduce(0) { rank, part in
            Swift.max(rank - part.codomainEventRank, 0) + part.domainEventRank
        }
    }

    public var codomainEventRank: Int {
        parts.reduce(0) { rank, part in Swift.max(rank - part.domainEventRank, 0) + part.codomainEventRank }
    }

    public func forward(_ x: Tensor) -> Tensor { parts.reduce(x) { $1.forward($0) } }
    public func inverse(_ y: Tensor) -> Tensor { parts.reversed().reduce(y) { $1.inverse($0) } }

    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        var value = x
        var eventRank = domainEventRank
        var total: Tensor?
        for (position, part) in parts.enumerated() {
            let next = position == parts.count - 1 ? y : part.forward(value)
            // Axes of the whole event that this part takes for a batch.
            let extra = eventRank - part.domainEventRank
            let term = part.logAbsDetJacobian(value, next).sumRightmost(extra)
            total = total.map { $0 + term } ?? term
            eventRank = part.codomainEventRank + extra
            value = next
        }
        return total ?? Tensor(repeating: 0, shape: x.shape)
    }

    public func forwardShape(_ shape: Shape) -> Shape { parts.reduce(shape) { $1.forwardShape($0) } }
    public func inverseShape(_ shape: Shape) -> Shape { parts.reversed().reduce(shape) { $1.inverseShape($0) } }
    public func image(of constraint: Constraint) -> Constraint { parts.reduce(constraint) { $1.image(of: $0) } }
}

/// A bijector that takes `axes` of its batch axes into the event.
public struct IndependentBijector: Bijector {
    /// The bijector of one element of the event.
    public let base: any Bijector
    /// How many batch axes of `base` belong to the event.
    public let axes: Int

    /// Takes the rightmost `axes` batch axes of `base` into the event; a negative number counts as 0.
    public init(_ base: any Bijector, axes: Int) {
        self.base = base
        self.axes = Shapes.axes(axes)
    }

    public var domainEventRank: Int { base.domainEventRank + axes }
    public var codomainEventRank: Int { base.codomainEventRank + axes }
    public func forward(_ x: Tensor) -> Tensor { base.forward(x) }
    public func inverse(_ y: Tensor) -> Tensor { base.inverse(y) }
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        base.logAbsDetJacobian(x, y).sumRightmost(axes)
    }
    public func forwardShape(_ shape: Shape) -> Shape { base.forwardShape(shape) }
    public func inverseShape(_ shape: Shape) -> Shape { base.inverseShape(shape) }
    public func image(of constraint: Constraint) -> Constraint { base.image(of: constraint) }
}
