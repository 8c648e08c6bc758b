import LockstepTensor
import TestSupport
import Testing

@testable import LockstepCompiler

/// Programs keep to the rules after each pass, and what breaks one is found.
@Suite struct VerifierTests {
    static let seeds = TestLevel.seeds(small: 30, medium: 150, full: 3000)

    @Test(arguments: seeds) func programsKeepToTheRules(_ seed: UInt64) throws {
        let step = seed % 3 == 0 ? RandomSites.make(seed: seed) : RandomStep.make(seed: seed)
        for (name, options) in RandomStepTests.variants {
            let program = try Lowering.lower(step.function, options: options)
            let sliced = SlicedStep(program, slices: 2, together: 1, minimumRows: 2)?.programs ?? []
            let stages =
                [
                    ("lowered", program), ("logarithms combined", LogSums.combined(program)),
                    ("interleaved", Interleaving.interleaved(LogSums.combined(program))),
                ] + sliced.map { ("sliced", $0) }
            for (stage, program) in stages { #expect(program.mistakes == [], "seed \(seed), \(name), \(stage)") }
        }
    }

    /// The same numbers, once as an index and once as values, are two tables.
    @Test func tablesOfTwoTypes() throws {
        let origin = Origin()
        let x = Tensor.input(Input(.state, "x", origin: origin), shape: [40])
        let numbers = (0..<40).map { ($0 * 7) % 40 }
        for isIndexFirst in [true, false] {
            let parts = [x.gather(Tensor(integers: numbers)), Tensor(numbers.map(Double.init)) * x]
            var step = StepCase(LaneFunction(states: [.init("x", isIndexFirst ? parts[0] + parts[1] : parts[1] - parts[0])]))
            step.initial = ["x": (0..<3).map { lane in (0..<40).map { Double($0 * lane) } }]
            #expect(try Lowering.lower(step.function).mistakes == [])
            #expect(Outcomes.disagreement(try step.interpreted(.double), try step.reference(), relative: 1e-12) == nil)
        }
    }

    /// One mistake of each kind, made in a program that has none.
    @Test(arguments: 0..<mistakes.count) func mistakesAreFound(_ number: Int) throws {
        var program = Self.right
        #expect(program.mistakes == [])
        let (text, spoil) = Self.mistakes[number]
        spoil(&program)
        #expect(program.mistakes.first?.contains(text) ?? false, "\(program.mistakes)")
    }

    private static let counter = LoopVariable(number: 0, extent: 4)
    private static var right: LaneProgram {
        var program = LaneProgram()
        program.buffers = [
            Buffer(role: .state("x"), dtype: .real, count: 4, isUniform: false), Buffer(role: .data("y"), dtype: .real, count: 4, isUniform: true),
            Buffer(role: .temporary, dtype: .real, count: 1, isUniform: false), Buffer(role: .record("r"), dtype: .real, count: 4, isUniform: false),
        ]
        program.registers = [
            RegisterType(dtype: .real, isUniform: true), RegisterType(dtype: .real, isUniform: false), RegisterType(dtype: .real, isUniform: true),
            RegisterType(dtype: .real, isUniform: false), RegisterType(dtype: .int, isUniform: true), RegisterType(dtype: .real, isUniform: false),
        ]
        let i = IndexExpression.variable(counter)
        program.body = [
            .constant(Register(0), 0), .store(BufferID(2), .constant(0), Register(0)), .step(Register(4)),
            .draw1(.normal, Register(5), stream: .site(1), particle: .constant(0)),
            .loop(
                Loop(
                    variable: counter,
                    body: [
                        .load(Register(1), BufferID(0), i), .load(Register(2), BufferID(1), i),
                        .map(Register(3), .multiply, [Register(1), Register(2)]),
                        .accumulate(.sum, BufferID(2), .constant(0), Register(3)), .store(BufferID(3), i, Register(3)),
                    ])),
        ]
        return program
    }

    private static func inLoop(_ program: inout LaneProgram, _ change: (inout [Statement]) -> Void) {
        guard case .loop(var loop) = program.body.removeLast() else { return }
        change(&loop.body)
        program.body.append(.loop(loop))
    }

    static let mistakes: [(String, @Sendable (inout LaneProgram) -> Void)] = [
        ("register 3 is not defined here", { $0.body.append(.store(BufferID(0), .constant(0), Register(3))) }),
        ("register 1 is not defined here", { inLoop(&$0) { $0.removeFirst() } }),
        ("i0 is no counter", { $0.body.append(.store(BufferID(0), .variable(counter), Register(0))) }),
        ("has 4 elements, not 4...4", { $0.body.append(.store(BufferID(0), .constant(4), Register(0))) }),
        ("has 4 elements, not 1...4", { inLoop(&$0) { $0[0] = .load(Register(1), BufferID(0), .variable(counter) + .constant(1)) } }),
        ("b7 is none of the buffers", { $0.body.append(.store(BufferID(7), .constant(0), Register(0))) }),
        ("data y is written", { $0.body.append(.store(BufferID(1), .constant(0), Register(0))) }),
        ("record r is read", { inLoop(&$0) { $0[0] = .load(Register(1), BufferID(3), .constant(0)) } }),
        ("b2 is read before it is written", { $0.body.remove(at: 1) }),
        // A window may be empty at first, but somebody must write what it reads.
        (
            "b2 is read before it is written",
            {
                $0.body.remove(at: 1)
                guard case .loop(var loop) = $0.body.removeLast() else { return }
                loop.window = Loop.Window(first: Register(4), end: Register(4))
                loop.body = [.load(Register(1), BufferID(2), .constant(0))]
                $0.body.append(.loop(loop))
            }
        ),
        ("register 4 is int, not real", { $0.body.append(.store(BufferID(0), .constant(0), Register(4))) }),
        ("operands of add are of several types", { $0.body.append(.map(Register(5), .add, [Register(0), Register(4)])) }),
        ("less is real", { $0.body.append(.map(Register(5), .less, [Register(0), Register(0)])) }),
        ("exp has 2 operands", { $0.body.append(.map(Register(5), .exp, [Register(0), Register(0)])) }),
        ("uniform register depends", { $0.body.append(.map(Register(2), .exp, [Register(5)])) }),
        ("is uniform, and b0 is not", { $0.body.append(.load(Register(2), BufferID(0), .constant(0))) }),
        ("is a draw, and uniform", { $0.body.append(.draw1(.normal, Register(2), stream: .site(1), particle: .constant(0))) }),
        ("in an index is no int", { $0.body.append(.store(BufferID(0), .register(Register(0)), Register(0))) }),
        ("is the counter of two loops", { inLoop(&$0) { $0 = [.loop(Loop(variable: counter, body: $0))] } }),
        ("has an element twice", { $0.packs = [Pack(kind: .states, name: "k/0", members: ["a", "a"])] }),
    ]
}
