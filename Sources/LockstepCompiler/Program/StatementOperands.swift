import LockstepTensor

extension Statement {
    /// The register that a statement defines, or the four of a draw.
    package var results: [Register] {
        switch self {
        case .constant(let r, _), .scalar(let r, _), .step(let r), .index(let r, _), .map(let r, _, _), .load(let r, _, _),
            .draw1(_, let r, _, _), .draw(_, let r, _, _, _, _):
            [r]
        case .draw4(_, let registers, _, _, _): registers
        case .store, .accumulate, .loop: []
        }
    }

    /// The registers that a statement reads, those inside its indices included; a loop's own body is not looked into.
    package var operands: [Register] {
        switch self {
        case .constant, .scalar, .step, .loop: []
        case .index(_, let index), .load(_, _, let index): Array(index.registers)
        case .draw1(_, _, let stream, _): stream.registers
        case .draw4(_, _, let stream, _, let index): Array(index.registers) + stream.registers
        case .map(_, _, let operands): operands
        case .store(_, let index, let value), .accumulate(_, _, let index, let value): Array(index.registers) + [value]
        case .draw(_, _, let stream, _, let element, let parameter): Array(element.registers) + [parameter] + stream.registers
        }
    }
}

extension LaneProgram {
    /// Visits every statement, outer before inner, in order of execution.
    package func forEachStatement(_ visit: (Statement) -> Void) { Self.forEach(body, visit) }

    static func forEach(_ statements: [Statement], _ visit: (Statement) -> Void) {
        for statement in statements {
            visit(statement)
            if case .loop(let loop) = statement {
                forEach(loop.body, visit)
                forEach(loop.flush?.statements ?? [], visit)
            }
        }
    }
}
