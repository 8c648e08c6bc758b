// Elements in order. All pairs are compared: the rank of an element is the number of those that come before it, so that no lane branches.
// Time grows with the square of the length of the axis.

extension Tensor {
    /// The elements along an axis in ascending order; the shape stays. NaN comes last, as in NumPy, and ints stay ints; masks become reals.
    ///
    /// The gradient of an element goes to where it came from. An axis that is not there is carried as a mistake, and so is one so long that
    /// its pairs cannot be counted (46341 elements).
    public func sorted(axis: Int = -1) -> Tensor {
        alongColumns("sorted", axis) { $0.placedBack($0.elements($0.places)) }
    }

    /// The places along an axis of the elements in ascending order, as ints: element i of `sorted(axis:)` is the one at place i of these.
    ///
    /// The shape stays. Equal elements stay in their order, and NaN comes last, in order too. Mistakes are as of `sorted(axis:)`.
    public func argSort(axis: Int = -1) -> Tensor {
        alongColumns("argSort", axis) { $0.placedBack($0.places) }
    }

    /// The place of the largest element along an axis, which is dropped, as ints: the first of equal ones, and of NaN where there are any.
    ///
    /// - Parameter axis: nil for all elements, counted in row-major order.
    /// - Returns: a tensor that carries a mistake where there is no such axis, or nothing along it.
    public func argMax(axis: Int? = nil) -> Tensor { placeOfExtreme("argMax", axis, isMaximum: true) }

    /// The place of the smallest element along an axis, which is dropped; otherwise as `argMax(axis:)`.
    public func argMin(axis: Int? = nil) -> Tensor { placeOfExtreme("argMin", axis, isMaximum: false) }

    /// The middle of the elements along an axis, which is dropped: the mean of the middle two of an even number, NaN where there is a NaN.
    ///
    /// It is real, and its gradient goes to the elements in the middle.
    ///
    /// - Parameter axis: nil for all elements.
    /// - Returns: a tensor that carries a mistake where there is no such axis, nothing along it, or too much, as of `sorted(axis:)`.
    public func median(axis: Int? = nil) -> Tensor { quantiles("median", [0.5], axis).element(0) }

    /// A quantile of the elements along an axis, which is dropped; see `quantile(_:axis:)` of several.
    public func quantile(_ q: Double, axis: Int? = nil) -> Tensor { quantiles("quantile", [q], axis).element(0) }

    /// Quantiles of the elements along an axis: shape `[q.count] + rest`, without that axis.
    ///
    /// Between the elements next to the place q (n - 1) of n in order lies a straight line: NumPy's default, and definition 7 of Hyndman and
    /// Fan, Sample quantiles in statistical packages, The American Statistician 50 (1996). NaN where there is a NaN.
    /// They are real, and their gradients go to the elements that they lie between.
    ///
    /// - Parameters:
    ///   - q: numbers from 0 to 1.
    ///   - axis: nil for all elements.
    /// - Returns: a tensor that carries a mistake where a number is not from 0 to 1, and where `median(axis:)` does.
    public func quantile(_ q: [Double], axis: Int? = nil) -> Tensor { quantiles("quantile", q, axis) }

    // MARK: How

    private func noAxis(_ name: String, _ axis: Int) -> Tensor { .failed(TensorError(name, [shape], "there is no axis \(axis)")) }

    private func alongColumns(_ name: String, _ axis: Int?, _ result: (Columns) -> Tensor) -> Tensor {
        if failure != nil { return self }
        let source = axis == nil ? reshape([count]) : self
        guard let position = Shapes.normalized(axis ?? 0, rank: source.rank) else { return noAxis(name, axis ?? 0) }
        let columns = Columns(dtype == .bool ? source.asReal : source, position)
        guard Shapes.isPossible([columns.extent, columns.extent, columns.width]) else {
            return .failed(
                TensorError(
                    name, [shape],
                    "\(columns.width) times \(columns.extent) elements have too many pairs to compare; there can be at most \(Shapes.mostElements)"))
        }
        return result(columns)
    }

    private func placeOfExtreme(_ name: String, _ axis: Int?, isMaximum: Bool) -> Tensor {
        if failure != nil { return self }
        let source = axis == nil ? reshape([count]) : self
        guard let position = Shapes.normalized(axis ?? 0, rank: source.rank) else { return noAxis(name, axis ?? 0) }
        let extent = source.shape[position]
        guard extent > 0 else { return .failed(TensorError(name, [shape], "there is nothing along \(axis.map { "axis \($0)" } ?? "it")")) }
        let numbers = dtype == .bool ? source.asReal : source
        func extreme(_ x: Tensor) -> Tensor { (isMaximum ? x.max([position]) : x.min([position])).expandingShape(at: position) }
        var isExtreme: Tensor
        if numbers.dtype == .real {
            let isNaN = numbers .!= numbers
            let others = select(isNaN, Tensor(isMaximum ? -.infinity : .infinity), numbers)
            isExtreme = isNaN .| ((numbers .== extreme(others)) .& .!isNaN.any([position]).expandingShape(at: position))
        } else {
            isExtreme = numbers .== extreme(numbers)
        }
        var alone = Shape(repeating: 1, count: source.rank)
        alone[position] = extent
        return select(isExtreme, Tensor.iota(extent).reshape(alone), Tensor(integer: extent)).min([position])
    }

