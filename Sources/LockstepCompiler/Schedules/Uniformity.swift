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
                if case .greatest = statement { return }
                let names = statement.names
                let isSame = names.operands.allSatisfy(isUniform)
                guard let (buffer, kind) = names.access else {
                    if !isSame { names.results.forEach(mark) }
                    return
                }
                let old = buffers[buffer.number]
                if !isSame || !old.isUniform { names.results.forEach(mark) }
                if kind.isStore, old.isUniform, !isSame {
                    buffers[buffer.number] = Buffer(role: old.role, dtype: old.dtype, count: old.count, isUniform: false)
                    changes = true
                }
            }
        }
        var result = program
        result.registers = registers
        result.buffers = buffers
        return result
    }
}
