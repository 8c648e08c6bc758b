import CLanes

extension BlockInstruction {
    /// The form that runs, for blocks of `width` lanes. What C does not do returns to Swift.
    func encoded(width: Int, _ shapes: UnsafePointer<BufferShape>) -> lockstep_lanes_instruction {
        var code = lockstep_lanes_instruction()
        switch self {
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
        case .gate(let variable, let extent, let interval, let skip):
            code.kind = lockstep_lanes_gate
            (code.a, code.x, code.y, code.z) = (variable, skip, interval, extent)
        case .again(let variable, let extent, let start):
            code.kind = lockstep_lanes_again
            (code.a, code.x, code.z) = (variable, start, extent)
        case .function, .gather, .scatter, .index, .draw:
            code.kind = lockstep_lanes_return
        }
        return code
    }
}
