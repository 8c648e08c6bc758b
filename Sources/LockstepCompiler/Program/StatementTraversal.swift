import LockstepTensor

/// Goes through the names in a statement, from left to right, and may put others in their place.
package protocol StatementTraversal {
    /// A register that the statement defines.
    mutating func result(_ register: Register) -> Register
    /// A register that it reads, not counting those of its indices.
    mutating func operand(_ register: Register) -> Register
    mutating func buffer(_ id: BufferID, _ access: BufferAccess) -> BufferID
    mutating func index(_ index: IndexExpression) -> IndexExpression
}

package enum BufferAccess: Hashable, Sendable {
    case load, store
    case accumulate(Reduction)

    package var isLoad: Bool { self != .store }
    package var isStore: Bool { self != .load }
}

extension StatementTraversal {
    package mutating func result(_ register: Register) -> Register { register }
    package mutating func operand(_ register: Register) -> Register { register }
    package mutating func buffer(_ id: BufferID, _ access: BufferAccess) -> BufferID { id }
    package mutating func index(_ index: IndexExpression) -> IndexExpression { index }
}

extension Statement {
    /// The one place that knows where a statement has names. Of a loop only the window, not its body.
    package func traversed(by t: inout some StatementTraversal) -> Statement {
        switch self {
        case .constant(let r, let value): return .constant(t.result(r), value)
        case .scalar(let r, let name): return .scalar(t.result(r), name: name)
        case .step(let r): return .step(t.result(r))
        case .index(let r, let index):
            let index = t.index(index)
            return .index(t.result(r), index)
        case .map(let r, let op, let operands):
            let operands = operands.map { t.operand($0) }
            return .map(t.result(r), op, operands)
        case .logSum(let r, let op, let operands):
            let operands = operands.map { t.operand($0) }
            return .logSum(t.result(r), op, operands)
        case .load(let r, let buffer, let index):
            let (index, buffer) = (t.index(index), t.buffer(buffer, .load))
            return .load(t.result(r), buffer, index)
        case .store(let buffer, let index, let value):
            let (index, value) = (t.index(index), t.operand(value))
            return .store(t.buffer(buffer, .store), index, value)
        case .accumulate(let reduction, let buffer, let index, let value):
            let (index, value) = (t.index(index), t.operand(value))
            return .accumulate(reduction, t.buffer(buffer, .accumulate(reduction)), index, value)
        case .draw1(let kind, let r, let stream, let particle):
            let (stream, particle) = (stream.traversed(by: &t), t.index(particle))
            return .draw1(kind, t.result(r), stream: stream, particle: particle)
        case .draw4(let kind, let results, let stream, let particle, let group):
            let (group, stream, particle) = (t.index(group), stream.traversed(by: &t), t.index(particle))
            return .draw4(kind, results.map { t.result($0) }, stream: stream, particle: particle, group: group)
        case .draw(let kind, let r, let stream, let particle, let element, let parameter):
            let (element, parameter) = (t.index(element), t.operand(parameter))
            let (stream, particle) = (stream.traversed(by: &t), t.index(particle))
            return .draw(kind, t.result(r), stream: stream, particle: particle, element: element, parameter: parameter)
        case .loop(var loop):
            loop.window = loop.window.map { .init(first: t.operand($0.first), end: t.operand($0.end), usual: $0.usual, rows: $0.rows) }
            return .loop(loop)
        case .leave(let mask): return .leave(unlessAny: t.operand(mask))
        case .greatest(let r, let value):
            let value = t.operand(value)
            return .greatest(t.result(r), value)
        }
    }
}

extension DrawStream {
    fileprivate func traversed(by t: inout some StatementTraversal) -> DrawStream {
        switch self {
        case .site: return self
        case .entry(let register, let place, let count):
            let register = t.operand(register)
            return .entry(register, t.index(place), count: count)
        }
    }
}

// MARK: What a statement names

/// The names in a statement.
package struct StatementNames: StatementTraversal {
    package private(set) var results: [Register] = []
    /// All registers that are read, those inside of indices included.
    package private(set) var operands: [Register] = []
    package private(set) var indices: [IndexExpression] = []
    /// The buffer that is loaded from or stored to.
    package private(set) var access: (buffer: BufferID, kind: BufferAccess)?

    package mutating func result(_ register: Register) -> Register {
        results.append(register)
        return register
    }

    package mutating func operand(_ register: Register) -> Register {
        operands.append(register)
        return register
    }

    package mutating func buffer(_ id: BufferID, _ kind: BufferAccess) -> BufferID {
        access = (id, kind)
        return id
    }

    package mutating func index(_ index: IndexExpression) -> IndexExpression {
        indices.append(index)
        if !index.terms.isEmpty { operands += index.registers }
        return index
    }
}

