import Foundation
import LockstepTensor

/// Holds a program against the rules of its language: registers are defined before they are used, in the same loop or
/// one around it; elements are inside their buffers; types agree; what is called uniform depends on nothing that varies.
struct Verifier {
    private let program: LaneProgram
    /// Registers that are defined, loop by loop.
    private var scopes: [Set<Register>] = [[]]
    private var variables: Set<LoopVariable> = []
    private var stored: Set<BufferID> = []
    /// Read in a loop over a window, which may be empty until a loop around it has written them.
    private var awaited: Set<BufferID> = []
    /// Loops that are open, and those of them that are over windows.
    private var (loops, windows) = (0, 0)
    private(set) var mistakes: [String] = []

    init(_ program: LaneProgram) {
        self.program = program
        if let slice = program.slice { variables.insert(slice) }
        check(program.body)
        for pack in program.packs where Set(pack.members).count != pack.members.count {
            mistakes.append("\(pack.name) has an element twice")
        }
    }

    private mutating func check(_ statements: [Statement]) {
        for statement in statements {
            let before = mistakes.count
            if case .loop(let loop) = statement { check(loop) } else { check(statement) }
            if mistakes.count > before, mistakes.count < 20 { mistakes[mistakes.count - 1] += " in '\(program.text(statement))'" }
        }
    }

    private mutating func check(_ loop: Loop) {
        for register in Statement.loop(loop).operands {
            if !scopes.contains(where: { $0.contains(register) }) { mistakes.append("register \(register.number) is not defined here") }
            if type(register) != RegisterType(dtype: .int, isUniform: true) {
                mistakes.append("register \(register.number) bounds a loop, and is no uniform int")
            }
        }
        if loop.variable.extent < 0 { mistakes.append("a loop has \(loop.variable.extent) iterations") }
        if !variables.insert(loop.variable).inserted { mistakes.append("i\(loop.variable.number) is the counter of two loops around each other") }
        scopes.append([])
        loops += 1
        windows += loop.window == nil ? 0 : 1
        check(loop.body)
        windows -= loop.window == nil ? 0 : 1
        loops -= 1
        scopes.removeLast()
        if loops == 0 {
            for id in awaited.subtracting(stored) { mistakes.append("b\(id.number) is read before it is written") }
            awaited = []
        }
        if let flush = loop.flush {
            variables.remove(loop.variable)
            scopes.append([])
            check(flush.statements)
            scopes.removeLast()
        }
        variables.remove(loop.variable)
        for accumulator in loop.split?.accumulators ?? [] where !program.buffers.indices.contains(accumulator.buffer.number) {
            mistakes.append("b\(accumulator.buffer.number) is reduced by a loop, and is none of the buffers")
        }
    }

    private mutating func check(_ statement: Statement) {
        let names = statement.names
        for register in names.operands where !scopes.contains(where: { $0.contains(register) }) {
            mistakes.append("register \(register.number) is not defined here")
        }
        for index in names.indices {
            for variable in index.variables where !variables.contains(variable) {
                mistakes.append("i\(variable.number) is no counter of a loop around it")
            }
            for register in index.registers where type(register).dtype != .int {
                mistakes.append("register \(register.number) in an index is no int")
            }
        }
        if let (buffer, kind) = names.access { check(buffer, kind, names) }
        check(types: statement, names)
        scopes[scopes.count - 1].formUnion(names.results)
    }

