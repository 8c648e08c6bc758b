import LockstepModel
import LockstepTensor

/// Finds draws that are not independent: streams are 32-bit hashes of names, and two names may have one hash.
enum StreamCheck {
    /// - Parameter roots: all expressions of the programs that run under one key.
    /// - Throws: `ModelError` that names two sites whose draws would be the same.
    static func check(_ roots: [Tensor]) throws(ModelError) {
        var users: [UInt32: RandomOp] = [:]
        for tensor in Graph.topologicalOrder(roots) {
            guard case .random(let draw) = tensor.node.op else { continue }
            guard let other = users.updateValue(draw, forKey: draw.stream), other.path != draw.path else { continue }
            let names = [other.site, draw.site].sorted()
            throw ModelError(
                names[0] == names[1] ? [names[0]] : names,
                names[0] == names[1]
                    ? "site '\(names[0])': two of its draws would be the same, since the 32-bit hashes of their names are equal; rename it"
                    : "sites '\(names[0])' and '\(names[1])' would get the same draws, since the 32-bit hashes of their names are equal; "
                        + "rename one of them")
        }
    }
}