extension Statement {
    package var names: StatementNames {
        var names = StatementNames()
        _ = traversed(by: &names)
        return names
    }

    /// The register that a statement defines, or the four of a draw.
    package var results: [Register] { names.results }
    /// The registers that a statement reads.
    package var operands: [Register] { names.operands }
    /// One for a statement, and as much as a function comes to that is written out wherever it is called.
    var weight: Int {
        switch self {
        case .map(_, let op, _) where op.isExpensive: 24
        case .logSum: 24
        default: 1
        }
    }
    /// The buffer that a statement loads from or stores to.
    package var access: (buffer: BufferID, kind: BufferAccess)? { names.access }
}

extension LaneProgram {
    /// Visits every statement, outer before inner, in order of execution.
    package func forEachStatement(_ visit: (Statement) -> Void) { Self.forEach(body, visit) }

    static func forEach(_ statements: [Statement], _ visit: (Statement) -> Void) {
        for statement in statements {
            visit(statement)
            if case .loop(let loop) = statement {
                forEach(loop.body, visit)
                forEach(loop.flush?.statements ?? [], visit)
            }
        }
    }
}

// MARK: Other names in their place

extension Statement {
    /// The same statement with every statement replaced by what `change` makes of it, a loop before what is in it.
    func changed(_ change: (Statement) -> Statement) -> Statement {
        let changed = change(self)
        guard case .loop(let loop) = changed else { return changed }
        return .loop(loop.changed(change))
    }

    private func changed(by traversal: some StatementTraversal) -> Statement {
        changed { statement in
            var traversal = traversal
            return statement.traversed(by: &traversal)
        }
    }

    private struct OtherBuffers: StatementTraversal {
        let buffers: [BufferID: BufferID]
        func buffer(_ id: BufferID, _ access: BufferAccess) -> BufferID { buffers[id] ?? id }
    }

    /// The same statement on other buffers. Sums of a loop that are given none are no longer any.
    func renumbering(_ buffers: [BufferID: BufferID]) -> Statement {
        changed { statement in
            var others = OtherBuffers(buffers: buffers)
            guard case .loop(let loop) = statement else { return statement.traversed(by: &others) }
            return .loop(loop.renumberingSums(buffers))
        }
    }

    private struct OtherIndices: StatementTraversal {
        let atom: IndexExpression.Atom
        let value: IndexExpression
        func index(_ index: IndexExpression) -> IndexExpression { index.substituting(atom, by: value) }
    }

    /// The same statement with an expression in place of a loop's counter.
    func substituting(_ variable: LoopVariable, by value: IndexExpression) -> Statement { substituting(.variable(variable), by: value) }

    /// The same statement with an expression in place of a counter or register in indices.
    func substituting(_ atom: IndexExpression.Atom, by value: IndexExpression) -> Statement {
        changed(by: OtherIndices(atom: atom, value: value))
    }

    private struct OtherRegisters: StatementTraversal {
        let registers: [Register: Register]
        func operand(_ register: Register) -> Register { registers[register] ?? register }
        func index(_ index: IndexExpression) -> IndexExpression {
            index.registers.reduce(index) { index, register in
                registers[register].map { index.substituting(.register(register), by: .register($0)) } ?? index
            }
        }
    }

    private struct OtherResults: StatementTraversal {
        let registers: [Register: Register]
        func result(_ register: Register) -> Register { registers[register] ?? register }
    }

    /// The same statement defining other registers.
    func defining(_ registers: [Register: Register]) -> Statement { changed(by: OtherResults(registers: registers)) }

    /// The same statement reading other registers.
    func reading(_ registers: [Register: Register]) -> Statement { changed(by: OtherRegisters(registers: registers)) }
}

extension Loop {
    func changed(_ change: (Statement) -> Statement) -> Loop {
        var loop = self
        loop.body = body.map { $0.changed(change) }
        loop.flush = flush.map { $0.with($0.statements.map { $0.changed(change) }) }
        return loop
    }

    /// A buffer that is gone was read by no one.
    fileprivate func renumberingSums(_ buffers: [BufferID: BufferID]) -> Loop {
        var loop = self
        loop.split = split.map { split in
            Split(
                accumulators: split.accumulators.compactMap { accumulator in
                    buffers[accumulator.buffer].map { Accumulator($0, accumulator.reduction) }
                },
                keepsRows: split.keepsRows, rowsPerIteration: split.rowsPerIteration)
        }
        loop.flush?.sums =
            flush?.sums.compactMap { sum in
                guard let partial = buffers[sum.partial], let lost = buffers[sum.lost], let total = buffers[sum.total] else { return nil }
                return Flush.Sum(partial: partial, lost: lost, total: total)
            } ?? []
        return loop
    }
}
