import LockstepTensor

/// Writes a lane program as one OpenCL C kernel. The text is the same for every vector width.
struct KernelWriter {
    /// Where the elements of a buffer live in the kernel.
    private enum Place {
        /// Uniform, in global memory.
        case shared
        /// One private variable per element: every index is a constant.
        case variables
        case privateArray
        case global
    }

    private let program: LaneProgram
    private let options: KernelOptions
    private var places: [Place] = []
    private var constants: [Register: Double] = [:]
    private var uses: [Register: Int] = [:]
    /// Values used once are written where they are used, which lets compilers contract a * b + c.
    private var inlined: [Register: String] = [:]
    private var lines: [String] = []
    private var margin = 1

    static func write(_ program: LaneProgram, options: KernelOptions) -> KernelText {
        var writer = KernelWriter(program, options)
        return writer.write()
    }

    private init(_ program: LaneProgram, _ options: KernelOptions) {
        self.program = program
        self.options = options
        var variableIndex: Set<BufferID> = []
        var uses: [Register: Int] = [:]
        var constants: [Register: Double] = [:]
        program.forEachStatement { statement in
            for register in statement.operands { uses[register, default: 0] += 1 }
            // A register inside an index is needed by name.
            switch statement {
            case .constant(let register, let value): constants[register] = value
            case .load(_, let buffer, let index), .store(let buffer, let index, _), .accumulate(_, let buffer, let index, _):
                if index.asConstant == nil { variableIndex.insert(buffer) }
                for register in index.registers { uses[register, default: 0] += 1 }
            default: break
            }
        }
        self.uses = uses
        self.constants = constants
        places = placed(variableIndex)
    }

    /// Small arrays are private, smallest first, until the budget is spent.
    private func placed(_ variableIndex: Set<BufferID>) -> [Place] {
        var places = program.buffers.map { buffer -> Place in
            switch buffer.role {
            case .data, .table: buffer.isUniform ? .shared : .global
            case .record: .global
            case .state, .temporary: .privateArray
            }
        }
        var spent = 0
        for (number, buffer) in program.buffers.enumerated().sorted(by: { $0.element.count < $1.element.count }) {
            guard case .privateArray = places[number] else { continue }
            if !variableIndex.contains(BufferID(number)), buffer.count <= 256 {
                places[number] = .variables
                continue
            }
            let bytes = buffer.count * options.realBytes * (buffer.isUniform ? 1 : options.width)
            spent += bytes
            if spent > options.privateBytes { places[number] = .global }
        }
        return places
    }

    // MARK: The kernel

    private mutating func write() -> KernelText {
        var parameters: [KernelText.Parameter] = []
        var declarations = [
            "const int ls_first", "const int ls_count", "const int ls_items", "__global const bits *ls_keys",
        ]
        for (number, buffer) in program.buffers.enumerated() {
            let id = BufferID(number)
            let scalarType = type(buffer.dtype, isUniform: true)
            let laneType = type(buffer.dtype, isUniform: false)
            switch (buffer.role, places[number]) {
            case (.data, .shared), (.table, .shared): declarations.append("__global const \(scalarType) *b\(number)")
            case (.data, _): declarations.append("__global const \(laneType) *b\(number)")
            case (.temporary, .global) where buffer.isUniform: declarations.append("__global \(scalarType) *b\(number)")
            case (.state, .global), (.record, _), (.temporary, .global): declarations.append("__global \(laneType) *b\(number)")
            case (.state, _): declarations.append("__global \(laneType) *g\(number)")
            default: continue
            }
            if case .temporary = buffer.role { parameters.append(.scratch(id)) } else { parameters.append(.buffer(id)) }
        }
        for scalar in program.scalars {
            declarations.append("const \(type(scalar.dtype, isUniform: true)) s_\(parameters.count)")
            parameters.append(.scalar(scalar))
        }
        let scalarNames = Dictionary(
            parameters.enumerated().compactMap { position, parameter -> (String, String)? in
                guard case .scalar(let scalar) = parameter else { return nil }
                return (scalar.name, "s_\(position)")
            }, uniquingKeysWith: { a, _ in a })

        line("const size_t ls_item = get_global_id(0);")
        line("const bits ls_key0 = LS_LOAD_KEY(0);")
        line("const bits ls_key1 = LS_LOAD_KEY(1);")
        declareBuffers()
        line("for (int ls_step = ls_first; ls_step < ls_first + ls_count; ++ls_step) {")
        margin += 1
        statements(program.body, scalarNames)
        margin -= 1
        line("}")
        copyStates(toGlobal: true)

        let head = "__kernel void lockstep_steps(\n    " + declarations.joined(separator: ",\n    ") + ")\n{\n"
        let text = head + lines.joined(separator: "\n") + "\n}\n"
        return KernelText(
            name: "lockstep_steps", sources: DeviceFunctions.sources + [text], parameters: parameters, options: options)
    }

