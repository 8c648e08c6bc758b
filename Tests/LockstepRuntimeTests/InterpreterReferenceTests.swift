import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport

/// Makes lane programs by hand.
struct ProgramBuilder {
    private(set) var program = LaneProgram()
    private var open: [[Statement]] = [[]]
    private var variables = 0

    mutating func buffer(_ role: Buffer.Role, _ count: Int, _ dtype: DType = .real, uniform: Bool = false) -> BufferID {
        program.buffers.append(Buffer(role: role, dtype: dtype, count: count, isUniform: uniform))
        return BufferID(program.buffers.count - 1)
    }

    mutating func register(_ dtype: DType = .real, uniform: Bool = false) -> Register {
        program.registers.append(RegisterType(dtype: dtype, isUniform: uniform))
        return Register(program.registers.count - 1)
    }

    mutating func add(_ statement: Statement) { open[open.count - 1].append(statement) }

    mutating func constant(_ value: Double, _ dtype: DType = .real) -> Register {
        let result = register(dtype, uniform: true)
        add(.constant(result, value))
        return result
    }

    mutating func scalar(_ name: String, _ dtype: DType = .real) -> Register {
        program.scalars.append(Scalar(name: name, dtype: dtype))
        let result = register(dtype, uniform: true)
        add(.scalar(result, name: name))
        return result
    }

    mutating func step() -> Register {
        let result = register(.int, uniform: true)
        add(.step(result))
        return result
    }

    mutating func index(_ index: IndexExpression) -> Register {
        let result = register(.int)
        add(.index(result, index))
        return result
    }

    mutating func map(_ op: ElementOp, _ operands: Register...) -> Register {
        let dtype = op.row.output ?? program.registers[operands[operands.count - 1].number].dtype
        let result = register(dtype)
        add(.map(result, op, operands))
        return result
    }

    mutating func logSum(_ op: ElementOp, _ operands: [Register]) -> Register {
        let result = register()
        add(.logSum(result, op, operands))
        return result
    }

    mutating func load(_ buffer: BufferID, _ index: IndexExpression) -> Register {
        let result = register(program.buffers[buffer.number].dtype)
        add(.load(result, buffer, index))
        return result
    }

    mutating func store(_ buffer: BufferID, _ index: IndexExpression, _ value: Register) { add(.store(buffer, index, value)) }

    mutating func accumulate(_ reduction: Reduction, _ buffer: BufferID, _ index: IndexExpression, _ value: Register) {
        add(.accumulate(reduction, buffer, index, value))
    }

    mutating func draw1(_ kind: RandomOp.Kind, stream: UInt32, particle: IndexExpression = .constant(0)) -> Register {
        let result = register()
        add(.draw1(kind, result, stream: .site(stream), particle: particle))
        return result
    }

    mutating func draw4(_ kind: RandomOp.Kind, stream: UInt32, particle: IndexExpression = .constant(0), group: IndexExpression) -> [Register] {
        let results = (0..<4).map { _ in register() }
        add(.draw4(kind, results, stream: .site(stream), particle: particle, group: group))
        return results
    }

    mutating func draw(
        _ kind: RandomOp.Kind, stream: UInt32, particle: IndexExpression = .constant(0), element: IndexExpression, _ parameter: Register
    ) -> Register {
        let result = register()
        add(.draw(kind, result, stream: .site(stream), particle: particle, element: element, parameter: parameter))
        return result
    }

    mutating func loop(_ extent: Int, _ body: (inout ProgramBuilder, IndexExpression) -> Void) {
        loop(extent, flushEvery: nil, body, flush: { _, _ in })
    }

    mutating func loop(
        _ extent: Int, flushEvery interval: Int?, _ body: (inout ProgramBuilder, IndexExpression) -> Void,
        flush: (inout ProgramBuilder, IndexExpression) -> Void
    ) {
        let variable = LoopVariable(number: variables, extent: extent)
        variables += 1
        let index = IndexExpression.atom(.variable(variable))
        open.append([])
        body(&self, index)
        let statements = open.removeLast()
        open.append([])
        flush(&self, index)
        let flushed = open.removeLast()
        add(.loop(Loop(variable: variable, body: statements, flush: interval.map { .init(interval: $0, statements: flushed) })))
    }

    mutating func bound(_ name: String, _ bound: Int) { program.indexBounds[name] = bound }

    /// The finished program.
    func finish() -> LaneProgram {
        var result = program
        result.body = open[0]
        return result
    }
}

/// Runs one lane of a program statement by statement, as its comments say: what the interpreter must agree with.
struct ReferenceLane {
    private let program: LaneProgram
    private let precision: Precision
    private let key: Key
    private(set) var buffers: [[Double]]
    private var registers: [Double]
    private var variables: [Int: Int] = [:]
    private var step = 0
    private var scalars: [String: Double] = [:]

    init(_ program: LaneProgram, _ precision: Precision, key: Key, data: [String: [Double]]) {
        self.program = program
        self.precision = precision
        self.key = key
        registers = Array(repeating: 0, count: program.registers.count)
        buffers = program.buffers.map { buffer in
            switch buffer.role {
            case .data(let name): data[name] ?? []
            case .table(let values): values.count == 1 ? Array(repeating: values[0], count: buffer.count) : values
            case .state, .record, .temporary, .exchange, .slices, .grouped: Array(repeating: 0, count: buffer.count)
            }
        }
        for (number, buffer) in program.buffers.enumerated() where buffer.dtype == .real {
            buffers[number] = buffers[number].map(rounded)
        }
    }

    mutating func advance(from first: Int, count: Int, scalars: [String: Double] = [:]) {
        self.scalars = scalars
        for number in first..<first + count {
            step = number
            run(program.body)
        }
    }

