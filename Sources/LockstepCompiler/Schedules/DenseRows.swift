import LockstepTensor

/// Loops over rows of shared data whose columns are gone through by inner loops, one for a dot product and one for its gradient, as
/// GPUs want them: the columns written out, one row after the other. A row's elements are then loaded once for both, and what
/// is the lane's own, coefficients and sums over rows, is in registers.
enum DenseRows {
    private static let mostColumns = 32
    /// Values in registers all the while, of 4 bytes each: with a row and what is made of it they fit into 128, which leaves a GPU
    /// enough work-items to wait for.
    private static let mostValues = 72
    /// With fewer there is too little to gain.
    private static let fewestRows = 64
    /// Of an iteration that is written out: what compilers get through in a second.
    private static let mostStatements = 4_000

    /// - Parameter bytes: of a lane's real number in a work-item.
    /// - Returns: the program itself where no loop is such a one.
    static func writtenOut(_ program: LaneProgram, bytes: Int) -> LaneProgram {
        var new = ProgramExtension(program)
        var body: [Statement] = []
        var isAny = false
        for (place, statement) in program.body.enumerated() {
            var changed = new
            if case .loop(let loop) = statement, isDense(loop, program),
                let written = RowLoop(loop, at: place, program)?.written(&changed, mostValues: mostValues * 4 / bytes)
            {
                body += written
                (new, isAny) = (changed, true)
            } else {
                body.append(statement)
            }
        }
        new.program.body = body
        return isAny ? Pruning.prune(new.program) : program
    }

    private static func isDense(_ loop: Loop, _ program: LaneProgram) -> Bool {
        guard loop.window == nil, loop.variable.extent * (loop.split?.rowsPerIteration ?? 1) >= fewestRows else { return false }
        var (isDense, fits) = (false, true)
        var count = 0
        func look(_ statements: [Statement], column: LoopVariable?) {
            count += statements.count * (column?.extent ?? 1)
            for statement in statements {
                switch statement {
                case .draw1, .draw4, .draw, .leave, .greatest: fits = false
                case .loop(let inner):
                    fits = fits && column == nil && inner.window == nil && inner.flush == nil && (1...mostColumns).contains(inner.variable.extent)
                    if fits { look(inner.body, column: inner.variable) }
                default: break
                }
                let names = statement.names
                if names.indices.contains(where: { !$0.registers.isEmpty }) { fits = false }
                guard let column, let (buffer, kind) = names.access, let index = names.indices.first,
                    index.variables.contains(loop.variable), index.variables.contains(column)
                else { continue }
                // A matrix of each lane's own is another matter.
                if kind.isStore || !program.buffers[buffer.number].isUniform { fits = false }
                isDense = isDense || index.piece(.variable(loop.variable)) != nil
            }
        }
        look(loop.body, column: nil)
        return isDense && fits && count <= mostStatements
    }
}

/// A loop over rows that is about to be written out.
private struct RowLoop {
    private let loop: Loop
    /// Sums over rows that inner loops add to.
    private let sums: [BufferID]
    /// What the rest of the step loads and stores.
    private let outside: Cooperation.Access
    private let buffers: [Buffer]

    /// - Returns: nil where a sum over rows cannot be in registers.
    init?(_ loop: Loop, at place: Int, _ program: LaneProgram) {
        self.loop = loop
        buffers = program.buffers
        var rest = program.body
        rest.remove(at: place)
        outside = Cooperation.Access(rest)
        var added: Set<BufferID> = []
        var other: Set<BufferID> = []
        for statement in loop.body {
            var isInner = false
            if case .loop = statement { isInner = true }
            LaneProgram.forEach([statement]) { statement in
                guard let (buffer, kind) = statement.access, let index = statement.names.indices.first else { return }
                if isInner, kind == .accumulate(.sum), !index.variables.contains(loop.variable) {
                    added.insert(buffer)
                } else {
                    other.insert(buffer)
                }
            }
        }
        sums = added.subtracting(other).sorted { $0.number < $1.number }
        for sum in sums {
            let buffer = program.buffers[sum.number]
            guard buffer.role == .temporary, buffer.dtype == .real, !buffer.isUniform else { return nil }
            let isInFlush = loop.flush.map { Cooperation.Access($0.statements) }.map { $0.loaded.union($0.stored).contains(sum) } ?? false
            let isWhole = loop.split?.accumulators.contains { $0.buffer == sum } ?? true
            guard isPartial(sum) && !outside.loaded.contains(sum) || isWhole && !isInFlush else { return nil }
        }
    }

    /// - Returns: nil where it takes too many registers.
    func written(_ new: inout ProgramExtension, mostValues: Int) -> [Statement]? {
        let parts = Dictionary(sums.map { ($0, new.temporary(buffers[$0.number].count)) }, uniquingKeysWith: { a, _ in a })
        let straight = loop.body.flatMap { statement -> [Statement] in
            guard case .loop(let inner) = statement else { return [statement] }
            return new.iterations(of: inner).map { $0.renumbering(parts) }
        }
        var rows = RowOrder(straight, loop, outside.loaded, new)
        for statement in straight { rows.take(statement) }
        rows.end()
        new = rows.new
        guard rows.before.count + parts.values.reduce(0, { $0 + new.program.buffers[$1.number].count }) <= mostValues else { return nil }

        let zero = new.register(.real, isUniform: true)
        var before = rows.before + [.constant(zero, 0)]
        var after: [Statement] = []
        for sum in sums {
            guard let part = parts[sum] else { continue }
            for element in 0..<buffers[sum.number].count {
                // What is emptied begins empty, and is in the end.
                if isPartial(sum) {
                    before.append(.store(part, .constant(element), zero))
                } else {
                    before += new.copied(sum, to: part, element)
                    after += new.copied(part, to: sum, element)
                }
            }
        }
        var changed = loop
        changed.body = rows.sorted
        changed.split = loop.split.map { split in
            Loop.Split(
                accumulators: split.accumulators.map { Loop.Accumulator(parts[$0.buffer] ?? $0.buffer, $0.reduction) },
                keepsRows: split.keepsRows, rowsPerIteration: split.rowsPerIteration)
        }
        changed.flush = loop.flush.map { flushed($0, parts, zero, &new) }
        return before + [.loop(changed)] + after
    }

    /// Hands sums on before they are emptied: straight from registers, all of them would be worked on at once.
    private func flushed(_ flush: Loop.Flush, _ parts: [BufferID: BufferID], _ zero: Register, _ new: inout ProgramExtension) -> Loop.Flush {
        var moved: [Statement] = []
        for sum in sums where isPartial(sum) {
            guard let part = parts[sum] else { continue }
            for element in 0..<buffers[sum.number].count {
                moved += new.copied(part, to: sum, element) + [.store(part, .constant(element), zero)]
            }
        }
        return flush.with(moved + flush.statements)
    }

    private func isPartial(_ sum: BufferID) -> Bool { loop.flush?.sums.contains { $0.partial == sum } ?? false }
}

extension ProgramExtension {
    fileprivate mutating func copied(_ source: BufferID, to target: BufferID, _ element: Int) -> [Statement] {
        let value = register(program.buffers[source.number].dtype)
        return [.load(value, source, .constant(element)), .store(target, .constant(element), value)]
    }
}