    private func type(_ dtype: DType, isUniform: Bool) -> String {
        switch (dtype, isUniform) {
        case (.real, false): "real"
        case (.int, false): "ints"
        case (.bool, false): "mask"
        case (.real, true): "real1"
        case (.int, true), (.bool, true): "int"
        }
    }

    private mutating func line(_ text: String) { lines.append(String(repeating: "    ", count: margin) + text) }

    private mutating func declareBuffers() {
        for (number, buffer) in program.buffers.enumerated() {
            let name = type(buffer.dtype, isUniform: buffer.isUniform)
            switch places[number] {
            case .variables:
                let zero = buffer.isUniform ? "0" : "(\(name))(0)"
                for element in 0..<buffer.count { line("\(name) b\(number)_\(element) = \(zero);") }
            case .privateArray: line("\(name) b\(number)[\(max(buffer.count, 1))];")
            case .shared, .global: break
            }
        }
        copyStates(toGlobal: false)
    }

    private mutating func copyStates(toGlobal: Bool) {
        for (number, buffer) in program.buffers.enumerated() {
            guard case .state = buffer.role else { continue }
            func copy(_ inside: String, _ position: String) -> String {
                let outside = "g\(number)[LS_AT(\(position), \(buffer.count))]"
                return toGlobal ? "\(outside) = \(inside);" : "\(inside) = \(outside);"
            }
            switch places[number] {
            case .variables: for element in 0..<buffer.count { line(copy("b\(number)_\(element)", "\(element)")) }
            case .privateArray: line("for (int i = 0; i < \(buffer.count); ++i) \(copy("b\(number)[i]", "i"))")
            case .shared, .global: break
            }
        }
    }

    // MARK: Statements

    private mutating func statements(_ list: [Statement], _ scalars: [String: String]) {
        let outer = inlined
        for statement in list { write(statement, scalars, in: list) }
        inlined = outer
    }

