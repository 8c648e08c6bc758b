import LockstepTensor

/// Makes the loop nests of a step: one or more per kept node, and one per state and record.
struct NestPlanner {
    private(set) var plans: [ObjectIdentifier: BufferPlan] = [:]
    private(set) var bindings = Bindings()
    private var scanCount = 0
    /// In an order in which each nest comes after what it reads.
    private(set) var computing: [Nest] = []
    /// The nests that write states and records, which run when all others have.
    private(set) var storing: [Nest] = []
    private let materialization: Materialization

    /// - Parameter fuses: whether loops over the same extents are merged.
    init(_ function: LaneFunction, _ materialization: Materialization, fuses: Bool) {
        self.materialization = materialization
        let values = function.states.map(\.value) + function.records.map(\.value)
        computing = nests(for: values + function.records.map(\.slot), fuses: fuses)
        for state in function.states { storing.append(rootNest(.state(state.name), state.value)) }
        for record in function.records { storing.append(rootNest(.record(record), record.value)) }
        (computing, storing) = finished(computing, storing, fuses: fuses)
    }

    /// The nests of all kept nodes that some values are made of.
    private mutating func nests(for values: [Tensor], fuses: Bool) -> [Nest] {
        let order = Graph.topologicalOrder(values)
        var results: [ObjectIdentifier: [Tensor]] = [:]
        for tensor in order { if case .result = tensor.node.op { results[tensor.node.inputs[0].id, default: []].append(tensor) } }
        return order.filter(materialization.contains).flatMap { tensor -> [Nest] in
            switch tensor.node.op {
            case .scan(let region, let scan): [nest(for: tensor, region, scan, results[tensor.id] ?? [], fuses: fuses)]
            // The recurrence fills it.
            case .result: []
            default: nests(for: tensor)
            }
        }
    }

    /// Finds out what nests read, and tells it to what they read.
    ///
    /// - Returns: the nests, and those that compute what stores would overwrite.
    private mutating func finished(_ computing: [Nest], _ storing: [Nest], fuses: Bool) -> (computing: [Nest], storing: [Nest]) {
        var (computing, storing) = (computing, storing)
        for nest in computing + storing { collectReads(of: nest) }
        keepWhatStoresWouldOverwrite(&computing, &storing, fuses: fuses)
        let own = Set((computing + storing).map { ObjectIdentifier($0) })
        for nest in computing + storing {
            for read in nest.reads.keys {
                // Not to what is computed outside of a region: there it is the recurrence that reads.
                guard let plan = plans[read], plan.producers.allSatisfy({ own.contains(ObjectIdentifier($0)) }) else { continue }
                plan.consumers.append(nest)
            }
        }
        return (computing, storing)
    }

    // MARK: Recurrences

    private mutating func nest(for tensor: Tensor, _ region: Region, _ scan: Scan, _ results: [Tensor], fuses: Bool) -> Nest {
        let inputs = tensor.node.inputs
        let plan = ScanPlan(region, scan, number: scanCount)
        scanCount += 1
        bindings.add(plan, inputs)
        let nest = Nest(.scan(plan), operand: tensor, target: BufferPlan(tensor), extents: [scan.length], targetAxes: [0])
        for result in results {
            guard case .result(let number) = result.node.op else { continue }
            let own: BufferPlan
            switch scan.result(number) {
            case .final(let place): own = plan.carries[place]
            case .output, .history:
                own = plan.results[number] ?? BufferPlan(result)
                plan.results[number] = own
            }
            if own.producers.isEmpty { own.producers.append(nest) }
            plans[result.id] = own
        }

        plan.starting = zip(plan.carries, inputs).map { carry, start in
            Nest(.start, operand: start, target: carry, extents: start.shape, targetAxes: start.shape.indices.map { $0 })
        }
        let before = Set(plans.keys)
        plan.computing = nests(for: region.results, fuses: fuses)
        plan.storing = (0..<scan.carries).map { rootNest(.carry(plan, $0), region.results[$0]) }
        for (number, result) in plan.results.sorted(by: { $0.key < $1.key }) {
            switch scan.result(number) {
            case .output(let place): plan.storing.append(rootNest(.output(plan, result), region.results[scan.carries + place]))
            case .history(let place): plan.storing.append(rootNest(.output(plan, result), region.parameters[place]))
            case .final: break
            }
        }
        (plan.computing, plan.storing) = finished(plan.computing, plan.storing, fuses: fuses)
        for nest in plan.starting { collectReads(of: nest) }
        plan.ownPlans = plans.filter { !before.contains($0.key) }.map(\.value)
        return nest
    }

