import KernelSources
import LockstepTensor

/// Writes a lane program as one OpenCL C kernel. The text is the same for every width of vectors; single lanes have no
/// tables over steps.
struct KernelWriter {
    /// Where the elements of a buffer live in the kernel.
    enum Place {
        /// Uniform, in global memory.
        case shared
        /// One private variable per element: every index is a constant.
        case variables
        case privateArray
        case global
        /// In local memory, shared by the workers of a lane: an element of each lane of the group side by side.
        case local
        /// In registers, shared out to the workers of a lane: each has the elements of its iterations.
        case distributed
        /// In global memory, one element of each slice of the vector side by side.
        case slices
    }

    let program: LaneProgram
    let options: KernelOptions
    let name: String
    /// Whether the program says what lanes begin with: it reads no state, and to read memory before it is first written
    /// costs an operating system twice the work.
    let isStart: Bool
    /// Where the work-items of a group share the work.
    let cooperation: Cooperation?
    /// What depends on the step alone, where a vector of lanes would compute it in each of its components.
    let stepTables: StepTables?
    /// Where the step is too long for one function.
    let parts: KernelParts?
    /// Whether the iterations of the loop at hand are dealt out to the workers.
    var isDealt = false
    /// What the workers of a group did since the last barrier.
    var hazards = Hazards()
    /// Loops that read their data from local memory, and the tile that the text is inside of.
    private(set) var staged: [LoopVariable: StagedRows] = [:]
    var tile: OpenTile?
    private(set) var places: [Place] = []
    private(set) var constants: [Register: Double] = [:]
    private(set) var uses: [Register: Int] = [:]
    /// Values from 0 to 1.
    let fractions: Set<Register>
    let keepsBlocksOfParticles: Bool
    let weight: Int
    /// Values used once are written where they are used, which lets compilers contract a * b + c.
    var inlined: [Register: String] = [:]
    private var lines: [String] = []
    private var margin = 1

    /// - Parameter start: written beside it.
    static func write(_ program: LaneProgram, start: LaneProgram?, options: KernelOptions, name: String) -> KernelText {
        var writer = KernelWriter(program, options, name)
        return writer.write(start)
    }

    static func write(start program: LaneProgram, options: KernelOptions, name: String) -> KernelText {
        var writer = KernelWriter(program, options, name, isStart: true)
        return writer.write(nil)
    }

    init(_ program: LaneProgram, _ options: KernelOptions, _ name: String, isStart: Bool = false) {
        self.isStart = isStart
        self.program = program
        self.options = options
        self.name = name
        stepTables = options.width > 1 && options.group == nil ? StepTables(program) : nil
        cooperation = options.group.map { Cooperation(program, minimumExtent: $0.minimumExtent) }
        parts = options.group == nil && !options.interleaves && program.slice == nil ? KernelParts(program, longest: options.longest) : nil
        fractions = Self.fractions(program, options)
        keepsBlocksOfParticles = Self.keepsBlocksOfParticles(program, options)
        var variableIndex: Set<BufferID> = []
        var weight = 0
        var uses: [Register: Int] = [:]
        var constants: [Register: Double] = [:]
        program.forEachStatement { statement in
            let names = statement.names
            for register in names.operands { uses[register, default: 0] += 1 }
            weight += statement.weight
            if case .constant(let register, let value) = statement { constants[register] = value }
            guard let (buffer, _) = names.access else { return }
            for index in names.indices {
                if index.asConstant == nil { variableIndex.insert(buffer) }
                // A register inside an index is needed by name.
                for register in index.registers { uses[register, default: 0] += 1 }
            }
        }
        self.weight = weight
        self.uses = uses
        self.constants = constants
        // First, as arrays of a lane are read once a step, rows by all lanes.
        staged = stagedRows()
        places = placed(variableIndex)
    }

    /// Whether elements of a buffer are loaded and stored, rather than kept in registers.
    func isInMemory(_ id: BufferID) -> Bool {
        switch places[id.number] {
        case .variables, .distributed: false
        default: true
        }
    }

    /// Whether a buffer is in global memory, once for all lanes.
    func isShared(_ buffer: Buffer) -> Bool {
        switch buffer.role {
        case .data, .table, .grouped: buffer.isUniform
        default: false
        }
    }

