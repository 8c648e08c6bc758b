import LockstepCompiler
import LockstepTensor

// Indices, and registers aimed at elements.

extension Translation {
    mutating func isUniform(_ index: IndexExpression) -> Bool { result.plans[plan(index)].isUniform }

    /// A register aimed at an element whose index is the same for all lanes of a block.
    mutating func place(_ buffer: BufferID, _ index: IndexExpression) -> Slot {
        let plan = result.buffers[buffer.number]
        let key = PlaceKey(buffer: buffer, index: index)
        if let known = places.lazy.compactMap({ $0[key] }).first { return Slot(entry: known, isUniform: plan.isUniform) }
        let entry = entry(.pointer, in: plan.bank)
        if let element = index.asConstant {
            result.places.append((Int(entry), buffer.number, element))
            places[0][key] = entry
        } else {
            result.instructions.append(.point(pointing(entry, at: index, of: buffer)))
            // A register in the index may hold another value by the next use.
            if index.registers.isEmpty { places[places.count - 1][key] = entry }
        }
        return Slot(entry: entry, isUniform: plan.isUniform)
    }

    private mutating func pointing(_ entry: Int32, at index: IndexExpression, of buffer: BufferID) -> PointStep {
        var step = PointStep(source: .plan, entry: entry, buffer: Int32(buffer.number), number: 0, constant: index.constant)
        let variables = index.terms.compactMap { term in
            if case .variable(let variable) = term.atom { (variable.number, term.coefficient) } else { nil }
        }
        if (1...2).contains(variables.count), variables.count == index.terms.count, let first = variables.first, let last = variables.last,
            let range = index.range, range.lowerBound >= 0, range.upperBound < result.buffers[buffer.number].count
        {
            result.variableCount = max(result.variableCount, first.0 + 1, last.0 + 1)
            step.source = .variables
            (step.number, step.coefficient) = (Int32(first.0), first.1)
            (step.second, step.secondCoefficient) = variables.count == 2 ? (Int32(last.0), last.1) : (step.number, 0)
            return step
        }
        if index.terms.count == 1, let term = index.terms.first, case .register(let register) = term.atom {
            let slot = operand(register)
            if slot.isUniform {
                step.source = .register
                (step.number, step.coefficient) = (slot.entry, term.coefficient)
                return step
            }
        }
        step.number = Int32(plan(index))
        return step
    }
}

// MARK: Plans

extension Translation {
    /// The number of the plan that computes an index. Registers have their storage by now, and an index that
    /// mentions a register is not shared, since a later use may find it elsewhere.
    mutating func plan(_ index: IndexExpression) -> Int {
        let isShared = index.registers.isEmpty
        if isShared, let known = plans[index] { return known }
        let number = makePlan(index, depth: 1)
        if isShared { plans[index] = number }
        return number
    }

    private mutating func makePlan(_ index: IndexExpression, depth: Int) -> Int {
        let terms = index.terms.map { term in
            let atom: IndexTerm.Atom
            let isUniform: Bool
            switch term.atom {
            case .variable(let variable):
                result.variableCount = max(result.variableCount, variable.number + 1)
                atom = .variable(variable.number)
                isUniform = true
            case .register(let register):
                let slot = operand(register)
                atom = .register(slot.index)
                isUniform = slot.isUniform
            case .quotient(let inner, let divisor):
                let plan = makePlan(inner, depth: depth + 1)
                atom = .quotient(plan: plan, divisor: max(divisor, 1))
                isUniform = result.plans[plan].isUniform
            case .remainder(let inner, let divisor):
                let plan = makePlan(inner, depth: depth + 1)
                atom = .remainder(plan: plan, divisor: max(divisor, 1))
                isUniform = result.plans[plan].isUniform
            }
            return IndexTerm(atom: atom, coefficient: term.coefficient, isUniform: isUniform)
        }
        let isUniform = terms.allSatisfy(\.isUniform)
        if !isUniform { result.indexDepth = max(result.indexDepth, depth) }
        result.plans.append(
            IndexPlan(constant: index.constant, firstTerm: result.terms.count, termCount: terms.count, isUniform: isUniform))
        result.terms += terms
        return result.plans.count - 1
    }
}
