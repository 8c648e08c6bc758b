import LockstepTensor

// The text of statements, and of their operands.
extension KernelWriter {
    mutating func statements(_ list: [Statement], _ scalars: [String: String]) {
        let outer = inlined
        var rest = list[...]
        while let statement = rest.popFirst() {
            // Two blocks of draws at once: the rounds of one wait for each other, those of two do not.
            if let next = rest.first, writePair(statement, next) {
                handOn(statement)
                handOn(next)
                rest = rest.dropFirst()
            } else {
                write(statement, scalars)
                handOn(statement)
            }
        }
        inlined = outer
    }

    /// Keeps what a later part reads.
    private mutating func handOn(_ statement: Statement) {
        for r in statement.results where isHandedOn(r) { line("ls_f->\(name(r)) = \(name(r));") }
    }

    mutating func write(_ statement: Statement, _ scalars: [String: String]) {
        switch statement {
        case .constant:
            break
        case .scalar(let r, let name):
            inlined[r] = scalars[name]
        case .step(let r):
            inlined[r] = "ls_step"
        case .index(let r, let index):
            define(r, "(" + (isUniform(r) ? uniform(index) : varying(index)) + ")")
        case .map(let r, let op, let operands):
            if let stepTables, stepTables.tables.contains(r) {
                define(r, "\(tableName(r))[\(tablePlace)]", mayMove: false)
            } else if !(stepTables?.isInTablesOnly(r) ?? false) {
                writeMap(r, op, operands)
            }
        case .leave(let mask):
            line("if (!\(isUniform(mask) ? "" : "ls_any")(\(name(mask)))) break;")
        case .greatest(let r, let value):
            define(r, isUniform(value) ? name(value) : "ls_greatest(\(name(value)))", mayMove: false)
        case .logSum(let r, let op, let operands):
            let values = operands.map { operand($0, isUniform: false) }
            if op == .logOnePlus, operands.allSatisfy(fractions.contains) {
                define(r, "ls_log1p(\(Self.grown(values[...])))", mayMove: false)
            } else {
                define(r, "ls_sum_\(op == .log ? "log" : "log1p")\(operands.count)(\(values.joined(separator: ", ")))")
            }
        case .load(let r, let buffer, let index):
            if let text = tileElement(buffer, index) {
                inlined[r] = text
            } else {
                define(r, element(buffer, index), mayMove: false)
            }
        case .store(let buffer, let index, let value):
            line("\(guardText(buffer))\(element(buffer, index)) = \(operand(value, isUniform: self.buffer(buffer).isUniform));")
        case .accumulate(let reduction, let buffer, let index, let value):
            accumulate(reduction, buffer, index, value)
        case .draw1(let kind, let r, let stream, let particle):
            let counters = counters(stream, particle, step: fourSteps)
            let isShared = sharedBlocks(stream, particle) > 0
            let block = isShared ? sharedBlock(r, stream, particle) : (0..<4).map { "d\(r.number)_\($0)" }
            if !isShared { line("real \(block.joined(separator: ", "));") }
            line("\(isShared ? everyFourSteps + " " : "")ls_\(kind.rawValue)4(\(keys), \(counters), \(references(block)));")
            if isShared { takeShared(r, stream, particle) } else { pick(r, block) }
        case .draw4(let kind, let outputs, let stream, let particle, let group):
            let names = outputs.map { "v\($0.number)" }
            line("real \(names.joined(separator: ", "));")
            line("ls_\(kind.rawValue)4(\(keys), \(counters(stream, particle, group: uniform(group))), \(references(names)));")
        case .draw(let kind, let r, let stream, let particle, let index, let parameter):
            let function = kind == .gamma ? "ls_gamma" : "ls_poisson"
            define(
                r, "\(function)(\(keys), \(counters(stream, particle, group: uniform(index))), \(operand(parameter, isUniform: false)))",
                mayMove: false)
        case .loop(let loop):
            write(loop, scalars)
        }
    }