    func values(_ name: String) -> [Double] {
        for (buffer, values) in zip(program.buffers, buffers) {
            switch buffer.role {
            case .state(name), .record(name): return values
            default: continue
            }
        }
        return []
    }

    private func rounded(_ value: Double) -> Double { precision == .float ? Double(Float(value)) : value }

    private func index(_ expression: IndexExpression) -> Int {
        expression.terms.reduce(expression.constant) { sum, term in
            let value =
                switch term.atom {
                case .variable(let variable): variables[variable.number] ?? 0
                case .register(let register): Int(registers[register.number])
                case .quotient(let inner, let divisor): index(inner) / divisor
                case .remainder(let inner, let divisor): index(inner) % divisor
                }
            return sum + term.coefficient * value
        }
    }

    private mutating func set(_ register: Register, _ value: Double) {
        // Ints have one zero.
        registers[register.number] = program.registers[register.number].dtype == .real ? rounded(value) : value + 0
    }

    private mutating func run(_ statements: [Statement]) {
        for statement in statements { run(statement) }
    }

    private mutating func run(_ statement: Statement) {
        switch statement {
        case .constant(let register, let value): set(register, value)
        case .scalar(let register, let name): set(register, scalars[name] ?? .nan)
        case .step(let register): set(register, Double(step))
        case .index(let register, let expression): set(register, Double(index(expression)))
        case .map(let register, let op, let operands):
            set(register, apply(op, operands.map { registers[$0.number] }))
        case .logSum(let register, let op, let operands):
            func rounded(_ x: Double) -> Double { precision == .float ? Double(Float(x)) : x }
            set(register, operands.map { rounded(apply(op, [registers[$0.number]])) }.reduce(0) { rounded($0 + $1) })
        case .load(let register, let buffer, let position): set(register, buffers[buffer.number][index(position)])
        case .store(let buffer, let position, let value): buffers[buffer.number][index(position)] = registers[value.number]
        case .accumulate(let reduction, let buffer, let position, let value):
            let (old, new) = (buffers[buffer.number][index(position)], registers[value.number])
            let op: ElementOp =
                switch reduction {
                case .sum: .add
                case .maximum: .maximum
                case .minimum: .minimum
                case .any: .or
                }
            buffers[buffer.number][index(position)] = rounded(ReferenceElements.apply(op, [old, new]))
        case .draw1(let kind, let register, let stream, let particle):
            set(register, draw(kind, number(stream), word(particle), UInt32(step % 4), 0, step: step / 4))
        case .draw4(let kind, let results, let stream, let particle, let group):
            let first = UInt32(truncatingIfNeeded: 4 * index(group))
            for (offset, register) in results.enumerated() {
                set(register, draw(kind, number(stream), word(particle), first + UInt32(offset), 0))
            }
        case .draw(let kind, let register, let stream, let particle, let element, let parameter):
            set(register, draw(kind, number(stream), word(particle), word(element), registers[parameter.number]))
        // What is left of the loop changes nothing.
        case .leave: break
        // There is one lane.
        case .greatest(let register, let value): set(register, registers[value.number])
        case .loop(let loop):
            let range = loop.window.map { Int(registers[$0.first.number])..<max(Int(registers[$0.first.number]), Int(registers[$0.end.number])) }
            let iterations = range ?? 0..<loop.variable.extent
            for iteration in iterations {
                variables[loop.variable.number] = iteration
                run(loop.body)
                guard let flush = loop.flush else { continue }
                if (iteration + 1) % flush.interval == 0 || iteration + 1 == iterations.upperBound { run(flush.statements) }
            }
        }
    }

    /// In Float some functions are approximations of their own; the rest is the Double result, rounded once.
    private func apply(_ op: ElementOp, _ x: [Double]) -> Double {
        guard precision == .float else { return ReferenceElements.apply(op, x) }
        let value = Float(x[0])
        return switch op {
        case .exp: Double(LaneFunctions.exp(value))
        case .expMinusOne: Double(LaneFunctions.expMinusOne(value))
        case .log: Double(LaneFunctions.log(value))
        case .logOnePlus: Double(LaneFunctions.logOnePlus(value))
        case .sigmoid: Double(LaneFunctions.sigmoid(value))
        case .softplus: Double(LaneFunctions.softplus(value))
        case .tanh: Double(LaneFunctions.tanh(value))
        case .sin: Double(LaneFunctions.sin(value))
        case .cos: Double(LaneFunctions.cos(value))
        case .poissonLogMass: Double(LaneFunctions.apply(op, value, Float(x[1]), Float(x[2])) ?? .nan)
        default: ReferenceElements.apply(op, x)
        }
    }

    private func word(_ expression: IndexExpression) -> UInt32 { UInt32(truncatingIfNeeded: index(expression)) }

    private func number(_ stream: DrawStream) -> UInt32 {
        switch stream {
        case .site(let number): number
        case .entry(let register, _, _): UInt32(bitPattern: Int32(registers[register.number]))
        }
    }

    private func draw(_ kind: RandomOp.Kind, _ stream: UInt32, _ particle: UInt32, _ element: UInt32, _ parameter: Double, step: Int? = nil) -> Double
    {
        func value<R: ElementReal>(_ type: R.Type) -> Double {
            let draws = Draws<R>(
                key: SIMD2(key.low, key.high), stream: stream, step: UInt32(truncatingIfNeeded: step ?? self.step), particle: particle)
            return switch kind {
            case .uniform: Double(draws.uniform(element: element))
            case .normal: Double(draws.normal(element: element))
            case .gamma: Double(draws.gamma(R(parameter), element: element))
            case .poisson: Double(draws.poisson(R(parameter), element: element))
            }
        }
        return precision == .float ? value(Float.self) : value(Double.self)
    }
}
