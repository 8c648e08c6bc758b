/// What stands between the brackets for one axis, as in `x[1..., -1, newAxis]`: an `Int`, a range of them, `newAxis`.
public protocol TensorIndex: Sendable {
    /// As an index of one axis.
    var axisIndex: AxisIndex { get }
}

/// What is taken of an axis. Negative numbers count from its end.
public enum AxisIndex: TensorIndex {
    /// One element; the axis is dropped.
    case element(Int)
    /// From `lower` up to, not including, `upper`; nil for the ends of the axis.
    case range(lower: Int?, upper: Int?)
    /// From `lower` to `upper`, included.
    case closedRange(lower: Int?, upper: Int)
    /// No axis of the tensor: one of extent 1 is put in.
    case newAxis
    /// All axes that the others leave.
    case ellipsis

    public var axisIndex: AxisIndex { self }
}

/// Puts in an axis of extent 1, as in `x[..., newAxis]`.
public let newAxis = AxisIndex.newAxis

extension Int: TensorIndex { public var axisIndex: AxisIndex { .element(self) } }
extension Range: TensorIndex where Bound == Int { public var axisIndex: AxisIndex { .range(lower: lowerBound, upper: upperBound) } }
extension ClosedRange: TensorIndex where Bound == Int {
    public var axisIndex: AxisIndex { .closedRange(lower: lowerBound, upper: upperBound) }
}
extension PartialRangeFrom: TensorIndex where Bound == Int { public var axisIndex: AxisIndex { .range(lower: lowerBound, upper: nil) } }
extension PartialRangeUpTo: TensorIndex where Bound == Int { public var axisIndex: AxisIndex { .range(lower: nil, upper: upperBound) } }
extension PartialRangeThrough: TensorIndex where Bound == Int {
    public var axisIndex: AxisIndex { .closedRange(lower: nil, upper: upperBound) }
}

extension Tensor {
    /// A part of this tensor: `x[1..<5]`, `x[-1]`, `x[1..., ..<3]`, `x[..., 0]`.
    ///
    /// An `Int` drops its axis, a range keeps it. Negative numbers count from the end: `x[..<(-1)]` leaves the last element
    /// out, `x[(-2)...]` takes the last two (Swift itself refuses `1 ..< -1`: write `x[1...][..<(-1)]`). `...` stands for all
    /// axes that the other indices leave, as in NumPy; where it stands more than once, each is one whole axis. Axes without
    /// an index are whole. An index beyond its axis makes a tensor that carries the mistake.
    public subscript(first: any TensorIndex, rest: any TensorIndex...) -> Tensor { taking([first] + rest) }

    // `...` alone is a function, which conforms to nothing: it has its own place in each of these.

    /// `x[..., i]`, and so on: a part of this tensor, as above.
    public subscript(_: UnboundedRange, rest: any TensorIndex...) -> Tensor { taking([AxisIndex.ellipsis] + rest) }
    /// `x[i, ..., j]`, and so on: a part of this tensor, as above.
    public subscript(a: any TensorIndex, _: UnboundedRange, rest: any TensorIndex...) -> Tensor { taking([a, AxisIndex.ellipsis] + rest) }
    /// `x[..., ..., i]`, and so on: a part of this tensor, as above.
    public subscript(_: UnboundedRange, _: UnboundedRange, rest: any TensorIndex...) -> Tensor {
        taking([AxisIndex.ellipsis, AxisIndex.ellipsis] + rest)
    }
    /// `x[i, j, ..., k]`, and so on: a part of this tensor, as above.
    public subscript(a: any TensorIndex, b: any TensorIndex, _: UnboundedRange, rest: any TensorIndex...) -> Tensor {
        taking([a, b, AxisIndex.ellipsis] + rest)
    }
    /// `x[..., i, ..., j]`, and so on: a part of this tensor, as above.
    public subscript(_: UnboundedRange, a: any TensorIndex, _: UnboundedRange, rest: any TensorIndex...) -> Tensor {
        taking([AxisIndex.ellipsis, a, AxisIndex.ellipsis] + rest)
    }
    /// `x[i, ..., ..., j]`, and so on: a part of this tensor, as above.
    public subscript(a: any TensorIndex, _: UnboundedRange, _: UnboundedRange, rest: any TensorIndex...) -> Tensor {
        taking([a, AxisIndex.ellipsis, AxisIndex.ellipsis] + rest)
    }
    /// `x[..., ..., ..., i]`, and so on: a part of this tensor, as above.
    public subscript(_: UnboundedRange, _: UnboundedRange, _: UnboundedRange, rest: any TensorIndex...) -> Tensor {
        taking([AxisIndex.ellipsis, AxisIndex.ellipsis, AxisIndex.ellipsis] + rest)
    }

