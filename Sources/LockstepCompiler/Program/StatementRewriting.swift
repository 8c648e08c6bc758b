import LockstepTensor

extension Statement {
    /// The same statement with every statement that is not a loop replaced by what `change` makes of it.
    func changed(_ change: (Statement) -> Statement) -> Statement {
        guard case .loop(let loop) = self else { return change(self) }
        return .loop(loop.changed(change))
    }

    /// The same statement on other buffers.
    func renumbering(_ buffers: [BufferID: BufferID]) -> Statement {
        func new(_ id: BufferID) -> BufferID { buffers[id] ?? id }
        if case .loop(var loop) = self {
            loop = loop.changed { $0.renumbering(buffers) }
            // A buffer that is gone was read by no one.
            loop.split = loop.split.map { split in
                Loop.Split(
                    carries: split.carries.compactMap { carry in buffers[carry.buffer].map { Loop.Carry($0, carry.reduction) } },
                    keepsRows: split.keepsRows, rowsPerIteration: split.rowsPerIteration)
            }
            return .loop(loop)
        }
        return switch self {
        case .load(let register, let buffer, let index): .load(register, new(buffer), index)
        case .store(let buffer, let index, let value): .store(new(buffer), index, value)
        case .accumulate(let reduction, let buffer, let index, let value): .accumulate(reduction, new(buffer), index, value)
        case .constant, .scalar, .step, .index, .map, .draw1, .draw4, .draw, .loop: self
        }
    }

    /// The same statement with an expression in place of a loop's counter.
    func substituting(_ variable: LoopVariable, by value: IndexExpression) -> Statement {
        changed { statement in
            func new(_ index: IndexExpression) -> IndexExpression { index.substituting(variable, by: value) }
            func new(_ stream: DrawStream) -> DrawStream {
                if case .entry(let register, let place, let count) = stream { .entry(register, new(place), count: count) } else { stream }
            }
            return switch statement {
            case .index(let register, let index): .index(register, new(index))
            case .load(let register, let buffer, let index): .load(register, buffer, new(index))
            case .store(let buffer, let index, let register): .store(buffer, new(index), register)
            case .accumulate(let reduction, let buffer, let index, let register): .accumulate(reduction, buffer, new(index), register)
            case .draw4(let kind, let registers, let stream, let particle, let group):
                .draw4(kind, registers, stream: new(stream), particle: particle, group: new(group))
            case .draw1(let kind, let register, let stream, let particle):
                .draw1(kind, register, stream: new(stream), particle: particle)
            case .draw(let kind, let register, let stream, let particle, let element, let parameter):
                .draw(kind, register, stream: new(stream), particle: particle, element: new(element), parameter: parameter)
            case .constant, .scalar, .step, .map, .loop: statement
            }
        }
    }

    /// The index of a statement that has one.
    var index: IndexExpression? {
        switch self {
        case .index(_, let index), .load(_, _, let index), .store(_, let index, _), .accumulate(_, _, let index, _),
            .draw4(_, _, _, _, let index), .draw(_, _, _, _, let index, _):
            index
        case .constant, .scalar, .step, .map, .draw1, .loop: nil
        }
    }
}

extension Loop {
    func changed(_ change: (Statement) -> Statement) -> Loop {
        var loop = self
        loop.body = body.map { $0.changed(change) }
        loop.flush = flush.map { Flush(interval: $0.interval, statements: $0.statements.map { $0.changed(change) }) }
        return loop
    }
}
