extension Tensor {
    /// Repeats axes of extent 1, and new leading axes, to fill `target`.
    public func broadcast(to target: Shape) -> Tensor {
        if shape == target || failure != nil { return self }
        guard Shapes.canBroadcast(shape, to: target) else {
            return .failed(TensorError("broadcast", [shape, target], "axes must be equal or 1, aligned at the right"))
        }
        if case .literal(let values) = node.op, values.count == 1 {
            return Tensor(.literal(values), shape: target, dtype: dtype)
        }
        return Tensor(.broadcast, [self], shape: target, dtype: dtype)
    }

    /// The same elements in row-major order under another shape.
    public func reshape(_ target: Shape) -> Tensor {
        if shape == target || failure != nil { return self }
        guard target.elementCount == count else {
            return .failed(TensorError("reshape", [shape, target], "the number of elements differs"))
        }
        return Tensor(.reshape, [self], shape: target, dtype: dtype)
    }

    /// Reorders axes: result axis i is axis `order[i]` of this tensor.
    public func transposed(_ order: [Int]) -> Tensor {
        if failure != nil { return self }
        guard order.sorted() == Array(shape.indices) else {
            return .failed(TensorError("transposed", [shape], "\(order) is not an order of its \(rank) axes"))
        }
        if order == Array(shape.indices) { return self }
        return Tensor(.permute(order), [self], shape: order.map { shape[$0] }, dtype: dtype)
    }

    /// Swaps the last two axes.
    public var transposed: Tensor {
        guard rank >= 2 else { return self }
        var order = Array(shape.indices)
        order.swapAt(rank - 1, rank - 2)
        return transposed(order)
    }

    /// Inserts an axis of extent 1 before `axis`; -1 appends one.
    public func expandingShape(at axis: Int) -> Tensor {
        if failure != nil { return self }
        guard let position = Shapes.normalized(axis, rank: rank + 1) else {
            return .failed(TensorError("expandingShape", [shape], "there is no place \(axis)"))
        }
        var target = shape
        target.insert(1, at: position)
        return reshape(target)
    }

    /// The part of one axis that lies in `range`.
    public func slice(axis: Int, _ range: Range<Int>) -> Tensor {
        if failure != nil { return self }
        guard let axis = Shapes.normalized(axis, rank: rank), range.lowerBound >= 0, range.upperBound <= shape[axis] else {
            return .failed(TensorError("slice", [shape], "\(range) is not within axis \(axis)"))
        }
        if range == 0..<shape[axis] { return self }
        var starts = [Int](repeating: 0, count: rank)
        starts[axis] = range.lowerBound
        var target = shape
        target[axis] = range.count
        return Tensor(.slice(starts: starts), [self], shape: target, dtype: dtype)
    }

    /// One element of an axis, which is dropped; negative indices count from its end.
    public func element(_ index: Int, axis: Int = 0) -> Tensor {
        if failure != nil { return self }
        guard let axis = Shapes.normalized(axis, rank: rank), let index = Shapes.normalized(index, rank: shape[axis]) else {
            return .failed(TensorError("element", [shape], "there is no element \(index) along axis \(axis)"))
        }
        var target = shape
        target.remove(at: axis)
        return slice(axis: axis, index..<(index + 1)).reshape(target)
    }

    /// Element `index` of the first axis, from its end where it is negative.
    public subscript(index: Int) -> Tensor { element(index) }

    /// Joins tensors along an axis that they have.
    public static func concatenate(_ parts: [Tensor], axis: Int = 0) -> Tensor {
        if let failed = parts.first(where: { $0.failure != nil }) { return failed }
        guard let first = parts.first, let axis = Shapes.normalized(axis, rank: first.rank) else {
            return .failed(TensorError("concatenate", parts.map(\.shape), "there is no axis \(axis)"))
        }
        if parts.count == 1 { return first }
        func rest(_ shape: Shape) -> Shape {
            var s = shape
            s[axis] = 0
            return s
        }
        guard parts.allSatisfy({ $0.rank == first.rank && rest($0.shape) == rest(first.shape) && $0.dtype == first.dtype }) else {
            return .failed(TensorError("concatenate", parts.map(\.shape), "the parts must agree in type and in every axis but \(axis)"))
        }
        var target = first.shape
        target[axis] = 0
        let starts = parts.map { part in
            defer { target[axis] += part.shape[axis] }
            var start = [Int](repeating: 0, count: first.rank)
            start[axis] = target[axis]
            return start
        }
        return Tensor(.assemble(starts: starts), parts, shape: target, dtype: first.dtype)
    }

    /// Joins tensors of one shape along a new axis.
    public static func stack(_ parts: [Tensor], axis: Int = 0) -> Tensor {
        concatenate(parts.map { $0.expandingShape(at: axis) }, axis: axis)
    }

    /// The block of `extents` elements that begins at `starts`.
    package func block(_ starts: [Int], _ extents: Shape) -> Tensor {
        if failure != nil || extents == shape { return self }
        return Tensor(.slice(starts: starts), [self], shape: extents, dtype: dtype)
    }

    /// The same values, through which no gradient flows.
    public var withoutGradient: Tensor { Tensor(.stopGradient, [self], shape: shape, dtype: dtype) }
}