    /// - Returns: whether the statements were two blocks of draws, and have been written.
    private mutating func writePair(_ first: Statement, _ second: Statement) -> Bool {
        switch (first, second) {
        case (
            .draw4(.normal, let outputs, let stream, let particle, let group),
            .draw4(.normal, let others, let otherStream, let otherParticle, let otherGroup)
        ):
            let names = (outputs + others).map { "v\($0.number)" }
            line("real \(names.joined(separator: ", "));")
            let blocks = [counters(stream, particle, group: uniform(group)), counters(otherStream, otherParticle, group: uniform(otherGroup))]
            line("ls_normal8(\(keys), \(blocks.joined(separator: ", ")), \(references(names)));")
        case (.draw1(.normal, let r, .site(let first), let particle), .draw1(.normal, let other, .site(let second), let otherParticle))
        where sharedBlocks(.site(first), particle) > 0 && sharedBlocks(.site(second), otherParticle) > 0:
            let blocks = [counters(.site(first), particle, step: fourSteps), counters(.site(second), otherParticle, step: fourSteps)]
            let names = sharedBlock(r, .site(first), particle) + sharedBlock(other, .site(second), otherParticle)
            line("\(everyFourSteps) ls_normal8(\(keys), \(blocks.joined(separator: ", ")), \(references(names)));")
            takeShared(r, .site(first), particle)
            takeShared(other, .site(second), otherParticle)
        default: return false
        }
        return true
    }

    private mutating func pick(_ r: Register, _ block: [String]) {
        line("const real v\(r.number) = ls_pick4(ls_step, \(block.joined(separator: ", ")));")
    }

    private var keys: String { "ls_key0, ls_key1" }
    /// Where a block of draws is for four steps.
    private var fourSteps: String { "((uint)ls_step >> 2)" }
    private var everyFourSteps: String { "if (ls_step == ls_first || (ls_step & 3) == 0)" }

    private func counters(_ stream: DrawStream, _ particle: IndexExpression, step: String = "(uint)ls_step", group: String = "0") -> String {
        let number =
            switch stream {
            case .site(let number): "\(number)u"
            case .entry(let register, _, _): name(register)
            }
        let own = particle.asConstant.map { "\($0)u" } ?? uniform(particle)
        return "(bits)(\(number)), (bits)(\(step)), (bits)(\(own)), (bits)(\(group))"
    }

    private func references(_ names: [String]) -> String { names.map { "&" + $0 }.joined(separator: ", ") }

    private func sharedName(_ r: Register) -> String { (parts == nil ? "" : "ls_f->") + "d\(r.number)" }

    /// The block of draws that a register has a new one of at each step; it lives outside the loop over steps.
    private func sharedBlock(_ r: Register, _ stream: DrawStream, _ particle: IndexExpression) -> [String] {
        let name = sharedName(r)
        guard let (place, count) = Self.blockInArray(stream, particle) else { return (0..<4).map { "\(name)_\($0)" } }
        return (0..<4).map { "\(name)[\($0 * count) + \(uniform(place))]" }
    }

    /// The number of a block that belongs to the running step.
    private mutating func takeShared(_ r: Register, _ stream: DrawStream, _ particle: IndexExpression) {
        if let (place, count) = Self.blockInArray(stream, particle) {
            line("const real v\(r.number) = \(sharedName(r))[(ls_step & 3) * \(count) + \(uniform(place))];")
        } else {
            pick(r, sharedBlock(r, stream, particle))
        }
    }

    /// Which of a statement's blocks a draw is of, and how many they are: of each site, or of each particle. Nil where there is one.
    private static func blockInArray(_ stream: DrawStream, _ particle: IndexExpression) -> (place: IndexExpression, count: Int)? {
        let particles = particle.asConstant == nil ? particle.range : nil
        switch (stream, particles) {
        case (.site, nil): return nil
        case (.site, let range?): return (particle + .constant(-range.lowerBound), range.count)
        case (.entry(_, let place, let count), nil): return (place, count)
        case (.entry(_, let place, let count), let range?):
            return (place * range.count + particle + .constant(-range.lowerBound), count * range.count)
        }
    }

