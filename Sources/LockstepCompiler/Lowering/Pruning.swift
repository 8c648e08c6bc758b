import LockstepTensor

/// Removes what nothing reads: registers, stores to temporaries, empty loops, unused buffers.
enum Pruning {
    /// - Parameter keepsStates: whether states and records stay although the program never touches them.
    static func prune(_ program: LaneProgram, keepsStates: Bool = true) -> LaneProgram {
        var program = program
        while true {
            var loaded: Set<BufferID> = []
            program.forEachStatement { if case .load(_, let buffer, _) = $0 { loaded.insert(buffer) } }
            var live = Liveness(loaded: loaded, isTemporary: program.buffers.map { $0.role == .temporary })
            program.body = live.kept(program.body)
            // Without a load, the stores that fed it may be dead too.
            var stillLoaded: Set<BufferID> = []
            program.forEachStatement { if case .load(_, let buffer, _) = $0 { stillLoaded.insert(buffer) } }
            if stillLoaded.count == loaded.count { break }
        }
        return compactingBuffers(program, keepsStates)
    }

    /// Walks backwards, so that whole chains of instructions that nothing reads go in one pass: a register is
    /// defined before it is used, and does not outlive an iteration.
    private struct Liveness {
        let loaded: Set<BufferID>
        let isTemporary: [Bool]
        var used: Set<Register> = []

        mutating func kept(_ statements: [Statement]) -> [Statement] {
            var result: [Statement] = []
            for statement in statements.reversed() {
                switch statement {
                case .loop(var loop):
                    loop.flush = loop.flush.map { $0.with(kept($0.statements)) }
                    if loop.flush?.statements.isEmpty ?? false { loop.flush = nil }
                    loop.body = kept(loop.body)
                    guard !loop.body.isEmpty else { continue }
                    used.formUnion(statement.operands)
                    result.append(.loop(loop))
                    continue
                case .leave(let mask):
                    // A loop of nothing else is none.
                    if !result.isEmpty {
                        used.insert(mask)
                        result.append(statement)
                    }
                    continue
                default: break
                }
                let names = statement.names
                if let (buffer, kind) = names.access, kind.isStore {
                    guard !isTemporary[buffer.number] || loaded.contains(buffer) else { continue }
                } else {
                    guard names.results.contains(where: used.contains) else { continue }
                }
                used.formUnion(names.operands)
                result.append(statement)
            }
            return result.reversed()
        }
    }

    private static func compactingBuffers(_ program: LaneProgram, _ keepsStates: Bool) -> LaneProgram {
        var program = program
        var used: Set<BufferID> = []
        program.forEachStatement { if let (buffer, _) = $0.access { used.insert(buffer) } }
        var numbers: [BufferID: BufferID] = [:]
        var buffers: [Buffer] = []
        for (number, buffer) in program.buffers.enumerated()
        where used.contains(BufferID(number)) || (keepsStates && buffer.role.isReadFromOutside) {
            numbers[BufferID(number)] = BufferID(buffers.count)
            buffers.append(buffer)
        }
        program.buffers = buffers
        program.body = program.body.map { $0.renumbering(numbers) }
        return program
    }
}

extension Buffer.Role {
    /// Whether a run is asked for it, even when the program never touches it since it has no elements.
    fileprivate var isReadFromOutside: Bool {
        switch self {
        case .state, .record: true
        case .data, .table, .temporary, .exchange, .slices, .grouped: false
        }
    }
}
