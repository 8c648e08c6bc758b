import CLanes
import LockstepCompiler
import LockstepTensor

/// Makes the executable form of a lane program: one pass over its flat form, which gives registers their storage
/// and emits instructions.
struct Translation {
    private let source: LaneProgram
    private let flat: FlatProgram
    private let lifetimes: Lifetimes
    private let loops: LaneLoops
    var result: BlockProgram

    private var slots: [Slot?]
    /// Varying entries whose register is dead.
    private var free: [Bank: [Int32]] = [:]
    private var constants: [ConstantKey: Slot] = [:]
    private var scalars: [ScalarKey: Slot] = [:]
    var plans: [IndexExpression: Int] = [:]
    /// Entries aimed at elements: for the whole program, then for the body of each open loop.
    var places: [[PlaceKey: Int32]] = [[:]]
    /// The element that already holds the last result.
    private var kept: Slot?
    /// Instructions that leave each open loop.
    private var leaving: [[Int]] = []

    struct PlaceKey: Hashable {
        let buffer: BufferID
        let index: IndexExpression
    }

    private struct ConstantKey: Hashable {
        let bank: Bank
        let bits: UInt64
    }

    private struct ScalarKey: Hashable {
        let bank: Bank
        let name: String
    }

    static func translate(_ program: LaneProgram, _ loops: LaneLoops) -> BlockProgram {
        var translation = Translation(program, loops)
        translation.run()
        return translation.result
    }

    private init(_ program: LaneProgram, _ loops: LaneLoops) {
        source = program
        self.loops = loops
        result = BlockProgram(loops)
        flat = FlatProgram(program)
        lifetimes = Lifetimes(flat, registers: program.registers.count, buffers: program.buffers.count)
        slots = Array(repeating: nil, count: program.registers.count)
        result.buffers = program.buffers.map { buffer in
            let isUniform =
                switch buffer.role {
                case .table: true
                case .data, .temporary: buffer.isUniform
                // Kept per lane always: what lanes carry and give belongs to them.
                case .state, .record, .exchange, .slices, .grouped: false
                }
            return BlockBuffer(role: buffer.role, dtype: buffer.dtype, count: buffer.count, isUniform: isUniform)
        }
    }

    private mutating func run() {
        var dying: [[Register]] = Array(repeating: [], count: flat.items.count)
        for (number, span) in lifetimes.spans.enumerated() {
            if let span { dying[span.upperBound].append(Register(number)) }
        }
        var starts = Array(repeating: 0, count: flat.loops.count)
        var gates: [Int?] = Array(repeating: nil, count: flat.loops.count)
        /// The end of a loop that runs as one instruction.
        var skipped = 0
        for (position, item) in flat.items.enumerated() {
            // What is read for the last time here makes room for the result: loops may write where they read.
            for register in dying[position] where lifetimes.spans[register.number]?.lowerBound != position { release(register) }
            switch item {
            case _ where position < skipped: break
            case .statement(let statement): emit(statement, at: position)
            case .fused(let fused): emit(fused, at: position)
            case .enter(let loop) where emitProducts(flat.loops[loop]):
                skipped = flat.loops[loop].end + 1
            case .enter(let loop):
                let variable = flat.loops[loop].variable.number
                result.variableCount = max(result.variableCount, variable + 1)
                if let window = flat.loops[loop].window {
                    let (first, end) = (operand(window.first), operand(window.end))
                    result.instructions.append(.enterWindow(variable: Int32(variable), first: first, end: end, skip: 0))
                } else {
                    result.instructions.append(.enter(variable: Int32(variable)))
                }
                starts[loop] = result.instructions.count
                places.append([:])
                leaving.append([])
            case .gate(let loop):
                gates[loop] = result.instructions.count
                let span = flat.loops[loop]
                let variable = Int32(span.variable.number)
                result.instructions.append(
                    span.window.map { .gateInWindow(variable: variable, end: operand($0.end), interval: span.interval, skip: 0) }
                        ?? .gate(variable: variable, extent: span.variable.extent, interval: span.interval, skip: 0))
            case .again(let loop):
                places.removeLast()
                let end = result.instructions.count
                if let gate = gates[loop] {
                    switch result.instructions[gate] {
                    case .gate(let variable, let extent, let interval, _):
                        result.instructions[gate] = .gate(variable: variable, extent: extent, interval: interval, skip: end)
                    case .gateInWindow(let variable, let last, let interval, _):
                        result.instructions[gate] = .gateInWindow(variable: variable, end: last, interval: interval, skip: end)
                    default: break
                    }
                }
                let variable = flat.loops[loop].variable
                if case .enterWindow(let variable, let first, let end, _) = result.instructions[starts[loop] - 1] {
                    result.instructions.append(.againInWindow(variable: variable, end: end, start: starts[loop]))
                    let skip = result.instructions.count
                    result.instructions[starts[loop] - 1] = .enterWindow(variable: variable, first: first, end: end, skip: skip)
                } else {
                    result.instructions.append(
                        .again(variable: Int32(variable.number), extent: variable.extent, start: starts[loop]))
                }
            }
            if case .again = item, position >= skipped {
                for place in leaving.popLast() ?? [] {
                    guard case .leave(let mask, _) = result.instructions[place] else { continue }
                    result.instructions[place] = .leave(mask: mask, skip: result.instructions.count)
                }
            }
            // What nobody reads.
            for register in dying[position] where lifetimes.spans[register.number]?.lowerBound == position { release(register) }
        }
    }
}

