import LockstepTensor

/// Decides which nodes are computed by loops of their own and kept in buffers; all others are computed where
/// they are used.
struct Materialization {
    /// Nodes that only a loop can compute.
    private(set) var required: Set<ObjectIdentifier> = []
    /// Nodes that are kept because several loops use them; keeping them is an economy, not a need.
    private(set) var optional: Set<ObjectIdentifier> = []

    func contains(_ tensor: Tensor) -> Bool { required.contains(tensor.id) || optional.contains(tensor.id) }

    /// - Parameter declined: nodes that turned out not to be worth keeping.
    init(_ roots: [Tensor], declined: Set<ObjectIdentifier>) {
        let order = Graph.topologicalOrder(roots)
        var inlineCost: [ObjectIdentifier: Int] = [:]
        var inlineDepth: [ObjectIdentifier: Int] = [:]
        var slices: [ObjectIdentifier: Int] = [:]
        for tensor in order {
            let node = tensor.node
            let isOwnLoop = Self.needsLoop(tensor)
            if isOwnLoop { required.insert(tensor.id) }
            if case .scan(let region, _) = node.op {
                let inner = Materialization(region.results, declined: declined)
                required.formUnion(inner.required)
                optional.formUnion(inner.optional)
            }
            // What a reader of many rows would compute again and again is worth a buffer, and what is read element by element.
            for (position, input) in node.inputs.enumerated() where input.count > 1 {
                var isRead = (node.op == .gather && position == 0) || (node.op == .broadcast && tensor.count > input.count)
                if case .slice = node.op {
                    slices[input.id, default: 0] += 1
                    isRead = slices[input.id, default: 0] > Self.fewSlices
                }
                // An element of a triangular matrix for each column at the right, and of what stands there for each row.
                if case .triangular(let op) = node.op { isRead = position == 0 ? tensor.shape[tensor.rank - 1] > 1 : op.kind == .product }
                // In each iteration, and perhaps by loops in it.
                if case .scan(_, let scan) = node.op {
                    isRead = scan.operand(position) == .captured || (scan.operand(position) == .stacked && input.rank > 1)
                }
                if isRead, inlineCost[input.id, default: 0] > 1 { keep(input, &inlineCost, &inlineDepth) }
            }
            var cost = 0
            var depth = 0
            if !isOwnLoop {
                cost = node.inputs.reduce(0) { min($0 + inlineCost[$1.id, default: 0], 1 << 20) }
                depth = (node.inputs.map { inlineDepth[$0.id, default: 0] }.max() ?? 0) + 1
                if case .map(let op) = node.op { cost += op.isExpensive ? 8 : 1 }
            }
            inlineCost[tensor.id] = cost
            inlineDepth[tensor.id] = depth
            // The pull through inline nodes recurses.
            if depth > 150, case .map = node.op { keep(tensor, &inlineCost, &inlineDepth) }
        }
        keepWhatIsComparedWithItsExtreme(order)
        chooseShared(order, roots, declined: declined)
    }

    /// The gradient of a maximum asks which elements equal it. Computed twice, an element may round differently
    /// (compilers contract a * b + c where they please), and then none does.
    private mutating func keepWhatIsComparedWithItsExtreme(_ order: [Tensor]) {
        for tensor in order where tensor.node.op == .map(.equal) {
            let sides = tensor.node.inputs.map(\.behindViews)
            for (extreme, other) in [(sides[0], sides[1]), (sides[1], sides[0])] {
                guard case .reduce(let reduction, _) = extreme.node.op, reduction == .maximum || reduction == .minimum else { continue }
                let source = extreme.node.inputs[0].behindViews
                if source.id == other.id, case .map = source.node.op { required.insert(source.id) }
            }
        }
    }

    private mutating func keep(_ tensor: Tensor, _ cost: inout [ObjectIdentifier: Int], _ depth: inout [ObjectIdentifier: Int]) {
        required.insert(tensor.behindViews.id)
        cost[tensor.id] = 0
        depth[tensor.id] = 0
    }

    /// Slices that may each compute what they show.
    private static let fewSlices = 8
    /// Roots that may each compute a scalar.
    private static let fewUsers = 64

    private static func needsLoop(_ tensor: Tensor) -> Bool {
        switch tensor.node.op {
        case .reduce, .segmentSum, .assemble, .random, .cholesky, .triangular, .scan, .result: true
        default: false
        }
    }

    /// Keeps the costly nodes that several loops would compute: those whose set of using loops is larger than
    /// that of each node that uses them.
    private mutating func chooseShared(_ order: [Tensor], _ roots: [Tensor], declined: Set<ObjectIdentifier>) {
        var users: [ObjectIdentifier: Set<Int>] = [:]
        var largestUser: [ObjectIdentifier: Int] = [:]
        for (number, root) in roots.enumerated() {
            users[root.id, default: []].insert(order.count + number)
        }
        var cost: [ObjectIdentifier: Int] = [:]
        for tensor in order where !required.contains(tensor.id) {
            guard case .map(let op) = tensor.node.op else {
                cost[tensor.id] = tensor.node.inputs.map { cost[$0.id, default: 0] }.max() ?? 0
                continue
            }
            cost[tensor.id] = min(tensor.node.inputs.reduce(op.isExpensive ? 8 : 1) { $0 + cost[$1.id, default: 0] }, 1 << 20)
        }
        for (number, tensor) in order.enumerated().reversed() {
            let own = users[tensor.id, default: []]
            let most = tensor.count > 1 ? 1 : Self.fewUsers
            if case .map = tensor.node.op, own.count > most, own.count > largestUser[tensor.id, default: 0],
                cost[tensor.id, default: 0] >= 8, !declined.contains(tensor.id), !required.contains(tensor.id)
            {
                optional.insert(tensor.id)
            }
            let passed: Set<Int> = contains(tensor) ? [number] : own
            for input in tensor.node.inputs {
                users[input.id, default: []].formUnion(passed)
                largestUser[input.id] = max(largestUser[input.id, default: 0], passed.count)
            }
        }
        dropWhatIsCheap(order)
    }

    /// A value that little work makes of values that are kept is made of them again where it is used.
    private mutating func dropWhatIsCheap(_ order: [Tensor]) {
        var cost: [ObjectIdentifier: Int] = [:]
        for tensor in order where !required.contains(tensor.id) {
            let inputs = tensor.node.inputs.reduce(0) { min($0 + cost[$1.id, default: 0], 1 << 20) }
            guard case .map(let op) = tensor.node.op else {
                cost[tensor.id] = inputs
                continue
            }
            let own = inputs + (op.isExpensive ? 8 : 1)
            if own < 8 { optional.remove(tensor.id) }
            cost[tensor.id] = optional.contains(tensor.id) ? 0 : own
        }
    }
}
