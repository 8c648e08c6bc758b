import LockstepTensor
import Testing

@testable import LockstepCompiler

/// The order in which kernels do what does not depend on each other.
@Suite struct InterleavingTests {
    private static func kernel(_ states: [LaneFunction.State]) throws -> [String] {
        try Lowering.lower(LaneFunction(states: states))
            .kernelText(KernelOptions(width: 16, isDouble: false, interleaves: false, privateBytes: 1 << 16)).kernel
            .split(separator: "\n").map(String.init)
    }

    private static func state(_ name: String, _ shape: Shape, _ origin: Origin) -> Tensor {
        .input(Input(.state, name, origin: origin), shape: shape)
    }

    /// The chains of four elements, written out one after the other, take turns at each link.
    @Test func chainsAlternate() throws {
        let x = Self.state("x", [4], Origin())
        let link = sqrt(x)
        // Each link is used twice, so that it has a line of its own.
        let lines = try Self.kernel([.init("x", tanh(link) * link)])
        func places(_ text: String) -> [Int] { lines.indices.filter { lines[$0].contains(text) } }
        let (first, second) = (places("ls_sqrt("), places("ls_tanh("))
        #expect(first.count == 4 && second.count == 4)
        #expect((first.max() ?? .max) < (second.min() ?? .min), "\(lines.joined(separator: "\n"))")
    }

    /// What one statement writes and another reads keeps its order, whatever else could start before.
    @Test func memoryKeepsItsOrder() {
        let (buffer, other) = (BufferID(0), BufferID(1))
        let registers = (0..<6).map { Register($0) }
        func element(_ number: Int) -> IndexExpression { .constant(number) }
        let variable = IndexExpression.register(registers[5])
        let statements: [Statement] = [
            .load(registers[0], buffer, element(0)),
            .map(registers[1], .exp, [registers[0]]),
            .map(registers[2], .exp, [registers[1]]),
            .store(buffer, element(0), registers[2]),
            // Of another element: little waits for it, and it need not wait for the store.
            .load(registers[3], buffer, element(1)),
            // Perhaps of the first one: it must.
            .load(registers[4], buffer, variable),
            .accumulate(.sum, other, element(0), registers[4]),
            .accumulate(.sum, other, element(0), registers[3]),
        ]
        var program = LaneProgram()
        program.body = statements
        let ordered = Interleaving.interleaved(program).body
        #expect(Set(ordered) == Set(statements) && ordered.count == statements.count)
        func place(_ number: Int) -> Int { ordered.firstIndex(of: statements[number]) ?? -1 }
        #expect(place(0) < place(4) && place(1) < place(4), "what most waits for is first")
        #expect(place(4) < place(6), "the load of another element is before its use")
        #expect(place(3) < place(5), "the load of any element is behind the store")
        #expect(place(6) < place(7), "sums are added up in the order in which they were")
    }

    /// Statements do not leave their loop, and loops stay among their neighbours.
    @Test func loopsStayWhereTheyAre() {
        let (buffer, a, b) = (BufferID(0), Register(0), Register(1))
        let variable = LoopVariable(number: 0, extent: 5)
        let loop = Statement.loop(Loop(variable: variable, body: [.load(a, buffer, .variable(variable)), .store(buffer, .variable(variable), a)]))
        var program = LaneProgram()
        program.body = [.load(b, buffer, .constant(0)), loop, .store(buffer, .constant(0), b)]
        #expect(Interleaving.interleaved(program).body == program.body)
    }

    /// What waits for a decision follows it one element after the other, each element's store at its end.
    @Test func updatesFollowTheirDecision() throws {
        let x = Self.state("x", [9], Origin())
        let link = sqrt(x)
        let update = tanh(x)
        // Used twice, so that it has a line of its own.
        let lines = try Self.kernel([.init("x", select(link.sum() .< 20, update * update, x))])
        func places(_ text: String) -> [Int] { lines.indices.filter { lines[$0].contains(text) } }
        let roots = places("ls_sqrt(")
        let updates = places("ls_tanh(")
        let stores = places("= ls_select(")
        #expect(roots.count == 9 && updates.count == 9 && stores.count == 9, "\(lines.joined(separator: "\n"))")
        #expect((roots.max() ?? .max) < (updates.min() ?? .min))
        #expect(zip(updates, stores).allSatisfy { $0 < $1 } && zip(stores, updates.dropFirst()).allSatisfy { $0 < $1 })
    }