    /// Small arrays are private, smallest first, until the budget is spent.
    private func placed(_ variableIndex: Set<BufferID>) -> [Place] {
        var places = program.buffers.map { buffer -> Place in
            switch buffer.role {
            case .data, .table, .grouped: isShared(buffer) ? .shared : .global
            case .record, .exchange: .global
            case .slices: .slices
            case .state where isLarge || parts != nil: .global
            case .state, .temporary: .privateArray
            }
        }
        for shared in cooperation?.shared ?? [] { places[shared.number] = .global }
        for (array, place) in placesOnChip() { places[array.number] = place }
        var spent = 0
        for (number, buffer) in program.buffers.enumerated().sorted(by: { $0.element.count < $1.element.count }) {
            guard case .privateArray = places[number] else { continue }
            if parts == nil, !variableIndex.contains(BufferID(number)), buffer.count <= 256 {
                places[number] = .variables
                continue
            }
            let bytes = buffer.count * options.realBytes * (buffer.isUniform ? 1 : options.width)
            spent += bytes
            // Workers that all do the same each need a state of their own, or one would see what another has stored.
            if case .state = buffer.role, cooperation != nil { continue }
            if spent > options.privateBytes { places[number] = .global }
        }
        return places
    }

    // MARK: The kernel

    private mutating func write(_ start: LaneProgram?) -> KernelText {
        let body = body()
        let opening = start.map { KernelStart($0, beside: self, body) }
        return KernelText(
            program: program, name: name, functions: KernelText.merged(functions, opening?.functions ?? []),
            kernel: text(body, opening), parameters: body.parameters, start: opening?.start, options: options,
            carriedBytes: max(carriedBytes, opening?.carriedBytes ?? 0), localBytes: localBytes + bytesOfTiles,
            registers: registers, weight: weight + (opening?.weight ?? 0))
    }

    /// The text of the kernel, in parts.
    struct Body {
        /// Of the parameters, all of them.
        let declarations: [String]
        /// After first step, number of steps, first vector, number of vectors and keys.
        let parameters: [KernelText.Parameter]
        /// What stands before the function.
        let before: String
        let lines: String

        /// The names of the parameters.
        var names: [String] { declarations.map(Self.name) }

        static func name(_ declaration: String) -> String {
            declaration.split(whereSeparator: { $0 == " " || $0 == "*" }).last.map(String.init) ?? ""
        }
    }

