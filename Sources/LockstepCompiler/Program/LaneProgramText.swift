import LockstepTensor

/// A lane program as text for people: one statement a line, `u` for uniform registers and `v` for varying ones.
extension LaneProgram: CustomStringConvertible {
    package var description: String {
        var lines = buffers.enumerated().map { number, buffer in
            "b\(number): \(buffer.role.label) \(buffer.dtype.rawValue)[\(buffer.count)]\(buffer.isUniform ? " uniform" : "")"
        }
        func write(_ statements: [Statement], _ depth: Int) {
            let margin = String(repeating: "  ", count: depth)
            for statement in statements {
                guard case .loop(let loop) = statement else {
                    lines.append(margin + text(statement))
                    continue
                }
                lines.append(margin + text(statement))
                write(loop.body, depth + 1)
                if let flush = loop.flush {
                    lines.append("\(margin)every \(flush.interval)\(flush.isAtEnd ? " and at the end" : ", not at the end")")
                    write(flush.statements, depth + 1)
                }
            }
        }
        write(body, 0)
        if let start { lines.append("\nWhere a lane begins:\n\n\(start)") }
        return lines.joined(separator: "\n")
    }

    private func name(_ register: Register) -> String {
        (registers[register.number].isUniform ? "u" : "v") + String(register.number)
    }

    private func text(_ stream: DrawStream) -> String {
        switch stream {
        case .site(let number): "stream \(number)"
        case .entry(let register, _, _): "stream \(name(register))"
        }
    }

    private func names(_ registers: [Register]) -> String { registers.map(name).joined(separator: ", ") }

    func text(_ statement: Statement) -> String {
        func element(_ buffer: BufferID, _ index: IndexExpression) -> String { "b\(buffer.number)[\(index.text(name))]" }
        switch statement {
        case .constant(let r, let value): return "\(name(r)) = \(value)"
        case .scalar(let r, let scalar): return "\(name(r)) = \(scalar)"
        case .step(let r): return "\(name(r)) = step"
        case .index(let r, let index): return "\(name(r)) = \(index.text(name))"
        case .map(let r, let op, let operands): return "\(name(r)) = \(op.name)(\(names(operands)))"
        case .leave(let mask): return "leave unless any \(name(mask))"
        case .greatest(let r, let value): return "\(name(r)) = greatest of \(name(value))"
        case .logSum(let r, let op, let operands): return "\(name(r)) = sum of \(op.name)(\(names(operands)))"
        case .load(let r, let buffer, let index): return "\(name(r)) = \(element(buffer, index))"
        case .store(let buffer, let index, let value): return "\(element(buffer, index)) = \(name(value))"
        case .accumulate(let reduction, let buffer, let index, let value):
            return "\(element(buffer, index)) \(reduction.rawValue)= \(name(value))"
        case .draw1(let kind, let r, let stream, let particle):
            return "\(name(r)) = \(kind.rawValue)1(\(text(stream)), particle \(particle.text(name)))"
        case .draw4(let kind, let outputs, let stream, let particle, let group):
            return "\(names(outputs)) = \(kind.rawValue)4(\(text(stream)), particle \(particle.text(name)), group \(group.text(name)))"
        case .draw(let kind, let r, let stream, let particle, let index, let parameter):
            return "\(name(r)) = \(kind.rawValue)(\(text(stream)), particle \(particle.text(name)), element \(index.text(name)), \(name(parameter)))"
        case .loop(let loop):
            let (first, end) = loop.window.map { (name($0.first), name($0.end)) } ?? ("0", String(loop.variable.extent))
            return "for i\(loop.variable.number) in \(first) ..< \(end)"
        }
    }
}

extension LaneProgram {
    /// What the compiler chose, and why.
    package var remarks: [String] {
        let usual = LoweringOptions()
        var remarks: [String] = []
        func remark(_ place: String, _ limit: Int, _ wanted: Int, _ count: Int, _ budget: Int, most: Int = .max) {
            let why =
                limit < most
                ? "loops of up to \(wanted) would come to more than \(budget)"
                : "as outside of loops, but up to \(wanted) in steps of recurrences"
            let reason = limit < wanted ? "; \(why)" : ""
            let what = limit > 0 ? "loops of up to \(limit) iterations are unrolled, \(count) statements" : "no loop is unrolled"
            remarks.append("\(place): \(what)\(reason)")
        }
        remark("outside of loops", unrolling.limit, usual.unrollLimit, unrolling.outer, usual.unrollBudget)
        remark("inside of loops", unrolling.innerLimit, usual.innerUnrollLimit, unrolling.inner, usual.innerUnrollBudget, most: unrolling.limit)
        for (kind, name) in [(Pack.Kind.states, "states"), (.data, "data")] {
            let own = packs.filter { $0.kind == kind }
            if own.isEmpty { continue }
            remarks.append("\(own.reduce(0) { $0 + $1.members.count }) scalar \(name) that are alike are in \(own.count) arrays")
        }
        return remarks
    }
}

extension Buffer.Role {
    /// The role as a word, with the name that the user gave.
    package var label: String {
        switch self {
        case .data(let name): "data \(name)"
        case .table: "table"
        case .state(let name): "state \(name)"
        case .record(let name): "record \(name)"
        case .temporary: "temporary"
        case .exchange(let number): "exchange \(number)"
        case .slices(let data): "slices of \(data.name)"
        case .grouped(let data): "\(data.part.label) of \(data.name) by \(data.index)"
        }
    }
}

extension IndexExpression {
    /// The expression with loop variables as `i3` and registers by `name`: text that is also C.
    package func text(_ name: (Register) -> String) -> String {
        var parts = terms.map { term in
            let factor: String
            switch term.atom {
            case .variable(let variable): factor = "i\(variable.number)"
            case .register(let register): factor = name(register)
            case .quotient(let inner, let divisor): factor = "((\(inner.text(name))) / \(divisor))"
            case .remainder(let inner, let divisor): factor = "((\(inner.text(name))) % \(divisor))"
            }
            return term.coefficient == 1 ? factor : "\(term.coefficient) * \(factor)"
        }
        if constant != 0 || parts.isEmpty { parts.append(String(constant)) }
        return parts.joined(separator: " + ")
    }
}
