import RealModule

/// Rewrites a graph so that equal expressions are one node, constants are folded, and work that does not vary
/// along an axis is done before it is repeated along it.
///
/// The value of an expression changes by rounding at most.
package struct Simplifier {
    private struct Key: Hashable {
        let op: Op
        let inputs: [ObjectIdentifier]
        let shape: Shape
        let dtype: DType
    }

    private var interned: [Key: Tensor] = [:]
    /// Regions, simplified.
    private var regions: [Region: Region] = [:]

    package static func simplify(_ roots: [Tensor]) -> [Tensor] {
        var simplifier = Simplifier()
        return Graph.rewrite(Pullback.withoutCalls(roots)) { node, inputs in
            // A region knows its parameters by identity.
            if case .input(let input) = node.op, input.kind == .bound { return Tensor(node: node) }
            return simplifier.make(node.op, inputs, node.shape, node.dtype)
        }
    }

    mutating func make(_ op: Op, _ inputs: [Tensor], _ shape: Shape, _ dtype: DType) -> Tensor {
        if let simpler = rewrite(op, inputs, shape, dtype) { return simpler }
        let key = Key(op: op, inputs: inputs.map(\.id), shape: shape, dtype: dtype)
        if let known = interned[key] { return known }
        let tensor = Tensor(op, inputs, shape: shape, dtype: dtype)
        interned[key] = tensor
        return tensor
    }

    private mutating func rewrite(_ op: Op, _ x: [Tensor], _ shape: Shape, _ dtype: DType) -> Tensor? {
        switch op {
        case .stopGradient:
            return x[0]
        case .map(let element):
            return map(element, x, shape, dtype)
        case .broadcast:
            if x[0].shape == shape { return x[0] }
            if x[0].node.op == .broadcast { return make(.broadcast, x[0].node.inputs, shape, dtype) }
            if let value = x[0].splat { return make(.literal([value]), [], shape, dtype) }
        case .reshape:
            if x[0].shape == shape { return x[0] }
            if x[0].node.op == .reshape { return make(.reshape, x[0].node.inputs, shape, dtype) }
            if case .literal(let values) = x[0].node.op { return make(.literal(values), [], shape, dtype) }
        case .permute(let order):
            if order == Array(order.indices) { return x[0] }
            if let value = x[0].splat { return make(.literal([value]), [], shape, dtype) }
        case .slice(let starts):
            if x[0].shape == shape { return x[0] }
            if let value = x[0].splat { return make(.literal([value]), [], shape, dtype) }
            if let (inner, part) = Assembly.part(of: x[0], holding: starts, shape) { return make(.slice(starts: inner), [part], shape, dtype) }
        case .reduce(let reduction, let axes):
            return reduce(reduction, axes, x[0], shape, dtype)
        case .scan(let region, let scan):
            let simple = regions[region] ?? Region(parameters: region.parameters, results: Self.simplify(region.results))
            // Once, so that equal nodes stay equal. What is simple already is done with.
            (regions[region], regions[simple]) = (simple, simple)
            if simple != region { return make(.scan(simple, scan), x, shape, dtype) }
        case .literal, .input, .random, .iota, .assemble, .gather, .segmentSum, .cholesky, .triangular, .call, .result:
            break
        }
        return nil
    }

    // MARK: Elementwise

    private mutating func map(_ op: ElementOp, _ x: [Tensor], _ shape: Shape, _ dtype: DType) -> Tensor? {
        if let folded = fold(op, x.map(\.splat)) { return make(.literal([folded]), [], shape, dtype) }
        switch op {
        case .add:
            if x[0].splat == 0 { return x[1] }
            if x[1].splat == 0 { return x[0] }
            if let negated = operand(of: .negate, x[1]) { return make(.map(.subtract), [x[0], negated], shape, dtype) }
            if let negated = operand(of: .negate, x[0]) { return make(.map(.subtract), [x[1], negated], shape, dtype) }
            if x[0].id == x[1].id { return multiply(x[0], 2) }
        case .subtract:
            if x[1].splat == 0 { return x[0] }
            if x[0].splat == 0, dtype == .real { return make(.map(.negate), [x[1]], shape, dtype) }
            if let negated = operand(of: .negate, x[1]) { return make(.map(.add), [x[0], negated], shape, dtype) }
        case .multiply:
            for (one, other) in [(x[0], x[1]), (x[1], x[0])] {
                if one.splat == 1 { return other }
                if one.splat == -1, dtype == .real { return make(.map(.negate), [other], shape, dtype) }
                if let factor = one.splat, dtype == .real {
                    if let negated = operand(of: .negate, other) { return multiply(negated, -factor) }
                    if let (second, rest) = scaled(other), Self.meet(factor, second) { return multiply(rest, factor * second) }
                }
            }
            if dtype == .real {
                // Constant factors go outwards, where they meet and leave sums.
                for (one, other) in [(x[0], x[1]), (x[1], x[0])] where other.splat == nil {
                    if let (factor, rest) = scaled(one), Self.isModest(factor) {
                        return multiply(make(.map(.multiply), [rest, other], shape, dtype), factor)
                    }
                    if let negated = operand(of: .negate, one) {
                        return make(.map(.negate), [make(.map(.multiply), [negated, other], shape, dtype)], shape, dtype)
                    }
                }
            }
        case .divide:
            if x[1].splat == 1 { return x[0] }
            if x[1].splat == nil, x[0].splat == nil {
                if let (factor, rest) = scaled(x[0]), Self.isModest(factor) {
                    return multiply(make(.map(.divide), [rest, x[1]], shape, dtype), factor)
                }
                if let negated = operand(of: .negate, x[0]) {
                    return make(.map(.negate), [make(.map(.divide), [negated, x[1]], shape, dtype)], shape, dtype)
                }
            }
            // Exact for powers of two.
            if let divisor = x[1].splat, divisor.significand == 1, Self.floatHolds(1 / divisor) {
                return make(.map(.multiply), [x[0], make(.literal([1 / divisor]), [], shape, dtype)], shape, dtype)
            }
        case .quotient:
            if x[1].splat == 1 { return x[0] }
        case .remainder:
            if let divisor = x[1].splat, divisor.magnitude == 1 { return make(.literal([0]), [], shape, dtype) }
        case .negate:
            if let negated = operand(of: .negate, x[0]) { return negated }
        case .select:
            if let condition = x[0].splat { return condition != 0 ? x[1] : x[2] }
            if x[1].id == x[2].id { return x[1] }
        case .and where x[0].id == x[1].id, .or where x[0].id == x[1].id:
            return x[0]
        case .and:
            for (one, other) in [(x[0], x[1]), (x[1], x[0])] { if let value = one.splat { return value != 0 ? other : one } }
        case .or:
            for (one, other) in [(x[0], x[1]), (x[1], x[0])] { if let value = one.splat { return value != 0 ? one : other } }
        case .not:
            if let inner = operand(of: .not, x[0]) { return inner }
        case .toReal, .toInt:
            if x[0].dtype == dtype { return x[0] }
        default:
            break
        }
        return beforeBroadcast(op, x, shape, dtype)
    }

    /// The parts of a product with a constant.
    private func scaled(_ x: Tensor) -> (factor: Double, rest: Tensor)? {
        guard x.node.op == .map(.multiply), x.dtype == .real else { return nil }
        for (one, other) in [(0, 1), (1, 0)] {
            if let factor = x.node.inputs[one].splat { return (factor, x.node.inputs[other]) }
        }
        return nil
    }

    /// Whether constants may be multiplied with each other: not to a number that float does not hold, where it holds both.
    /// What is computed with one after the other may well be in its range.
    private static func meet(_ a: Double, _ b: Double) -> Bool { floatHolds(a * b) || !floatHolds(a) || !floatHolds(b) }

    /// Normal numbers: devices may take others for 0.
    private static func floatHolds(_ x: Double) -> Bool {
        x == 0 || (Double(Float.leastNormalMagnitude)...Double(Float.greatestFiniteMagnitude)).contains(x.magnitude)
    }

    /// Whether a factor may leave a product or a sum without taking that out of the range of float: 2^32 either way is little
    /// beside the 2^127 of that.
    private static func isModest(_ factor: Double) -> Bool { (0x1p-32...0x1p32).contains(factor.magnitude) }

    private func operand(of op: ElementOp, _ x: Tensor) -> Tensor? {
        x.node.op == .map(op) ? x.node.inputs[0] : nil
    }

    /// op(broadcast a, broadcast b) = broadcast(op(a, b)).
    private mutating func beforeBroadcast(_ op: ElementOp, _ x: [Tensor], _ shape: Shape, _ dtype: DType) -> Tensor? {
        guard x.contains(where: { $0.node.op == .broadcast }),
            x.allSatisfy({ $0.node.op == .broadcast || $0.splat != nil })
        else { return nil }
        let narrow = x.map { $0.node.op == .broadcast ? $0.node.inputs[0].shape : [] }
        guard let joint = Shapes.broadcast(narrow), joint.elementCount < shape.elementCount else { return nil }
        let operands = x.map { tensor -> Tensor in
            let source = tensor.node.op == .broadcast ? tensor.node.inputs[0] : tensor
            if let value = source.splat { return make(.literal([value]), [], joint, source.dtype) }
            return source.shape == joint ? source : make(.broadcast, [source], joint, source.dtype)
        }
        return make(.broadcast, [make(.map(op), operands, joint, dtype)], shape, dtype)
    }

    /// Folds constants in the host's double precision, which is the same for every device.
    private func fold(_ op: ElementOp, _ x: [Double?]) -> Double? {
        let values = x.compactMap { $0 }
        guard values.count == x.count else { return nil }
        return op == .toInt || op == .select ? nil : op.row.host(values)
    }

    // MARK: Reductions

    private mutating func reduce(
        _ reduction: Reduction, _ axes: [Int], _ x: Tensor, _ shape: Shape, _ dtype: DType
    ) -> Tensor? {
        let extent = axes.reduce(1) { $0 * x.shape[$1] }
        if extent == 1 { return make(.reshape, [x], shape, dtype) }
        guard reduction == .sum, extent > 0, dtype == .real else { return nil }
        let all = x.node.inputs
        switch x.node.op {
        case .literal:
            guard let value = x.splat else { return nil }
            return make(.literal([value * Double(extent)]), [], shape, dtype)
        case .broadcast:
            guard let narrow = withoutAxes(x, axes) else { return nil }
            return multiply(narrow, Double(extent))
        case .map(.negate):
            return make(.map(.negate), [sum(all[0], axes, shape)], shape, dtype)
        case .map(.multiply):
            // A factor that does not vary along the axes leaves the sum.
            for (one, other) in [(all[0], all[1]), (all[1], all[0])] {
                if let factor = withoutAxes(one, axes), factor.splat.map(Self.isModest) ?? true {
                    return make(.map(.multiply), [factor, sum(other, axes, shape)], shape, dtype)
                }
            }
        case .map(.divide):
            if let divisor = withoutAxes(all[1], axes) {
                return make(.map(.divide), [sum(all[0], axes, shape), divisor], shape, dtype)
            }
        case .map(.select):
            // So does a condition, where the other terms are zeros.
            for (kept, other) in [(1, 2), (2, 1)] where all[other].splat == 0 {
                guard let condition = withoutAxes(all[0], axes) else { break }
                let zero = make(.literal([0]), [], shape, dtype)
                let total = sum(all[kept], axes, shape)
                return make(.map(.select), kept == 1 ? [condition, total, zero] : [condition, zero, total], shape, dtype)
            }
        case .map(.add), .map(.subtract):
            // Only beside a square: elsewhere, in residuals say, the two sums could cancel where the terms do not.
            guard (Self.isSquare(all[0]) && withoutAxes(all[1], axes) != nil) || (Self.isSquare(all[1]) && withoutAxes(all[0], axes) != nil)
            else { return nil }
            return make(x.node.op, [sum(all[0], axes, shape), sum(all[1], axes, shape)], shape, dtype)
        default:
            break
        }
        return nil
    }

    /// Whether an expression is a square, perhaps times a constant.
    package static func isSquare(_ x: Tensor) -> Bool {
        let inputs = x.node.inputs
        switch x.node.op {
        case .map(.negate): return isSquare(inputs[0])
        case .map(.multiply):
            if inputs[0].id == inputs[1].id { return true }
            if inputs[0].splat != nil { return isSquare(inputs[1]) }
            if inputs[1].splat != nil { return isSquare(inputs[0]) }
            return false
        default: return false
        }
    }

    private mutating func sum(_ x: Tensor, _ axes: [Int], _ shape: Shape) -> Tensor {
        make(.reduce(.sum, axes: axes), [x], shape, x.dtype)
    }

    private mutating func multiply(_ x: Tensor, _ factor: Double) -> Tensor {
        if factor == 1 { return x }
        return make(.map(.multiply), [x, make(.literal([factor]), [], x.shape, x.dtype)], x.shape, x.dtype)
    }

    /// `x` with `axes` dropped, when it is the same all along them.
    private mutating func withoutAxes(_ x: Tensor, _ axes: [Int]) -> Tensor? {
        let dropped = Set(axes)
        let target = x.shape.indices.filter { !dropped.contains($0) }.map { x.shape[$0] }
        if let value = x.splat { return make(.literal([value]), [], target, x.dtype) }
        guard x.node.op == .broadcast else { return nil }
        let source = x.node.inputs[0]
        let offset = x.rank - source.rank
        guard axes.allSatisfy({ $0 < offset || source.shape[$0 - offset] == 1 }) else { return nil }
        let kept = source.shape.indices.filter { !dropped.contains($0 + offset) }.map { source.shape[$0] }
        let narrow = make(.reshape, [source], kept, x.dtype)
        return narrow.shape == target ? narrow : make(.broadcast, [narrow], target, x.dtype)
    }
}
