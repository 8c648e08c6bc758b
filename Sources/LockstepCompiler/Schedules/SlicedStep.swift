import LockstepTensor

/// One step as several programs, for schedule D: the long loops over data are shared out to many workers.
///
/// Program k computes, for one slice of the data, what the k-th long loop sums up; `finish` puts the slices together
/// in a fixed order and does the rest of the step. What lies before a loop is computed again by each program that
/// needs it: it is short beside the loop, and so nothing but sums has to be handed on.
package struct SlicedStep: Sendable {
    package let partials: [LaneProgram]
    package let finish: LaneProgram
    /// Work-items that share the data of a lane.
    package let slices: Int
    /// Slices that share a vector.
    package let together: Int

    /// In the order in which they run.
    package var programs: [LaneProgram] { partials + [finish] }

    /// - Parameters:
    ///   - together: slices that share a vector, for fewer lanes than a vector holds.
    ///   - minimumRows: loops over fewer rows are left whole.
    /// - Returns: nil where the program has no loop that can be shared so.
    package init?(_ program: LaneProgram, slices: Int, together: Int = 1, minimumRows: Int) {
        let (count, overflows) = slices.multipliedReportingOverflow(by: together)
        guard slices >= 1, together >= 1, !overflows else { return nil }
        let places = program.body.indices.filter { place in
            guard case .loop(let loop) = program.body[place], let split = loop.split, !split.keepsRows else { return false }
            return loop.variable.extent >= count && loop.variable.extent * split.rowsPerIteration >= minimumRows
        }
        guard let last = places.last, !Self.hasOutput(program.body[..<last], program.buffers) else { return nil }
        var cutter = Cutter(program, slices: slices, together: together)
        for place in places {
            guard case .loop(let loop) = program.body[place], cutter.cut(loop, at: place) else { return nil }
        }
        partials = cutter.partials
        finish = cutter.finished()
        self.slices = slices
        self.together = together
    }

    /// A program runs what comes before its loop again, so nothing there may last.
    private static func hasOutput(_ statements: ArraySlice<Statement>, _ buffers: [Buffer]) -> Bool {
        var found = false
        LaneProgram.forEach(Array(statements)) { statement in
            if let (buffer, kind) = statement.access, kind.isStore { found = found || buffers[buffer.number].role != .temporary }
        }
        return found
    }
}

/// Cuts a program at its long loops, from the first to the last.
private struct Cutter {
    private let original: LaneProgram
    private let slices: Int
    private let together: Int
    /// The program so far, each loop that was cut replaced by the sum over its slices.
    private var whole: ProgramExtension
    /// Where the original's next statement goes in `whole`, less its place in the original.
    private var shift = 0
    private var exchanges = 0
    private(set) var partials: [LaneProgram] = []

    init(_ program: LaneProgram, slices: Int, together: Int) {
        original = program
        whole = ProgramExtension(program)
        self.slices = slices
        self.together = together
    }

    /// - Returns: false where the slices cannot share a vector: the loop looks at more than rows of shared data.
    mutating func cut(_ loop: Loop, at place: Int) -> Bool {
        let iterations = loop.variable.extent / (slices * together)
        let slice = whole.variable(slices)
        let own = whole.variable(iterations)
        var program = whole.program
        program.body = Array(whole.program.body[..<(place + shift)])
        program.slice = slice
        program.start = nil
        var shared = loop
        if together > 1 {
            guard let rewritten = sideBySide(loop, iterations, own, &program) else { return false }
            shared = rewritten
        } else {
            let start = IndexExpression.variable(slice) * iterations + .variable(own)
            guard case .loop(let rewritten) = Statement.loop(loop).substituting(loop.variable, by: start) else { return false }
            shared = rewritten
        }
        program.body.append(.loop(Loop(variable: own, body: shared.body, flush: shared.flush)))

        var sums: [Statement] = leftOver(loop, from: iterations * slices * together)
        for accumulator in loop.split?.accumulators ?? [] {
            let exchange = exchangeBuffer(like: accumulator.buffer, in: &program)
            store(accumulator, exchange, slice, &program)
            sums += combine(accumulator, exchange)
        }
        partials.append(Pruning.prune(Uniformity.inferred(program), keepsStates: false))
        whole.program.body.replaceSubrange((place + shift)...(place + shift), with: sums)
        shift += sums.count - 1
        return true
    }

