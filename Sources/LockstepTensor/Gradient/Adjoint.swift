/// The derivative with respect to one tensor, on its way backwards.
///
/// A factor that is exactly zero must win over a derivative that is not finite: what a select, a mask or a maximum
/// leaves out counts for nothing, whatever it holds. So an adjoint knows where it is zero for sure, and the selects
/// that make it so are put in late: where it is summed, or added to another.
struct Adjoint {
    /// The derivative where `mask` holds; elsewhere anything, unless `isClean`.
    var value: Tensor
    /// Where the derivative may differ from zero; nil for everywhere.
    var mask: Tensor?
    /// Whether `value` is zero where `mask` does not hold.
    var isClean = true
    /// Whether an element of the tensor that is not finite makes the differentiated value so.
    var isStrict: Bool
    /// Whether elements may be infinite where the value that is differentiated is finite, as below sqrt(0).
    var isUnbounded = false

    /// The derivative itself.
    var derivative: Tensor {
        guard let mask, !isClean else { return value }
        return mask.node.op == .map(.not) ? select(mask.node.inputs[0], 0, value) : select(mask, value, 0)
    }

    /// With `value` zero where `mask` does not hold.
    var cleaned: Adjoint {
        var copy = self
        (copy.value, copy.isClean) = (derivative, true)
        return copy
    }

    /// The same elements elsewhere: `move` rearranges or repeats.
    func moved(_ move: (Tensor) -> Tensor) -> Adjoint {
        var copy = self
        (copy.value, copy.mask) = (move(value), mask.map(move))
        return copy
    }

    /// Sums, whose mask is where any of the summed elements counts.
    func summed(_ sum: (Tensor) -> Tensor, any: (Tensor) -> Tensor?) -> Adjoint {
        var copy = self
        (copy.value, copy.mask, copy.isClean) = (sum(derivative), mask.flatMap(any), true)
        return copy
    }

    /// Zero where `condition` does not hold; `value` is left as it is there.
    func excluding(where condition: Tensor, isNegated: Bool) -> Adjoint {
        var copy = self
        let own = isNegated ? .!condition : condition
        (copy.mask, copy.isClean) = (mask.map { $0.id == condition.id && !isNegated ? $0 : $0 .& own } ?? own, false)
        return copy
    }

    static func + (a: Adjoint, b: Adjoint) -> Adjoint {
        var sum = a
        let isAlike = a.mask?.id == b.mask?.id
        // One that is masked does not speak for the elements of the other.
        func speaksForBoth(_ part: Adjoint) -> Bool { part.isStrict && (isAlike || part.mask == nil) }
        sum.isStrict = (a.isStrict && b.isStrict) || speaksForBoth(a) || speaksForBoth(b)
        sum.isUnbounded = a.isUnbounded || b.isUnbounded
        if isAlike {
            (sum.value, sum.isClean) = (a.value + b.value, a.isClean && b.isClean)
        } else {
            (sum.value, sum.isClean) = (a.derivative + b.derivative, true)
            sum.mask = a.mask.flatMap { one in b.mask.flatMap { one.union($0) } }
        }
        return sum
    }
}

extension Tensor {
    /// A mask that holds for all elements.
    static func everywhere(_ shape: Shape) -> Tensor { Tensor(.literal([1]), shape: shape, dtype: .bool) }

    /// A mask of known values; nil where it holds for all elements.
    static func known(_ values: [Double], _ shape: Shape) -> Tensor? {
        values.contains(0) ? Tensor(values, shape: shape) .!= 0 : nil
    }

    /// Elements of the longest mask that the host looks into.
    static let mostKnown = 1 << 14

    /// Where one of two masks holds; nil where that is everywhere for a reason that shows.
    fileprivate func union(_ other: Tensor) -> Tensor? {
        if isComplement(of: other) { return nil }
        let (own, others) = (node.inputs, other.node.inputs)
        // The two branches of one select, inside one mask.
        if node.op == .map(.and), other.node.op == .map(.and), own[0].id == others[0].id, own[1].isComplement(of: others[1]) {
            return own[0]
        }
        // Elements that are read one by one: together they may be all.
        if let one = knownValues(depth: 3), let two = other.knownValues(depth: 3) {
            return .known(zip(one, two).map { Swift.max($0, $1) }, shape)
        }
        return self .| other
    }

    private func isComplement(of other: Tensor) -> Bool {
        (node.op == .map(.not) && node.inputs[0].id == other.id) || (other.node.op == .map(.not) && other.node.inputs[0].id == id)
    }

    /// Whether any element of a mask holds along `axes`; nil where the host knows that one does for all results.
    func anyUnlessKnown(_ axes: [Int]) -> Tensor? {
        // As a sum of reals, which the compiler takes out of the step where it is the same for all lanes.
        guard let known = knownValues(depth: 8) else { return 0 .< asReal.sum(axes) }
        let target = shape.indices.filter { !axes.contains($0) }
        let kept = target.map { shape[$0] }
        let (strides, targetStrides) = (Shapes.strides(shape), Shapes.strides(kept))
        var found = [Double](repeating: 0, count: kept.elementCount)
        for (place, value) in known.enumerated() where value != 0 {
            found[zip(target, targetStrides).reduce(0) { $0 + place / strides[$1.0] % shape[$1.0] * $1.1 }] = 1
        }
        return .known(found, kept)
    }

    /// The elements of a short expression of literals, as masks for triangles and diagonals are.
    func knownValues(depth: Int) -> [Double]? {
        guard failure == nil, depth > 0, count <= Self.mostKnown else { return nil }
        func operand(_ position: Int) -> [Double]? { node.inputs[position].knownValues(depth: depth - 1) }
        func both(_ combine: (Double, Double) -> Bool) -> [Double]? {
            operand(0).flatMap { one in operand(1).map { zip(one, $0).map { combine($0, $1) ? 1 : 0 } } }
        }
        switch node.op {
        case .literal(let values): return values.count == 1 ? [Double](repeating: values[0], count: count) : values
        case .iota: return (0..<count).map(Double.init)
        case .reshape, .map(.toReal): return operand(0)
        case .map(.not): return operand(0)?.map { 1 - $0 }
        case .map(.less): return both(<)
        case .map(.lessOrEqual): return both(<=)
        case .map(.equal): return both(==)
        case .map(.and): return both { $0 * $1 != 0 }
        case .map(.or): return both { $0 + $1 != 0 }
        case .broadcast:
            let source = node.inputs[0].shape
            let steps = Array(zip(zip(Shapes.strides(shape).suffix(source.count), source), Shapes.strides(source)))
            return operand(0).map { known in
                (0..<count).map { place in known[steps.reduce(0) { $0 + place / $1.0.0 % $1.0.1 * $1.1 }] }
            }
        default: return nil
        }
    }
}