// MARK: Storage

extension Translation {
    mutating func entry(_ kind: RegisterEntry.Kind, in bank: Bank) -> Int32 {
        result.entries.append(RegisterEntry(kind: kind, bank: bank))
        return Int32(result.entries.count - 1)
    }

    private func bank(of register: Register) -> Bank { Bank(source.registers[register.number].dtype) }

    /// Storage for a register that is about to be written.
    private mutating func define(_ register: Register, isUniform: Bool) -> Slot {
        let bank = bank(of: register)
        let slot: Slot
        if isUniform {
            slot = Slot(entry: entry(.uniform, in: bank), isUniform: true)
        } else if let reused = free[bank, default: []].popLast() {
            slot = Slot(entry: reused, isUniform: false)
        } else {
            slot = Slot(entry: entry(.varying, in: bank), isUniform: false)
        }
        slots[register.number] = slot
        return slot
    }

    private mutating func release(_ register: Register) {
        guard let slot = slots[register.number] else { return }
        let entry = result.entries[slot.index]
        if entry.kind == .varying { free[entry.bank, default: []].append(slot.entry) }
    }

    /// The storage of a value that is set before the program runs.
    private mutating func constant(_ value: Double, in bank: Bank) -> Slot {
        let key = ConstantKey(bank: bank, bits: value.bitPattern)
        if let known = constants[key] { return known }
        let slot = Slot(entry: entry(.uniform, in: bank), isUniform: true)
        result.constants.append((slot.index, value))
        constants[key] = slot
        return slot
    }

    private mutating func scalar(_ name: String, in bank: Bank) -> Slot {
        let key = ScalarKey(bank: bank, name: name)
        if let known = scalars[key] { return known }
        let slot = Slot(entry: entry(.uniform, in: bank), isUniform: true)
        result.scalars.append((slot.index, name))
        scalars[key] = slot
        return slot
    }

    private mutating func stepNumber() -> Slot {
        let index = result.stepEntry ?? Int(entry(.uniform, in: .ints))
        result.stepEntry = index
        return Slot(entry: Int32(index), isUniform: true)
    }

    /// A register as an operand. One that nothing defines reads as 0.
    mutating func operand(_ register: Register) -> Slot {
        slots[register.number] ?? constant(0, in: bank(of: register))
    }
}

// MARK: Statements

