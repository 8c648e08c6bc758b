/// Walks over expression graphs. Nothing here recurses, since graphs may be deep.
package enum Graph {
    /// Every node that the roots reach, operands before users.
    package static func topologicalOrder(_ roots: [Tensor]) -> [Tensor] {
        var seen: Set<ObjectIdentifier> = []
        var order: [Tensor] = []
        var stack: [(tensor: Tensor, next: Int)] = []
        for root in roots where seen.insert(root.id).inserted {
            stack.append((root, 0))
            while let (tensor, next) = stack.last {
                if next < tensor.node.inputs.count {
                    stack[stack.count - 1].next += 1
                    let input = tensor.node.inputs[next]
                    if seen.insert(input.id).inserted { stack.append((input, 0)) }
                } else {
                    order.append(tensor)
                    stack.removeLast()
                }
            }
        }
        return order
    }

    /// Rebuilds a graph bottom-up: `rule` gets each node and its already rebuilt operands.
    package static func rewrite(_ roots: [Tensor], _ rule: (Node, [Tensor]) throws -> Tensor) rethrows -> [Tensor] {
        var done: [ObjectIdentifier: Tensor] = [:]
        for tensor in topologicalOrder(roots) {
            done[tensor.id] = try rule(tensor.node, tensor.node.inputs.map { done[$0.id] ?? $0 })
        }
        return roots.map { done[$0.id] ?? $0 }
    }

    /// Replaces whole nodes, by identity.
    package static func replace(_ roots: [Tensor], _ replacements: [ObjectIdentifier: Tensor]) -> [Tensor] {
        rewrite(roots) { node, inputs in
            if let new = replacements[ObjectIdentifier(node)] { return new }
            return node.rebuilt(inputs)
        }
    }
}

extension Node {
    /// This node over other operands; the same object when nothing changed.
    package func rebuilt(_ operands: [Tensor]) -> Tensor {
        if zip(operands, inputs).allSatisfy({ $0.id == $1.id }) { return Tensor(node: self) }
        return Tensor(node: Node(op, operands, shape: shape, dtype: dtype, failure: failure))
    }
}
