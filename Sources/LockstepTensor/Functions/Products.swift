/// The matrix product, as NumPy's: the last axis of `a` with the last but one of `b`; the axes before them are batches and
/// broadcast. A vector is a row at the left and a column at the right, whose axis is dropped: `[n, k] x [k]` is `[n]`,
/// `[k] x [k]` the inner product.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor {
    if a.failure != nil { return a }
    if b.failure != nil { return b }
    func failed(_ reason: String) -> Tensor { .failed(TensorError("matmul", [a.shape, b.shape], reason)) }
    guard a.rank >= 1, b.rank >= 1 else { return failed("a scalar is no matrix; multiply by *") }
    guard a.shape[a.rank - 1] == b.shape[Swift.max(b.rank - 2, 0)] else {
        return failed("the last axis of the left must equal the \(b.rank == 1 ? "only" : "last but one") of the right")
    }
    guard Shapes.broadcast([Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2))]) != nil else {
        return failed("the axes before the last two do not broadcast; they must be equal or 1, aligned at the right")
    }
    if b.rank == 1 { return (a * b).sum(axis: -1) }
    // [.., n, k, 1] * [.., 1, k, m]
    let right = a.rank >= 2 && b.rank >= 3 ? b.expandingShape(at: b.rank - 2) : b
    let product = a.expandingShape(at: -1) * right
    return product.sum(axis: product.rank - 2)
}

/// The inner product of two vectors, a scalar.
public func dot(_ a: Tensor, _ b: Tensor) -> Tensor {
    if a.failure != nil { return a }
    if b.failure != nil { return b }
    guard a.rank == 1, b.rank == 1, a.shape == b.shape else {
        return .failed(TensorError("dot", [a.shape, b.shape], "two vectors of one length are needed; matmul takes matrices"))
    }
    return (a * b).sum()
}

/// All products of an element of `a` and one of `b`: vectors of n and m elements make `[n, m]`.
public func outer(_ a: Tensor, _ b: Tensor) -> Tensor {
    if a.failure != nil { return a }
    if b.failure != nil { return b }
    guard a.rank == 1, b.rank == 1 else {
        return .failed(TensorError("outer", [a.shape, b.shape], "two vectors are needed; reshape to one axis"))
    }
    return a.expandingShape(at: -1) * b
}
