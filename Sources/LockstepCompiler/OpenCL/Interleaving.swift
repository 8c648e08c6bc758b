import LockstepTensor

/// Puts statements that do not wait for each other side by side. A processor looks a few hundred instructions ahead, and
/// what was written out for one element after the other is chains of functions, each link of which waits for the one
/// before: the chains of several elements must alternate to keep it busy.
///
/// Straight-line statements are sorted by how much has to be done after them, one thing after the other.
/// Where a step ends with a decision that all its results wait for, only what the decision is made of is sorted so. The
/// rest, such as the updates of an optimiser, follows as it was written, one element after the other: begun all at once,
/// it would not fit into registers.
enum Interleaving {
    static func interleaved(_ program: LaneProgram) -> LaneProgram {
        var result = program
        result.body = ordered(program.body, mayDecide: true)
        return result
    }

    /// Loops stay where they are among the other statements.
    ///
    /// - Parameter mayDecide: false within loops, where a truth that many selections wait for ends no step.
    private static func ordered(_ list: [Statement], mayDecide: Bool) -> [Statement] {
        var result: [Statement] = []
        var straight = StraightLine()
        for statement in list {
            guard case .loop(var loop) = statement else {
                straight.append(statement)
                continue
            }
            result += straight.removeAll(mayDecide: mayDecide)
            loop.body = ordered(loop.body, mayDecide: false)
            loop.flush = loop.flush.map { $0.with(ordered($0.statements, mayDecide: false)) }
            result.append(.loop(loop))
        }
        return result + straight.removeAll(mayDecide: mayDecide)
    }

    /// Statements without a loop among them.
    private struct StraightLine {
        private var statements: [Statement] = []

        mutating func append(_ statement: Statement) { statements.append(statement) }

        mutating func removeAll(mayDecide: Bool) -> [Statement] {
            let isFirst = mayDecide ? Decision.isBefore(statements) : statements.map { _ in true }
            var (first, rest): ([(time: Int, statement: Statement)], [(time: Int, statement: Statement)]) = ([], [])
            var ends = Ends()
            for (statement, isFirst) in zip(statements, isFirst).reversed() where isFirst {
                // Blocks of draws wait for nothing, and stay side by side: two at once take little more time than one.
                first.append((statement.isBlockOfDraws ? .min : -ends.timeToEnd(statement), statement))
            }
            var places = Places()
            for (place, (statement, isFirst)) in zip(statements, isFirst).enumerated() where !isFirst {
                rest.append((places.place(statement, place), statement))
            }
            statements = []
            return Self.sorted(first.reversed()) + Self.sorted(rest)
        }

        /// What has the same time stays as it was.
        private static func sorted(_ list: [(time: Int, statement: Statement)]) -> [Statement] {
            list.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element.statement)
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
                let access = statement.access
                let (source, target) = access?.kind == .load ? (access?.buffer, nil) : (nil, access?.buffer)
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

    /// How long it takes from the start of a statement until all is done that waits for it. Statements are given to it
    /// from the last to the first.
    private struct Ends {
        private var registers: [Register: Int] = [:]
        private var memory: [BufferID: Accesses] = [:]

        mutating func timeToEnd(_ statement: Statement) -> Int {
            var time = statement.latency + (statement.results.map { registers[$0, default: 0] }.max() ?? 0)
            let names = statement.names
            if let (buffer, kind) = names.access {
                let element = names.indices.first?.asConstant
                if kind.isStore {
                    time = statement.latency + (memory[buffer]?.latest(element) ?? 0)
                } else {
                    time = max(time, memory[buffer]?.latestWrite(element) ?? 0)
                }
                memory[buffer, default: Accesses()].note(kind, element, time)
            }
            for operand in names.operands { registers[operand, default: 0].raise(to: time) }
            return time
        }
    }

    /// Places of statements, given to it in order: their own, but a store comes as soon as its operands and its element
    /// allow.
    private struct Places {
        private var registers: [Register: Int] = [:]
        private var memory: [BufferID: Accesses] = [:]

        mutating func place(_ statement: Statement, _ own: Int) -> Int {
            var place = own
            if case .store(let buffer, let index, _) = statement {
                place = statement.operands.map { registers[$0, default: 0] }.reduce(memory[buffer]?.latest(index.asConstant) ?? 0, max)
            }
            let names = statement.names
            if let (buffer, kind) = names.access { memory[buffer, default: Accesses()].note(kind, names.indices.first?.asConstant, place) }
            for register in names.results { registers[register] = place }
            return place
        }
    }

    /// When the elements of a buffer were last written and read. An element at a variable place may be any.
    private struct Accesses {
        var written: [Int?: Int] = [:]
        var read: [Int?: Int] = [:]

        private static func latest(_ times: [Int?: Int], _ place: Int?) -> Int {
            place == nil ? times.values.max() ?? 0 : max(times[place, default: 0], times[nil, default: 0])
        }
        func latestWrite(_ place: Int?) -> Int { Self.latest(written, place) }
        mutating func note(_ kind: BufferAccess, _ place: Int?, _ time: Int) {
            if kind.isStore { written[place, default: 0].raise(to: time) } else { read[place, default: 0].raise(to: time) }
        }

        func latest(_ place: Int?) -> Int { max(latestWrite(place), Self.latest(read, place)) }
    }
}

extension Int {
    fileprivate mutating func raise(to other: Int) { self = Swift.max(self, other) }
}

extension Statement {
    fileprivate var isBlockOfDraws: Bool {
        switch self {
        case .draw1, .draw4: operands.isEmpty
        default: false
        }
    }

    /// Cycles until the result is there, roughly. It must not be 0 for what writes: later reads sort behind it.
    fileprivate var latency: Int {
        switch self {
        case .map(_, let op, _): op == .divide || op == .sqrt ? 15 : op.isExpensive ? 60 : 4
        case .logSum: 60
        case .draw1, .draw4, .draw: 150
        default: access == nil ? 0 : 4
        }
    }
}