    private func quantiles(_ name: String, _ q: [Double], _ axis: Int?) -> Tensor {
        if failure != nil { return self }
        if let wrong = q.first(where: { !($0 >= 0 && $0 <= 1) }) {
            return .failed(TensorError(name, [shape], "\(wrong) is not a number from 0 to 1"))
        }
        return alongColumns(name, axis) { columns in
            guard columns.extent > 0 else {
                return .failed(TensorError(name, [shape], "there is nothing along \(axis.map { "axis \($0)" } ?? "it")"))
            }
            let target = [q.count] + columns.rest
            if q.isEmpty { return Tensor(repeating: 0, shape: target) }
            let exact = q.map { $0 * Double(columns.extent - 1) }
            let below = exact.map { Swift.min(Int($0), columns.extent - 1) }
            let shares = zip(exact, below).map { $0 - Double($1) }
            // Nothing above where it does not count: 0 * infinity is not 0.
            let above = zip(below, shares).map { $1 > 0 ? $0 + 1 : $0 }
            let ends = columns.elements(columns.places(ofRanks: Tensor(integers: below + above))).asReal
            let (low, high) = (ends.slice(axis: 0, 0..<q.count), ends.slice(axis: 0, q.count..<(2 * q.count)))
            let share = Tensor(shares, shape: [q.count, 1])
            let value = shares.allSatisfy { $0 == 0 } ? low : select(0 .< share, low * (1 - share) + high * share, low)
            return (columns.isNaN.map { select($0.any([0]), Tensor(.nan), value) } ?? value).reshape(target)
        }
    }
}

/// A tensor as a matrix, each column of which is put in order.
private struct Columns {
    /// The axis that is put in order, by all others.
    let values: Tensor
    let extent: Int
    let width: Int
    /// The shape without the axis.
    let rest: Shape
    /// Which axes of the tensor come in which order.
    private let order: [Int]

    init(_ x: Tensor, _ axis: Int) {
        order = [axis] + x.shape.indices.filter { $0 != axis }
        rest = order.dropFirst().map { x.shape[$0] }
        (extent, width) = (x.shape[axis], rest.elementCount)
        values = x.transposed(order).reshape([extent, width])
    }

    /// The mask of NaN; nil of ints.
    var isNaN: Tensor? { values.dtype == .real ? values .!= values : nil }

    /// How many elements of its column come before each.
    private var ranks: Tensor {
        let (one, other) = ([extent, 1, width], [1, extent, width])
        let (x, y) = (values.reshape(one), values.reshape(other))
        let places = Tensor.iota(extent)
        let isEarlier = (places .< places.reshape([extent, 1])).reshape([extent, extent, 1])
        var isBefore = (y .< x) .| ((y .== x) .& isEarlier)
        // NaN compares with nothing.
        if let isNaN { isBefore = isBefore .| (isNaN.reshape(one) .& (.!isNaN.reshape(other) .| isEarlier)) }
        return isBefore.asInt.sum([1])
    }

    /// The places in its column of the elements that have some ranks: shape `[ranks] + [width]`.
    func places(ofRanks wanted: Tensor) -> Tensor {
        if extent <= 1 || width == 0 { return Tensor(integer: 0).broadcast(to: [wanted.count, width]) }
        let isThere = ranks.reshape([1, extent, width]) .== wanted.reshape([wanted.count, 1, 1])
        // There is one of each rank.
        return select(isThere, Tensor.iota(extent).reshape([extent, 1]), Tensor(integer: 0)).sum([1])
    }

    /// The places of all ranks.
    var places: Tensor { places(ofRanks: .iota(extent)) }

    /// The elements at places of their columns.
    func elements(_ places: Tensor) -> Tensor {
        if places.count == 0 { return Tensor(.literal([0]), shape: places.shape, dtype: values.dtype) }
        if extent == 1 { return values.broadcast(to: places.shape) }
        let flat = width == 1 ? places : places * Tensor(integer: width) + .iota(width)
        return values.reshape([extent * width]).gather(flat)
    }

    /// A matrix of this shape as the tensor was.
    func placedBack(_ matrix: Tensor) -> Tensor {
        var back = order
        for (new, old) in order.enumerated() { back[old] = new }
        return matrix.reshape([extent] + rest).transposed(back)
    }
}

// MARK: As functions

/// The elements along an axis in ascending order; see `Tensor.sorted(axis:)`.
public func sorted(_ x: Tensor, axis: Int = -1) -> Tensor { x.sorted(axis: axis) }
/// The places of the elements along an axis in ascending order; see `Tensor.argSort(axis:)`.
public func argSort(_ x: Tensor, axis: Int = -1) -> Tensor { x.argSort(axis: axis) }
/// The place of the largest element along an axis, or of all; see `Tensor.argMax(axis:)`.
public func argMax(_ x: Tensor, axis: Int? = nil) -> Tensor { x.argMax(axis: axis) }
/// The place of the smallest element along an axis, or of all; see `Tensor.argMin(axis:)`.
public func argMin(_ x: Tensor, axis: Int? = nil) -> Tensor { x.argMin(axis: axis) }
/// The median along an axis, or of all elements; see `Tensor.median(axis:)`.
public func median(_ x: Tensor, axis: Int? = nil) -> Tensor { x.median(axis: axis) }
/// A quantile along an axis, or of all elements; see `Tensor.quantile(_:axis:)`.
public func quantile(_ x: Tensor, _ q: Double, axis: Int? = nil) -> Tensor { x.quantile(q, axis: axis) }
/// Quantiles along an axis, or of all elements, in front of the shape; see `Tensor.quantile(_:axis:)`.
public func quantile(_ x: Tensor, _ q: [Double], axis: Int? = nil) -> Tensor { x.quantile(q, axis: axis) }