    /// The blocks that last four steps: none where those of many sites or particles would take the room of all else.
    func sharedBlocks(_ stream: DrawStream, _ particle: IndexExpression) -> Int {
        guard let (_, count) = Self.blockInArray(stream, particle) else { return 1 }
        if particle.asConstant == nil { return keepsBlocksOfParticles ? count : 0 }
        return 4 * count * options.width * options.realBytes <= options.privateBytes ? count : 0
    }

    /// Whether blocks of all particles of all sites leave room for the rest; else each step makes those that it needs.
    static func keepsBlocksOfParticles(_ program: LaneProgram, _ options: KernelOptions) -> Bool {
        var blocks = 0
        program.forEachStatement { statement in
            guard case .draw1(_, _, let stream, let particle) = statement, particle.asConstant == nil else { return }
            blocks += blockInArray(stream, particle)?.count ?? 0
        }
        return 4 * blocks * options.width * options.realBytes <= options.privateBytes / 2
    }

    /// The declarations of all shared blocks, without what they start from: that is drawn in the first step.
    var sharedBlockDeclarations: [String] {
        var result: [String] = []
        program.forEachStatement { statement in
            guard case .draw1(_, let r, let stream, let particle) = statement, sharedBlocks(stream, particle) > 0 else { return }
            if let (_, count) = Self.blockInArray(stream, particle) {
                result.append("real d\(r.number)[\(4 * count)]")
            } else {
                result += (0..<4).map { "real d\(r.number)_\($0)" }
            }
        }
        return result
    }

    mutating func declareSharedBlocks() {
        guard parts == nil else { return }
        for declaration in sharedBlockDeclarations { line(declaration.hasSuffix("]") ? "\(declaration);" : "\(declaration) = (real)(0);") }
    }

    /// - Parameter workers: those that the iterations are dealt out to, one after the other.
    mutating func write(_ loop: Loop, _ scalars: [String: String], workers: Int = 1) {
        let name = "i\(loop.variable.number)"
        let rows = staged[loop.variable]
        if workers > 1, isDistributed(loop) {
            openOwnElements(name, extent: loop.variable.extent)
            statements(loop.body, scalars)
            close()
            if let flush = loop.flush, flush.isAtEnd { statements(flush.statements, scalars) }
            return
        }
        let (start, end) =
            loop.window.map { (operand($0.first, isUniform: true), operand($0.end, isUniform: true)) } ?? ("0", String(loop.variable.extent))
        // Barriers of a tile are for all workers, whether or not the last iterations are theirs.
        let (first, stride) = workers == 1 || rows != nil ? (start, "++\(name)") : ("ls_worker", "\(name) += \(workers)")
        if let window = loop.window, options.interleaves {
            line(window.usual.map { "// \($0) iterations or so." } ?? "// \(loop.variable.extent) iterations in all.")
        }
        var (own, last) = (first, end)
        if let flush = loop.flush {
            let interval = flush.interval * workers
            unroll(1)
            open("for (int \(name)_0 = \(first); \(name)_0 < \(end); \(name)_0 += \(interval)) {")
            line("const int \(name)_1 = min(\(name)_0 + \(interval), \(end));")
            (own, last) = ("\(name)_0", "\(name)_1")
        }
        if let rows {
            openTile(rows, loop, first: own, end: last, workers: workers)
        } else {
            unroll(loop, workers: workers)
            open("for (int \(name) = \(own); \(name) < \(last); \(stride)) {")
        }
        statements(loop.body, scalars)
        close()
        if rows != nil { closeTile() }
        if let flush = loop.flush {
            if !flush.isAtEnd { open("if (\(name)_1 < \(end)) {") }
            statements(flush.statements, scalars)
            if !flush.isAtEnd { close() }
            close()
        }
    }

