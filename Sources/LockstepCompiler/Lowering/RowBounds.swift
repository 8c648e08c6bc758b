import LockstepTensor

/// Ends loops over rows where those that follow count for nothing in any lane.
///
/// What a loop adds to a sum is often `select(row < n, value, 0)`: of `n` rows of a lane's own, the others being there since another lane has
/// more. Where that is all a loop does, it goes to the greatest `n` of the lanes that are computed together: these should have about as many.
///
/// A lane's bits do not depend on the others': a sum of partial sums is emptied once more for rows of nothing, and left as it is then.
enum RowBounds {
    static func bounded(_ program: LaneProgram) -> LaneProgram {
        var bounder = Bounder(program)
        bounder.program.body = bounder.bounded(program.body)
        return bounder.changes ? bounder.program : program
    }

    /// Shorter loops are over before their end is known.
    private static let fewestRows = 8

    private struct Bounder {
        var program: LaneProgram
        var changes = false
        /// By the register that it defines.
        private var definitions: [Register: Statement] = [:]
        /// The loops that a buffer is used in, from the outermost; what they have in common.
        private var homes: [BufferID: [LoopVariable]] = [:]

        init(_ program: LaneProgram) {
            self.program = program
            program.forEachStatement { statement in for register in statement.results { definitions[register] = statement } }
            note(program.body, in: [])
        }

        private mutating func note(_ statements: [Statement], in loops: [LoopVariable]) {
            for statement in statements {
                if case .loop(let loop) = statement {
                    note(loop.body, in: loops + [loop.variable])
                    // Between iterations: not one's own.
                    note(loop.flush?.statements ?? [], in: loops)
                } else if let (buffer, _) = statement.access {
                    homes[buffer] = homes[buffer].map { home in Array(zip(home, loops).prefix { $0 == $1 }.map(\.0)) } ?? loops
                }
            }
        }

        mutating func bounded(_ statements: [Statement]) -> [Statement] {
            statements.flatMap { statement -> [Statement] in
                guard case .loop(var loop) = statement else { return [statement] }
                let limit = limit(of: loop)
                if limit == nil { loop.body = bounded(loop.body) }
                return limit.map { self.bounded($0) } ?? [.loop(loop)]
            }
        }

        // MARK: Whether a loop may end early

        /// Which rows count, in each lane; nil where that is not known, or others do something.
        private func limit(of loop: Loop) -> Rows? {
            guard loop.window == nil, loop.variable.extent >= RowBounds.fewestRows else { return nil }
            if let flush = loop.flush, !flush.isAtEnd || !areSums(flush.statements) { return nil }
            var own: Set<Register> = []
            LaneProgram.forEach(loop.body) { own.formUnion($0.results) }
            var found: [Rows] = []
            LaneProgram.forEach(loop.body) { statement in
                guard case .map(_, .less, let operands) = statement, let together = rowsTogether(operands[0], loop), !own.contains(operands[1])
                else { return }
                let known = found.firstIndex { $0.together == together }
                if let known, !found[known].limits.contains(operands[1]) { found[known].limits.append(operands[1]) }
                if known == nil { found.append(Rows(loop: loop, limits: [operands[1]], together: together)) }
            }
            return found.first { counts(loop.body, $0) }
        }

        private struct Rows {
            let loop: Loop
            /// Numbers of rows: one of them is of each thing that the loop does.
            var limits: [Register]
            /// Rows of one iteration.
            let together: Int
        }

        /// How many rows one iteration goes through, where a register is the number of one of them.
        private func rowsTogether(_ register: Register, _ loop: Loop) -> Int? {
            guard case .index(_, let index) = definitions[register], index.registers.isEmpty,
                let (together, place) = index.piece(.variable(loop.variable)), place.asConstant != nil
            else { return nil }
            return together
        }

        /// Whether statements do nothing in rows beyond the limit but to what is an iteration's own.
        private func counts(_ statements: [Statement], _ rows: Rows) -> Bool {
            var begun: Set<BufferID> = []
            return counts(statements, rows, &begun)
        }

        /// - Parameter begun: buffers of the iteration's own that it has written.
        private func counts(_ statements: [Statement], _ rows: Rows, _ begun: inout Set<BufferID>) -> Bool {
            for statement in statements {
                switch statement {
                case .leave: return false
                case .loop(let inner):
                    guard counts(inner.body, rows, &begun), counts(inner.flush?.statements ?? [], rows, &begun) else { return false }
                case .store(let buffer, _, _):
                    guard isOwn(buffer, rows) else { return false }
                    begun.insert(buffer)
                case .accumulate(let reduction, let buffer, _, let value):
                    guard begun.contains(buffer) || isNothing(value, reduction, rows) else { return false }
                case .load(_, let buffer, _):
                    guard !isOwn(buffer, rows) || begun.contains(buffer) else { return false }
                case .constant, .scalar, .step, .index, .map, .logSum, .draw1, .draw4, .draw, .greatest: break
                }
            }
            return true
        }

        /// Whether a buffer is used in this loop only.
        private func isOwn(_ buffer: BufferID, _ rows: Rows) -> Bool {
            program.buffers[buffer.number].role == .temporary && (homes[buffer] ?? []).contains(rows.loop.variable)
        }

        /// Whether what is reduced changes nothing beyond the limit.
        private func isNothing(_ value: Register, _ reduction: Reduction, _ rows: Rows) -> Bool {
            if reduction == .sum { return isZero(value, rows) }
            if reduction == .any { return implies(value, rows) }
            guard case .map(_, .select, let operands) = definitions[value], implies(operands[0], rows),
                case .constant(_, let other) = definitions[operands[2]]
            else { return false }
            return other == reduction.identity(program.registers[value.number].dtype)
        }

