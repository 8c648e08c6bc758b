import LockstepTensor

// What the loops of nests are around: the statements of one element, or of one step of a recurrence.
extension LoopFusion {
    /// The innermost body of a nest, all of whose loops are decided.
    func writeBody(_ nest: Nest) {
        pull.beginBody()
        let index = nest.bound.map { $0 ?? .constant(0) }
        if let scan = nest.scan { return writeStep(scan, time: index[0]) }
        var target = [IndexExpression](repeating: .constant(0), count: nest.target.tensor.rank)
        for (axis, targetAxis) in nest.targetAxes.enumerated() { if let targetAxis { target[targetAxis] = index[axis] } }
        let plan = nest.target
        switch nest.kind {
        case .elementwise:
            let value = pull.element(nest.operand, index, evenIfKept: true)
            pull.emitter.storeKnown(buffer(of: nest), plan.position(target), value)
        case .part(let starts):
            target = zip(target, starts).map { $0 + .constant($1) }
            let value = pull.element(nest.operand, index)
            pull.emitter.storeKnown(buffer(of: nest), plan.position(target), value)
        case .reduce(let reduction):
            if !nest.hasReducingLoop { initialize(nest) }
            let value = pull.element(nest.operand, index)
            pull.emitter.append(.accumulate(reduction, nest.accumulator ?? buffer(of: nest), plan.position(target), value))
        case .segmentSum:
            if !nest.hasReducingLoop { initialize(nest) }
            let rows = plan.tensor.node.inputs[1]
            target[0] = pull.row(rows, Array(index.prefix(rows.rank)), plan.tensor.shape[0])
            let value = pull.element(nest.operand, index)
            pull.emitter.append(.accumulate(.sum, nest.accumulator ?? buffer(of: nest), plan.position(target), value))
        case .draw1(let op):
            let output = pull.emitter.makeRegister(.real, isUniform: false)
            pull.emitter.append(.draw1(op.kind, output, stream: .site(op.stream), particle: op.particle(index.first)))
            pull.emitter.storeKnown(buffer(of: nest), plan.position(target), output)
        case .draws(let op):
            let output = pull.emitter.makeRegister(.real, isUniform: false)
            pull.emitter.append(.draw1(op.kind, output, stream: pull.stream(op, index[0]), particle: op.particle(nil)))
            pull.emitter.storeKnown(buffer(of: nest), plan.position(target), output)
        case .draw4(let op):
            let outputs = (0..<4).map { _ in pull.emitter.makeRegister(.real, isUniform: false) }
            let (particle, group) = (op.particle(index[0]), index[index.count - 1])
            pull.emitter.append(.draw4(op.kind, outputs, stream: .site(op.stream), particle: particle, group: group))
            let id = buffer(of: nest)
            let first = (op.particles == nil ? .constant(0) : plan.rowStart(index[0])) + group * 4
            for (offset, output) in outputs.enumerated() { pull.emitter.storeKnown(id, first + .constant(offset), output) }
        case .draw(let op):
            let parameter = pull.element(nest.operand, index)
            let output = pull.emitter.makeRegister(.real, isUniform: false)
            pull.emitter.append(
                .draw(
                    op.kind, output, stream: op.streams == nil ? .site(op.stream) : pull.stream(op, index[0]), particle: op.particle(target.first),
                    element: op.streams == nil ? op.element(target, plan.tensor.shape) : .constant(0), parameter: parameter))
            pull.emitter.storeKnown(buffer(of: nest), plan.position(target), output)
        case .state(let name):
            let value = pull.element(nest.operand, index)
            let id = pull.named(.state(name), nest.operand.dtype, nest.operand.count, isUniform: false)
            store(later: id, .flat(index, nest.operand.shape), value)
        case .record(let record):
            let slot = pull.row(record.slot, [], record.slots)
            if slot.registers.contains(where: { !pull.emitter.isUniform($0) }) {
                pull.fail("the slot of record '\(record.name)' differs from lane to lane")
            }
            let value = pull.element(nest.operand, index)
            let id = pull.named(.record(record.name), nest.operand.dtype, record.slots * nest.operand.count, isUniform: false)
            store(later: id, slot * nest.operand.count + .flat(index, nest.operand.shape), value)
        case .cholesky:
            writeCholesky(nest, index)
        case .triangular(let op):
            writeTriangular(op, nest, index)
        case .start:
            let value = pull.element(nest.operand, index)
            // Not as what is known of it: it is another in each step.
            pull.emitter.append(.store(buffer(of: nest), plan.position(target), value))
        case .carry(let scan, let place):
            let value = pull.element(nest.operand, index)
            if let id = scan.carries[place].id { store(later: id, plan.position(target), value) }
        case .output(let scan, let result):
            let value = pull.element(nest.operand, index)
            pull.emitter.storeKnown(buffer(of: result), result.position([scan.time] + index), value)
        case .scan:
            break
        }
    }

    // MARK: Recurrences

    /// Gives a recurrence, whose loop is about to be opened, what the first step gets.
    func start(_ plan: ScanPlan) {
        for carry in plan.carries {
            carry.id = pull.emitter.makeBuffer(
                .temporary, dtype: carry.tensor.dtype, count: carry.capacity, isUniform: false, homeDepth: pull.emitter.depth + 1)
        }
        schedule(plan.starting)
    }

    /// An iteration of a recurrence.
    func writeStep(_ plan: ScanPlan, time: IndexExpression) {
        plan.time = time
        // Storage of its own for each of several steps that are written out together.
        for own in plan.ownPlans { (own.id, own.homeDepth) = (nil, pull.emitter.depth) }
        if plan.mayLeave, let isRunning = plan.carries.last?.id {
            pull.emitter.append(.leave(unlessAny: pull.emitter.load(isRunning, .constant(0))))
        }
        body {
            schedule(plan.computing)
            schedule(plan.storing)
        }
    }
}

extension RandomOp {
    /// The one that draws at an index along the first axis.
    fileprivate func particle(_ row: IndexExpression?) -> IndexExpression {
        .constant(Int(particle)) + (particles == nil ? .constant(0) : row ?? .constant(0))
    }

    /// The number of an element among those of its particle.
    fileprivate func element(_ index: [IndexExpression], _ shape: Shape) -> IndexExpression {
        particles == nil ? .flat(index, shape) : .flat(Array(index.dropFirst()), Array(shape.dropFirst()))
    }
}
