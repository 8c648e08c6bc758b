/// What derivatives of an expression may do, known without numbers: which adjoints need a mask, so that all others
/// stay as they are.
struct Hazards {
    /// Tensors below which, or at which, a derivative depends on values, and is not finite where they are not.
    private var fragile: Set<ObjectIdentifier> = []
    /// Tensors at or below which a derivative may be infinite at finite operands.
    private var singular: Set<ObjectIdentifier> = []
    /// Tensors, of which an element may overflow with one of its operands: `exp` and what is made of it, element by element.
    private var steep: Set<ObjectIdentifier> = []
    /// Tensors below which a derivative may be infinite where a literal bound replaces them, by the kind of the bound.
    private var behindBound: [ElementOp: Set<ObjectIdentifier>] = [.minimum: [], .maximum: []]
    /// Tensors of which no element is less than this.
    private var lowest: [ObjectIdentifier: Double] = [:]

    /// - Parameters:
    ///   - order: operands before users.
    ///   - active: the tensors that have an adjoint.
    init(_ order: [Tensor], active: Set<ObjectIdentifier>) {
        for tensor in order {
            lowest[tensor.id] = bound(tensor)
            guard active.contains(tensor.id), !tensor.node.inputs.isEmpty else { continue }
            let inputs = tensor.node.inputs.filter { active.contains($0.id) }
            func inherit(_ set: inout Set<ObjectIdentifier>, _ own: Bool) {
                if own || inputs.contains(where: { set.contains($0.id) }) { set.insert(tensor.id) }
            }
            inherit(&fragile, !Self.isLinear(tensor))
            inherit(&singular, Self.hasPoles(tensor, self))
            switch tensor.node.op {
            case .map(.exp), .map(.expMinusOne), .map(.sinh), .map(.cosh): steep.insert(tensor.id)
            case .reduce: break
            default: inherit(&steep, false)
            }
            for bound in [ElementOp.minimum, .maximum] where mayFail(tensor, inputs, behind: bound) { behindBound[bound]?.insert(tensor.id) }
        }
    }

    /// Whether values that are not finite can make an adjoint below `tensor` so, where its own adjoint is zero.
    func isFragile(_ tensor: Tensor) -> Bool { fragile.contains(tensor.id) }

    /// Whether a derivative at or below `tensor` may be infinite at finite values.
    func isSingular(_ tensor: Tensor) -> Bool { singular.contains(tensor.id) }

    /// Whether a derivative below `tensor` may be infinite where a literal bound replaces `tensor` by itself.
    func isFragile(_ tensor: Tensor, behind bound: ElementOp) -> Bool { behindBound[bound]?.contains(tensor.id) ?? false }

    private func mayFail(_ tensor: Tensor, _ inputs: [Tensor], behind bound: ElementOp) -> Bool {
        switch tensor.node.op {
        // Their derivatives are finite on the side that the bound cuts off.
        case .map(.exp) where bound == .maximum:
            return isSingular(tensor.node.inputs[0])
        case .map(.minimum), .map(.maximum):
            return inputs.contains { isFragile($0, behind: bound) }
        default:
            return isSingular(tensor) || steep.contains(tensor.id)
        }
    }

    /// Whether a condition can be seen to hold nowhere: a bound that is below all values.
    func isNever(_ condition: Tensor) -> Bool {
        let inputs = condition.node.inputs
        switch condition.node.op {
        case .map(.lessOrEqual): return inputs[1].splat.map { $0 < lowest(inputs[0]) } ?? false
        case .map(.less): return inputs[1].splat.map { $0 <= lowest(inputs[0]) } ?? false
        default: return false
        }
    }

    func isPositive(_ tensor: Tensor) -> Bool { lowest(tensor) > 0 }
    func isNonNegative(_ tensor: Tensor) -> Bool { lowest(tensor) >= 0 }