    mutating func finished() -> LaneProgram { Pruning.prune(Uniformity.inferred(whole.program)) }

    // MARK: Parts

    /// The loop with every load of data replaced by one vector load from all slices of the vector.
    private func sideBySide(_ loop: Loop, _ iterations: Int, _ own: LoopVariable, _ program: inout LaneProgram) -> Loop? {
        var isPossible = true
        var buffers: [BufferID: BufferID] = [:]
        var added = program.buffers
        func rewritten(_ statement: Statement) -> Statement {
            guard statement.names.indices.contains(where: { $0.variables.contains(loop.variable) }) else { return statement }
            guard case .load(let register, let buffer, let index) = statement,
                case .data(let name) = program.buffers[buffer.number].role, program.buffers[buffer.number].isUniform,
                let stride = index.piece(.variable(loop.variable))?.length, program.buffers[buffer.number].count >= stride * loop.variable.extent
            else {
                isPossible = false
                return statement
            }
            let count = stride * iterations
            let role = Buffer.Role.slices(DataSlices(name: name, slices: slices, together: together))
            let known = buffers[buffer]
            if let known, added[known.number].count != count { isPossible = false }
            let id = known ?? BufferID(added.count)
            if known == nil {
                added.append(Buffer(role: role, dtype: program.buffers[buffer.number].dtype, count: count, isUniform: false))
                buffers[buffer] = id
            }
            return .load(register, id, index.substituting(loop.variable, by: .variable(own)))
        }
        let result = loop.changed(rewritten)
        guard isPossible else { return nil }
        program.buffers = added
        return result
    }

    /// The iterations that do not make a whole one for every slice.
    private mutating func leftOver(_ loop: Loop, from first: Int) -> [Statement] {
        let rest = loop.variable.extent - first
        guard rest > 0 else { return [] }
        let counter = whole.variable(rest)
        let value = IndexExpression.variable(counter) + .constant(first)
        guard case .loop(let moved) = Statement.loop(loop).substituting(loop.variable, by: value) else { return [] }
        return [.loop(Loop(variable: counter, body: moved.body, flush: moved.flush))]
    }

    private mutating func exchangeBuffer(like buffer: BufferID, in program: inout LaneProgram) -> BufferID {
        let type = whole.program.buffers[buffer.number]
        let exchange = Buffer(role: .exchange(exchanges), dtype: type.dtype, count: slices * type.count, isUniform: false)
        exchanges += 1
        program.buffers.append(exchange)
        whole.program.buffers.append(exchange)
        return BufferID(program.buffers.count - 1)
    }

    private mutating func store(_ accumulator: Loop.Accumulator, _ exchange: BufferID, _ slice: LoopVariable, _ program: inout LaneProgram) {
        let type = whole.program.buffers[accumulator.buffer.number]
        var registers = program.registers
        program.body += whole.forElements(type.count) { element, _ in
            registers.append(RegisterType(dtype: type.dtype, isUniform: false))
            let value = Register(registers.count - 1)
            return [
                .load(value, accumulator.buffer, element),
                .accumulate(accumulator.reduction, exchange, .variable(slice) * type.count + element, value),
            ]
        }
        program.registers = registers
    }

    private mutating func combine(_ accumulator: Loop.Accumulator, _ exchangeInProgram: BufferID) -> [Statement] {
        let type = whole.program.buffers[accumulator.buffer.number]
        let exchange = BufferID(whole.program.buffers.count - 1)
        return whole.forElements(type.count) { element, whole in
            let value = whole.register(type.dtype)
            let counter = whole.variable(slices)
            return [
                .loop(
                    Loop(
                        variable: counter,
                        body: [
                            .load(value, exchange, .variable(counter) * type.count + element),
                            .accumulate(accumulator.reduction, accumulator.buffer, element, value),
                        ]))
            ]
        }
    }
}
