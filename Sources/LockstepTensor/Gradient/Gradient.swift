/// Reverse-mode differentiation: expressions in, expressions out.
package enum Gradient {
    /// The derivatives of a scalar with respect to each of `targets` (zeros where it does not depend on one).
    ///
    /// - Returns: one tensor per target, of the target's shape. A derivative that does not exist (through the
    ///   draw of a gamma variate, say) is a tensor that carries the error.
    package static func of(_ value: Tensor, withRespectTo targets: [Tensor]) -> [Tensor] {
        if let failure = value.failure { return targets.map { _ in .failed(failure) } }
        guard value.shape.isEmpty, value.dtype == .real else {
            return targets.map { _ in .failed(TensorError("gradient", [value.shape], "only a real scalar has a gradient")) }
        }
        return of([(value, 1)], withRespectTo: targets, isStrict: true)
    }

    /// The derivatives of a sum of products with respect to each of `targets`.
    ///
    /// - Parameters:
    ///   - products: real tensors, and what each is multiplied with, of the same shape: itself it is not differentiated.
    ///   - isStrict: whether an element that is not finite makes the differentiated value so.
    static func of(_ products: [(value: Tensor, factor: Tensor)], withRespectTo targets: [Tensor], isStrict: Bool = false) -> [Tensor] {
        let order = Graph.topologicalOrder(products.map(\.value))
        var active = Set(targets.map(\.id))
        for tensor in order where tensor.dtype == .real && tensor.node.op != .stopGradient {
            if tensor.node.inputs.contains(where: { active.contains($0.id) }) { active.insert(tensor.id) }
        }

        let walk = Walk(active: active, hazards: Hazards(order, active: active))
        var adjoints: [ObjectIdentifier: Adjoint] = [:]
        func add(_ part: Adjoint, to tensor: Tensor) { adjoints[tensor.id] = adjoints[tensor.id].map { $0 + part } ?? part }
        for (value, factor) in products { add(Adjoint(value: factor, isStrict: isStrict), to: value) }
        var slices: [ObjectIdentifier: SliceAdjoints] = [:]
        // Of the results of recurrences and calls, by number.
        var results: [ObjectIdentifier: [Int: Tensor]] = [:]
        let targetIDs = Set(targets.map(\.id))
        for tensor in order.reversed() {
            if let part = slices.removeValue(forKey: tensor.id)?.assembled(tensor.shape, isSingular: walk.hazards.isSingular(tensor)) {
                add(part, to: tensor)
            }
            if let known = results.removeValue(forKey: tensor.id) {
                let back = ScanGradient(tensor, known, active: active)?.operands ?? tensor.pulledBack(known).enumerated().map { ($0, $1) }
                for case (let position, let derivative?) in back where active.contains(tensor.node.inputs[position].id) {
                    add(Adjoint(value: derivative, isStrict: false), to: tensor.node.inputs[position])
                }
            }
            guard active.contains(tensor.id), !targetIDs.contains(tensor.id) || !tensor.node.inputs.isEmpty,
                let adjoint = adjoints[tensor.id]
            else { continue }
            for (position, input) in tensor.node.inputs.enumerated() where active.contains(input.id) {
                if case .result(let number) = tensor.node.op {
                    let own = adjoint.derivative
                    results[input.id, default: [:]][number] = results[input.id]?[number].map { $0 + own } ?? own
                    continue
                }
                if case .slice(let starts) = tensor.node.op {
                    slices[input.id, default: SliceAdjoints()].add(adjoint, starts, tensor.shape)
                    continue
                }
                if let part = walk.pullback(tensor, adjoint, position) { add(part, to: input) }
            }
        }
        return targets.map { adjoints[$0.id]?.derivative ?? Tensor(repeating: 0, shape: $0.shape) }
    }

    /// One walk from a value back to its operands.
    struct Walk {
        let active: Set<ObjectIdentifier>
        let hazards: Hazards
    }
}

extension Gradient.Walk {
    /// What `adjoint`, the derivative with respect to `tensor`, contributes to its operand at `position`.
    fileprivate func pullback(_ tensor: Tensor, _ adjoint: Adjoint, _ position: Int) -> Adjoint? {
        let node = tensor.node
        let input = node.inputs[position]
        switch node.op {
        case .literal, .input, .iota, .stopGradient:
            return nil
        case .random(let draw):
            return Adjoint(
                value: .failed(
                    TensorError(
                        "sample", [node.shape],
                        """
                        the draw at site '\(draw.site)' (\(draw.kind.rawValue)) has no reparameterised gradient; \
                        give it a guide or parameters that are not optimised
                        """)), isStrict: adjoint.isStrict)
        case .map(let op):
            return elementwise(op, tensor, adjoint, position)
        case .reduce(let reduction, let axes):
            // Each element that is repeated is made zero before.
            let spread = adjoint.cleaned.moved { Self.restore($0, axes, input.shape) }
            switch reduction {
            case .sum: return spread
            case .any: return nil
            case .maximum, .minimum: return extremum(spread, input .== Self.restore(tensor, axes, input.shape), axes, input)
            }
        case .broadcast:
            let axes = Self.repeatedAxes(tensor.shape, input.shape)
            return adjoint.summed(
                { $0.sum(axes).reshape(input.shape) },
                any: { mask in
                    hazards.isFragile(input) ? mask.anyUnlessKnown(axes)?.reshape(input.shape) : nil
                })
        case .reshape:
            return adjoint.moved { $0.reshape(input.shape) }
        case .permute(let order):
            var inverse = order
            for (new, old) in order.enumerated() { inverse[old] = new }
            return adjoint.moved { $0.transposed(inverse) }
        case .slice, .scan, .call, .result:
            // Those of one tensor are put together in one go.
            return nil
        case .assemble(let starts):
            return adjoint.moved { $0.block(starts[position], input.shape) }
        case .gather:
            guard position == 0 else { return nil }
            let (index, rows) = (node.inputs[1], input.shape[0])
            var part = adjoint.cleaned
            part.mask = adjoint.mask ?? (hazards.isSingular(input) ? .everywhere(index.shape + input.shape.dropFirst()) : nil)
            part.isStrict = false
            return part.summed(
                { $0.segmentSum(index, count: rows) },
                any: { mask in
                    hazards.isFragile(input) ? 0 .< mask.asReal.segmentSum(index, count: rows) : nil
                })
        case .segmentSum:
            return position == 0 ? adjoint.moved { $0.gather(node.inputs[1]) } : nil
        case .cholesky:
            return Adjoint(value: MatrixGradient.cholesky(tensor, adjoint.derivative), isStrict: false)
        case .triangular(let op):
            return Adjoint(value: MatrixGradient.triangular(op, node.inputs, tensor, adjoint.derivative, position), isStrict: false)
        }
    }

