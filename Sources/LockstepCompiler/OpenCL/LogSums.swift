import LockstepTensor

/// Strength reduction: where logarithms of several values are added to one sum, one logarithm of their product takes
/// their place. A product that leaves the range of normal numbers is found out by the device function, which then
/// takes the logarithms one by one.
///
/// There are device functions for the sum of `log` over up to four values and of `logOnePlus` over up to four or eight.
enum LogSums {
    /// Operands for which there is a device function. A product of eight is out of range too easily for logarithms of
    /// anything; what is added to one is mostly small.
    fileprivate static func most(_ op: ElementOp) -> Int { op == .logOnePlus ? 8 : 4 }

    static func combined(_ program: LaneProgram) -> LaneProgram {
        var uses: [Register: Int] = [:]
        program.forEachStatement { statement in for register in statement.operands { uses[register, default: 0] += 1 } }
        var result = program
        result.body = rewritten(program.body, &result, uses)
        return result
    }

    private static func rewritten(_ list: [Statement], _ program: inout LaneProgram, _ uses: [Register: Int]) -> [Statement] {
        var block = Block(list, uses)
        for statement in list {
            if case .loop(var loop) = statement {
                block.endSums(&program)
                loop.body = rewritten(loop.body, &program, uses)
                block.append(.loop(loop))
            } else {
                block.take(statement, &program)
            }
        }
        return block.finished(&program)
    }

    /// What is added, times what, to which element.
    private struct Sum: Hashable {
        let op: ElementOp
        let buffer: BufferID
        let index: IndexExpression
        let isNegative: Bool
        let factor: Register?
    }

    /// A logarithm inside a value that is added to a sum.
    private struct Leaf {
        let register: Register
        let op: ElementOp
        let operand: Register
        var isNegative = false
        var factor: Register?
        /// The registers from the value down to the leaf.
        var path: [Register] = []
    }

    /// One straight list of statements.
    private struct Block {
        private var statements: [Statement?] = []
        private var place: [Register: Int] = [:]
        private let uses: [Register: Int]
        /// In order of their first members, so that the text is the same each time.
        private var sums: [(sum: Sum, operands: [Register])] = []

        init(_ list: [Statement], _ uses: [Register: Int]) { self.uses = uses }

        mutating func append(_ statement: Statement) {
            for register in statement.results { place[register] = statements.count }
            statements.append(statement)
        }

        mutating func take(_ statement: Statement, _ program: inout LaneProgram) {
            switch statement {
            case .load(_, let buffer, _), .store(let buffer, _, _):
                endSums(&program) { $0.buffer == buffer }
                append(statement)
            case .accumulate(.sum, let buffer, let index, let value) where program.buffers[buffer.number].dtype == .real:
                guard !program.buffers[buffer.number].isUniform, let leaf = leaf(in: value, program) else {
                    append(statement)
                    return
                }
                let sum = Sum(
                    op: leaf.op == .softplus ? .logOnePlus : leaf.op, buffer: buffer, index: index, isNegative: leaf.isNegative,
                    factor: leaf.factor)
                var operand = leaf.operand
                var rest: Register?
                if leaf.op == .softplus { (rest, operand) = parts(ofSoftplus: leaf, &program) }
                if let value = without(leaf, rest) { append(.accumulate(.sum, buffer, index, value)) }
                if let known = sums.firstIndex(where: { $0.sum == sum }) {
                    sums[known].operands.append(operand)
                    if sums[known].operands.count == LogSums.most(sum.op) { endSums(&program) { $0 == sum } }
                } else {
                    sums.append((sum, [operand]))
                }
            default:
                append(statement)
            }
        }

        mutating func finished(_ program: inout LaneProgram) -> [Statement] {
            endSums(&program)
            return statements.compactMap(\.self)
        }