extension Translation {
    private mutating func emit(_ statement: Statement, at position: Int) {
        switch statement {
        case .constant(let register, let value):
            slots[register.number] = constant(value, in: bank(of: register))
        case .scalar(let register, let name):
            slots[register.number] = scalar(name, in: bank(of: register))
        case .step(let register):
            slots[register.number] = stepNumber()
        case .index(let register, let index):
            let plan = plan(index)
            let slot = define(register, isUniform: result.plans[plan].isUniform)
            result.instructions.append(.index(slot, plan: Int32(plan)))
        case .map(let register, let op, let operands):
            emitMap(register, op, operands, at: position)
        case .leave(let mask):
            // To where the loop ends, which is not known yet.
            leaving[leaving.count - 1].append(result.instructions.count)
            result.instructions.append(.leave(mask: operand(mask), skip: 0))
        case .greatest(let register, let value):
            let value = operand(value)
            result.instructions.append(.greatest(define(register, isUniform: true), of: value))
        case .logSum(let register, let op, let operands):
            emitLogSum(register, op, operands)
        case .load(let register, let buffer, let index):
            emitLoad(register, buffer, index)
        case .store(let buffer, let index, let value):
            // The result may have been made in place.
            let value = operand(value)
            if kept != value { emitWrite(buffer, index, value, nil) }
            kept = nil
        case .accumulate(let reduction, let buffer, let index, let value):
            emitWrite(buffer, index, operand(value), reduction)
        case .draw1(let kind, let register, let stream, let particle):
            result.indexDepth = max(result.indexDepth, 1)
            // The block stays where it is until it is used up; the register is aimed at one number after the other.
            var block = SIMD4<Int32>()
            for number in 0..<4 { block[number] = entry(.varying, in: .reals) }
            let slot = Slot(entry: entry(.pointer, in: .reals), isUniform: false)
            slots[register.number] = slot
            result.instructions.append(
                .draw(
                    DrawStep(
                        run: loops.draw(kind), kind: kind, taken: slot.entry, results: block, parameter: slot, stream: word(stream),
                        particle: word(particle), plan: Int32(plan(.constant(0))))))
        case .draw4(let kind, let registers, let stream, let particle, let group):
            let plan = plan(group)
            // The row that holds the groups of all lanes.
            result.indexDepth = max(result.indexDepth, 1)
            var results = SIMD4<Int32>(repeating: registers.count < 4 ? entry(.varying, in: .reals) : 0)
            for (position, register) in registers.prefix(4).enumerated() {
                results[position] = define(register, isUniform: false).entry
            }
            let unused = Slot(entry: results[0], isUniform: false)
            result.instructions.append(
                .draw(
                    DrawStep(
                        run: loops.draw(kind), kind: kind, taken: nil, results: results, parameter: unused, stream: word(stream),
                        particle: word(particle), plan: Int32(plan))))
        case .draw(let kind, let register, let stream, let particle, let element, let parameter):
            let plan = plan(element)
            result.indexDepth = max(result.indexDepth, 1)
            let parameter = operand(parameter)
            let slot = define(register, isUniform: false)
            result.instructions.append(
                .draw(
                    DrawStep(
                        run: nil, kind: kind, taken: nil, results: SIMD4(repeating: slot.entry), parameter: parameter, stream: word(stream),
                        particle: word(particle), plan: Int32(plan))))
        case .loop:
            break
        }
    }

    private mutating func word(_ stream: DrawStream) -> DrawStep.Word {
        switch stream {
        case .site(let number): .known(number)
        case .entry(let register, _, _): .plan(Int32(plan(.register(register))))
        }
    }

    private mutating func word(_ index: IndexExpression) -> DrawStep.Word {
        index.asConstant.map { .known(UInt32(truncatingIfNeeded: $0)) } ?? .plan(Int32(plan(index)))
    }