    /// What all workers have together is stored by one of them.
    private func guardText(_ id: BufferID) -> String {
        guard let cooperation, !isDealt, cooperation.shared.contains(id) else { return "" }
        return "if (ls_worker == 0) "
    }

    private mutating func writeMap(_ r: Register, _ op: ElementOp, _ operands: [Register]) {
        let dtype = operands.last.map { self.dtype($0) } ?? .real
        if isUniform(r) {
            if let text = op.row.kernel.scalarText(operands.map { operand($0, isUniform: true) }, dtype) {
                define(r, text)
            } else {
                let wide = op.row.kernel.text(operands.map { operand($0, isUniform: false) }, dtype)
                // A mask's first component is -1 where a scalar's is 1.
                define(r, self.dtype(r) == .bool ? "(LS_FIRST(\(wide)) != 0)" : "LS_FIRST(\(wide))", mayMove: false)
            }
        } else if dtype == .real, let bound = bound(op, operands) {
            define(r, "\(bound.function)(\(operand(bound.value, isUniform: false)), \(operand(bound.limit, isUniform: false)))")
        } else if op == .poissonLogMass, isUniform(operands[1]) {
            // Of one count for all lanes, it is known before the call whether it is large.
            let texts = operands.enumerated().map { operand($1, isUniform: $0 == 1) }
            define(r, "ls_poisson_log_mass_of(\(texts.joined(separator: ", ")))")
        } else {
            define(r, op.row.kernel.text(operands.map { operand($0, isUniform: false) }, dtype))
        }
    }

    /// A minimum or maximum one side of which is known not to be NaN needs no test for that.
    private func bound(_ op: ElementOp, _ operands: [Register]) -> (function: String, value: Register, limit: Register)? {
        guard op == .maximum || op == .minimum, let side = operands.firstIndex(where: { constants[$0].map { !$0.isNaN } ?? false })
        else { return nil }
        return (op == .maximum ? "ls_at_least" : "ls_at_most", operands[1 - side], operands[side])
    }

    /// Gives a register its text: in place of its only use, or as a constant.
    private mutating func define(_ r: Register, _ text: String, mayMove: Bool = true) {
        if mayMove, uses[r] == 1, !isHandedOn(r), text.utf8.count < 400, !usedInLoop.contains(r) {
            inlined[r] = text
        } else {
            let prefix = isUniform(r) ? "u" : "v"
            line("const \(type(dtype(r), isUniform: isUniform(r))) \(prefix)\(r.number) = \(text);")
        }
    }

    // MARK: Operands

    private func isUniform(_ r: Register) -> Bool { program.registers[r.number].isUniform }
    private func dtype(_ r: Register) -> DType { program.registers[r.number].dtype }
    func buffer(_ id: BufferID) -> Buffer { program.buffers[id.number] }

    private func name(_ r: Register) -> String { inlined[r] ?? ((isUniform(r) ? "u" : "v") + String(r.number)) }

    private func operand(_ r: Register, isUniform wantsUniform: Bool) -> String {
        let own = constants[r].map { literal($0, dtype(r)) } ?? name(r)
        if wantsUniform || !isUniform(r) { return own }
        switch dtype(r) {
        case .real: return "(real)(\(own))"
        case .int: return "(ints)(\(own))"
        case .bool: return "LS_SPLAT_MASK(\(own))"
        }
    }

