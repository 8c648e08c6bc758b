import LockstepTensor

/// Takes work that is the same for all lanes and all steps out of the step: it becomes data, computed once by a
/// program of its own.
enum UniformHoisting {
    struct Result {
        var function: LaneFunction
        /// The values taken out, by the name of the data that they become.
        var values: [LaneFunction.State]
    }

    static func hoist(_ function: LaneFunction, _ options: LoweringOptions) -> Result {
        let split = separated(function)
        let roots = split.roots
        let uniform = uniformNodes(roots, perLane: split.perLane)
        var values: [LaneFunction.State] = []
        var replacements: [ObjectIdentifier: Tensor] = [:]
        var weight: [ObjectIdentifier: Int] = [:]
        var largestLeaf: [ObjectIdentifier: Int] = [:]
        let order = Graph.topologicalOrder(roots)
        for tensor in order {
            let inputs = tensor.node.inputs
            largestLeaf[tensor.id] = inputs.isEmpty ? tensor.count : inputs.map { largestLeaf[$0.id, default: 0] }.max()
            weight[tensor.id] = inputs.map { weight[$0.id, default: 0] }.max() ?? 0
            switch tensor.node.op {
            case .map(let op) where op.isExpensive: weight[tensor.id] = 1
            case .reduce, .segmentSum: weight[tensor.id] = 1
            default: break
            }
        }
        // A value is taken out where one that is not uniform, or the step itself, uses it.
        var wanted = Set(roots.map(\.id))
        for tensor in order where !uniform.contains(tensor.id) {
            for input in tensor.node.inputs { wanted.insert(input.behindViews.id) }
        }
        let origin = Origin()
        for tensor in order
        where wanted.contains(tensor.id) && uniform.contains(tensor.id) && weight[tensor.id] == 1 && tensor.dtype == .real
            && tensor.count <= max(1, largestLeaf[tensor.id, default: 0]) && tensor.count > 0 && hasOwnValue(tensor)
        {
            let name = "\(options.ownNames)u/\(values.count)"
            values.append(.init(name, tensor))
            replacements[tensor.id] = .input(Input(.data, name, origin: origin), shape: tensor.shape)
        }
        guard !values.isEmpty else { return Result(function: split, values: []) }
        return Result(function: split.replacingRoots(Graph.replace(roots, replacements)), values: values)
    }

    /// Brings uniform parts together: sums of sums are split, and division becomes multiplication by a reciprocal.
    private static func separated(_ function: LaneFunction) -> LaneFunction {
        var uniform = uniformNodes(function.roots, perLane: function.perLane)
        let roots = Graph.rewrite(function.roots) { node, inputs in
            func isUniform(_ position: Int) -> Bool { uniform.contains(inputs[position].id) }
            let plain = node.rebuilt(inputs)
            if uniform.contains(ObjectIdentifier(node)) { uniform.insert(plain.id) }
            switch node.op {
            case .map(.divide) where isUniform(1) && !isUniform(0) && inputs[1].splat == nil:
                let reciprocal = Tensor(repeating: 1, shape: inputs[1].shape) / inputs[1]
                uniform.insert(reciprocal.id)
                return inputs[0] * reciprocal
            case .reduce(.sum, let axes):
                let terms = inputs[0]
                guard terms.node.op == .map(.add) || terms.node.op == .map(.subtract), terms.dtype == .real else { return plain }
                let parts = terms.node.inputs
                // Beside a square only: see the simplifier.
                guard
                    (uniform.contains(parts[0].id) && Simplifier.isSquare(parts[1]))
                        || (uniform.contains(parts[1].id) && Simplifier.isSquare(parts[0]))
                else { return plain }
                let sums = parts.map { $0.reduce(.sum, axes) }
                for (part, sum) in zip(parts, sums) where uniform.contains(part.id) { uniform.insert(sum.id) }
                return terms.node.op == .map(.add) ? sums[0] + sums[1] : sums[0] - sums[1]
            default:
                return plain
            }
        }
        return function.replacingRoots(Simplifier.simplify(roots))
    }

    private static func uniformNodes(_ roots: [Tensor], perLane: Set<String>) -> Set<ObjectIdentifier> {
        Set(Variation.of(roots, perLane: perLane).lazy.filter { $0.value == .constant }.map(\.key))
    }

    private static func hasOwnValue(_ tensor: Tensor) -> Bool {
        switch tensor.node.op {
        case .map, .reduce, .segmentSum: true
        default: false
        }
    }
}
