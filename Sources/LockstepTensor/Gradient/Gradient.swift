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
        let order = Graph.topologicalOrder([value])
        var active = Set(targets.map(\.id))
        for tensor in order where tensor.dtype == .real && tensor.node.op != .stopGradient {
            if tensor.node.inputs.contains(where: { active.contains($0.id) }) { active.insert(tensor.id) }
        }

        var adjoints: [ObjectIdentifier: Tensor] = [value.id: 1]
        let targetIDs = Set(targets.map(\.id))
        for tensor in order.reversed() {
            guard active.contains(tensor.id), !targetIDs.contains(tensor.id) || !tensor.node.inputs.isEmpty,
                let adjoint = adjoints[tensor.id]
            else { continue }
            for (position, input) in tensor.node.inputs.enumerated() where active.contains(input.id) {
                guard let part = pullback(tensor, adjoint, position) else { continue }
                adjoints[input.id] = adjoints[input.id].map { $0 + part } ?? part
            }
        }
        return targets.map { adjoints[$0.id] ?? Tensor(repeating: 0, shape: $0.shape) }
    }

    /// What `adjoint`, the derivative with respect to `tensor`, contributes to its operand at `position`.
    private static func pullback(_ tensor: Tensor, _ adjoint: Tensor, _ position: Int) -> Tensor? {
        let node = tensor.node
        let input = node.inputs[position]
        switch node.op {
        case .literal, .input, .iota, .stopGradient:
            return nil
        case .random(let draw):
            return .failed(TensorError("sample", [node.shape], """
                the draw at site '\(draw.site)' (\(draw.kind.rawValue)) has no reparameterised gradient; \
                give it a guide or parameters that are not optimised
                """))
        case .map(let op):
            return elementwise(op, node.inputs, tensor, adjoint, position)
        case .reduce(let reduction, let axes):
            let spread = restore(adjoint, axes, input.shape)
            switch reduction {
            case .sum: return spread
            case .any: return nil
            case .maximum, .minimum:
                let hit = (input .== restore(tensor, axes, input.shape)).asReal
                return spread * hit / restore(hit.sum(axes), axes, input.shape)
            }
        case .broadcast:
            return sumToShape(adjoint, input.shape)
        case .reshape:
            return adjoint.reshape(input.shape)
        case .permute(let order):
            var inverse = order
            for (new, old) in order.enumerated() { inverse[old] = new }
            return adjoint.transposed(inverse)
        case .slice(let starts):
            return pad(adjoint, starts, input.shape)
        case .concatenate(let axis):
            let start = node.inputs.prefix(position).reduce(0) { $0 + $1.shape[axis] }
            return adjoint.slice(axis: axis, start..<(start + input.shape[axis]))
        case .gather:
            return position == 0 ? adjoint.segmentSum(node.inputs[1], count: input.shape[0]) : nil
        case .segmentSum:
            return position == 0 ? adjoint.gather(node.inputs[1]) : nil
        }
    }

    /// Puts reduced axes back by repetition.
    private static func restore(_ reduced: Tensor, _ axes: [Int], _ shape: Shape) -> Tensor {
        var kept = shape
        for axis in axes { kept[axis] = 1 }
        return reduced.reshape(kept).broadcast(to: shape)
    }

    /// Undoes a broadcast: sums over what it repeated.
    private static func sumToShape(_ wide: Tensor, _ shape: Shape) -> Tensor {
        let offset = wide.rank - shape.count
        let axes = wide.shape.indices.filter { $0 < offset || (shape[$0 - offset] == 1 && wide.shape[$0] != 1) }
        return wide.sum(axes).reshape(shape)
    }

    /// Undoes a slice: zeros around `part`.
    private static func pad(_ part: Tensor, _ starts: [Int], _ shape: Shape) -> Tensor {
        var result = part
        for axis in shape.indices where result.shape[axis] != shape[axis] {
            func zeros(_ extent: Int) -> [Tensor] {
                var piece = result.shape
                piece[axis] = extent
                return extent == 0 ? [] : [Tensor(repeating: 0, shape: piece)]
            }
            let after = shape[axis] - starts[axis] - result.shape[axis]
            result = .concatenate(zeros(starts[axis]) + [result] + zeros(after), axis: axis)
        }
        return result
    }
}
