import LockstepTensor

/// Removes what nothing reads: registers, stores to temporaries, empty loops, unused buffers.
enum Pruning {
    static func prune(_ program: LaneProgram) -> LaneProgram {
        var program = program
        while true {
            var used: Set<Register> = []
            var loaded: Set<BufferID> = []
            program.forEachStatement { statement in
                used.formUnion(statement.operands)
                if case .load(_, let buffer, _) = statement { loaded.insert(buffer) }
            }
            let before = count(program)
            program.body = kept(program.body) { statement in
                switch statement {
                case .store(let buffer, _, _), .accumulate(_, let buffer, _, _):
                    program.buffers[buffer.number].role != .temporary || loaded.contains(buffer)
                case .loop: true
                default: statement.results.contains { used.contains($0) }
                }
            }
            if count(program) == before { break }
        }
        return compactingBuffers(program)
    }

    private static func count(_ program: LaneProgram) -> Int {
        var count = 0
        program.forEachStatement { _ in count += 1 }
        return count
    }

    private static func kept(_ statements: [Statement], _ isKept: (Statement) -> Bool) -> [Statement] {
        statements.compactMap { statement in
            guard case .loop(var loop) = statement else { return isKept(statement) ? statement : nil }
            loop.body = kept(loop.body, isKept)
            if let flush = loop.flush {
                let statements = kept(flush.statements, isKept)
                loop.flush = statements.isEmpty ? nil : Loop.Flush(interval: flush.interval, statements: statements)
            }
            return loop.body.isEmpty ? nil : .loop(loop)
        }
    }

    private static func compactingBuffers(_ program: LaneProgram) -> LaneProgram {
        var program = program
        var used: Set<BufferID> = []
        program.forEachStatement { statement in
            switch statement {
            case .load(_, let buffer, _), .store(let buffer, _, _), .accumulate(_, let buffer, _, _): used.insert(buffer)
            default: break
            }
        }
        var numbers: [BufferID: BufferID] = [:]
        var buffers: [Buffer] = []
        for (number, buffer) in program.buffers.enumerated() where used.contains(BufferID(number)) {
            numbers[BufferID(number)] = BufferID(buffers.count)
            buffers.append(buffer)
        }
        program.buffers = buffers
        program.body = program.body.map { $0.renumbering(numbers) }
        return program
    }
}
