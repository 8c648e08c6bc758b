import LockstepTensor

/// Marks as varying what depends on something varying, after buffers of a program have been exchanged for others.
enum Uniformity {
    static func inferred(_ program: LaneProgram) -> LaneProgram {
        var registers = program.registers
        var buffers = program.buffers
        var changes = true
        func isUniform(_ register: Register) -> Bool { registers[register.number].isUniform }
        func mark(_ register: Register) {
            guard isUniform(register) else { return }
            registers[register.number] = RegisterType(dtype: registers[register.number].dtype, isUniform: false)
            changes = true
        }
        while changes {
            changes = false
            program.forEachStatement { statement in
                let isSame = statement.operands.allSatisfy(isUniform)
                switch statement {
                case .load(let register, let buffer, _):
                    if !isSame || !buffers[buffer.number].isUniform { mark(register) }
                case .store(let buffer, _, _), .accumulate(_, let buffer, _, _):
                    let old = buffers[buffer.number]
                    guard old.isUniform, !isSame else { break }
                    buffers[buffer.number] = Buffer(role: old.role, dtype: old.dtype, count: old.count, isUniform: false)
                    changes = true
                case .map, .index:
                    if !isSame { statement.results.forEach(mark) }
                case .constant, .scalar, .step, .draw1, .draw4, .draw, .loop:
                    break
                }
            }
        }
        var result = program
        result.registers = registers
        result.buffers = buffers
        return result
    }
}
