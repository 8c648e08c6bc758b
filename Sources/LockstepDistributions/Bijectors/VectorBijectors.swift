import LockstepTensor

/// From K - 1 reals to a simplex of K, by breaking a stick of length one: z_k = sigmoid(x_k - log(K - 1 - k)) is
/// the share of what is left that y_k takes. The offsets centre it: zeros map to the uniform simplex.
///
/// Source: Stan Reference Manual, "Unit simplex".
public struct StickBreakingBijector: Bijector {
    /// From shape `batch + [K - 1]` to `batch + [K]`.
    public init() {}
    public var domainEventRank: Int { 1 }
    public var codomainEventRank: Int { 1 }

    public func forward(_ x: Tensor) -> Tensor {
        exp(pointwiseMax(logSimplex(x), Rounding.logTiny))
    }

    public func inverse(_ y: Tensor) -> Tensor {
        if y.failure != nil { return y }
        guard let extent = y.shape.last, extent >= 2 else {
            return .failed(TensorError("StickBreakingBijector", [y.shape], "a simplex is a vector of 2 numbers at least"))
        }
        // What is left after k: a sum of the later shares, since 1 - (sum of the earlier) cancels.
        let safe = pointwiseMax(y, Rounding.tiny)
        let left = safe.triangularSum { row, column in column > row && row < extent - 1 }.slice(axis: -1, 0..<(extent - 1))
        return log(safe.slice(axis: -1, 0..<(extent - 1))) - log(left) + Self.offsets(extent)
    }

    /// The Jacobian is triangular and its log determinant is the sum of log z_k (1 - z_k) (length left), which is
    /// the sum of all K log y_k.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor { logSimplex(x).sum(axis: -1) }

    public func forwardShape(_ shape: Shape) -> Shape { shape.dropLast() + shape.suffix(1).map { Swift.min($0, .max - 1) + 1 } }
    public func inverseShape(_ shape: Shape) -> Shape { shape.dropLast() + shape.suffix(1).map { Swift.max($0, 1) - 1 } }
    public func image(of constraint: Constraint) -> Constraint { .vectors(.simplex, among: constraint) }

    /// log y, which neither underflows nor rounds to a share of zero.
    private func logSimplex(_ x: Tensor) -> Tensor {
        if x.failure != nil { return x }
        guard let count = x.shape.last, count >= 1 else {
            return .failed(TensorError("StickBreakingBijector", [x.shape], "a vector of 1 number at least is needed"))
        }
        let centred = x - Self.offsets(count + 1)
        // log(1 - z), and log z = centred + log(1 - z).
        let rest = -softplus(centred)
        let before = rest.triangularSum { row, column in column < row }
        let last = rest.sum(axis: -1).expandingShape(at: -1)
        return .concatenate([centred + rest + before, last], axis: -1)
    }

    private static func offsets(_ extent: Int) -> Tensor {
        let counts = (1..<extent).reversed().map { Double($0) }
        return log(Tensor(counts))
    }
}

/// From reals to strictly increasing vectors: y_0 = x_0, y_k = y_(k-1) + exp(x_k).
///
/// Source: Stan Reference Manual, "Ordered vector".
public struct OrderedBijector: Bijector {
    /// On vectors along the last axis, whose length stays.
    public init() {}
    public var domainEventRank: Int { 1 }
    public var codomainEventRank: Int { 1 }

    public func forward(_ x: Tensor) -> Tensor {
        split(x) { first, rest in
            Tensor.concatenate([first, exp(rest)], axis: -1).cumulativeSum(axis: -1)
        }
    }

    public func inverse(_ y: Tensor) -> Tensor {
        split(y) { first, rest in
            let steps = rest - y.slice(axis: -1, 0..<(rest.shape.last ?? 0))
            return .concatenate([first, log(pointwiseMax(steps, Rounding.tiny))], axis: -1)
        }
    }

    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        if x.failure != nil { return x }
        if x.shape.last == 1 { return Tensor(repeating: 0, shape: x.shape.dropLast()) }
        return split(x) { $1.sum(axis: -1) }
    }

    public func image(of constraint: Constraint) -> Constraint { .vectors(.ordered, among: constraint) }

    private func split(_ x: Tensor, _ body: (_ first: Tensor, _ rest: Tensor) -> Tensor) -> Tensor {
        if x.failure != nil { return x }
        guard let extent = x.shape.last, extent >= 1 else {
            return .failed(TensorError("OrderedBijector", [x.shape], "a vector of 1 number at least is needed"))
        }
        if extent == 1 { return x }
        return body(x.slice(axis: -1, 0..<1), x.slice(axis: -1, 1..<extent))
    }
}

extension Constraint {
    /// `vector` along the last axis, with the other event axes of `source`.
    static func vectors(_ vector: Constraint, among source: Constraint) -> Constraint {
        source.eventRank > 1 ? .independent(vector, axes: source.eventRank - 1) : vector
    }
}

extension Tensor {
    /// Along the last axis, element `row` becomes the sum of the elements `column` for which `includes(row, column)`.
    func triangularSum(_ includes: (_ row: Int, _ column: Int) -> Bool) -> Tensor {
        guard failure == nil, let extent = shape.last else { return self }
        let mask = (0..<extent).flatMap { row in (0..<extent).map { includes(row, $0) ? 1.0 : 0.0 } }
        return (expandingShape(at: rank - 1) * Tensor(mask, shape: [extent, extent])).sum(axis: -1)
    }
}
