import LockstepTensor

/// Writes statements into nested loop bodies. A pure instruction goes into the outermost body where its operands
/// are known, once: that hoists invariant work out of loops and finds common subexpressions.
struct Emitter {
    private enum Instruction: Hashable {
        case constant(UInt64, DType)
        case scalar(String)
        case step
        case index(IndexExpression)
        case map(ElementOp, [Register])
    }

    private struct Scope {
        var statements: [Statement] = []
        var memo: [Instruction: Register] = [:]
        /// What elements of buffers are known to be.
        var elements: [BufferID: [IndexExpression: Register]] = [:]
    }

    private(set) var program = LaneProgram()
    private var scopes = [Scope()]
    private var registerDepth: [Int] = []
    private var variableDepth: [LoopVariable: Int] = [:]
    private var homeDepth: [BufferID: Int] = [:]
    private var known: [Register: Double] = [:]
    private var variableCount = 0
    private var namedBuffers: [Buffer.Role: BufferID] = [:]
    /// A table of ints may hold the same numbers as one of reals.
    private var tables: [DType: [Buffer.Role: BufferID]] = [:]
    /// Statements so far, loops not counted.
    private(set) var statementCount = 0

    var depth: Int { scopes.count - 1 }

    mutating func finish(indexBounds: [String: Int]) -> LaneProgram {
        program.body = scopes[0].statements
        program.indexBounds = indexBounds
        return program
    }

    // MARK: Loops

    mutating func makeVariable(extent: Int) -> LoopVariable {
        variableCount += 1
        return LoopVariable(number: variableCount - 1, extent: extent)
    }

    mutating func openLoop(_ variable: LoopVariable) {
        scopes.append(Scope())
        variableDepth[variable] = depth
    }

    mutating func closeLoop(_ variable: LoopVariable, window: Loop.Window? = nil, flush: Loop.Flush? = nil, split: Loop.Split? = nil) {
        let scope = scopes.removeLast()
        append(.loop(Loop(variable: variable, window: window, body: scope.statements, flush: flush, split: split)))
    }

    /// Adds a statement with an effect at the end of the innermost body.
    mutating func append(_ statement: Statement) {
        statementCount += 1
        scopes[depth].statements.append(statement)
    }

    /// A loop nest over `shape` whose body gets the index; written apart from the memory of known values.
    mutating func detachedLoops(over shape: [Int], _ body: (inout Emitter, [IndexExpression]) -> Void) -> [Statement] {
        var nested: [LoopVariable] = []
        for extent in shape {
            let variable = makeVariable(extent: extent)
            nested.append(variable)
            openLoop(variable)
        }
        if nested.isEmpty { scopes.append(Scope()) }
        body(&self, nested.map { .variable($0) })
        if nested.isEmpty { return scopes.removeLast().statements }
        var statements: [Statement] = []
        for variable in nested.reversed() {
            var scope = scopes.removeLast()
            scope.statements += statements
            statements = [.loop(Loop(variable: variable, body: scope.statements, flush: nil))]
        }
        return statements
    }

    mutating func append(contentsOf statements: [Statement]) { scopes[depth].statements += statements }

    // MARK: Buffers and registers

    mutating func makeBuffer(_ role: Buffer.Role, dtype: DType, count: Int, isUniform: Bool, homeDepth depth: Int = 0) -> BufferID {
        let id = BufferID(program.buffers.count)
        program.buffers.append(Buffer(role: role, dtype: dtype, count: count, isUniform: isUniform))
        homeDepth[id] = depth
        return id
    }

    /// Lets a buffer be read outside of the loop that it lived in.
    mutating func release(_ buffer: BufferID) { homeDepth[buffer] = depth }

    /// The one buffer of a role that has a name or fixed contents.
    mutating func sharedBuffer(_ role: Buffer.Role, dtype: DType, count: Int, isUniform: Bool) -> BufferID {
        let isTable = if case .table = role { true } else { false }
        if let id = isTable ? tables[dtype]?[role] : namedBuffers[role] { return id }
        let id = makeBuffer(role, dtype: dtype, count: count, isUniform: isUniform)
        if isTable { tables[dtype, default: [:]][role] = id } else { namedBuffers[role] = id }
        return id
    }

    mutating func makeRegister(_ dtype: DType, isUniform: Bool, depth: Int? = nil) -> Register {
        program.registers.append(RegisterType(dtype: dtype, isUniform: isUniform))
        registerDepth.append(depth ?? self.depth)
        return Register(program.registers.count - 1)
    }

    func isUniform(_ register: Register) -> Bool { program.registers[register.number].isUniform }
    func dtype(_ register: Register) -> DType { program.registers[register.number].dtype }
    func constant(_ register: Register) -> Double? { known[register] }

    private func depth(of index: IndexExpression) -> Int {
        let registers = index.registers.map { registerDepth[$0.number] }
        let variables = index.variables.map { variableDepth[$0, default: 0] }
        return max(registers.max() ?? 0, variables.max() ?? 0)
    }

