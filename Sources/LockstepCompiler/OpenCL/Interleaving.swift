import LockstepTensor

/// Puts statements that do not wait for each other side by side. A processor looks a few hundred instructions ahead, and
/// what was written out for one element after the other is chains of functions, each link of which waits for the one
/// before: the chains of several elements must alternate to keep it busy.
///
/// Straight-line statements are sorted by the time at which they could start if nothing but their operands held them up.
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

    /// Statements without a loop among them, with the times at which they can start.
    private struct StraightLine {
        private var statements: [(start: Int, statement: Statement)] = []
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

        mutating func append(_ statement: Statement) {
            var start = statement.operands.map { known[$0, default: 0] }.max() ?? 0
            switch statement {
            case .load(_, let buffer, let index):
                start = max(start, memory[buffer]?.latestWrite(index.asConstant) ?? 0)
                memory[buffer, default: Memory()].read[index.asConstant, default: 0].raise(to: start)
            case .store(let buffer, let index, _), .accumulate(_, let buffer, let index, _):
                start = max(start, memory[buffer]?.latestAccess(index.asConstant) ?? 0)
                memory[buffer, default: Memory()].written[index.asConstant, default: 0].raise(to: start + statement.latency)
            default: break
            }
            for register in statement.results { known[register] = start + statement.latency }
            statements.append((start, statement))
        }

        /// In order of time; what starts together stays as it was written.
        mutating func removeAll() -> [Statement] {
            let sorted = statements.enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
            self = StraightLine()
            return sorted.map(\.element.statement)
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
