import LockstepTensor

/// Loops over rows that read from and add to groups, `a[group[row]]`, as loops over the groups, each of which goes through its rows:
/// the host sorts the rows. What a group's rows add up to is then a sum in a register, nothing is scattered, and the loops over the
/// groups before and after become one with that over the rows.
package enum GroupedRows {
    /// - Parameters:
    ///   - fewestRows: of a group, on average, from which on a loop of its own pays.
    ///   - fewestGroups: that leave enough iterations to deal out.
    /// - Returns: the program itself where no loop is such a one.
    package static func grouped(_ program: LaneProgram, fewestRows: Int, fewestGroups: Int = 1) -> LaneProgram {
        var result: LaneProgram?
        while let grouping = Grouping.first(result ?? program, fewestRows, fewestGroups) { result = grouping.applied(to: result ?? program) }
        return result.map { MergedLoops.merged(Pruning.prune($0)) } ?? program
    }

    /// A loop over rows that can be one over groups.
    private struct Grouping {
        let loop: Loop
        let place: Int
        let index: Register
        let name: String
        let groups: Int
        /// Sums with elements for each group, and how many.
        private var sums: [BufferID: Int] = [:]

        private var rows: Int { loop.variable.extent }

        static func first(_ program: LaneProgram, _ fewestRows: Int, _ fewestGroups: Int) -> Grouping? {
            program.body.indices.lazy.compactMap { place in
                if case .loop(let loop) = program.body[place] { Grouping(loop, at: place, program, fewestRows, fewestGroups) } else { nil }
            }.first
        }

        private init?(_ loop: Loop, at place: Int, _ program: LaneProgram, _ fewestRows: Int, _ fewestGroups: Int) {
            guard let split = loop.split, !split.keepsRows, split.rowsPerIteration == 1, loop.window == nil else { return nil }
            let keys = Self.keys(loop, program)
            guard let best = keys.max(by: { ($0.sums.count, -$0.index.number) < ($1.sums.count, -$1.index.number) }), !best.sums.isEmpty,
                loop.variable.extent / fewestRows >= best.groups, best.groups >= fewestGroups
            else { return nil }
            (self.loop, self.place) = (loop, place)
            (index, name, groups, sums) = (best.index, best.name, best.groups, best.sums)
            guard canReorder(program), totalsAreOwn(program) else { return nil }
        }

        /// Ints of the data by which elements of sums are chosen.
        private static func keys(_ loop: Loop, _ program: LaneProgram) -> [(index: Register, name: String, groups: Int, sums: [BufferID: Int])] {
            loop.body.compactMap { statement in
                guard case .load(let register, let buffer, .variable(loop.variable)) = statement, program.buffers[buffer.number].isUniform,
                    case .data(let name) = program.buffers[buffer.number].role, let groups = program.indexBounds[name],
                    program.buffers[buffer.number].count == loop.variable.extent
                else { return nil }
                var sums: [BufferID: Int] = [:]
                LaneProgram.forEach(loop.body) { statement in
                    guard case .accumulate(.sum, let sum, let index, _) = statement, let length = index.piece(.register(register))?.length,
                        program.buffers[sum.number].count == length * groups, program.buffers[sum.number].dtype == .real
                    else { return }
                    sums[sum] = length
                }
                return (register, name, groups, sums)
            }
        }

        /// Whether all that depends on the row is what a row's data say, and all sums of groups are added to by group only.
        private func canReorder(_ program: LaneProgram) -> Bool {
            var isPossible = true
            LaneProgram.forEach(loop.body) { statement in
                switch statement {
                case .draw1, .draw4, .draw, .logSum, .leave, .greatest: isPossible = false
                case .load(_, let buffer, let index):
                    if index.variables.contains(loop.variable), rowLength(buffer, index, program) == nil { isPossible = false }
                    if sums[buffer] != nil { isPossible = false }
                case .accumulate(let reduction, let buffer, let index, _):
                    if index.variables.contains(loop.variable) { isPossible = false }
                    guard let length = sums[buffer] else { return }
                    if reduction != .sum || index.piece(.register(self.index))?.length != length { isPossible = false }
                case .index(_, let index): if index.variables.contains(loop.variable) { isPossible = false }
                case .store(let buffer, let index, _):
                    if program.buffers[buffer.number].role != .temporary || index.variables.contains(loop.variable) || sums[buffer] != nil {
                        isPossible = false
                    }
                case .loop(let inner): if inner.flush != nil { isPossible = false }
                case .constant, .scalar, .step, .map: break
                }
            }
            return isPossible
        }

        /// How many elements a row of data has.
        private func rowLength(_ buffer: BufferID, _ index: IndexExpression, _ program: LaneProgram) -> Int? {
            guard case .data = program.buffers[buffer.number].role, let length = index.piece(.variable(loop.variable))?.length,
                program.buffers[buffer.number].count == length * rows
            else { return nil }
            return length
        }

        /// Whether nobody looks at the sums of groups before the loop: they are not added to, but stored.
        private func totalsAreOwn(_ program: LaneProgram) -> Bool {
            let own = buffersOfSums
            var isOwn = true
            for (number, statement) in program.body.enumerated() where number != place {
                let access = Cooperation.Access([statement])
                if number < place {
                    isOwn = isOwn && own.isDisjoint(with: access.loaded)
                } else {
                    isOwn = isOwn && own.isDisjoint(with: access.stored)
                }
            }
            return isOwn && own.allSatisfy { program.buffers[$0.number].role == .temporary }
        }

        private func parts(_ buffer: BufferID) -> Loop.Flush.Sum? { loop.flush?.sums.first { $0.partial == buffer } }

        /// Partial sums, totals and what was lost, of all sums of groups.
        private var buffersOfSums: Set<BufferID> {
            Set(sums.keys.flatMap { buffer in parts(buffer).map { [$0.partial, $0.lost, $0.total] } ?? [buffer] })
        }

        // MARK: The loop over groups

        func applied(to program: LaneProgram) -> LaneProgram {
            var new = ProgramExtension(program)
            let group = new.variable(groups)
            let own = buffersOfSums
            let sums = sums.sorted { $0.key.number < $1.key.number }.map { GroupSum($0.key, length: $0.value, parts($0.key), &new) }
            let lists = lists(group, sums, &new)
            let window = Loop.Window(first: new.register(.int, isUniform: true), end: new.register(.int, isUniform: true))
            let starts = new.buffer(.grouped(data(.starts, of: name)), .int, groups + 1)
            // Sums over all rows are emptied as they were, by about as many rows.
            let flush = loop.flush?.statements.compactMap { Self.without(own, $0) } ?? []
            var ofRows = Loop(variable: loop.variable, window: window, body: lists.rows)
            var ofGroups = Loop(variable: group, body: [], split: split(without: own))
            if let old = loop.flush {
                ofRows.flush = Loop.Flush(interval: old.interval, statements: flush + sums.flatMap { $0.emptied(&new) })
                // A group's own are put together when it is done.
                ofRows.flush?.isAtEnd = false
                if !flush.isEmpty { ofGroups.flush = Loop.Flush(interval: max(1, old.interval * groups / rows), statements: flush) }
            }
            ofGroups.body =
                lists.before + sums.flatMap { $0.cleared(&new) } + [
                    .load(window.first, starts, .variable(group)), .load(window.end, starts, .variable(group) + .constant(1)), .loop(ofRows),
                ] + sums.flatMap { $0.stored(.variable(group), &new) }
            new.program.body = program.body[..<place].compactMap { Self.without(own, $0) } + [.loop(ofGroups)] + program.body[(place + 1)...]
            return new.program
        }

        private func data(_ part: GroupedData.Part, of data: String) -> GroupedData {
            GroupedData(part, of: data, by: name, groups: groups, rows: rows)
        }

        private func split(without own: Set<BufferID>) -> Loop.Split? {
            loop.split.map { split in
                Loop.Split(
                    accumulators: split.accumulators.filter { !own.contains($0.buffer) }, keepsRows: true, rowsPerIteration: max(1, rows / groups))
            }
        }

        /// What of the body is the same for all rows of a group, and the rest, with data in the order of groups.
        private func lists(
            _ group: LoopVariable, _ sums: [GroupSum], _ new: inout ProgramExtension
        ) -> (before: [Statement], rows: [Statement]) {
            let stored = Cooperation.Access(loop.body).stored
            var ofRows: Set<Register> = []
            var (before, rows): ([Statement], [Statement]) = ([], [])
            for statement in loop.body {
                if case .load(index, _, _) = statement {
                    before.append(.index(index, .variable(group)))
                    continue
                }
                var isOfRow = false
                var results: [Register] = []
                LaneProgram.forEach([statement]) { inner in
                    let names = inner.names
                    results += names.results
                    isOfRow =
                        isOfRow || names.indices.contains { $0.variables.contains(loop.variable) } || !ofRows.isDisjoint(with: names.operands)
                        || (names.access.map { $0.kind.isStore || stored.contains($0.buffer) } ?? false)
                }
                if isOfRow {
                    ofRows.formUnion(results)
                    rows += sorted(statement, sums, &new).map { $0.substituting(.register(index), by: .variable(group)) }
                } else {
                    before.append(statement.substituting(.register(index), by: .variable(group)))
                }
            }
            return (before, rows)
        }

        /// The statement with data of rows in their new order, and with sums of the group at hand.
        private func sorted(_ statement: Statement, _ sums: [GroupSum], _ new: inout ProgramExtension) -> [Statement] {
            var before: [Statement] = []
            let changed = statement.changed { statement in
                switch statement {
                case .load(let register, let buffer, let position) where position.variables.contains(loop.variable):
                    let type = new.program.buffers[buffer.number]
                    guard case .data(let name) = type.role else { return statement }
                    if type.isUniform { return .load(register, new.buffer(.grouped(data(.rows, of: name)), type.dtype, type.count), position) }
                    // Each lane has its own: read where it lies.
                    let number = new.register(.int, isUniform: true)
                    before.append(.load(number, new.buffer(.grouped(data(.numbers, of: self.name)), .int, rows), .variable(loop.variable)))
                    return .load(register, buffer, position.substituting(loop.variable, by: .register(number)))
                case .accumulate(let reduction, let buffer, let position, let value):
                    guard let sum = sums.first(where: { $0.added == buffer }), let place = position.piece(.register(index))?.place else {
                        return statement
                    }
                    return .accumulate(reduction, sum.partial, place, value)
                default: return statement
                }
            }
            return before + [changed]
        }

        /// The statement without what is done to some buffers; nil where nothing is left.
        private static func without(_ buffers: Set<BufferID>, _ statement: Statement) -> Statement? {
            guard case .loop(var loop) = statement else { return statement.access.map { buffers.contains($0.buffer) } ?? false ? nil : statement }
            loop.body = loop.body.compactMap { without(buffers, $0) }
            return .loop(loop)
        }
    }
}