    private mutating func emit(
        _ instruction: Instruction, depth: Int, _ dtype: DType, isUniform: Bool, _ statement: (Register) -> Statement
    ) -> Register {
        if let register = scopes[depth].memo[instruction] { return register }
        let register = makeRegister(dtype, isUniform: isUniform, depth: depth)
        scopes[depth].statements.append(statement(register))
        statementCount += 1
        scopes[depth].memo[instruction] = register
        return register
    }

    // MARK: Pure instructions

    mutating func constant(_ value: Double, _ dtype: DType) -> Register {
        let register = emit(.constant(value.bitPattern, dtype), depth: 0, dtype, isUniform: true) { .constant($0, value) }
        known[register] = value
        return register
    }

    mutating func scalar(_ name: String, _ dtype: DType) -> Register {
        let scalar = Scalar(name: name, dtype: dtype)
        if !program.scalars.contains(scalar) { program.scalars.append(scalar) }
        return emit(.scalar(name), depth: 0, dtype, isUniform: true) { .scalar($0, name: name) }
    }

    mutating func step() -> Register { emit(.step, depth: 0, .int, isUniform: true) { .step($0) } }

    mutating func index(_ index: IndexExpression) -> Register {
        if let value = index.asConstant { return constant(Double(value), .int) }
        if index.constant == 0, index.terms.count == 1, index.terms[0].coefficient == 1, case .register(let register) = index.terms[0].atom {
            return register
        }
        let uniform = index.registers.allSatisfy { isUniform($0) }
        return emit(.index(index), depth: depth(of: index), .int, isUniform: uniform) { .index($0, index) }
    }

    mutating func load(_ buffer: BufferID, _ index: IndexExpression) -> Register {
        for scope in scopes.reversed() { if let register = scope.elements[buffer]?[index] { return register } }
        let type = program.buffers[buffer.number]
        let uniform = type.isUniform && index.registers.allSatisfy { isUniform($0) }
        let depth = max(depth(of: index), homeDepth[buffer, default: 0])
        let register = makeRegister(type.dtype, isUniform: uniform, depth: depth)
        scopes[depth].statements.append(.load(register, buffer, index))
        statementCount += 1
        scopes[depth].elements[buffer, default: [:]][index] = register
        return register
    }

    /// Stores a value that later loads at the same index find without loading.
    mutating func storeKnown(_ buffer: BufferID, _ index: IndexExpression, _ value: Register) {
        append(.store(buffer, index, value))
        scopes[depth].elements[buffer, default: [:]][index] = value
    }

    /// Stores a value where elements have been loaded before: those that may be the same one are known no longer.
    mutating func storeAnew(_ buffer: BufferID, _ index: IndexExpression, _ value: Register) {
        let isElsewhere = { (other: IndexExpression) in other.asConstant.map { $0 != index.asConstant } ?? false && index.asConstant != nil }
        // Of what a loop carries also in the bodies between its own and this one.
        let home = homeDepth[buffer, default: 0]
        for place in (home > 0 ? home : depth)...depth {
            scopes[place].elements[buffer] = scopes[place].elements[buffer]?.filter { isElsewhere($0.key) }
        }
        storeKnown(buffer, index, value)
    }

    mutating func map(_ op: ElementOp, _ operands: [Register], _ dtype: DType) -> Register {
        if let simpler = simplified(op, operands, dtype) { return simpler }
        let depth = operands.map { registerDepth[$0.number] }.max() ?? 0
        let uniform = operands.allSatisfy { isUniform($0) }
        return emit(.map(op, operands), depth: depth, dtype, isUniform: uniform) { .map($0, op, operands) }
    }

    /// What the loops that were written out make known: zeros around slices, comparisons of counters.
    private mutating func simplified(_ op: ElementOp, _ x: [Register], _ dtype: DType) -> Register? {
        let values = x.map { known[$0] }
        switch op {
        case .add:
            if values[0] == 0 { return x[1] }
            if values[1] == 0 { return x[0] }
        case .subtract:
            if values[1] == 0 { return x[0] }
        case .multiply:
            if values[0] == 1 { return x[1] }
            if values[1] == 1 { return x[0] }
        case .select:
            if let condition = values[0] { return condition != 0 ? x[1] : x[2] }
            if x[1] == x[2] { return x[1] }
        case .less, .lessOrEqual, .equal:
            guard let a = values[0], let b = values[1] else { return nil }
            return constant((op == .less ? a < b : op == .equal ? a == b : a <= b) ? 1 : 0, .bool)
        case .and:
            if let a = values[0] { return a != 0 ? x[1] : x[0] }
            if let b = values[1] { return b != 0 ? x[0] : x[1] }
        case .or:
            if let a = values[0] { return a != 0 ? x[0] : x[1] }
            if let b = values[1] { return b != 0 ? x[1] : x[0] }
        case .not:
            if let a = values[0] { return constant(1 - a, .bool) }
        case .toReal:
            if dtype == self.dtype(x[0]) { return x[0] }
            if let a = values[0] { return constant(a, .real) }
        case .toInt:
            if dtype == self.dtype(x[0]) { return x[0] }
        default:
            break
        }
        return nil
    }
}
