import LockstepTensor

/// Puts statements that do not wait for each other side by side. A processor looks a few hundred instructions ahead, and
/// what was written out for one element after the other is chains of functions, each link of which waits for the one
/// before: the chains of several elements must alternate to keep it busy.
///
/// Straight-line statements are sorted by the time at which they could start if nothing but their operands held them up.
/// Where a step ends with a decision that all its results wait for, only what the decision is made of is sorted so. The
/// rest, such as the updates of an optimiser, follows as it was written, one element after the other: begun all at once,
/// it would not fit into registers.
enum Interleaving {
    static func interleaved(_ program: LaneProgram) -> LaneProgram {
        var result = program
        result.body = ordered(program.body)
        return result
    }

    /// Loops stay where they are among the other statements.
    private static func ordered(_ list: [Statement]) -> [Statement] {
        var result: [Statement] = []
        var straight = StraightLine()
        for statement in list {
            guard case .loop(var loop) = statement else {
                straight.append(statement)
                continue
            }
            result += straight.removeAll()
            loop.body = ordered(loop.body)
            loop.flush = loop.flush.map { Loop.Flush(interval: $0.interval, statements: ordered($0.statements)) }
            result.append(.loop(loop))
        }
        return result + straight.removeAll()
    }

    /// Statements without a loop among them.
    private struct StraightLine {
        private var statements: [(start: Int, place: Int, statement: Statement)] = []
        /// The times at which statements can start.
        private var starts = Times()
        /// As written, but for stores, which come as soon as they can.
        private var places = Times()

        mutating func append(_ statement: Statement) {
            var place = statements.count
            if case .store = statement { place = 0 }
            statements.append((
                starts.start(statement, notBefore: 0, latency: statement.latency),
                places.start(statement, notBefore: place, latency: 0), statement))
        }

        /// In order of time; what starts together stays as it was written.
        mutating func removeAll() -> [Statement] {
            let first = Decision.isBefore(statements.map(\.statement))
            let sorted = statements.enumerated().sorted { a, b in
                if first[a.offset] != first[b.offset] { return first[a.offset] }
                return first[a.offset]
                    ? (a.element.start, a.offset) < (b.element.start, b.offset) : (a.element.place, a.offset) < (b.element.place, b.offset)
            }
            self = StraightLine()
            return sorted.map(\.element.statement)
        }
    }

    /// When statements start, given to it in order, that wait for their operands and for what they find in memory.
    private struct Times {
        /// When a register is known; those from elsewhere are from the start.
        private var known: [Register: Int] = [:]
        private var memory: [BufferID: Memory] = [:]

        /// When the elements of a buffer were last written and read. An element at a variable place may be any.
        private struct Memory {
            var written: [Int?: Int] = [:]
            var read: [Int?: Int] = [:]

            private static func latest(_ times: [Int?: Int], _ place: Int?) -> Int {
                place == nil ? times.values.max() ?? 0 : max(times[place, default: 0], times[nil, default: 0])
            }
            func latestWrite(_ place: Int?) -> Int { Self.latest(written, place) }
            func latestAccess(_ place: Int?) -> Int { max(latestWrite(place), Self.latest(read, place)) }
        }

        mutating func start(_ statement: Statement, notBefore earliest: Int, latency: Int) -> Int {
            var start = statement.operands.map { known[$0, default: 0] }.reduce(earliest, max)
            switch statement {
            case .load(_, let buffer, let index):
                start = max(start, memory[buffer]?.latestWrite(index.asConstant) ?? 0)
                memory[buffer, default: Memory()].read[index.asConstant, default: 0].raise(to: start)
            case .store(let buffer, let index, _), .accumulate(_, let buffer, let index, _):
                start = max(start, memory[buffer]?.latestAccess(index.asConstant) ?? 0)
                memory[buffer, default: Memory()].written[index.asConstant, default: 0].raise(to: start + latency)
            default: break
            }
            for register in statement.results { known[register] = start + latency }
            return start
        }
    }

    /// A truth that many selections wait for.
    private enum Decision {
        /// Fewer selections than this are no reason.
        static let fewest = 8

        /// Which statements a decision is made of, itself included: all of them where there is none.
        static func isBefore(_ statements: [Statement]) -> [Bool] {
            var selections: [Register: Int] = [:]
            for case .map(_, .select, let operands) in statements { selections[operands[0], default: 0] += 1 }
            guard let place = statements.lastIndex(where: { $0.results.contains { selections[$0, default: 0] >= fewest } })
            else { return statements.map { _ in true } }

            var result = statements.map { _ in false }
            var needed = Set(statements[place].results)
            // Buffers whose earlier writes, or whose earlier reads and writes, must not come later.
            var (read, written): (Set<BufferID>, Set<BufferID>) = ([], [])
            for index in statements[...place].indices.reversed() {
                let statement = statements[index]
                let target = statement.target?.buffer
                var source: BufferID?
                if case .load(_, let buffer, _) = statement { source = buffer }
                let isOrdered = target.map { read.contains($0) || written.contains($0) } ?? false
                guard isOrdered || source.map(written.contains) ?? false || !needed.isDisjoint(with: statement.results) else { continue }
                result[index] = true
                needed.formUnion(statement.operands)
                if let source { read.insert(source) }
                if let target { written.insert(target) }
            }
            return result
        }
    }
}

extension Int {
    fileprivate mutating func raise(to other: Int) { self = Swift.max(self, other) }
}

extension Statement {
    /// Cycles until the result is there, roughly. It must not be 0 for what writes: later reads sort behind it.
    fileprivate var latency: Int {
        switch self {
        case .constant, .scalar, .step, .index, .loop: 0
        case .load, .store, .accumulate: 4
        case .draw1, .draw4, .draw: 150
        case .map(_, let op, _): op == .divide || op == .sqrt ? 15 : op.isExpensive ? 60 : 4
        }
    }
}