    /// What a recurrence reads from outside of its region.
    private func collectReads(of nest: Nest, _ plan: ScanPlan) {
        let own = Set(plan.ownPlans.map { ObjectIdentifier($0) })
        for inner in plan.computing + plan.storing {
            for (read, indices) in inner.reads {
                guard let source = plans[read], !own.contains(ObjectIdentifier(source)) else { continue }
                nest.reads[read, default: []] += indices.map(plan.outside)
            }
        }
        for start in plan.starting {
            // All of it before the loop.
            for (read, indices) in start.reads { nest.reads[read, default: []] += indices.map { $0.map { _ in .register(Register(-1)) } } }
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
        case .cholesky, .triangular:
            let batches = tensor.rank - 2
            let kind: Nest.Kind = if case .triangular(let op) = node.op { .triangular(op) } else { .cholesky }
            return [
                Nest(
                    kind, operand: node.inputs[0], target: plan(tensor), extents: Array(tensor.shape.prefix(batches)),
                    targetAxes: axes.dropLast(2))
            ]
        case .assemble(let starts):
            let target = plan(tensor)
            return zip(node.inputs, starts).filter { $0.0.count > 0 }.map { part, starts in
                Nest(.part(starts: starts), operand: part, target: target, extents: part.shape, targetAxes: axes)
            }
        case .random(let op) where node.inputs.isEmpty && op.streams != nil:
            return [Nest(.draws(op), operand: tensor, target: plan(tensor), extents: tensor.shape, targetAxes: axes)]
        case .random(let op) where node.inputs.isEmpty && op.particles != nil:
            return [nest(forParticlesOf: op, tensor)]
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

    /// The draws of several particles: those of each as they would be if there were no other.
    private mutating func nest(forParticlesOf op: RandomOp, _ tensor: Tensor) -> Nest {
        let (particles, count) = (tensor.shape[0], tensor.shape.dropFirst().reduce(1, *))
        if count == 1 { return Nest(.draw1(op), operand: tensor, target: plan(tensor), extents: [particles], targetAxes: [0]) }
        let groups = (count + 3) / 4
        let target = plan(tensor)
        target.rowCapacity = 4 * groups
        return Nest(.draw4(op), operand: tensor, target: target, extents: [particles, groups], targetAxes: [0, nil])
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
        case .scan(let plan): return collectReads(of: nest, plan)
        default: break
        }
        let index = nest.extents.enumerated().map { Nest.symbol($0, extent: $1) }
        var seen: Set<Visit> = []
        if nest.hasOwnLoops {
            // All rows and columns.
            let anywhere = IndexExpression.register(Register(-1))
            for input in nest.target.tensor.node.inputs { collect(input, index + [anywhere, anywhere], nest, &seen) }
            return
        }
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
            tensor, index, bindings, evenIfKept: evenIfKept, isKept: { plans[$0.id] != nil }
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
            nest.cellReads[.state(input.name), default: []].append(index)
        case .input(let input) where input.kind == .bound:
            nest.cellReads[.carry(source.id), default: []].append(index)
        case .map:
            for input in source.node.inputs { collect(input, index, nest, &seen) }
        default:
            break
        }
    }

    /// The loop that stores the next value of one state may run before the loop that stores another. Where that
    /// other one still reads the old value, other than element by element in the same loop, it is computed before.
    /// Loops over equal extents are the same loop only when they are merged.
    private mutating func keepWhatStoresWouldOverwrite(_ computing: inout [Nest], _ storing: inout [Nest], fuses: Bool) {
        let shapes = Dictionary(storing.compactMap { nest in nest.cell.map { ($0, nest.operand.shape) } }, uniquingKeysWith: { a, _ in a })
        for position in storing.indices {
            let nest = storing[position]
            let unsafe = nest.cellReads.contains { cell, reads in
                guard let shape = shapes[cell], shape.elementCount > 1 else { return false }
                if nest.cell != cell, !fuses { return true }
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
