extension Tensor {
    /// Rows of this tensor chosen by integer `index`: shape `index.shape + shape[1...]`.
    public func gather(_ index: Tensor) -> Tensor {
        if failure != nil { return self }
        if index.failure != nil { return index }
        guard rank >= 1, index.dtype == .int else {
            return .failed(TensorError("gather", [shape, index.shape], rank < 1 ? "a scalar has no rows" : "the index must hold integers"))
        }
        return Tensor(.gather, [self, index], shape: index.shape + shape.dropFirst(), dtype: dtype)
    }

    /// Rows chosen by integer data, as in `alpha[county]`.
    public subscript(index: Tensor) -> Tensor { gather(index) }

    /// Sums the rows of this tensor that share an index: shape `[count] + rest`.
    public func segmentSum(_ index: Tensor, count: Int) -> Tensor {
        if failure != nil { return self }
        if index.failure != nil { return index }
        guard index.dtype == .int, Array(shape.prefix(index.rank)) == index.shape else {
            return .failed(TensorError("segmentSum", [shape, index.shape], "the index must hold integers and lead the shape of the values"))
        }
        let source = dtype == .bool ? asReal : self
        return Tensor(.segmentSum, [source, index], shape: [count] + shape.dropFirst(index.rank), dtype: source.dtype)
    }
}

/// The matrix product: `[n, k] x [k, m]`, `[n, k] x [k]` or `[k] x [k, m]`, and `[k] x [k]` as an inner product.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor {
    if a.failure != nil { return a }
    if b.failure != nil { return b }
    guard (1...2).contains(a.rank), (1...2).contains(b.rank), a.shape.last == b.shape.first else {
        return .failed(TensorError("matmul", [a.shape, b.shape], "the last axis of the left must equal the first of the right, with 1 or 2 axes each"))
    }
    if b.rank == 1 { return (a * b).sum(axis: -1) }
    let product = a.expandingShape(at: -1) * b
    return product.sum(axis: a.rank - 1)
}
