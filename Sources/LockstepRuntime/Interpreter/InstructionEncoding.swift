import CLanes

/// The form of a program that runs, for blocks of one width.
struct EncodedProgram {
    private(set) var instructions: [lockstep_lanes_instruction] = []
    private(set) var products: [lockstep_lanes_product] = []
    private let width: Int
    private let realSize: Int

    init(_ program: BlockProgram, width: Int, realSize: Int, _ shapes: UnsafePointer<BufferShape>) {
        self.width = width
        self.realSize = realSize
        for instruction in program.instructions { instructions.append(encoded(instruction, shapes)) }
    }

    /// What C does not do returns to Swift.
    private mutating func encoded(
        _ instruction: BlockInstruction, _ shapes: UnsafePointer<BufferShape>
    ) -> lockstep_lanes_instruction {
        var code = lockstep_lanes_instruction()
        switch instruction {
        case .loop(let step):
            code.kind = lockstep_lanes_run_loop
            code.loop = step.run
            code.count = step.isUniform ? 1 : width
            (code.result, code.a, code.b, code.c) = (step.result, step.a, step.b, step.c)
        case .point(let step):
            let shape = shapes[Int(step.buffer)]
            (code.result, code.a, code.b, code.c) = (step.entry, step.buffer, step.number, step.second)
            switch step.source {
            case .variables:
                code.kind = lockstep_lanes_point_variables
                code.x = step.constant * shape.strideBytes
                code.y = step.coefficient * shape.strideBytes
                code.z = step.secondCoefficient * shape.strideBytes
            case .register:
                code.kind = lockstep_lanes_point_register
                (code.x, code.y, code.z, code.count) = (step.constant, step.coefficient, shape.last, shape.strideBytes)
            case .plan:
                code.kind = lockstep_lanes_return
            }
        case .enter(let variable):
            code.kind = lockstep_lanes_enter
            code.a = variable
        case .enterWindow(let variable, let first, let end, let skip):
            code.kind = lockstep_lanes_enter_window
            (code.a, code.b, code.c, code.x) = (variable, first.entry, end.entry, skip)
        case .againInWindow(let variable, let end, let start):
            code.kind = lockstep_lanes_again_in_window
            (code.a, code.c, code.x) = (variable, end.entry, start)
        case .leave(let mask, let skip):
            code.kind = lockstep_lanes_leave
            (code.a, code.x, code.count) = (mask.entry, skip, mask.isUniform ? 1 : width)
        case .gate(let variable, let extent, let interval, let skip):
            code.kind = lockstep_lanes_gate
            (code.a, code.x, code.y, code.z) = (variable, skip, interval, extent)
        case .gateInWindow(let variable, let end, let interval, let skip):
            code.kind = lockstep_lanes_gate_in_window
            (code.a, code.c, code.x, code.y) = (variable, end.entry, skip, interval)
        case .greatest(let result, let values):
            code.kind = lockstep_lanes_greatest
            (code.result, code.a, code.count) = (result.entry, values.entry, values.isUniform ? 1 : width)
        case .again(let variable, let extent, let start):
            code.kind = lockstep_lanes_again
            (code.a, code.x, code.z) = (variable, start, extent)
        case .addProducts(let steps, let iterations):
            code.kind = lockstep_lanes_add_products
            (code.count, code.x, code.y, code.z) = (width, iterations, products.count, steps.count)
            products += steps.map(encoded)
        case .function, .gather, .scatter, .index, .draw:
            code.kind = lockstep_lanes_return
        }
        return code
    }

    private func encoded(_ step: ProductStep) -> lockstep_lanes_product {
        func bytes(_ operand: ProductStep.Operand) -> Int { operand.step * (operand.slot.isUniform ? 1 : width) * realSize }
        return lockstep_lanes_product(
            target: step.target.slot.entry, a: step.a.slot.entry, b: step.b.slot.entry, is_shared: step.a.slot.isUniform ? 1 : 0,
            target_step: bytes(step.target), a_step: bytes(step.a), b_step: bytes(step.b))
    }
}