    private mutating func emit(_ fused: FusedStatement, at position: Int) {
        if fused.operands.count == 4, case .register(let register) = fused.target { return emitInPlace(fused, register, at: position) }
        let inputs = fused.operands.map { operand($0) }
        let slot: Slot
        var all = inputs
        switch fused.target {
        case .register(let register):
            slot = defineResult(register, isUniform: inputs.allSatisfy(\.isUniform), at: position)
        case .sum(let buffer, let index):
            guard isUniform(index) else { return emitScatteredSum(fused, inputs, buffer, index) }
            slot = place(buffer, index)
            all.append(slot)
        }
        guard let first = all.first, let run = loops.loop(fused.operation, .reals, uniform: all.map(\.isUniform)) else { return }
        emit(run, slot, first, all.count > 1 ? all[1] : first, all.count > 2 ? all[2] : first)
    }

    /// Where the result holds the last operand before: none of the others may have had the room that is now the result's. The
    /// first outlives that, the others are shared by all lanes.
    private mutating func emitInPlace(_ fused: FusedStatement, _ register: Register, at position: Int) {
        let inputs = fused.operands.map { operand($0) }
        guard !inputs[0].isUniform, inputs[1].isUniform, inputs[2].isUniform, let span = lifetimes.spans[fused.operands[0].number],
            span.upperBound > position,
            let run = loops.loop(fused.operation, .reals, uniform: inputs.prefix(3).map(\.isUniform))
        else { return emitMap(register, fused.first, [fused.operands[3], fused.operands[1], fused.operands[2]], at: position) }
        let slot = defineResult(register, isUniform: false, at: position)
        emitCopy(slot, inputs[3], .reals)
        emit(run, slot, inputs[0], inputs[1], inputs[2])
    }

    /// Elements that differ by lane are added to one by one: the pair is taken apart again.
    private mutating func emitScatteredSum(_ fused: FusedStatement, _ inputs: [Slot], _ buffer: BufferID, _ index: IndexExpression) {
        let isUniform = inputs.map(\.isUniform)
        let value = Slot(entry: entry(.varying, in: .reals), isUniform: isUniform.allSatisfy(\.self))
        guard let first = inputs.first, let last = inputs.last, let run = loops.loop(fused.first, .reals, uniform: isUniform) else { return }
        emit(run, value, first, last, last)
        emitWrite(buffer, index, value, .sum)
    }

    /// A loop of sums as one instruction, if it can be one.
    private mutating func emitProducts(_ loop: FlatProgram.LoopSpan) -> Bool {
        guard let sums = ProductLoop(loop, of: flat, result.buffers) else { return false }
        var steps: [ProductStep] = []
        for product in sums.products {
            let operands = product.operands.map { operand in
                switch operand {
                case .element(let element): self.operand(element)
                case .register(let register): ProductStep.Operand(slot: self.operand(register), step: 0)
                }
            }.sorted { $0.slot.isUniform && !$1.slot.isUniform }
            // A product that is the same for all lanes is better made once.
            guard operands.count == 2, !operands[1].slot.isUniform else { return false }
            steps.append(ProductStep(target: operand(product.target), a: operands[0], b: operands[1]))
        }
        result.instructions.append(.addProducts(steps, iterations: sums.iterations))
        return true
    }

    private mutating func operand(_ element: ProductLoop.Element) -> ProductStep.Operand {
        ProductStep.Operand(slot: place(element.buffer, element.first), step: element.step)
    }

    /// Where the result of an operation goes: into the element that the next statement stores it in, if it can be
    /// read there until its last use.
    private mutating func defineResult(_ register: Register, isUniform: Bool, at position: Int) -> Slot {
        kept = nil
        if position + 1 < flat.items.count, case .statement(.store(let buffer, let index, register)) = flat.items[position + 1],
            index.registers.isEmpty, result.buffers[buffer.number].isUniform == isUniform,
            let span = lifetimes.spans[register.number], span.lowerBound == position,
            lifetimes.isUntouched(buffer, after: position + 1, before: span.upperBound)
        {
            let slot = place(buffer, index)
            slots[register.number] = slot
            kept = slot
            return slot
        }
        return define(register, isUniform: isUniform)
    }