    /// `x[i, j, k, ..., l]`, and so on: a part of this tensor, as above.
    public subscript(a: any TensorIndex, b: any TensorIndex, c: any TensorIndex, _: UnboundedRange, rest: any TensorIndex...) -> Tensor {
        taking([a, b, c, AxisIndex.ellipsis] + rest)
    }

    private func taking(_ indices: [any TensorIndex]) -> Tensor {
        if failure != nil { return self }
        func failed(_ reason: String) -> Tensor { .failed(TensorError("subscript", [shape], reason)) }
        var parts = indices.map(\.axisIndex)
        let ellipses = parts.indices.filter { parts[$0].isEllipsis }
        let named = parts.count { !$0.isEllipsis && !$0.isNewAxis }
        if ellipses.count == 1, named <= rank {
            parts.replaceSubrange(ellipses[0]...ellipses[0], with: Array(repeating: .range(lower: nil, upper: nil), count: rank - named))
        }
        let given = parts.count { !$0.isNewAxis }
        guard given <= rank else { return failed("there are indices for \(given) axes, and it has \(rank)") }
        parts += Array(repeating: .range(lower: nil, upper: nil), count: rank - given)

        var starts: [Int] = []
        var extents: Shape = []
        var target: Shape = []
        for part in parts {
            if part.isNewAxis {
                target.append(1)
                continue
            }
            let axis = starts.count
            guard let bounds = part.bounds(in: shape[axis]) else {
                return failed("\(part) is not within axis \(axis), which has \(shape[axis]) elements")
            }
            starts.append(bounds.lowerBound)
            extents.append(bounds.count)
            if !part.isElement { target.append(bounds.count) }
        }
        let part = extents == shape ? self : Tensor(.slice(starts: starts), [self], shape: extents, dtype: dtype)
        return part.reshape(target)
    }
}

extension AxisIndex: CustomStringConvertible {
    /// As it is written between the brackets.
    public var description: String {
        func text(_ bound: Int?) -> String { bound.map(String.init) ?? "" }
        switch self {
        case .element(let index): return "\(index)"
        case .range(nil, nil), .ellipsis: return "..."
        case .range(let lower?, nil): return "\(lower)..."
        case .range(let lower, let upper): return "\(text(lower))..<\(text(upper))"
        case .closedRange(let lower, let upper): return "\(text(lower))...\(upper)"
        case .newAxis: return "newAxis"
        }
    }

    fileprivate var isNewAxis: Bool { if case .newAxis = self { true } else { false } }
    fileprivate var isEllipsis: Bool { if case .ellipsis = self { true } else { false } }
    fileprivate var isElement: Bool { if case .element = self { true } else { false } }

    /// The places along an axis; nil when they are not all on it.
    fileprivate func bounds(in extent: Int) -> Range<Int>? {
        // Neither sum overflows: one term is negative, the other is not.
        func place(_ index: Int) -> Int { index < 0 ? index + extent : index }
        switch self {
        case .element(let index):
            let place = place(index)
            return place >= 0 && place < extent ? place..<(place + 1) : nil
        case .range(let lower, let upper):
            let (first, end) = (lower.map(place) ?? 0, upper.map(place) ?? extent)
            return first >= 0 && first <= end && end <= extent ? first..<end : nil
        case .closedRange(let lower, let upper):
            let (first, last) = (lower.map(place) ?? 0, place(upper))
            return first >= 0 && last < extent && last >= -1 && first <= last + 1 ? first..<(last + 1) : nil
        case .newAxis, .ellipsis:
            return 0..<extent
        }
    }
}