    /// A part that is read by what the decision is not made of, and then written by what it is made of, is read first.
    @Test func readsStayBeforeTheWritesOfADecision() {
        let (buffer, other) = (BufferID(0), BufferID(1))
        let registers = (0..<30).map { Register($0) }
        var statements: [Statement] = [
            .constant(registers[0], 1),
            .load(registers[1], buffer, .constant(0)),
            .store(buffer, .constant(0), registers[0]),
            .load(registers[2], buffer, .constant(0)),
            .map(registers[3], .less, [registers[2], registers[0]]),
        ]
        for number in 0..<8 {
            statements.append(.map(registers[4 + number], .select, [registers[3], registers[1], registers[0]]))
            statements.append(.store(other, .constant(number), registers[4 + number]))
        }
        var program = LaneProgram()
        program.body = statements
        let ordered = Interleaving.interleaved(program).body
        func place(_ number: Int) -> Int { ordered.firstIndex(of: statements[number]) ?? -1 }
        #expect(Set(ordered) == Set(statements))
        #expect(place(1) < place(2) && place(2) < place(3) && place(3) < place(4) && place(4) < place(5))
    }

    /// Within a loop, a truth that many selections wait for ends no step: the chains behind it alternate still.
    @Test func loopsDecideNothing() {
        let (buffer, other) = (BufferID(0), BufferID(1))
        let registers = (0..<30).map { Register($0) }
        let (one, value, truth) = (registers[0], registers[1], registers[2])
        var body: [Statement] = [
            .constant(one, 1), .load(value, buffer, .constant(0)), .map(truth, .less, [value, one]),
        ]
        for number in 0..<8 {
            let (chosen, root) = (registers[3 + 2 * number], registers[4 + 2 * number])
            body += [.map(chosen, .select, [truth, value, one]), .map(root, .sqrt, [chosen]), .store(other, .constant(number), root)]
        }
        var program = LaneProgram()
        program.body = [.loop(Loop(variable: LoopVariable(number: 0, extent: 5), body: body))]
        guard case .loop(let loop) = Interleaving.interleaved(program).body.first else {
            Issue.record("the loop is gone")
            return
        }
        let (selections, roots) = (loop.body.indices.filter { loop.body[$0].isMap(.select) }, loop.body.indices.filter { loop.body[$0].isMap(.sqrt) })
        #expect(selections.count == 8 && roots.count == 8)
        #expect((selections.max() ?? .max) < (roots.min() ?? .min))
    }

    /// The blocks of two sites of one element, which serve four steps, are made together.
    @Test func blocksForFourStepsGoInPairs() throws {
        func draw(_ stream: UInt32) -> Tensor {
            .random(RandomOp(.normal, stream: stream, particle: 0, site: "z", origin: Origin()), shape: [])
        }
        let lines = try Self.kernel([.init("x", draw(1)), .init("y", draw(2))])
        let blocks = lines.filter { $0.contains("(ls_step & 3) == 0") }
        #expect(blocks.count == 1 && blocks.allSatisfy { $0.contains("ls_normal8(") }, "\(blocks)")
    }

    /// Of what one worker alone stores, nothing waits for a barrier.
    @Test func noBarrierBetweenStoresOfOneWorker() throws {
        let origin = Origin()
        let x = Self.state("x", [], origin)
        let row = Tensor.input(Input(.data, "row", origin: origin), shape: [100])
        let step = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int)
        let values = Tensor.stack([x, x * 2, x * 3])
        var options = KernelOptions(width: 1, isDouble: false, interleaves: true, privateBytes: 1 << 16)
        options.group = KernelOptions.Group(tile: 1, workers: 4)
        let kernel = try Lowering.lower(
            LaneFunction(
                states: [.init("x", x + (row * x).sum())], records: [.init("r", slots: 4, slot: step, value: values)])
        ).kernelText(options).kernel
        let lines = kernel.split(separator: "\n")
        let stores = lines.indices.filter { lines[$0].contains("if (ls_worker == 0) b") }
        #expect(stores.count == 3, "\(kernel)")
        #expect(!lines[(stores.first ?? 0)...(stores.last ?? 0)].contains { $0.contains("LS_BARRIER") }, "\(kernel)")
    }
}

extension Statement {
    fileprivate func isMap(_ wanted: ElementOp) -> Bool {
        if case .map(_, wanted, _) = self { true } else { false }
    }
}