    private mutating func emitMap(_ register: Register, _ op: ElementOp, _ operands: [Register], at position: Int) {
        let inputs = operands.map { operand($0) }
        guard let last = operands.last else { return }
        emitMap(defineResult(register, isUniform: inputs.allSatisfy(\.isUniform), at: position), op, bank(of: last), inputs)
    }

    private mutating func emitMap(_ slot: Slot, _ op: ElementOp, _ bank: Bank, _ inputs: [Slot]) {
        guard let first = inputs.first else { return }
        let second = inputs.count > 1 ? inputs[1] : first
        let third = inputs.count > 2 ? inputs[2] : first
        if let run = loops.loop(op, bank, uniform: inputs.map(\.isUniform)) {
            emit(run, slot, first, second, third)
        } else {
            result.instructions.append(.function(MapStep(function: op.row.host, result: slot, a: first, b: second, c: third)))
        }
    }

    /// The plain thing: a logarithm after the other.
    private mutating func emitLogSum(_ register: Register, _ op: ElementOp, _ operands: [Register]) {
        // Varying ones first: the sum is where the first logarithm is.
        let inputs = operands.map { operand($0) }.sorted { !$0.isUniform && $1.isUniform }
        let parts = inputs.map { Slot(entry: entry($0.isUniform ? .uniform : .varying, in: .reals), isUniform: $0.isUniform) }
        for (part, input) in zip(parts, inputs) { emitMap(part, op, .reals, [input]) }
        for part in parts.dropFirst() { emitMap(parts[0], .add, .reals, [parts[0], part]) }
        slots[register.number] = parts[0]
    }

    private mutating func emit(_ run: LaneLoops.Loop, _ slot: Slot, _ a: Slot, _ b: Slot, _ c: Slot) {
        result.instructions.append(
            .loop(LoopStep(run: run, result: slot.entry, a: a.entry, b: b.entry, c: c.entry, isUniform: slot.isUniform)))
    }

    private mutating func emitLoad(_ register: Register, _ buffer: BufferID, _ index: IndexExpression) {
        let bank = bank(of: register)
        let isShared = result.buffers[buffer.number].isUniform
        guard isUniform(index) else {
            guard let run = loops.gather(bank, isShared: isShared) else { return }
            let plan = plan(index)
            let slot = define(register, isUniform: false)
            result.instructions.append(
                .gather(GatherStep(run: run, result: slot.entry, buffer: Int32(buffer.number), plan: Int32(plan))))
            return
        }
        let place = place(buffer, index)
        if let span = lifetimes.spans[register.number], lifetimes.isUntouched(buffer, during: span) {
            slots[register.number] = place
        } else {
            let slot = define(register, isUniform: isShared)
            emitCopy(slot, place, bank)
        }
    }

    private mutating func emitCopy(_ target: Slot, _ value: Slot, _ bank: Bank) {
        guard let run = loops.loop(lockstep_lanes_copy, bank, uniform: [value.isUniform]) else { return }
        emit(run, target, value, value, value)
    }

    /// A store, or an accumulation.
    private mutating func emitWrite(_ buffer: BufferID, _ index: IndexExpression, _ value: Slot, _ reduction: Reduction?) {
        let bank = result.buffers[buffer.number].bank
        guard isUniform(index) else {
            let access = AccessStep(bank: bank, register: value, buffer: Int32(buffer.number), plan: Int32(plan(index)))
            result.instructions.append(.scatter(access, adds: reduction != nil))
            return
        }
        let target = place(buffer, index)
        guard let reduction else { return emitCopy(target, value, bank) }
        let uniform = [target.isUniform, value.isUniform]
        guard let run = loops.loop(reduction.combine, bank, uniform: uniform) else { return }
        emit(run, target, target, value, value)
    }
}
