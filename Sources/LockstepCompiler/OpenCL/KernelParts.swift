import LockstepTensor

/// A long step in several functions: drivers' compilers take more than in proportion to the length of one.
struct KernelParts {
    struct Part {
        var statements: [Statement] = []
        /// Registers and buffers that it names.
        var registers: Set<Register> = []
        var buffers: Set<BufferID> = []
    }

    private(set) var parts: [Part] = []
    /// Values that one part computes and a later one reads: they go through memory.
    private(set) var handedOn: Set<Register> = []
    /// The first part that has such a value.
    private(set) var home: [Register: Int] = [:]

    /// Nil for a program that is not long.
    ///
    /// - Parameter longest: statements of a step that stays in one function.
    init?(_ program: LaneProgram, longest: Int) {
        var total = 0
        program.forEachStatement { _ in total += 1 }
        guard total > longest else { return nil }
        var part = Part()
        var count = 0
        for statement in program.body {
            var own = 0
            LaneProgram.forEach([statement]) { _ in own += 1 }
            if count + own > longest / 15, count > 0 {
                parts.append(part)
                (part, count) = (Part(), 0)
            }
            part.statements.append(statement)
            count += own
        }
        parts.append(part)
        guard parts.count > 1 else { return nil }
        for number in parts.indices {
            LaneProgram.forEach(parts[number].statements) { statement in
                let names = statement.names
                parts[number].registers.formUnion(names.operands)
                if let (buffer, _) = names.access { parts[number].buffers.insert(buffer) }
            }
            for statement in parts[number].statements {
                // What is written by its name wherever it is used.
                switch statement {
                case .constant, .scalar, .step: continue
                default: for register in statement.results { home[register] = number }
                }
            }
        }
        for (number, part) in parts.enumerated() {
            for register in part.registers { if let home = home[register], home != number { handedOn.insert(register) } }
        }
    }
}

extension KernelWriter {
    private var frame: String { "struct \(name)_frame" }

    /// The functions, before the kernel, with the type of what they share.
    ///
    /// - Parameter scalars: the kernel's parameters, by the scalar's name.
    mutating func partTexts(_ parts: KernelParts, _ scalars: [String: String]) -> String {
        for statement in program.body {
            switch statement {
            case .scalar(let r, let name): inlined[r] = scalars[name]
            case .step(let r): inlined[r] = "ls_step"
            default: break
            }
        }
        var texts = ["\(frame) {\n\(fields(parts).map { "    \($0);" }.joined(separator: "\n"))\n};"]
        let parameters = partParameters(scalars).map { "    \($0.type)\($0.name)" }.joined(separator: ",\n")
        for (number, part) in parts.parts.enumerated() {
            let lines = linesApart { writer in
                let outer = writer.inlined
                writer.declareShared(part, number, parts)
                writer.statements(part.statements, scalars)
                writer.inlined = outer
            }
            texts.append(
                "static __attribute__((noinline)) void \(name)_part\(number + 1)(\n\(parameters))\n{\n\(lines.joined(separator: "\n"))\n}")
        }
        return texts.joined(separator: "\n\n") + "\n\n"
    }

    private mutating func declareShared(_ part: KernelParts.Part, _ number: Int, _ parts: KernelParts) {
        line("const size_t ls_item = ls_f->ls_item;")
        line("const int ls_items = ls_f->ls_items;")
        line("const bits ls_key0 = ls_f->ls_key0;")
        line("const bits ls_key1 = ls_f->ls_key1;")
        for id in part.buffers.sorted(by: { $0.number < $1.number }) {
            let own = "\(type(buffer(id).dtype, isUniform: buffer(id).isUniform)) *b\(id.number)"
            line("\(globalDeclaration(id) ?? own) = ls_f->b\(id.number);")
        }
        // Read where they are used: read here, all would wait for that in registers.
        for register in part.registers where isHandedOn(register) && parts.home[register] != number {
            inlined[register] = "ls_f->" + variable(register)
        }
    }

    func isHandedOn(_ r: Register) -> Bool {
        guard let parts, parts.handedOn.contains(r) else { return false }
        return !(stepTables?.isInTablesOnly(r) ?? false)
    }

    /// What the parts share, before the loop over steps.
    mutating func declareFrame(_ parts: KernelParts) {
        line("\(frame) ls_frame;")
        line("\(frame) *ls_f = &ls_frame;")
        for name in ["ls_item", "ls_items", "ls_key0", "ls_key1"] { line("ls_f->\(name) = \(name);") }
        for number in program.buffers.indices where globalDeclaration(BufferID(number)) != nil { line("ls_f->b\(number) = b\(number);") }
    }

    mutating func callParts(_ parts: KernelParts, _ scalars: [String: String]) {
        let arguments = partParameters(scalars).map(\.name).joined(separator: ", ")
        for number in parts.parts.indices { line("\(name)_part\(number + 1)(\(arguments));") }
    }

    private func partParameters(_ scalars: [String: String]) -> [(type: String, name: String)] {
        let tables = (stepTables?.tables ?? []).sorted { $0.number < $1.number }.map { ("const real1 *", tableName($0)) }
        return [("\(frame) *", "ls_f"), ("const int ", "ls_step"), ("const int ", "ls_first")]
            + (stepTables == nil ? [] : [("const int ", "ls_block")]) + tables
            + program.scalars.compactMap { scalar in scalars[scalar.name].map { ("const \(type(scalar.dtype, isUniform: true)) ", $0) } }
    }

    private func fields(_ parts: KernelParts) -> [String] {
        var fields = ["size_t ls_item", "int ls_items", "bits ls_key0", "bits ls_key1"]
        for (number, buffer) in program.buffers.enumerated() {
            fields.append(
                globalDeclaration(BufferID(number))
                    ?? "\(type(buffer.dtype, isUniform: buffer.isUniform)) b\(number)[\(max(buffer.count, 1))]")
        }
        fields += parts.handedOn.filter(isHandedOn).sorted { $0.number < $1.number }.map(declaration)
        return fields + sharedBlockDeclarations
    }

    private func variable(_ r: Register) -> String { (program.registers[r.number].isUniform ? "u" : "v") + String(r.number) }

    private func declaration(_ r: Register) -> String {
        let register = program.registers[r.number]
        return "\(type(register.dtype, isUniform: register.isUniform)) \(variable(r))"
    }
}