    private mutating func check(_ id: BufferID, _ kind: BufferAccess, _ names: StatementNames) {
        guard program.buffers.indices.contains(id.number) else { return mistakes.append("b\(id.number) is none of the buffers") }
        let buffer = program.buffers[id.number]
        if let range = names.indices.first?.range, range.lowerBound < 0 || range.upperBound >= buffer.count {
            mistakes.append("b\(id.number) has \(buffer.count) elements, not \(range)")
        }
        if case .accumulate(let reduction) = kind, reduction != .sum, names.indices.contains(where: { $0.registers.contains { !type($0).isUniform } })
        {
            mistakes.append("elements of b\(id.number) that differ by lane are not added to")
        }
        switch buffer.role {
        case .data, .table, .slices, .grouped: if kind.isStore { mistakes.append("\(buffer.role.label) is written") }
        case .record: if kind == .load { mistakes.append("\(buffer.role.label) is read") }
        case .temporary where kind.isLoad && !stored.contains(id):
            if windows > 0 { awaited.insert(id) } else { mistakes.append("b\(id.number) is read before it is written") }
        case .state, .temporary, .exchange: break
        }
        if kind.isStore {
            stored.insert(id)
            if buffer.isUniform, !names.operands.allSatisfy({ type($0).isUniform }) {
                mistakes.append("b\(id.number) is uniform, and what is written differs by lane")
            }
        }
        for register in names.results where type(register).isUniform && !buffer.isUniform {
            mistakes.append("register \(register.number) is uniform, and b\(id.number) is not")
        }
    }

    private func type(_ register: Register) -> RegisterType {
        program.registers.indices.contains(register.number) ? program.registers[register.number] : RegisterType(dtype: .bool, isUniform: false)
    }

    private mutating func check(types statement: Statement, _ names: StatementNames) {
        func expect(_ register: Register, _ dtype: DType) {
            if type(register).dtype != dtype { mistakes.append("register \(register.number) is \(type(register).dtype), not \(dtype)") }
        }
        switch statement {
        case .step(let r), .index(let r, _): expect(r, .int)
        case .map(let r, let op, let operands): check(op, r, operands)
        case .load(let r, let buffer, _): if program.buffers.indices.contains(buffer.number) { expect(r, program.buffers[buffer.number].dtype) }
        case .store(let buffer, _, let value), .accumulate(_, let buffer, _, let value):
            if program.buffers.indices.contains(buffer.number) { expect(value, program.buffers[buffer.number].dtype) }
        case .draw1, .draw4, .draw:
            for register in names.results {
                expect(register, .real)
                if type(register).isUniform { mistakes.append("register \(register.number) is a draw, and uniform") }
            }
        case .leave(let mask): expect(mask, .bool)
        case .greatest(let r, let value):
            for register in [r, value] { expect(register, .int) }
            return
        case .logSum(let r, let op, let operands):
            for register in [r] + operands { expect(register, .real) }
            if op != .log && op != .logOnePlus || !(2...8).contains(operands.count) { mistakes.append("\(op) of \(operands.count) values") }
        default: break
        }
        let varies = names.operands.contains { !type($0).isUniform }
        if varies, names.results.contains(where: { type($0).isUniform }) { mistakes.append("a uniform register depends on one that differs by lane") }
    }

    private mutating func check(_ op: ElementOp, _ result: Register, _ operands: [Register]) {
        let row = op.row
        guard operands.count == row.inputs.count else {
            return mistakes.append("\(op) has \(operands.count) operands")
        }
        let free = zip(operands, row.inputs).filter { $1 == nil }.map { type($0.0).dtype }
        if Set(free).count > 1 { mistakes.append("operands of \(op) are of several types") }
        for (operand, wanted) in zip(operands, row.inputs) where wanted != nil && type(operand).dtype != wanted {
            mistakes.append("register \(operand.number), an operand of \(op), is \(type(operand).dtype)")
        }
        if let wanted = row.output ?? free.first, type(result).dtype != wanted {
            mistakes.append("the result of \(op) is \(type(result).dtype)")
        }
    }
}

extension LaneProgram {
    /// What is wrong with a program; none of it is a user's fault.
    package var mistakes: [String] { Verifier(self).mistakes + [prologue, start].compactMap(\.self).flatMap { Verifier($0).mistakes } }

    /// Whether each pass is followed by the verifier: where `LOCKSTEP_VERIFY` is 1, as in tests.
    private static let verifies = ProcessInfo.processInfo.environment["LOCKSTEP_VERIFY"] == "1"

    /// - Throws: `LoweringError` where the program breaks a rule, and that is asked for.
    func verify(after pass: String) throws {
        guard Self.verifies, let first = mistakes.first else { return }
        throw LoweringError("the pass '\(pass)' made a program in which \(first)")
    }
}