        /// Whether a number is zero beyond the limit, whatever it is computed from.
        private func isZero(_ value: Register, _ rows: Rows) -> Bool {
            switch definitions[value] {
            case .constant(_, let number): number == 0
            case .map(_, .select, let operands): isZero(operands[2], rows) && (implies(operands[0], rows) || isZero(operands[1], rows))
            case .map(_, .toReal, let operands), .map(_, .toInt, let operands): implies(operands[0], rows)
            // Where one factor is zero the other may be infinite.
            case .map(_, .multiply, let operands), .map(_, .add, let operands), .map(_, .subtract, let operands), .map(_, .negate, let operands):
                operands.allSatisfy { isZero($0, rows) }
            default: false
            }
        }

        /// Whether a mask holds in rows below the limit only.
        private func implies(_ mask: Register, _ rows: Rows) -> Bool {
            switch definitions[mask] {
            case .map(_, .less, let operands): rows.limits.contains(operands[1]) && rowsTogether(operands[0], rows.loop) == rows.together
            case .map(_, .and, let operands): operands.contains { implies($0, rows) }
            default: false
            }
        }

        // MARK: The loop that does

        private mutating func bounded(_ rows: Rows) -> [Statement] {
            changes = true
            var loop = rows.loop
            let (first, most) = (uniform(), uniform())
            var before: [Statement] = [.constant(first, 0), .constant(most, Double(loop.variable.extent * rows.together))]
            var end = first
            for limit in rows.limits {
                var (greatest, some, own) = (limit, uniform(), uniform())
                if !program.registers[limit.number].isUniform {
                    greatest = uniform()
                    before.append(.greatest(greatest, limit))
                }
                before += [.map(some, .minimum, [greatest, most]), .map(own, .maximum, [end, some])]
                end = own
            }
            // Of two numbers of rows one may be beyond the data of the other.
            loop.window = Loop.Window(first: first, end: end, rows: rows.limits.count == 1 ? rows.together : nil)
            if rows.together > 1 {
                let iterations = uniform()
                let counted = IndexExpression.register(end) + .constant(rows.together - 1)
                before.append(.index(iterations, counted.quotientAndRemainder(dividingBy: rows.together).quotient))
                loop.window?.end = iterations
            }
            loop.flush = loop.flush.map { flush in
                var flush = flush
                flush.statements = kept(flush.statements)
                return flush
            }
            return before + [.loop(loop)]
        }

        // MARK: Partial sums

        /// Statements that empty an element of a partial sum, see `Loop.Flush.Sum.emptied`.
        private static let ofOneSum = 10

        /// Whether statements empty partial sums, and do nothing else.
        private func areSums(_ statements: [Statement]) -> Bool {
            var straight: [Statement] = []
            for statement in statements {
                if case .loop(let loop) = statement {
                    guard loop.flush == nil, areSums(loop.body) else { return false }
                } else {
                    straight.append(statement)
                }
            }
            guard straight.count % Self.ofOneSum == 0 else { return false }
            return stride(from: 0, to: straight.count, by: Self.ofOneSum).allSatisfy { Emptied(straight[$0..<($0 + Self.ofOneSum)]) != nil }
        }

        private struct Emptied {
            let (old, part, missing, lost, new, zero): (Register, Register, Register, Register, Register, Register)
            let (lostBuffer, total): (BufferID, BufferID)
            let place: IndexExpression

            init?(_ statements: ArraySlice<Statement>) {
                let list = Array(statements)
                guard case .load(let old, let total, let place) = list[0], case .load(let part, let partial, place) = list[1],
                    case .load(let missing, let lostBuffer, place) = list[2], case .map(_, .subtract, [part, missing]) = list[3],
                    case .map(let new, .add, _) = list[4], case .map(_, .subtract, [new, old]) = list[5], case .map(let lost, .subtract, _) = list[6],
                    case .store(lostBuffer, place, lost) = list[7], case .store(total, place, new) = list[8],
                    case .store(partial, place, let zero) = list[9]
                else { return nil }
                (self.old, self.part, self.missing, self.lost, self.new, self.zero) = (old, part, missing, lost, new, zero)
                (self.lostBuffer, self.total, self.place) = (lostBuffer, total, place)
            }
        }

        /// Empties partial sums unless they are empty.
        private mutating func kept(_ statements: [Statement]) -> [Statement] {
            var result: [Statement] = []
            var straight: [Statement] = []
            for statement in statements {
                if case .loop(var loop) = statement {
                    loop.body = kept(loop.body)
                    result.append(.loop(loop))
                    continue
                }
                straight.append(statement)
                guard straight.count == Self.ofOneSum, let sum = Emptied(straight[...]) else { continue }
                let (isEmpty, lost, total) = (register(.bool), register(.real), register(.real))
                result += straight[..<7]
                result += [
                    .map(isEmpty, .equal, [sum.part, sum.zero]), .map(lost, .select, [isEmpty, sum.missing, sum.lost]),
                    .map(total, .select, [isEmpty, sum.old, sum.new]), .store(sum.lostBuffer, sum.place, lost),
                    .store(sum.total, sum.place, total), straight[9],
                ]
                straight = []
            }
            return result + straight
        }

        private mutating func uniform() -> Register { register(.int, isUniform: true) }

        private mutating func register(_ dtype: DType, isUniform: Bool = false) -> Register {
            program.registers.append(RegisterType(dtype: dtype, isUniform: isUniform))
            return Register(program.registers.count - 1)
        }
    }
}
