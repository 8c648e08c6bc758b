import CLanes
import LockstepCompiler
import LockstepTensor

/// Two statements in one loop over the lanes: an operation, and one that takes its result and is the only one to.
struct FusedStatement {
    enum Target {
        case register(Register)
        /// Adds to an element.
        case sum(BufferID, IndexExpression)
    }

    let target: Target
    /// The first of the two operations.
    let first: ElementOp
    let operation: lockstep_lanes_operation
    /// Without the element that is added to, which is the last operand if there is one. Of four, the last is what the result
    /// holds before.
    let operands: [Register]
}

/// Rewrites statements that follow one another. Rounding stays that of the single operations.
struct Fusion {
    private let dtypes: [DType]
    /// How often each register is read.
    private var uses: [Int]

    init(_ program: LaneProgram) {
        dtypes = program.registers.map(\.dtype)
        var uses = Array(repeating: 0, count: program.registers.count)
        program.forEachStatement { statement in
            for register in statement.operands { uses[register.number] += 1 }
        }
        self.uses = uses
    }

    /// Statements without loops, as few as possible, and stores right after the operation whose result they keep.
    func rewritten(_ statements: [Statement]) -> [FlatProgram.Item] {
        let pairs = pairing(withMeansAhead(statements))
        return advancingStores(pairs)
    }

    // MARK: Poisson masses

    /// The exponential that a gradient needs, before the mass that needs it too.
    private func withMeansAhead(_ statements: [Statement]) -> [Statement] {
        var logMeans: Set<Register> = []
        for case .map(_, .poissonLogMass, let operands) in statements { logMeans.insert(operands[0]) }
        if logMeans.isEmpty { return statements }
        var means: [Register: Register] = [:]
        for case .map(let mean, .exp, let operands) in statements where logMeans.contains(operands[0]) { means[operands[0]] = mean }
        var done: Set<Register> = []
        return statements.flatMap { statement -> [Statement] in
            switch statement {
            case .map(_, .poissonLogMass, let operands):
                guard let mean = means[operands[0]], done.insert(mean).inserted else { return [statement] }
                return [.map(mean, .exp, [operands[0]]), statement]
            case .map(let result, .exp, _) where done.contains(result): return []
            case .map(let result, .exp, let operands) where means[operands[0]] != nil:
                done.insert(result)
                return [statement]
            default: return [statement]
            }
        }
    }

    // MARK: Pairs

    private func pairing(_ statements: [Statement]) -> [FlatProgram.Item] {
        var items: [FlatProgram.Item?] = []
        // Where operations stand whose result is read once, by register number: those after the last write only,
        // since an operand may be the very element that is written.
        var open: [Int: Int] = [:]
        var means: [Register: Register] = [:]
        func taking(_ register: Register) -> (position: Int, op: ElementOp, operands: [Register])? {
            guard let position = open[register.number], case .statement(.map(_, let op, let operands)) = items[position] else { return nil }
            return (position, op, operands)
        }
        for statement in statements {
            var item = FlatProgram.Item.statement(statement)
            switch statement {
            case .map(let result, .exp, let operands):
                means[operands[0]] = result
            case .map(let result, .poissonLogMass, let operands) where means[operands[0]] != nil:
                item = .fused(
                    FusedStatement(
                        target: .register(result), first: .poissonLogMass, operation: lockstep_lanes_poissonOfMean,
                        operands: [means[operands[0]] ?? operands[0], operands[1], operands[2], operands[0]]))
            case .map(let result, let op, let operands) where dtypes[result.number] == .real:
                if let (position, fused) = pair(result, op, operands, taking) {
                    items[position] = nil
                    item = .fused(fused)
                } else if uses[result.number] == 1 {
                    open[result.number] = items.count
                }
            case .accumulate(.sum, let buffer, let index, let value):
                if dtypes[value.number] == .real, let first = taking(value), let operation = Self.operation(first.op, .add) {
                    items[first.position] = nil
                    item = .fused(FusedStatement(target: .sum(buffer, index), first: first.op, operation: operation, operands: first.operands))
                }
                open = [:]
            case .store, .accumulate:
                open = [:]
            default: break
            }
            items.append(item)
        }
        return items.compactMap(\.self)
    }

    private func pair(
        _ result: Register, _ op: ElementOp, _ operands: [Register],
        _ taking: (Register) -> (position: Int, op: ElementOp, operands: [Register])?
    ) -> (Int, FusedStatement)? {
        guard operands.count == 2 else { return nil }
        for (place, operand) in operands.enumerated() {
            guard let first = taking(operand), first.operands.count == 2,
                let operation = Self.operation(first.op, op, isReversed: place == 1)
            else { continue }
            return (
                first.position,
                FusedStatement(
                    target: .register(result), first: first.op, operation: operation, operands: first.operands + [operands[1 - place]])
            )
        }
        return nil
    }

    /// The pair of two operations; reversed when the first one's result is the second operand.
    private static func operation(_ first: ElementOp, _ second: ElementOp, isReversed: Bool = false) -> lockstep_lanes_operation? {
        let rest = isReversed && second == .subtract ? "ReverseSubtract" : second.name.prefix(1).uppercased() + second.name.dropFirst()
        return LaneLoops.named[first.name + rest]
    }

    // MARK: Stores

    private func advancingStores(_ items: [FlatProgram.Item]) -> [FlatProgram.Item] {
        var result: [FlatProgram.Item] = []
        // By register: the operation that makes it, and by buffer: the last access.
        var made: [Int: Int] = [:]
        var accesses: [BufferID: Int] = [:]
        /// Items that go right after another one.
        var after: [Int: [FlatProgram.Item]] = [:]
        for item in items {
            if case .statement(.store(let buffer, let index, let value)) = item, index.registers.isEmpty,
                let place = made[value.number], after[place] == nil, accesses[buffer, default: -1] <= place
            {
                after[place] = [item]
                accesses[buffer] = place
                continue
            }
            let effects = Effects(item)
            for buffer in effects.buffers { accesses[buffer] = result.count }
            switch item {
            case .statement(.map(let register, _, _)): made[register.number] = result.count
            case .fused(let fused):
                if case .register(let register) = fused.target { made[register.number] = result.count }
            default: break
            }
            result.append(item)
        }
        return result.enumerated().flatMap { [$0.element] + after[$0.offset, default: []] }
    }
}
