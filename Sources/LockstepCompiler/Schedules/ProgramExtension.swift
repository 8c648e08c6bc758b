import LockstepTensor

/// A program that is given more registers, counters and buffers.
struct ProgramExtension {
    var program: LaneProgram
    private var variables: Int
    /// Elements up to which loops over them are written out, so that arrays may live in registers.
    private static let unrolled = 16

    init(_ program: LaneProgram) {
        self.program = program
        variables = program.firstFreeVariable
    }

    mutating func variable(_ extent: Int) -> LoopVariable {
        variables += 1
        return LoopVariable(number: variables - 1, extent: extent)
    }

    mutating func register(_ dtype: DType, isUniform: Bool = false) -> Register {
        program.registers.append(RegisterType(dtype: dtype, isUniform: isUniform))
        return Register(program.registers.count - 1)
    }

    /// A real array of each lane.
    mutating func temporary(_ count: Int) -> BufferID {
        program.buffers.append(Buffer(role: .temporary, dtype: .real, count: count, isUniform: false))
        return BufferID(program.buffers.count - 1)
    }

    /// Data, the same for all lanes; once for each role.
    mutating func buffer(_ role: Buffer.Role, _ dtype: DType, _ count: Int) -> BufferID {
        if let known = program.buffers.firstIndex(where: { $0.role == role }) { return BufferID(known) }
        program.buffers.append(Buffer(role: role, dtype: dtype, count: count, isUniform: true))
        return BufferID(program.buffers.count - 1)
    }

    /// Statements for each element of an array.
    mutating func forElements(_ count: Int, _ body: (IndexExpression, inout ProgramExtension) -> [Statement]) -> [Statement] {
        if count <= Self.unrolled { return (0..<count).flatMap { body(.constant($0), &self) } }
        let counter = variable(count)
        return [.loop(Loop(variable: counter, body: body(.variable(counter), &self)))]
    }

    /// The iterations of a loop one after the other, each with registers of its own. There is no loop inside.
    mutating func iterations(of loop: Loop) -> [Statement] {
        (0..<loop.variable.extent).flatMap { number in
            var own: [Register: Register] = [:]
            for register in loop.body.flatMap(\.results) {
                let type = program.registers[register.number]
                own[register] = self.register(type.dtype, isUniform: type.isUniform)
            }
            return loop.body.map { $0.substituting(loop.variable, by: .constant(number)).reading(own).defining(own) }
        }
    }
}

extension LaneProgram {
    /// A number that no loop's counter has, and none above it.
    var firstFreeVariable: Int {
        var highest = slice?.number ?? -1
        forEachStatement { if case .loop(let loop) = $0 { highest = max(highest, loop.variable.number) } }
        return highest + 1
    }
}