    private func elementwise(_ op: ElementOp, _ tensor: Tensor, _ adjoint: Adjoint, _ position: Int) -> Adjoint? {
        let x = tensor.node.inputs
        func rule(_ g: Tensor) -> Tensor? { op.row.pullback(x, tensor, g, position) }
        var part = adjoint
        switch op {
        case .select where position > 0:
            return branch(x, adjoint, position)
        case .minimum, .maximum:
            guard let value = rule(adjoint.value) else { return nil }
            part.value = value
            part.isStrict = false
            let (own, other) = (x[position], x[1 - position])
            let needsMask = other.splat == nil ? hazards.isFragile(own) : hazards.isFragile(own, behind: op)
            if needsMask {
                let wins = op == .maximum ? other .<= own : own .<= other
                let isClean = part.isClean
                part = part.excluding(where: wins, isNegated: false)
                part.isClean = isClean
            }
            return part
        case .negate, .add, .subtract, .toReal:
            guard let value = rule(adjoint.value) else { return nil }
            part.value = value
            return part
        default:
            break
        }

        let factor = op == .multiply ? x[1 - position] : nil
        part.isStrict = adjoint.isStrict && (op == .multiply || (op == .divide && position == 0))
        part.isUnbounded = adjoint.isUnbounded || hazards.isUnbounded(op, x, isStrict: adjoint.isStrict)
        if let factor, adjoint.isClean, let mask = adjoint.mask, !active.contains(factor.id), !factor.isFiniteSplat {
            // What does not depend on the operands of the gradient is made harmless itself: products of data stay products.
            part.value = scaled(adjoint, select(mask, factor, 0))
            return part
        }
        let one = Tensor(repeating: 1, shape: tensor.shape)
        // The zero in the middle of a kink is no slope.
        let isScaled = adjoint.isUnbounded && op != .abs
        guard let value = isScaled ? rule(one).map({ scaled(adjoint, $0) }) : rule(adjoint.value) else { return nil }
        part.value = value
        let number = factor ?? (op == .divide && position == 0 ? x[1] : nil)
        part.isClean = adjoint.mask == nil || (adjoint.isClean && number?.isFiniteSplat == true)
        return part
    }

    /// adjoint * slope, where a slope of zero wins over an infinite adjoint.
    private func scaled(_ adjoint: Adjoint, _ slope: Tensor) -> Tensor {
        adjoint.isUnbounded && slope.splat == nil ? select(slope .== 0, 0, adjoint.value * slope) : adjoint.value * slope
    }

    /// What goes to one branch of a select.
    private func branch(_ x: [Tensor], _ adjoint: Adjoint, _ position: Int) -> Adjoint? {
        let (condition, other) = (x[0], x[3 - position])
        // Where a strict value is not finite, no derivative will be used.
        let isLost = adjoint.isStrict && (other.literal.map { $0.allSatisfy { !$0.isFinite } } ?? false)
        if !hazards.isFragile(x[position]) || isLost || (position == 2 && hazards.isNever(condition)) {
            var part = adjoint
            part.value = position == 1 ? select(condition, adjoint.value, 0) : select(condition, 0, adjoint.value)
            return part
        }
        return adjoint.excluding(where: condition, isNegated: position == 2)
    }

    private func extremum(_ spread: Adjoint, _ hit: Tensor, _ axes: [Int], _ input: Tensor) -> Adjoint {
        var part = spread
        let hits = hit.asReal
        let ties = Self.restore(hits.sum(axes), axes, input.shape)
        part.value = spread.isUnbounded ? select(hit, spread.value, 0) / ties : spread.value * hits / ties
        // Nothing is hit where the largest is not a number.
        (part.isStrict, part.isClean) = (false, spread.mask == nil)
        return hazards.isFragile(input) ? part.excluding(where: hit, isNegated: false) : part
    }

    /// Puts reduced axes back by repetition.
    private static func restore(_ reduced: Tensor, _ axes: [Int], _ shape: Shape) -> Tensor {
        var kept = shape
        for axis in axes { kept[axis] = 1 }
        return reduced.reshape(kept).broadcast(to: shape)
    }

    /// The axes of `wide` along which a broadcast repeated a tensor of shape `shape`.
    private static func repeatedAxes(_ wide: Shape, _ shape: Shape) -> [Int] {
        let offset = wide.count - shape.count
        return wide.indices.filter { $0 < offset || (shape[$0 - offset] == 1 && wide[$0] != 1) }
    }
}