    /// Whether the derivative of an operation is a number that no value changes.
    private static func isLinear(_ tensor: Tensor) -> Bool {
        if case .reduce(let reduction, _) = tensor.node.op { return reduction == .sum }
        switch tensor.node.op {
        case .scan, .call, .cholesky, .triangular: return false
        default: break
        }
        guard case .map(let op) = tensor.node.op else { return true }
        switch op {
        case .negate, .add, .subtract, .toReal, .select, .minimum, .maximum: return true
        case .multiply: return tensor.node.inputs.contains { $0.isFiniteSplat }
        case .divide: return tensor.node.inputs[1].isFiniteSplat
        default: return false
        }
    }

    /// Whether an operation has an infinite derivative, or value, at finite operands.
    private static func hasPoles(_ tensor: Tensor, _ hazards: Hazards) -> Bool {
        switch tensor.node.op {
        // Whatever a region does; at singular matrices.
        case .scan, .call, .cholesky, .triangular: return true
        default: break
        }
        guard case .map(let op) = tensor.node.op else { return false }
        let x = tensor.node.inputs
        switch op {
        case .sqrt, .log: return !hazards.isPositive(x[0])
        case .logOnePlus: return !hazards.isNonNegative(x[0])
        case .divide: return !x[1].isFiniteSplat && !hazards.isPositive(x[1])
        case .power, .asin, .acos, .erfInverse, .logGamma, .digamma, .hurwitzZeta, .tan: return true
        default: return false
        }
    }

    /// Whether the derivative may be infinite at a point where the value that is differentiated is finite.
    ///
    /// - Parameter isStrict: whether it is not finite where the result of the operation is not.
    func isUnbounded(_ op: ElementOp, _ x: [Tensor], isStrict: Bool) -> Bool {
        switch op {
        case .sqrt: !isPositive(x[0])
        case .power: (x[1].literal.map { $0.contains { 0 < $0 && $0 < 1 } } ?? true) && !isPositive(x[0])
        case .asin, .acos: true
        case .log: !isStrict && !isPositive(x[0])
        case .logOnePlus: !isStrict && !isNonNegative(x[0])
        default: false
        }
    }

    // MARK: Bounds

    private func lowest(_ tensor: Tensor) -> Double { lowest[tensor.id] ?? -.infinity }

    private func bound(_ tensor: Tensor) -> Double {
        let x = tensor.node.inputs
        func least(_ tensors: [Tensor]) -> Double { tensors.map(lowest).min() ?? -.infinity }
        /// Rounding to zero.
        func normal(_ bound: Double) -> Double { bound < 0x1p-126 ? min(bound, 0) : bound }
        switch tensor.node.op {
        case .literal(let values): return normal(values.min() ?? -.infinity)
        case .broadcast, .reshape, .permute, .slice, .assemble, .stopGradient: return least(x)
        case .gather: return lowest(x[0])
        case .reduce(.sum, _): return lowest(x[0]) >= 0 ? (tensor.count == x[0].count ? lowest(x[0]) : 0) : -.infinity
        case .reduce(.maximum, _), .reduce(.minimum, _): return lowest(x[0])
        case .map(let op):
            switch op {
            case .add: return normal(lowest(x[0]) + lowest(x[1]))
            case .multiply where x[0].id == x[1].id: return 0
            case .multiply, .divide: return min(lowest(x[0]), lowest(x[1])) >= 0 ? 0 : -.infinity
            case .maximum: return max(lowest(x[0]), lowest(x[1]))
            case .minimum: return least(x)
            case .select: return least(Array(x.dropFirst()))
            // exp(-87.3365) is the smallest normal number of single precision.
            case .exp: return lowest(x[0]) >= -87.3365 ? 0x1p-126 : 0
            case .sqrt: return lowest(x[0]) > 0 ? normal(lowest(x[0]).squareRoot()) : 0
            case .abs, .sigmoid, .softplus, .cosh, .erfc, .acos: return 0
            case .toReal: return x[0].dtype == .bool ? 0 : lowest(x[0])
            default: return -.infinity
            }
        default: return -.infinity
        }
    }
}

extension Tensor {
    /// The values that the host knows, row-major; a single one fills the shape.
    package var literal: [Double]? {
        if case .literal(let values) = node.op, failure == nil { values } else { nil }
    }

    /// One number everywhere, by which an adjoint may be multiplied and divided.
    var isFiniteSplat: Bool { splat.map { $0.isFinite && $0 != 0 } ?? false }
}