        /// Writes out sums that have been collected.
        mutating func endSums(_ program: inout LaneProgram, where isWanted: (Sum) -> Bool = { _ in true }) {
            for (sum, operands) in sums where isWanted(sum.self) {
                let most = LogSums.most(sum.op)
                var rest = operands[...]
                while !rest.isEmpty {
                    let group = rest.prefix(rest.count < most ? 4 : most)
                    rest = rest.dropFirst(group.count)
                    var value = define(sum.op, Array(group), &program)
                    if let factor = sum.factor { value = define(.multiply, [factor, value], &program) }
                    if sum.isNegative { value = define(.negate, [value], &program) }
                    append(.accumulate(.sum, sum.buffer, sum.index, value))
                }
            }
            sums.removeAll { isWanted($0.sum) }
        }

        private mutating func define(_ op: ElementOp, _ operands: [Register], _ program: inout LaneProgram) -> Register {
            program.registers.append(RegisterType(dtype: .real, isUniform: false))
            let register = Register(program.registers.count - 1)
            append(operands.count > op.arity ? .logSum(register, op, operands) : .map(register, op, operands))
            return register
        }

        // MARK: Leaves

        private func definition(_ register: Register) -> (op: ElementOp, operands: [Register])? {
            guard let place = place[register], case .map(_, let op, let operands)? = statements[place] else { return nil }
            return (op, operands)
        }

        /// A logarithm that nothing but this value uses, and that is added to it as it is or times something uniform.
        private func leaf(in register: Register, _ program: LaneProgram) -> Leaf? {
            guard uses[register] == 1, let (op, operands) = definition(register) else { return nil }
            func isUniform(_ register: Register) -> Bool { program.registers[register.number].isUniform }
            func deeper(_ operand: Int, negates: Bool = false, factor: Register? = nil) -> Leaf? {
                guard var leaf = leaf(in: operands[operand], program), factor == nil || leaf.factor == nil else { return nil }
                leaf.isNegative = leaf.isNegative != negates
                leaf.factor = leaf.factor ?? factor
                leaf.path.append(register)
                return leaf
            }
            switch op {
            case .log, .logOnePlus, .softplus:
                return !isUniform(register) ? Leaf(register: register, op: op, operand: operands[0]) : nil
            case .add: return deeper(0) ?? deeper(1)
            case .subtract: return deeper(0) ?? deeper(1, negates: true)
            case .negate: return deeper(0, negates: true)
            case .multiply where isUniform(operands[0]): return deeper(1, factor: operands[0])
            case .multiply where isUniform(operands[1]): return deeper(0, factor: operands[1])
            default: return nil
            }
        }

        /// softplus(x) = max(x, 0) + log(1 + exp(-|x|)).
        private mutating func parts(ofSoftplus leaf: Leaf, _ program: inout LaneProgram) -> (rest: Register, operand: Register) {
            program.registers.append(RegisterType(dtype: .real, isUniform: true))
            let zero = Register(program.registers.count - 1)
            append(.constant(zero, 0))
            let top = define(.maximum, [leaf.operand, zero], &program)
            let size = define(.negate, [define(.abs, [leaf.operand], &program)], &program)
            return (top, define(.exp, [size], &program))
        }

        /// Rewrites a value without its leaf, or with something else in the leaf's place.
        ///
        /// - Returns: nil where nothing is left.
        private mutating func without(_ leaf: Leaf, _ other: Register?) -> Register? {
            if let position = place[leaf.register] { statements[position] = nil }
            var old = leaf.register
            var new = other
            for register in leaf.path {
                guard let position = place[register], case .map(_, let op, let operands)? = statements[position] else { break }
                defer { old = register }
                if let replacement = new {
                    // Anew, at the end: the replacement was defined after the old operands.
                    statements[position] = nil
                    append(.map(register, op, operands.map { $0 == old ? replacement : $0 }))
                    new = register
                    continue
                }
                statements[position] = nil
                switch op {
                case .add: new = operands[0] == old ? operands[1] : operands[0]
                case .subtract where operands[1] == old: new = operands[0]
                case .subtract:
                    append(.map(register, .negate, [operands[1]]))
                    new = register
                default: break
                }
            }
            return new
        }
    }
}
