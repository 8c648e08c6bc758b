import LockstepTensor

/// How much the value of an expression varies.
enum Variation: Int, Comparable {
    /// The same for all lanes and steps: made of shared data.
    case constant
    /// The same for all lanes: made of numbers of the launch, too.
    case uniform
    /// Draws, states, data of lanes.
    case varying

    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// - Parameter perLane: data that differ from lane to lane.
    static func of(_ tensors: [Tensor], perLane: Set<String>) -> [ObjectIdentifier: Variation] {
        var result: [ObjectIdentifier: Variation] = [:]
        for tensor in Graph.topologicalOrder(tensors) {
            result[tensor.id] =
                switch tensor.node.op {
                // What a recurrence keeps is an array of each lane.
                case .random, .scan, .result: .varying
                case .input(let input):
                    switch input.kind {
                    case .data: perLane.contains(input.name) ? .varying : .constant
                    case .scalar: .uniform
                    case .state, .bound: .varying
                    }
                default: tensor.node.inputs.reduce(.constant) { max($0, result[$1.id] ?? .varying) }
                }
        }
        return result
    }
}