    func literal(_ value: Double, _ dtype: DType) -> String {
        // As `ls_saturated_ints_from_real` has it.
        guard dtype == .real else { return String(value.isNaN ? 0 : Int(min(max(value, -0x8000_0000), 0x7fff_ffff))) }
        // What overflows in the device's precision is infinite there.
        let value = options.isDouble ? value : Double(Float(value))
        if value.isNaN { return "NAN" }
        if value.isInfinite || (!options.isDouble && Float(value).isInfinite) { return value < 0 ? "(-INFINITY)" : "INFINITY" }
        let text = options.isDouble ? "\(value)" : "\(Float(value))f"
        return value.sign == .minus ? "(\(text))" : text
    }

    private func uniform(_ index: IndexExpression) -> String { index.text(name) }
    private func varying(_ index: IndexExpression) -> String {
        index.text { isUniform($0) ? "(ints)(\(name($0)))" : name($0) }
    }

    private func hasVaryingIndex(_ index: IndexExpression) -> Bool { index.registers.contains { !isUniform($0) } }

    func element(_ id: BufferID, _ index: IndexExpression) -> String {
        let buffer = buffer(id)
        let suffix = buffer.dtype == .int ? "_I" : buffer.dtype == .bool ? "_M" : ""
        if hasVaryingIndex(index) {
            switch places[id.number] {
            case .shared: return "LS_GATHER_TABLE\(suffix)(b\(id.number), \(varying(index)))"
            case .global where buffer.isUniform:
                return options.width == 1
                    ? "b\(id.number)[LS_AT(\(varying(index)), \(buffer.count))]"
                    : "LS_GATHER_TABLE\(suffix)(b\(id.number) + ls_item * \(buffer.count), \(varying(index)))"
            case .privateArray where buffer.isUniform: return "LS_GATHER_UNIFORM\(suffix)(b\(id.number), \(varying(index)))"
            case .privateArray, .variables, .distributed: return "LS_GATHER_PRIVATE\(suffix)(b\(id.number), \(varying(index)))"
            case .local: return "b\(id.number)[\(localPlace(varying(index)))]"
            case .global, .slices: return "LS_GATHER_LANES\(suffix)(b\(id.number), \(buffer.count), \(varying(index)))"
            }
        }
        switch places[id.number] {
        case .variables: return "b\(id.number)_\(index.asConstant ?? 0)"
        case .shared, .privateArray: return "b\(id.number)[\(uniform(index))]"
        case .local: return "b\(id.number)[\(localPlace(uniform(index)))]"
        case .distributed: return "b\(id.number)[\(uniform(index))_own]"
        case .slices: return "LS_LOAD_SLICES\(suffix)(b\(id.number), \(uniform(index)))"
        case .global: return "b\(id.number)[LS_AT(\(uniform(index)), \(buffer.count))]"
        }
    }

    private mutating func accumulate(_ reduction: Reduction, _ id: BufferID, _ index: IndexExpression, _ value: Register) {
        let buffer = buffer(id)
        let text = operand(value, isUniform: buffer.isUniform)
        if hasVaryingIndex(index) {
            let suffix = buffer.dtype == .int ? "_I" : ""
            if case .global = places[id.number] {
                line("LS_SCATTER_ADD_LANES\(suffix)(b\(id.number), \(buffer.count), \(varying(index)), \(text));")
            } else {
                line("LS_SCATTER_ADD_PRIVATE\(suffix)(b\(id.number), \(varying(index)), \(text));")
            }
            return
        }
        let place = element(id, index)
        if case .exchange = buffer.role {
            line("\(place) = ls_across_\(reduction.rawValue)\(buffer.dtype == .int ? "_i" : "")(\(text));")
            return
        }
        let op = reduction.combine
        if reduction == .sum {
            line("\(place) += \(text);")
        } else if !buffer.isUniform {
            line("\(place) = \(op.row.kernel.text([place, text], buffer.dtype));")
        } else if let scalar = op.row.kernel.scalarText([place, text], buffer.dtype) {
            line("\(place) = \(scalar);")
        } else {
            line("\(place) = LS_FIRST(\(op.row.kernel.text(["(real)(\(place))", "(real)(\(text))"], .real)));")
        }
    }
}
