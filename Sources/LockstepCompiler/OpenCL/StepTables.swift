import LockstepTensor

/// What depends on the step alone, such as Adam's bias corrections, and costs a function's evaluation: kernels compute it
/// for several steps at once (steps.cl).
///
/// Found among the statements outside of loops: real maps of the step, of constants and of scalars.
struct StepTables {
    /// The maps that tables are computed by, in order.
    private(set) var statements: [(register: Register, op: ElementOp, operands: [Register])] = []
    /// Values that the step takes from a table.
    private(set) var tables: Set<Register> = []
    /// Values that only tables are computed from.
    private var inTablesOnly: Set<Register> = []
    /// The registers that hold the number of the step.
    private(set) var steps: Set<Register> = []
    /// The registers that hold the kernel's scalars.
    private(set) var scalars: [Register: String] = [:]

    /// Whether the body of the step needs no such value.
    func isInTablesOnly(_ register: Register) -> Bool { inTablesOnly.contains(register) }

    /// Nil where nothing is worth a table.
    init?(_ program: LaneProgram) {
        func isReal(_ register: Register) -> Bool {
            let type = program.registers[register.number]
            return type.dtype == .real && type.isUniform
        }
        var constants: Set<Register> = []
        var maps: [(register: Register, op: ElementOp, operands: [Register])] = []
        var ofStep: Set<Register> = []
        // Those of scalars alone, which tables may be made of, but which need none.
        var ofLaunch: Set<Register> = []
        // Those of the step that a function stands before.
        var costly: Set<Register> = []
        for statement in program.body {
            switch statement {
            case .constant(let r, _) where isReal(r): constants.insert(r)
            case .scalar(let r, let name) where isReal(r): scalars[r] = name
            case .step(let r): steps.insert(r)
            case .map(let r, .toReal, let operands) where isReal(r) && steps.isSuperset(of: operands):
                maps.append((r, .toReal, operands))
                ofStep.insert(r)
            case .map(let r, let op, let operands)
            where isReal(r)
                && operands.allSatisfy({ ofStep.contains($0) || ofLaunch.contains($0) || constants.contains($0) || scalars[$0] != nil }):
                maps.append((r, op, operands))
                guard operands.contains(where: ofStep.contains) else {
                    ofLaunch.insert(r)
                    continue
                }
                ofStep.insert(r)
                let isFunction = op.row.kernel.scalarText(operands.map { _ in "" }, .real) == nil
                if isFunction || operands.contains(where: costly.contains) { costly.insert(r) }
            default: break
            }
        }
        if costly.isEmpty { return nil }

        // What the rest of the step uses, and what that is made of.
        var needed: Set<Register> = []
        program.forEachStatement { statement in
            if case .map(let r, _, _) = statement, ofStep.contains(r) || ofLaunch.contains(r) { return }
            needed.formUnion(statement.operands)
        }
        tables = costly.intersection(needed)
        if tables.isEmpty { return nil }
        var inTables = tables
        for map in maps.reversed() {
            if inTables.contains(map.register) { inTables.formUnion(map.operands) }
            if needed.contains(map.register), !costly.contains(map.register) { needed.formUnion(map.operands) }
        }
        statements = maps.filter { inTables.contains($0.register) }
        inTablesOnly = Set(maps.map(\.register)).subtracting(needed)
    }
}

extension KernelWriter {
    func tableName(_ r: Register) -> String { "ls_table\(r.number)" }

    /// Where a step's value is in a table.
    var tablePlace: String { "ls_step - ls_block" }

    /// Begins the loop over steps: where there are tables, in blocks of the steps that they hold.
    ///
    /// - Parameter scalars: the kernel's parameters.
    mutating func beginSteps(_ scalars: [String: String]) {
        guard let stepTables else {
            open("for (int ls_step = ls_first; ls_step < ls_first + ls_count; ++ls_step) {")
            return
        }
        func text(_ r: Register) -> String {
            if let value = constants[r] { return "(real)(\(literal(value, .real)))" }
            if let scalar = stepTables.scalars[r].flatMap({ scalars[$0] }) { return "(real)(\(scalar))" }
            return "t\(r.number)"
        }
        open("for (int ls_block = ls_first; ls_block < ls_first + ls_count; ls_block += LS_WIDTH) {")
        for (r, op, operands) in stepTables.statements {
            let isStep = stepTables.steps.isSuperset(of: operands)
            line("const real t\(r.number) = \(isStep ? "ls_steps(ls_block)" : op.row.kernel.text(operands.map(text), .real));")
            guard stepTables.tables.contains(r) else { continue }
            line("real1 \(tableName(r))[LS_WIDTH];")
            line("LS_KEEP_STEPS(t\(r.number), \(tableName(r)));")
        }
        line("const int ls_end = min(ls_block + LS_WIDTH, ls_first + ls_count);")
        open("for (int ls_step = ls_block; ls_step < ls_end; ++ls_step) {")
    }

    mutating func endSteps() {
        close()
        if stepTables != nil { close() }
    }
}
