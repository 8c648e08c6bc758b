extension Tensor {
    /// Reduces the given axes (all of them by default); they are dropped.
    package func reduce(_ reduction: Reduction, _ axes: [Int]?) -> Tensor {
        if failure != nil { return self }
        let list = axes ?? Array(shape.indices)
        let normal = list.compactMap { Shapes.normalized($0, rank: rank) }
        guard normal.count == list.count, Set(normal).count == list.count else {
            return .failed(TensorError(reduction.rawValue, [shape], "axes \(list) are not distinct axes of it"))
        }
        let source = dtype == .bool && reduction != .any ? asReal : self
        guard source.dtype == .bool || reduction != .any else {
            return .failed(TensorError(reduction.rawValue, [shape], "a mask is needed here, not \(dtype) values"))
        }
        if normal.isEmpty { return source }
        let dropped = Set(normal)
        let target = shape.indices.filter { !dropped.contains($0) }.map { shape[$0] }
        return Tensor(.reduce(reduction, axes: normal.sorted()), [source], shape: target, dtype: source.dtype)
    }

    /// The sum over the given axes (all of them by default), which are dropped.
    public func sum(_ axes: [Int]? = nil) -> Tensor { reduce(.sum, axes) }
    /// The sum along one axis, which is dropped.
    public func sum(axis: Int) -> Tensor { reduce(.sum, [axis]) }
    /// The largest element along the given axes (all of them by default), which are dropped.
    public func max(_ axes: [Int]? = nil) -> Tensor { reduce(.maximum, axes) }
    /// The smallest element along the given axes (all of them by default), which are dropped.
    public func min(_ axes: [Int]? = nil) -> Tensor { reduce(.minimum, axes) }
    /// Whether any element of a mask is true.
    public func any(_ axes: [Int]? = nil) -> Tensor { reduce(.any, axes) }
    /// Whether all elements of a mask are true.
    public func all(_ axes: [Int]? = nil) -> Tensor { .!((.!self).reduce(.any, axes)) }

    /// The mean over the given axes (all of them by default), which are dropped.
    public func mean(_ axes: [Int]? = nil) -> Tensor {
        let total = sum(axes)
        return total.failure == nil ? total / Tensor(Double(count) / Double(Swift.max(total.count, 1))) : total
    }

    /// log(sum(exp(x))) along one axis, without overflow; -infinity where all elements are.
    public func logSumExp(axis: Int = -1) -> Tensor {
        if failure != nil { return self }
        guard let position = Shapes.normalized(axis, rank: rank) else {
            return .failed(TensorError("logSumExp", [shape], "there is no axis \(axis)"))
        }
        let top = self.max([position]).withoutGradient
        // An infinite maximum would give inf - inf below.
        let shift = select(top.isFinite, top, 0)
        return log(exp(self - shift.expandingShape(at: position)).sum(axis: position)) + shift
    }

    /// x - logSumExp(x): the logarithms of probabilities that sum to one along `axis`.
    public func logSoftmax(axis: Int = -1) -> Tensor {
        if failure != nil { return self }
        guard let position = Shapes.normalized(axis, rank: rank) else {
            return .failed(TensorError("logSoftmax", [shape], "there is no axis \(axis)"))
        }
        return self - logSumExp(axis: position).expandingShape(at: position)
    }
}
