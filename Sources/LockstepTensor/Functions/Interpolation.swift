// Curves that are given at points, and the places of numbers between others.

/// The place of each number of `x` among `edges`, as ints of the shape of `x`: how many edges are less, or less or equal. As NumPy's.
///
/// Edges need no order, and are all looked at. NaN counts as larger than all numbers and equal to itself.
///
/// - Parameters:
///   - edges: a vector.
///   - x: of any shape.
///   - isRight: whether an edge that is equal counts.
/// - Returns: a tensor that carries a mistake where `edges` are no vector.
public func searchSorted(_ edges: Tensor, _ x: Tensor, isRight: Bool = false) -> Tensor {
    if let failed = [edges, x].first(where: { $0.failure != nil }) { return failed }
    guard edges.rank == 1 else { return .failed(TensorError("searchSorted", [edges.shape, x.shape], "the edges must be a vector")) }
    let own = x.expandingShape(at: -1)
    var isBefore = isRight ? edges .<= own : edges .< own
    if x.dtype == .real {
        let isNaN = own .!= own
        isBefore = isBefore .| (isRight ? isNaN : isNaN .& (edges .== edges))
    }
    return isBefore.asInt.sum(axis: -1)
}

/// The line through points, piece by piece, at each number of `x`; outside of the knots it goes on level. As NumPy's `interp`.
///
/// Gradients go to `x`, knots and values; that by `x` is 0 outside of the knots, and at one of them that to its right. NaN where `x` is NaN.
/// Where knots are equal the line jumps, and the last of them counts. An infinite value makes the pieces beside it infinite or NaN.
///
/// - Parameters:
///   - x: of any shape, which is that of the result.
///   - knots: a vector in ascending order, which is not checked.
///   - values: a vector of the same length.
/// - Returns: real; a tensor that carries a mistake where knots and values are not vectors of one length, or there are none.
public func interpolate(_ x: Tensor, knots: Tensor, values: Tensor) -> Tensor {
    if let failed = failedCurve("interpolate", x, knots, values) { return failed }
    let (x, knots, values) = (x.asReal, knots.asReal, values.asReal)
    if knots.count == 1 { return level(x, values) }
    let piece = Piece(x, knots)
    let (first, last) = (piece.first(values), piece.second(values))
    let between = first + (x - piece.low) / (piece.high - piece.low) * (last - first)
    return select(x .< knots.element(0), values.element(0), select(knots.element(-1) .<= x, values.element(-1), between))
}

/// The natural cubic spline through points, at each number of `x`: it has two continuous derivatives, the second 0 at both ends.
///
/// Outside of the knots the cubics at the ends go on, as in SciPy's `CubicSpline` with natural ends (a natural spline of theory would go
/// on straight). One point makes a constant, two a line. Gradients go to `x`, knots and values. NaN where `x` is NaN; what is not finite
/// among the values makes all of them so. After Press et al., Numerical Recipes, 3rd ed. (2007), sections 3.3 (spline) and 2.4 (tridiagonal
/// systems): second derivatives follow from two recurrences over the knots.
///
/// - Parameters:
///   - x: of any shape, which is that of the result.
///   - knots: a vector in ascending order, no two equal, which is not checked.
///   - values: a vector of the same length.
/// - Returns: real; a tensor that carries a mistake where knots and values are not vectors of one length, or there are none.
public func cubicSpline(_ x: Tensor, knots: Tensor, values: Tensor) -> Tensor {
    if let failed = failedCurve("cubicSpline", x, knots, values) { return failed }
    let (x, knots, values) = (x.asReal, knots.asReal, values.asReal)
    if knots.count == 1 { return level(x, values) }
    let piece = Piece(x, knots)
    let width = piece.high - piece.low
    let (a, b) = ((piece.high - x) / width, (x - piece.low) / width)
    let line = a * piece.first(values) + b * piece.second(values)
    if knots.count == 2 { return line }
    let bends = naturalBends(knots, values)
    let bend = a * (a * a - 1) * piece.first(bends) + b * (b * b - 1) * piece.second(bends)
    return line + bend * (width * width / 6)
}

// MARK: How

private func failedCurve(_ name: String, _ x: Tensor, _ knots: Tensor, _ values: Tensor) -> Tensor? {
    if let failed = [x, knots, values].first(where: { $0.failure != nil }) { return failed }
    if knots.rank == 1, knots.shape == values.shape, knots.count > 0 { return nil }
    return .failed(
        TensorError(
            name, [x.shape, knots.shape, values.shape], "knots and values must be vectors of one length, of one element at least"))
}

/// The only value, at all numbers.
private func level(_ x: Tensor, _ values: Tensor) -> Tensor { select(x .== x, values.element(0), x) }

/// The piece between two knots that each number lies in; outside of them, that at the end.
private struct Piece {
    /// The number of the knot at its left.
    private let index: Tensor
    let low: Tensor
    let high: Tensor

    init(_ x: Tensor, _ knots: Tensor) {
        let one = Tensor(integer: 1)
        let place = searchSorted(knots, x, isRight: true) - one
        index = pointwiseMin(pointwiseMax(place, Tensor(integer: 0)), Tensor(integer: knots.count - 2))
        (low, high) = (knots.gather(index), knots.gather(index + one))
    }

    /// What belongs to the knots, at the left of the piece.
    func first(_ values: Tensor) -> Tensor { values.gather(index) }
    /// At its right.
    func second(_ values: Tensor) -> Tensor { values.gather(index + Tensor(integer: 1)) }
}

/// The second derivatives, at three knots or more, of the natural spline.
private func naturalBends(_ knots: Tensor, _ values: Tensor) -> Tensor {
    let widths = knots.diff()
    let pieces = widths.count
    let (before, after) = (widths.slice(axis: 0, 0..<(pieces - 1)), widths.slice(axis: 0, 1..<pieces))
    // before * m[i - 1] + 2 * (before + after) * m[i] + after * m[i + 1] = right
    let right = 6 * (values.diff() / widths).diff()
    let down = scan(over: [before, after, right], from: [0, 0]) { carries, rows in
        let pivot = 2 * (rows[0] + rows[1]) - rows[0] * carries[0]
        let next = [rows[1] / pivot, (rows[2] - rows[0] * carries[1]) / pivot]
        return (next, next)
    }
    let up = scan(over: down.outputs, from: [0], isReversed: true) { carries, rows in
        let bend = rows[1] - rows[0] * carries[0]
        return ([bend], [bend])
    }
    return .concatenate([[0], up.outputs[0], [0]])
}
