import LockstepTensor

/// Merges loops of a step that have equally many iterations, where each iteration of the later reads only what the same iteration
/// of the earlier has stored. What is handed on from one to the other is then in registers.
enum MergedLoops {
    static func merged(_ program: LaneProgram) -> LaneProgram {
        var result = program
        var first = 0
        while first < result.body.count {
            if let body = mergedWithNext(result.body, first) { result.body = body } else { first += 1 }
        }
        var forwarding = Forwarding()
        result.body = forwarding.rewritten(result.body)
        return Pruning.prune(result)
    }

    /// The statements with the loop at a place merged with the next loop that it can be merged with; nil where there is none.
    private static func mergedWithNext(_ body: [Statement], _ first: Int) -> [Statement]? {
        guard case .loop(let loop) = body[first], loop.window == nil, loop.variable.extent > 1 else { return nil }
        let effects = Effects([body[first]])
        // What has to wait for the first loop, and what need not.
        var late = effects
        var (early, waiting): ([Statement], [Statement]) = ([], [])
        for place in (first + 1)..<max(first + 1, body.count) {
            let own = Effects([body[place]])
            if case .loop(let next) = body[place], next.window == nil, next.variable.extent == loop.variable.extent,
                !Effects(waiting).conflicts(with: own), isSame(loop, next, effects, own)
            {
                return body[..<first] + early + [.loop(joined(loop, next))] + waiting + body[(place + 1)...]
            }
            if late.conflicts(with: own) {
                late.formUnion(own)
                waiting.append(body[place])
            } else {
                early.append(body[place])
            }
        }
        return nil
    }

    /// Whether all elements that one of the loops stores and the other loads or stores are those of the same iteration.
    private static func isSame(_ first: Loop, _ next: Loop, _ effects: Effects, _ others: Effects) -> Bool {
        if !effects.defined.isDisjoint(with: others.used) { return false }
        let common = effects.stored.intersection(others.loaded.union(others.stored)).union(effects.loaded.intersection(others.stored))
        guard let one = lengths(first, common), let other = lengths(next, common) else { return false }
        return one == other
    }

    /// How many elements of each buffer an iteration has for itself; nil where one has not.
    private static func lengths(_ loop: Loop, _ buffers: Set<BufferID>) -> [BufferID: Int]? {
        var lengths: [BufferID: Int] = [:]
        var isOwn = true
        LaneProgram.forEach([.loop(loop)]) { statement in
            guard let (buffer, _) = statement.access, buffers.contains(buffer) else { return }
            guard let length = statement.names.indices.first?.piece(.variable(loop.variable))?.length, lengths[buffer] ?? length == length else {
                isOwn = false
                return
            }
            lengths[buffer] = length
        }
        return isOwn ? lengths : nil
    }

    private static func joined(_ first: Loop, _ next: Loop) -> Loop {
        guard case .loop(let next) = Statement.loop(next).substituting(next.variable, by: .variable(first.variable)) else { return first }
        var result = first
        result.body += next.body
        switch (first.flush, next.flush) {
        case (let one?, let other?):
            result.flush = Loop.Flush(
                interval: min(one.interval, other.interval), statements: one.statements + other.statements, sums: one.sums + other.sums)
        case (let one, let other): result.flush = one ?? other
        }
        if let one = first.split, let other = next.split {
            result.split = Loop.Split(
                accumulators: one.accumulators + other.accumulators, keepsRows: one.keepsRows || other.keepsRows,
                rowsPerIteration: one.rowsPerIteration + other.rowsPerIteration)
        } else {
            result.split = nil
        }
        return result
    }

    /// What statements read and write.
    private struct Effects {
        private(set) var defined: Set<Register> = []
        private(set) var used: Set<Register> = []
        private(set) var loaded: Set<BufferID>
        private(set) var stored: Set<BufferID>

        init(_ statements: [Statement]) {
            let access = Cooperation.Access(statements)
            (loaded, stored) = (access.loaded, access.stored)
            LaneProgram.forEach(statements) { statement in
                defined.formUnion(statement.results)
                used.formUnion(statement.operands)
            }
        }

        mutating func formUnion(_ other: Effects) {
            defined.formUnion(other.defined)
            used.formUnion(other.used)
            loaded.formUnion(other.loaded)
            stored.formUnion(other.stored)
        }

        /// Whether the order of the two matters.
        func conflicts(with later: Effects) -> Bool {
            !defined.isDisjoint(with: later.used) || !stored.isDisjoint(with: later.loaded) || !stored.isDisjoint(with: later.stored)
                || !loaded.isDisjoint(with: later.stored)
        }
    }

    /// Reads from registers what was stored, or loaded, before in the same iteration.
    private struct Forwarding {
        /// Elements of each buffer.
        private var known: [BufferID: [IndexExpression: Register]] = [:]
        private var replaced: [Register: Register] = [:]

        mutating func rewritten(_ statements: [Statement]) -> [Statement] {
            statements.compactMap { statement in
                let statement = replaced.isEmpty ? statement : statement.reading(replaced)
                // What a flush computes may stand in two places.
                for register in statement.results { replaced[register] = nil }
                switch statement {
                case .load(let register, let buffer, let index):
                    if let value = known[buffer]?[index] {
                        replaced[register] = value
                        return nil
                    }
                    known[buffer, default: [:]][index] = register
                case .store(let buffer, let index, let value):
                    known[buffer] = [index: value]
                case .accumulate(_, let buffer, _, _): known[buffer] = nil
                case .loop(var loop):
                    for buffer in Cooperation.Access([statement]).stored { known[buffer] = nil }
                    let outer = known
                    loop.body = rewritten(loop.body)
                    known = outer
                    loop.flush = loop.flush.map { $0.with(rewritten($0.statements)) }
                    known = outer
                    return .loop(loop)
                default: break
                }
                return statement
            }
        }
    }
}
