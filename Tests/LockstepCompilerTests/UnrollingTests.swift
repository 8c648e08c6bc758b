import LockstepTensor
import Testing

@testable import LockstepCompiler

/// Short loops are unrolled as far as the statements that they come to are few.
@Suite struct UnrollingTests {
    private static func program(_ shape: Shape, operations: Int) throws -> LaneProgram {
        let x = Tensor.input(Input(.state, "x", origin: Origin()), shape: shape)
        return try Lowering.lower(LaneFunction(states: [.init("x", (0..<operations).reduce(x) { x, number in 0.5 * x + Tensor(Double(number)) })]))
    }

    private static func statements(_ program: LaneProgram) -> Int {
        var count = 0
        program.forEachStatement { _ in count += 1 }
        return count
    }

    @Test func shortBodiesAreUnrolled() throws {
        let program = try Self.program([16], operations: 10)
        #expect(program.unrolling.limit == 16 && program.unrolling.outer > 16 * 10)
        #expect(program.remarks.first == "outside of loops: loops of up to 16 iterations are unrolled, \(program.unrolling.outer) statements")
    }

    /// One iteration less must not cost more text.
    @Test func longBodiesAreNot() throws {
        let (few, many) = try (Self.program([16], operations: 60), Self.program([17], operations: 60))
        #expect(Self.statements(few) <= Self.statements(many))
        #expect(few.unrolling.limit == 8 && few.unrolling.outer == 0)
        #expect(
            few.remarks.first
                == "outside of loops: loops of up to 8 iterations are unrolled, 0 statements; loops of up to 16 would come to more than 1200")
    }

    /// Iterations of several axes multiply.
    @Test func neitherAreNestsOfShortLoops() throws {
        #expect(Self.statements(try Self.program([8, 8, 8], operations: 4)) < 100)
        #expect(Self.statements(try Self.program([8, 8], operations: 4)) > 64 * 8)
    }

    /// Around a loop that stays one, copies would save nothing.
    @Test func noneIsAroundALongLoop() throws {
        let x = Tensor.input(Input(.state, "x", origin: Origin()), shape: [4])
        let data = Tensor.input(Input(.data, "y", origin: Origin()), shape: [4, 15])
        var options = LoweringOptions()
        options.unrollLimit = 8
        let sums = (data * x.reshape([4, 1])).sum(axis: 1)
        let program = try Lowering.lower(LaneFunction(states: [.init("x", tanh(sums))]), options: options)
        var copies = 0
        program.forEachStatement { if case .accumulate = $0 { copies += 1 } }
        #expect(copies <= 8, "\(copies) sums")
    }

    // MARK: Recurrences

    private static func statements(of result: Tensor) throws -> [Statement] {
        var all: [Statement] = []
        try Lowering.lower(LaneFunction(states: [.init("x", result)])).forEachStatement { all.append($0) }
        return all
    }

    /// Logarithms of four steps stand side by side; where a step is long, there is one.
    @Test func shortStepsAreWrittenOutTogether() throws {
        let x = Tensor.input(Input(.state, "x", origin: Origin()), shape: [])
        func logarithms(operations: Int) throws -> Int {
            let sum = scan(over: .iota(40), from: x) { carry, _ in
                let next = (0..<operations).reduce(carry) { x, number in 0.5 * x + Tensor(Double(number) + 0.25) }
                return (next, log(next))
            }.outputs.sum()
            return try Self.statements(of: sum).count { if case .map(_, .log, _) = $0 { true } else { false } }
        }
        #expect(try logarithms(operations: 3) == 4)
        #expect(try logarithms(operations: 60) == 1)
    }

    /// A loop that nothing else joins ends when no lane goes on.
    @Test func loopsWithAConditionAreLeft() throws {
        let x = Tensor.input(Input(.state, "x", origin: Origin()), shape: [])
        func leaves(_ result: Tensor) throws -> Bool { try Self.statements(of: result).contains { if case .leave = $0 { true } else { false } } }
        #expect(try leaves(whileLoop(from: [x], most: 50, while: { 1 .< $0[0] }) { [0.5 * $0[0]] }[0]))
        #expect(try !leaves(fold(over: .iota(50), from: x) { carry, _ in 0.5 * carry }))
    }
}
