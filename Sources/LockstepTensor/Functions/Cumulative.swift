// Along an axis: what elements come to, from the first to each.

extension Tensor {
    /// Running sums up to this length are sums over a triangle, whose elements do not wait for each other.
    private static let longestTriangle = 64

    /// Running sums along an axis: element i is the sum of elements 0 ... i.
    public func cumulativeSum(axis: Int = -1) -> Tensor {
        if failure != nil { return self }
        guard let position = Shapes.normalized(axis, rank: rank) else { return noAxis("cumulativeSum", axis) }
        let extent = shape[position]
        guard extent <= Self.longestTriangle else { return (dtype == .bool ? asReal : self).running(position, +) }
        // The triangle selects rather than multiplies, so that an infinite element does not make 0 * infinity of the sums before it.
        let ones = (0..<extent).flatMap { row in (0..<extent).map { $0 <= row ? 1.0 : 0.0 } }
        var wide = shape
        wide.insert(extent, at: position)
        var triangle = [Int](repeating: 1, count: rank + 1)
        triangle[position] = extent
        triangle[position + 1] = extent
        let isBefore = 0 .< Tensor(ones, shape: triangle)
        return select(isBefore, expandingShape(at: position).broadcast(to: wide), 0).sum(axis: position + 1)
    }

    /// Running products along an axis: element i is the product of elements 0 ... i.
    public func cumulativeProduct(axis: Int = -1) -> Tensor { cumulative("cumulativeProduct", axis, *) }
    /// Running maxima along an axis: element i is the largest of elements 0 ... i.
    public func cumulativeMax(axis: Int = -1) -> Tensor { cumulative("cumulativeMax", axis, pointwiseMax) }
    /// Running minima along an axis: element i is the smallest of elements 0 ... i.
    public func cumulativeMin(axis: Int = -1) -> Tensor { cumulative("cumulativeMin", axis, pointwiseMin) }
    /// Running log(sum(exp(x))) along an axis: element i is that of elements 0 ... i, without overflow.
    public func cumulativeLogSumExp(axis: Int = -1) -> Tensor { cumulative("cumulativeLogSumExp", axis) { logAddExp($0, $1) } }

    private func cumulative(_ name: String, _ axis: Int, _ combine: (Tensor, Tensor) -> Tensor) -> Tensor {
        if failure != nil { return self }
        guard let position = Shapes.normalized(axis, rank: rank) else { return noAxis(name, axis) }
        return (dtype == .bool ? asReal : self).running(position, combine)
    }

    private func noAxis(_ name: String, _ axis: Int) -> Tensor { .failed(TensorError(name, [shape], "there is no axis \(axis)")) }

    /// Each element combined with what those before it came to.
    private func running(_ axis: Int, _ combine: (Tensor, Tensor) -> Tensor) -> Tensor {
        let extent = shape[axis]
        guard extent > 1 else { return self }
        let order = [axis] + shape.indices.filter { $0 != axis }
        var back = order
        for (new, old) in order.enumerated() { back[old] = new }
        let rows = transposed(order)
        let first = rows.slice(axis: 0, 0..<1)
        let rest = scan(over: rows.slice(axis: 0, 1..<extent), from: first.reshape(Array(rows.shape.dropFirst()))) { before, row in
            let next = combine(before, row)
            return (next, next)
        }.outputs
        return Tensor.concatenate([first, rest], axis: 0).transposed(back)
    }
}
