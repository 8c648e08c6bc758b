import LockstepTensor

/// Follows reshapes, broadcasts, permutations, slices and gathers down to the node whose element they show, and out of regions to what
/// these are called with.
///
/// - Parameter row: gives the index expression that a gather's integer operand holds at an index.
func throughViews(
    _ tensor: Tensor, _ index: [IndexExpression], _ bindings: Bindings, evenIfKept: Bool = false, isKept: (Tensor) -> Bool,
    row: (Tensor, [IndexExpression], _ extent: Int) -> IndexExpression
) -> (Tensor, [IndexExpression]) {
    var tensor = tensor
    var index = index
    let start = tensor.id
    while (evenIfKept && tensor.id == start) || !isKept(tensor) {
        if case .operand(let plan, let source, let isRow) = bindings[tensor] {
            if isRow { index = [plan.time] + index }
            tensor = source
            continue
        }
        guard let source = tensor.node.inputs.first else { break }
        switch tensor.node.op {
        case .stopGradient:
            break
        case .broadcast:
            let offset = tensor.rank - source.rank
            index = source.shape.indices.map { source.shape[$0] == 1 ? .constant(0) : index[$0 + offset] }
        case .reshape:
            index = IndexExpression.unflat(.flat(index, tensor.shape), source.shape)
        case .permute(let order):
            var inner = index
            for (new, old) in order.enumerated() { inner[old] = index[new] }
            index = inner
        case .slice(let starts):
            index = zip(index, starts).map { $0 + .constant($1) }
        case .gather:
            let rows = tensor.node.inputs[1]
            index = [row(rows, Array(index.prefix(rows.rank)), source.shape[0])] + index.dropFirst(rows.rank)
        default:
            return (tensor, index)
        }
        tensor = source
    }
    return (tensor, index)
}

extension Tensor {
    /// The node whose values reshapes, broadcasts, permutations and slices show.
    var behindViews: Tensor {
        var current = self
        while true {
            switch current.node.op {
            case .broadcast, .reshape, .permute, .slice, .stopGradient: current = current.node.inputs[0]
            default: return current
            }
        }
    }
}
