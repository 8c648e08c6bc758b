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