    private mutating func write(_ statement: Statement, _ scalars: [String: String], in list: [Statement]) {
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
            writeMap(r, op, operands)
        case .load(let r, let buffer, let index):
            define(r, element(buffer, index), mayMove: false)
        case .store(let buffer, let index, let value):
            line("\(element(buffer, index)) = \(operand(value, isUniform: self.buffer(buffer).isUniform));")
        case .accumulate(let reduction, let buffer, let index, let value):
            accumulate(reduction, buffer, index, value)
        case .draw4(let kind, let outputs, let stream, let particle, let group):
            let names = outputs.map { "v\($0.number)" }
            line("real \(names.joined(separator: ", "));")
            let function = kind == .uniform ? "ls_uniform4" : "ls_normal4"
            line("\(function)(\(counters(stream, particle)), (bits)(\(uniform(group))), \(names.map { "&" + $0 }.joined(separator: ", ")));")
        case .draw(let kind, let r, let stream, let particle, let index, let parameter):
            let function = kind == .gamma ? "ls_gamma" : "ls_poisson"
            define(r, "\(function)(\(counters(stream, particle)), (bits)(\(uniform(index))), \(operand(parameter, isUniform: false)))", mayMove: false)
        case .loop(let loop):
            write(loop, scalars)
        }
    }

    private func counters(_ stream: UInt32, _ particle: UInt32) -> String {
        "ls_key0, ls_key1, (bits)(\(stream)u), (bits)((uint)ls_step), (bits)(\(particle)u)"
    }

    private mutating func write(_ loop: Loop, _ scalars: [String: String]) {
        let name = "i\(loop.variable.number)"
        if let flush = loop.flush {
            line("for (int \(name)_0 = 0; \(name)_0 < \(loop.variable.extent); \(name)_0 += \(flush.interval)) {")
            margin += 1
            line("const int \(name)_1 = min(\(name)_0 + \(flush.interval), \(loop.variable.extent));")
            line("for (int \(name) = \(name)_0; \(name) < \(name)_1; ++\(name)) {")
        } else {
            line("for (int \(name) = 0; \(name) < \(loop.variable.extent); ++\(name)) {")
        }
        margin += 1
        statements(loop.body, scalars)
        margin -= 1
        line("}")
        if let flush = loop.flush {
            statements(flush.statements, scalars)
            margin -= 1
            line("}")
        }
    }

    private mutating func writeMap(_ r: Register, _ op: ElementOp, _ operands: [Register]) {
        let dtype = operands.last.map { self.dtype($0) } ?? .real
        if isUniform(r) {
            if let text = ElementText.uniformText(op, operands.map { operand($0, isUniform: true) }, dtype) {
                define(r, text)
            } else {
                let wide = ElementText.text(op, operands.map { operand($0, isUniform: false) }, dtype)
                // A mask's first component is -1 where a scalar's is 1.
                define(r, self.dtype(r) == .bool ? "(LS_FIRST(\(wide)) != 0)" : "LS_FIRST(\(wide))", mayMove: false)
            }
        } else {
            define(r, ElementText.text(op, operands.map { operand($0, isUniform: false) }, dtype))
        }
    }

    /// Gives a register its text: in place of its only use, or as a constant.
    private mutating func define(_ r: Register, _ text: String, mayMove: Bool = true) {
        if mayMove, uses[r] == 1, text.utf8.count < 400, !usedInLoop.contains(r) {
            inlined[r] = text
        } else {
            let prefix = isUniform(r) ? "u" : "v"
            line("const \(type(dtype(r), isUniform: isUniform(r))) \(prefix)\(r.number) = \(text);")
        }
    }

    /// Registers whose use is in a deeper loop than their definition: they are computed outside of it.
    private lazy var usedInLoop: Set<Register> = {
        var definedAt: [Register: Int] = [:]
        var result: Set<Register> = []
        var loop = 0
        func walk(_ statements: [Statement], _ current: Int) {
            for statement in statements {
                for register in statement.results { definedAt[register] = current }
                for register in statement.operands where definedAt[register] != current { result.insert(register) }
                if case .loop(let inner) = statement {
                    loop += 1
                    walk(inner.body, loop)
                    loop += 1
                    walk(inner.flush?.statements ?? [], loop)
                }
            }
        }
        walk(program.body, 0)
        return result
    }()

    // MARK: Operands

    private func isUniform(_ r: Register) -> Bool { program.registers[r.number].isUniform }
    private func dtype(_ r: Register) -> DType { program.registers[r.number].dtype }
    private func buffer(_ id: BufferID) -> Buffer { program.buffers[id.number] }

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

    private func literal(_ value: Double, _ dtype: DType) -> String {
        guard dtype == .real else { return String(Int(value)) }
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

    private func element(_ id: BufferID, _ index: IndexExpression) -> String {
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
            case .privateArray, .variables: return "LS_GATHER_PRIVATE\(suffix)(b\(id.number), \(varying(index)))"
            case .global: return "LS_GATHER_LANES\(suffix)(b\(id.number), \(buffer.count), \(varying(index)))"
            }
        }
        switch places[id.number] {
        case .variables: return "b\(id.number)_\(index.asConstant ?? 0)"
        case .shared, .privateArray: return "b\(id.number)[\(uniform(index))]"
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
        switch reduction {
        case .sum: line("\(place) += \(text);")
        case .any: line(buffer.isUniform ? "\(place) = \(place) || \(text);" : "\(place) = ls_or(\(place), \(text));")
        case .maximum, .minimum:
            let op: ElementOp = reduction == .maximum ? .maximum : .minimum
            if buffer.isUniform, buffer.dtype == .real {
                line("\(place) = LS_FIRST(\(ElementText.text(op, ["(real)(\(place))", "(real)(\(text))"], .real)));")
            } else {
                line("\(place) = \(ElementText.text(op, [place, text], buffer.dtype));")
            }
        }
    }
}

extension LaneProgram {
    /// The program as one OpenCL C kernel.
    package func kernelText(_ options: KernelOptions) -> KernelText { KernelWriter.write(self, options: options) }
}
