import LockstepTensor

/// Makes the loop nests of a step: one or more per kept node, and one per state and record.
struct NestPlanner {
    private(set) var plans: [ObjectIdentifier: BufferPlan] = [:]
    /// In an order in which each nest comes after what it reads.
    private(set) var computing: [Nest] = []
    /// The nests that write states and records, which run when all others have.
    private(set) var storing: [Nest] = []
    private let materialization: Materialization

    /// - Parameter fuses: whether loops over the same extents are merged.
    init(_ function: LaneFunction, _ materialization: Materialization, fuses: Bool) {
        self.materialization = materialization
        let values = function.states.map(\.value) + function.records.map(\.value)
        for tensor in Graph.topologicalOrder(values + function.records.map(\.slot)) where materialization.contains(tensor) {
            computing += nests(for: tensor)
        }
        for state in function.states { storing.append(rootNest(.state(state.name), state.value)) }
        for record in function.records { storing.append(rootNest(.record(record), record.value)) }
        for nest in computing + storing { collectReads(of: nest) }
        keepWhatStoresWouldOverwrite(function, fuses: fuses)
        for nest in computing + storing {
            for read in nest.reads.keys { plans[read]?.consumers.append(nest) }
        }
    }

    private mutating func nests(for tensor: Tensor) -> [Nest] {
        let node = tensor.node
        let axes = tensor.shape.indices.map { Optional($0) }
        switch node.op {
        case .reduce(let reduction, let reduced):
            var next = 0
            let targets = node.inputs[0].shape.indices.map { axis -> Int? in
                if reduced.contains(axis) { return nil }
                next += 1
                return next - 1
            }
            return [Nest(.reduce(reduction), operand: node.inputs[0], target: plan(tensor), extents: node.inputs[0].shape, targetAxes: targets)]
        case .segmentSum:
            let rank = node.inputs[1].rank
            let targets = node.inputs[0].shape.indices.map { $0 < rank ? nil : $0 - rank + 1 }
            return [Nest(.segmentSum, operand: node.inputs[0], target: plan(tensor), extents: node.inputs[0].shape, targetAxes: targets)]
        case .assemble(let starts):
            let target = plan(tensor)
            return zip(node.inputs, starts).filter { $0.0.count > 0 }.map { part, starts in
                Nest(.part(starts: starts), operand: part, target: target, extents: part.shape, targetAxes: axes)
            }
        case .random(let op) where node.inputs.isEmpty && op.streams != nil:
            return [Nest(.draws(op), operand: tensor, target: plan(tensor), extents: tensor.shape, targetAxes: axes)]
        case .random(let op) where node.inputs.isEmpty && tensor.count == 1:
            return [Nest(.draw1(op), operand: tensor, target: plan(tensor), extents: [], targetAxes: [])]
        case .random(let op) where node.inputs.isEmpty:
            let groups = (tensor.count + 3) / 4
            return [Nest(.draw4(op), operand: tensor, target: plan(tensor, capacity: 4 * groups), extents: [groups], targetAxes: [nil])]
        case .random(let op):
            return [Nest(.draw(op), operand: node.inputs[0], target: plan(tensor), extents: tensor.shape, targetAxes: axes)]
        default:
            return [Nest(.elementwise, operand: tensor, target: plan(tensor), extents: tensor.shape, targetAxes: axes)]
        }
    }

    private mutating func plan(_ tensor: Tensor, capacity: Int? = nil) -> BufferPlan {
        let plan = BufferPlan(tensor, capacity: capacity)
        plans[tensor.id] = plan
        return plan
    }

    private func rootNest(_ kind: Nest.Kind, _ value: Tensor) -> Nest {
        Nest(kind, operand: value, target: BufferPlan(value), extents: value.shape, targetAxes: value.shape.indices.map { $0 })
    }

    // MARK: Reads

    private struct Visit: Hashable {
        let tensor: ObjectIdentifier
        let index: [IndexExpression]
    }

    private func collectReads(of nest: Nest) {
        switch nest.kind {
        case .draw1, .draw4, .draws: return
        default: break
        }
        let index = nest.extents.enumerated().map { Nest.symbol($0, extent: $1) }
        var seen: Set<Visit> = []
        if case .elementwise = nest.kind {
            collect(nest.operand, index, nest, &seen, evenIfKept: true)
        } else {
            collect(nest.operand, index, nest, &seen)
        }
        if case .segmentSum = nest.kind {
            let rows = nest.target.tensor.node.inputs[1]
            collect(rows, Array(index.prefix(rows.rank)), nest, &seen)
        }
        if case .record(let record) = nest.kind { collect(record.slot, [], nest, &seen) }
    }

    private func collect(
        _ tensor: Tensor, _ index: [IndexExpression], _ nest: Nest, _ seen: inout Set<Visit>, evenIfKept: Bool = false
    ) {
        var rows: [(Tensor, [IndexExpression])] = []
        let (source, index) = throughViews(
            tensor, index, evenIfKept: evenIfKept, isKept: { plans[$0.id] != nil }
        ) { tensor, position, _ in
            rows.append((tensor, position))
            // Stands for a value that no loop counter equals.
            return .register(Register(-1))
        }
        for (tensor, position) in rows { collect(tensor, position, nest, &seen) }
        guard seen.insert(Visit(tensor: source.id, index: index)).inserted else { return }
        if plans[source.id] != nil, !(evenIfKept && source.id == tensor.id) {
            nest.reads[source.id, default: []].append(index)
            return
        }
        switch source.node.op {
        case .input(let input) where input.kind == .state:
            nest.stateReads[input.name, default: []].append(index)
        case .map:
            for input in source.node.inputs { collect(input, index, nest, &seen) }
        default:
            break
        }
    }

    /// The loop that stores the next value of one state may run before the loop that stores another. Where that
    /// other one still reads the old value, other than element by element in the same loop, it is computed before.
    /// Loops over equal extents are the same loop only when they are merged.
    private mutating func keepWhatStoresWouldOverwrite(_ function: LaneFunction, fuses: Bool) {
        let shapes = Dictionary(function.states.map { ($0.name, $0.value.shape) }, uniquingKeysWith: { a, _ in a })
        for position in storing.indices {
            let nest = storing[position]
            let unsafe = nest.stateReads.contains { name, reads in
                guard let shape = shapes[name], shape.elementCount > 1 else { return false }
                if case .state(name) = nest.kind {} else if !fuses { return true }
                let own = nest.extents.enumerated().map { Nest.symbol($0, extent: $1) }
                return shape != nest.operand.shape || reads.contains { $0 != own }
            }
            guard unsafe, !materialization.contains(nest.operand) else { continue }
            let copy = Tensor(.stopGradient, [nest.operand], shape: nest.operand.shape, dtype: nest.operand.dtype)
            let computed = Nest(
                .elementwise, operand: copy, target: plan(copy), extents: copy.shape, targetAxes: copy.shape.indices.map { $0 })
            collectReads(of: computed)
            computing.append(computed)
            let store = rootNest(nest.kind, copy)
            collectReads(of: store)
            storing[position] = store
        }
    }
}