    mutating func body() -> Body {
        var parameters: [KernelText.Parameter] = []
        var declarations = [
            "const int ls_first", "const int ls_count", "const int ls_begin", "const int ls_items", "__global const bits \(pointer)ls_keys",
        ]
        for (number, buffer) in program.buffers.enumerated() {
            let id = BufferID(number)
            if let declaration = globalDeclaration(id) {
                declarations.append(declaration)
            } else if case .state = buffer.role {
                declarations.append("__global \(type(buffer.dtype, isUniform: false)) \(writtenPointer)g\(number)")
            } else {
                continue
            }
            if case .temporary = buffer.role {
                parameters.append(.scratch(id, isOwn: isOwn(id)))
            } else {
                parameters.append(.buffer(id))
            }
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

        declareItem()
        line("const bits ls_key0 = LS_LOAD_KEY(0);")
        line("const bits ls_key1 = LS_LOAD_KEY(1);")
        declareBuffers()
        if let parts { declareFrame(parts) }
        declareSharedBlocks()
        beginSteps(scalarNames)
        var before = ""
        if let parts {
            before = partTexts(parts, scalarNames)
            callParts(parts, scalarNames)
        } else if cooperation == nil {
            statements(program.body, scalarNames)
        } else {
            cooperate(scalarNames)
        }
        endSteps()
        copyStates(toGlobal: true)
        return Body(declarations: declarations, parameters: parameters, before: before, lines: lines.joined(separator: "\n"))
    }

    /// The lines of a function of its own.
    mutating func linesApart(_ write: (inout KernelWriter) -> Void) -> [String] {
        let outer = (lines, margin)
        defer { (lines, margin) = outer }
        (lines, margin) = ([], 1)
        write(&self)
        return lines
    }

    var functions: [lockstep_kernel_source] {
        DeviceFunctions.files.filter { file in
            switch file {
            case LOCKSTEP_KERNEL_HARDWARE: options.interleaves && !options.isDouble
            case LOCKSTEP_KERNEL_CALLS: isLarge
            case LOCKSTEP_KERNEL_DENSITIES:
                contains { if case .map(_, let op, _) = $0 { op.row.kernel.isDensity } else { false } }
            case LOCKSTEP_KERNEL_WHOLE: contains { $0.isOfWholeNumbers }
            case LOCKSTEP_KERNEL_STEPS: stepTables != nil
            case LOCKSTEP_KERNEL_SLICES: program.slice != nil
            case LOCKSTEP_KERNEL_GROUPS: cooperation != nil || !staged.isEmpty
            default: true
            }
        }
    }

    private func contains(_ isOne: (Statement) -> Bool) -> Bool {
        var contains = false
        program.forEachStatement { if isOne($0) { contains = true } }
        return contains
    }

    /// Drivers for CPUs compile a kernel several times, once for each way in which it may be launched; what all the work
    /// is in, they compile once if it is a function apart. Functions with barriers must be in the kernel itself.
    var hasFunction: Bool { !options.interleaves && cooperation == nil }

    private func text(_ body: Body, _ start: KernelStart?) -> String {
        let parameters = (body.declarations + (start?.declarations ?? [])).joined(separator: ",\n    ")
        let kernel = "\(remark)__kernel \(groupAttribute)void \(name)(\n    \(parameters))\n"
        let apart = start?.kernel.map { "\n" + $0 } ?? ""
        guard hasFunction else { return "\(body.before)\(kernel){\n\(body.lines)\n}\n\(apart)" }
        return """
            \(body.before)\(start?.function ?? "")\(function("work", body))

            \(kernel){
                \(start?.call ?? "")\(name)_work(get_global_id(0), \(body.names.joined(separator: ", ")));
            }
            \(apart)
            """
    }

    /// Drivers of GPUs share out registers by it, and one that knows the size refuses no group that it has compiled for.
    /// Not for single work-items, which any driver can launch.
    private var groupAttribute: String {
        options.groupSize > 1 && registers == nil ? "__attribute__((reqd_work_group_size(\(options.groupSize), 1, 1))) " : ""
    }

    func function(_ purpose: String, _ body: Body) -> String {
        """
        static __attribute__((noinline)) void \(name)_\(purpose)(
            const size_t ls_id,
            \(body.declarations.joined(separator: ",\n    ")))
        {
        \(body.lines)
        }
        """
    }

    /// Above this weight a driver's compiler takes seconds, and more than in proportion to what is added: functions are
    /// called, and states stay in memory, where no compiler follows them through the whole text. It compiles a few times
    /// sooner; a step takes up to two thirds longer.
    private static let large = 20_000

    /// GPUs are not asked to call: theirs is another way with registers.
    private var isLarge: Bool { weight > Self.large && hasFunction }

    var carriedBytes: Int {
        var elements = 0
        for (number, buffer) in program.buffers.enumerated() {
            switch places[number] {
            case .variables, .privateArray: elements += max(buffer.count, 1)
            case .distributed: elements += iterationsOfWorker(buffer.count)
            case .shared, .local, .global, .slices: break
            }
        }
        // Besides values: the blocks of draws that last four steps.
        program.forEachStatement { if case .draw1(_, _, let stream, let particle) = $0 { elements += 4 * sharedBlocks(stream, particle) } }
        return (elements + program.registers.count) * options.width * options.realBytes
    }

    func type(_ dtype: DType, isUniform: Bool) -> String {
        switch (dtype, isUniform) {
        case (.real, false): "real"
        case (.int, false): "ints"
        case (.bool, false): "mask"
        case (.real, true): "real1"
        case (.int, true), (.bool, true): "int"
        }
    }

    mutating func open(_ text: String) {
        line(text)
        margin += 1
    }

    mutating func close() {
        margin -= 1
        line("}")
    }

    mutating func line(_ text: String) { lines.append(String(repeating: "    ", count: margin) + text) }

    /// Registers whose use is in a deeper loop than their definition: they are computed outside of it.
    private(set) lazy var usedInLoop: Set<Register> = {
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
}

extension Statement {
    /// Whether it calls a function of `whole.cl`.
    fileprivate var isOfWholeNumbers: Bool {
        switch self {
        case .map(_, .quotient, _), .map(_, .remainder, _), .greatest: true
        default: false
        }
    }
}
