import LockstepTensor

/// Ends loops over rows where those that follow count for nothing in any lane.
///
/// What a loop adds to a sum is often `select(row < n, value, 0)`: of `n` rows of a lane's own, the others being there since another lane has
/// more. Where that is all a loop does, it goes to the greatest `n` of the lanes that are computed together. Rows are sorted so in vain
/// unless lanes that lie together have about as many.
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

        /// How many rows count, in each lane.
        private func limit(of loop: Loop) -> Rows? {
            guard loop.window == nil, loop.variable.extent >= RowBounds.fewestRows else { return nil }
            if let flush = loop.flush, !flush.isAtEnd || flush.sums.isEmpty || flush.statements.count != 10 * flush.sums.count { return nil }
            var own: Set<Register> = []
            LaneProgram.forEach(loop.body) { own.formUnion($0.results) }
            var found: [Rows] = []
            LaneProgram.forEach(loop.body) { statement in
                guard case .map(_, .less, let operands) = statement, let together = rowsTogether(operands[0], loop),
                    !own.contains(operands[1])
                else { return }
                let rows = Rows(loop: loop, limit: operands[1], together: together)
                if !found.contains(where: { $0.limit == rows.limit && $0.together == together }) { found.append(rows) }
            }
            return found.first { counts(loop.body, $0) }
        }

        private struct Rows {
            let loop: Loop
            let limit: Register
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
            guard case .map(_, .select, let operands) = definitions[value], implies(operands[0], rows),
                case .constant(_, let other) = definitions[operands[2]]
            else { return false }
            return switch reduction {
            case .sum, .any: other == 0
            case .maximum: other == -.infinity
            case .minimum: other == .infinity
            }
        }

        /// Whether a mask holds in rows below the limit only.
        private func implies(_ mask: Register, _ rows: Rows) -> Bool {
            switch definitions[mask] {
            case .map(_, .less, let operands): operands[1] == rows.limit && rowsTogether(operands[0], rows.loop) == rows.together
            case .map(_, .and, let operands): operands.contains { implies($0, rows) }
            default: false
            }
        }

        // MARK: The loop that does

        private mutating func bounded(_ rows: Rows) -> [Statement] {
            changes = true
            var loop = rows.loop
            let (first, most, some, end) = (uniform(), uniform(), uniform(), uniform())
            var before: [Statement] = [.constant(first, 0), .constant(most, Double(loop.variable.extent * rows.together))]
            var greatest = rows.limit
            if !program.registers[rows.limit.number].isUniform {
                greatest = uniform()
                before.append(.greatest(greatest, rows.limit))
            }
            before += [.map(some, .minimum, [greatest, most]), .map(end, .maximum, [some, first])]
            loop.window = Loop.Window(first: first, end: end)
            if rows.together > 1 {
                let iterations = uniform()
                let counted = IndexExpression.register(end) + .constant(rows.together - 1)
                before.append(.index(iterations, counted.quotientAndRemainder(dividingBy: rows.together).quotient))
                loop.window?.end = iterations
            }
            if var flush = loop.flush {
                flush.statements = flush.sums.indices.flatMap { number in
                    kept(Array(flush.statements[(10 * number)..<(10 * number + 10)]))
                }
                loop.flush = flush
            }
            return before + [.loop(loop)]
        }

        /// Empties a partial sum, see `Loop.Flush.Sum.emptied`, unless it is empty.
        private mutating func kept(_ statements: [Statement]) -> [Statement] {
            guard case .load(let old, _, _) = statements[0], case .load(let part, _, _) = statements[1],
                case .load(let missing, _, _) = statements[2], case .store(let lostBuffer, let lostPlace, let lost) = statements[7],
                case .store(let total, let place, let new) = statements[8], case .store(_, _, let zero) = statements[9]
            else { return statements }
            let (isEmpty, keptLost, keptTotal) = (register(.bool), register(.real), register(.real))
            return statements[..<7] + [
                .map(isEmpty, .equal, [part, zero]), .map(keptLost, .select, [isEmpty, missing, lost]),
                .map(keptTotal, .select, [isEmpty, old, new]),
                .store(lostBuffer, lostPlace, keptLost), .store(total, place, keptTotal), statements[9],
            ]
        }

        private mutating func uniform() -> Register { register(.int, isUniform: true) }

        private mutating func register(_ dtype: DType, isUniform: Bool = false) -> Register {
            program.registers.append(RegisterType(dtype: dtype, isUniform: isUniform))
            return Register(program.registers.count - 1)
        }
    }
}
