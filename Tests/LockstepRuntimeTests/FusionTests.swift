import CLanes
import LockstepCompiler
import LockstepTensor
import Testing

@testable import LockstepRuntime

/// Operations that share a loop over the lanes, and results that are made where they are kept.
@Suite struct FusionTests {
    private static func loops(_ program: LaneProgram) -> Int {
        Translation.translate(program, LaneLoops(.float)).instructions.count { if case .loop = $0 { true } else { false } }
    }

    private static func test(_ inputs: Int = 4, _ body: (inout ProgramBuilder, [Register], BufferID) -> Void) -> ProgramCase {
        var b = ProgramBuilder()
        let x = b.buffer(.data("x"), inputs), state = b.buffer(.state("s"), 4)
        let values = (0..<inputs).map { b.load(x, .constant($0)) }
        body(&b, values, state)
        return ProgramCase(program: b.finish(), data: ["x": .perLane((0..<11 * inputs).map { Double($0 * 13 % 17) / 3 - 2 })], advances: [1, 2])
    }

    @Test func aPairAndItsStoreAreOneLoop() throws {
        for first in [ElementOp.multiply, .add, .subtract] {
            for second in [ElementOp.multiply, .add, .subtract] {
                for isReversed in [false, true] {
                    let test = Self.test { b, x, state in
                        let inner = b.map(first, x[0], x[1])
                        b.store(state, .constant(1), isReversed ? b.map(second, x[2], inner) : b.map(second, inner, x[2]))
                    }
                    #expect(Self.loops(test.program) == 1, "\(first), \(second)")
                    try test.expectAgreement()
                }
            }
        }
    }

    @Test func sumsTakeAnOperationAlong() throws {
        for op in [ElementOp.multiply, .add, .subtract, .negate] {
            let test = Self.test { b, x, state in
                b.accumulate(.sum, state, .constant(0), op == .negate ? b.map(op, x[0]) : b.map(op, x[0], x[1]))
            }
            #expect(Self.loops(test.program) == 1, "\(op)")
            try test.expectAgreement()
        }
    }

    /// The mean of a Poisson variate, which the gradient needs too, is taken once for both.
    @Test func poissonMassesTakeTheMeanOfOthers() throws {
        for isMeanFirst in [true, false] {
            let test = Self.test { b, x, state in
                var mean = isMeanFirst ? b.map(.exp, x[0]) : x[0]
                let (count, factorial) = (b.constant(3), b.constant(1.7917594692280550))
                b.store(state, .constant(0), b.map(.poissonLogMass, x[0], count, factorial))
                if !isMeanFirst { mean = b.map(.exp, x[0]) }
                b.store(state, .constant(1), b.map(.add, mean, x[1]))
                b.store(state, .constant(2), b.map(.multiply, x[0], x[1]))
            }
            let program = Translation.translate(test.program, LaneLoops(.float))
            let exp = try #require(LaneLoops(.float).loop(.exp, .reals, uniform: [false]))
            let mass = try #require(LaneLoops(.float).loop(lockstep_lanes_poissonOfMean, .reals, uniform: [false, true, true]))
            func count(_ run: LaneLoops.Loop) -> Int {
                program.instructions.count { instruction in
                    if case .loop(let step) = instruction { unsafeBitCast(step.run, to: Int.self) == unsafeBitCast(run, to: Int.self) } else { false }
                }
            }
            #expect(count(exp) == 1 && count(mass) == 1)
            try test.expectAgreement()
        }
    }

    /// The room of a count that is each lane's own, and is read for the last time, is the result's.
    @Test func countsOfLanesAreNotOverwritten() throws {
        try Self.test { b, x, state in
            let count = b.map(.floor, b.map(.abs, b.map(.multiply, x[2], x[3])))
            let factorial = b.map(.logGamma, b.map(.add, count, b.constant(1)))
            let logMean = b.map(.multiply, x[0], x[1])
            b.store(state, .constant(0), b.map(.poissonLogMass, logMean, count, factorial))
            b.store(state, .constant(1), b.map(.exp, logMean))
            b.store(state, .constant(2), logMean)
        }.expectAgreement()
    }

    /// A value that is read twice is made once, by a loop of its own.
    @Test func sharedValuesStay() throws {
        let test = Self.test { b, x, state in
            let shared = b.map(.multiply, x[0], x[1])
            b.store(state, .constant(0), b.map(.add, shared, x[2]))
            b.store(state, .constant(1), b.map(.subtract, shared, x[3]))
        }
        #expect(Self.loops(test.program) == 3)
        try test.expectAgreement()
    }

    /// An operand may be the very element that is written between the two operations.
    @Test func writesKeepPairsApart() throws {
        let test = Self.test { b, x, state in
            let product = b.map(.multiply, b.load(state, .constant(0)), x[0])
            b.store(state, .constant(0), x[1])
            b.store(state, .constant(2), b.map(.add, product, x[2]))
        }
        #expect(Self.loops(test.program) == 3)
        try test.expectAgreement()
    }

    /// A store does not move ahead of a load of what it replaces, and a value read later is not overwritten.
    @Test func storesStayBehindLoads() throws {
        try Self.test { b, x, state in
            let new = b.map(.maximum, x[0], x[1])
            let old = b.load(state, .constant(0))
            b.store(state, .constant(0), new)
            b.store(state, .constant(1), b.map(.multiply, old, x[2]))
            let next = b.map(.minimum, new, x[3])
            b.store(state, .constant(2), next)
            b.store(state, .constant(2), x[3])
            b.store(state, .constant(3), b.map(.maximum, next, new))
        }.expectAgreement()
    }

    @Test func blocksWithFewerLanesThanRoom() throws {
        let layout = LaneLayout(lanes: 7, width: 16, filled: 3)
        #expect(layout.blocks == 3)
        let values = (0..<14).map { Int32($0) }
        var base = [Int32](repeating: -1, count: layout.blocks * layout.width * 2)
        base.withUnsafeMutableBufferPointer { base in
            guard let start = base.baseAddress else { return }
            layout.place(.int(values), count: 2, as: .int, in: start)
            #expect(layout.numbers(count: 2, of: .int, at: start).doubles == values.map { Double($0) })
        }
        // Block 1 begins with lane 3; its second element follows 16 places later. What no lane has is 0.
        #expect(base[32] == 6 && base[48] == 7 && base[35] == 0)
    }
}
