import LockstepCompiler
import LockstepTensor

/// What functions of draws compute from a lane's states and data alone, taken out of them: computed once for a lane, not
/// again with each draw.
struct LaneConstants {
    /// The functions, which read the constants as states.
    let functions: [Tensor]
    let constants: [LaneFunction.State]

    init(_ functions: [Tensor], origin: Origin) {
        let constancy = Constancy(functions)
        var constants: [LaneFunction.State] = []
        var replacements: [ObjectIdentifier: Tensor] = [:]
        var seen: Set<ObjectIdentifier> = []
        var waiting = functions.filter { seen.insert($0.id).inserted }
        while let tensor = waiting.popLast() {
            if constancy.isWorthKeeping(tensor) {
                let name = StateName.constant(constants.count).text
                constants.append(.init(name, tensor))
                replacements[tensor.id] = .input(Input(.state, name, origin: origin), shape: tensor.shape)
            } else {
                waiting += tensor.node.inputs.filter { seen.insert($0.id).inserted }
            }
        }
        self.functions = Graph.replace(functions, replacements)
        self.constants = constants
    }
}

/// Which nodes of a graph are the same for all draws.
private struct Constancy {
    private struct Constant {
        /// Elements of the largest state below; nil where there is none.
        var state: Int?
        /// Whether anything is computed, and not only moved.
        var isComputed = false
    }

    private var constants: [ObjectIdentifier: Constant] = [:]

    init(_ roots: [Tensor]) {
        for tensor in Graph.topologicalOrder(roots) {
            let below = tensor.node.inputs.compactMap { constants[$0.id] }
            guard tensor.failure == nil, below.count == tensor.node.inputs.count else { continue }
            var constant = Constant(state: below.compactMap(\.state).max(), isComputed: below.contains { $0.isComputed })
            switch tensor.node.op {
            // Nor is a recurrence kept, which has several values.
            case .random, .scan, .call, .result: continue
            case .input(let input):
                switch input.kind {
                case .state: constant.state = tensor.shape.elementCount
                case .data: break
                // The number of the step, and what is set for each launch.
                case .scalar, .bound: continue
                }
            case .map, .reduce, .segmentSum, .cholesky, .triangular: constant.isComputed = true
            case .literal, .iota, .broadcast, .reshape, .permute, .slice, .assemble, .gather, .stopGradient: break
            }
            constants[tensor.id] = constant
        }
    }

    /// Of what follows from states, that which is computed, and not larger than they are.
    func isWorthKeeping(_ tensor: Tensor) -> Bool {
        guard tensor.dtype == .real, let constant = constants[tensor.id], constant.isComputed, let state = constant.state else {
            return false
        }
        return tensor.shape.elementCount <= max(1, state)
    }
}
