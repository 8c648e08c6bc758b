// Reductions that are made of others, and reductions as functions.

extension Tensor {
    /// The mean along one axis, which is dropped.
    public func mean(axis: Int) -> Tensor { mean([axis]) }
    /// The largest element along one axis, which is dropped.
    public func max(axis: Int) -> Tensor { max([axis]) }
    /// The smallest element along one axis, which is dropped.
    public func min(axis: Int) -> Tensor { min([axis]) }
    /// Whether any element of a mask is true, along one axis, which is dropped.
    public func any(axis: Int) -> Tensor { any([axis]) }
    /// Whether all elements of a mask are true, along one axis, which is dropped.
    public func all(axis: Int) -> Tensor { all([axis]) }

    /// The mean square of what is left after the mean, over the given axes (all of them by default), which are dropped.
    ///
    /// - Parameters:
    ///   - axes: distinct ones; negative numbers count from the end.
    ///   - correction: what is taken from the count that the sum is divided by: 0 for the variance of the numbers
    ///     themselves, as in NumPy, 1 for the unbiased estimate. NaN or infinite where that leaves nothing.
    public func variance(_ axes: [Int]? = nil, correction: Int = 0) -> Tensor {
        let centre = mean(axes)
        if centre.failure != nil { return centre }
        let dropped = Set((axes ?? Array(shape.indices)).compactMap { Shapes.normalized($0, rank: rank) })
        let kept = shape.indices.map { dropped.contains($0) ? 1 : shape[$0] }
        let extent = dropped.reduce(1.0) { $0 * Double(shape[$1]) }
        return square(self - centre.reshape(kept)).sum(axes) / Tensor(extent - Double(correction))
    }
    /// `variance(_:correction:)` along one axis.
    public func variance(axis: Int, correction: Int = 0) -> Tensor { variance([axis], correction: correction) }

    /// The root of the variance; its gradient is 0 where all numbers are equal.
    ///
    /// - Parameters:
    ///   - axes: as of `variance(_:correction:)`.
    ///   - correction: as of `variance(_:correction:)`.
    public func std(_ axes: [Int]? = nil, correction: Int = 0) -> Tensor {
        let variance = variance(axes, correction: correction)
        let isFlat = variance .== 0
        return select(isFlat, 0, sqrt(select(isFlat, 1, variance)))
    }
    /// `std(_:correction:)` along one axis.
    public func std(axis: Int, correction: Int = 0) -> Tensor { std([axis], correction: correction) }

    /// The product of the elements along the given axes (all of them by default), which are dropped; 1 of none.
    public func product(_ axes: [Int]? = nil) -> Tensor {
        if failure != nil { return self }
        let list = axes ?? Array(shape.indices)
        let normal = list.compactMap { Shapes.normalized($0, rank: rank) }
        guard normal.count == list.count, Set(normal).count == list.count else {
            return .failed(TensorError("product", [shape], "axes \(list) are not distinct axes of it"))
        }
        let source = dtype == .bool ? asReal : self
        if normal.isEmpty { return source }
        let others = shape.indices.filter { !normal.contains($0) }
        let rest = others.map { shape[$0] }
        let extent = normal.reduce(1) { $0 * shape[$1] }
        return source.transposed(others + normal.sorted()).reshape(rest + [extent]).productOfLastAxis
    }
    /// `product(_:)` along one axis.
    public func product(axis: Int) -> Tensor { product([axis]) }

    /// By halves: each level is one multiplication of arrays, whose gradient is right where factors are 0.
    private var productOfLastAxis: Tensor {
        let extent = shape[rank - 1]
        let rest = Array(shape.dropLast())
        if extent == 0 { return dtype == .int ? Tensor(integer: 1).broadcast(to: rest) : Tensor(repeating: 1, shape: rest) }
        if extent == 1 { return reshape(rest) }
        let half = extent / 2
        let pairs = slice(axis: -1, 0..<half) * slice(axis: -1, half..<(2 * half))
        let product = pairs.productOfLastAxis
        return extent % 2 == 0 ? product : product * element(extent - 1, axis: -1)
    }

    /// Differences of neighbours along an axis, which becomes shorter by one: element i is x[i + 1] - x[i].
    public func diff(axis: Int = -1) -> Tensor {
        if failure != nil { return self }
        guard let position = Shapes.normalized(axis, rank: rank) else {
            return .failed(TensorError("diff", [shape], "there is no axis \(axis)"))
        }
        let extent = shape[position]
        let source = dtype == .bool ? asReal : self
        if extent == 0 { return source }
        return source.slice(axis: position, 1..<extent) - source.slice(axis: position, 0..<(extent - 1))
    }
}

// MARK: As functions

/// The sum of all elements.
public func sum(_ x: Tensor) -> Tensor { x.sum() }
/// The sum along one axis, which is dropped.
public func sum(_ x: Tensor, axis: Int) -> Tensor { x.sum(axis: axis) }
/// The mean of all elements.
public func mean(_ x: Tensor) -> Tensor { x.mean() }
/// The mean along one axis, which is dropped.
public func mean(_ x: Tensor, axis: Int) -> Tensor { x.mean(axis: axis) }
/// The product of all elements.
public func product(_ x: Tensor) -> Tensor { x.product() }
/// The product along one axis, which is dropped.
public func product(_ x: Tensor, axis: Int) -> Tensor { x.product(axis: axis) }
/// The variance of all elements; see `Tensor.variance(_:correction:)`.
public func variance(_ x: Tensor, correction: Int = 0) -> Tensor { x.variance(correction: correction) }
/// The variance along one axis, which is dropped.
public func variance(_ x: Tensor, axis: Int, correction: Int = 0) -> Tensor { x.variance(axis: axis, correction: correction) }
/// The standard deviation of all elements; see `Tensor.std(_:correction:)`.
public func std(_ x: Tensor, correction: Int = 0) -> Tensor { x.std(correction: correction) }
/// The standard deviation along one axis, which is dropped.
public func std(_ x: Tensor, axis: Int, correction: Int = 0) -> Tensor { x.std(axis: axis, correction: correction) }
/// Differences of neighbours along an axis; see `Tensor.diff(axis:)`.
public func diff(_ x: Tensor, axis: Int = -1) -> Tensor { x.diff(axis: axis) }
