import CLanes
import LockstepCompiler
import LockstepTensor
import Testing

@testable import LockstepRuntime

/// Loops of sums that run as one instruction.
@Suite struct ProductLoopTests {
    // MARK: The loop itself

    /// Three products, of which the last two share a target that moves, over arrays of odd lengths.
    private static func check<R: ElementReal>(_: R.Type, _ precision: Precision, level: Int32, lanes: Int) throws {
        let iterations = 5
        func numbers(_ count: Int, _ seed: Int) -> [R] { (0..<count).map { R(($0 * 37 + seed * 11) % 101 - 50) / 7 } }
        var arrays = [
            numbers(lanes, 1), numbers(iterations * lanes, 2),  // targets: one that stays, one that moves
            numbers(iterations * 2, 3), numbers(iterations * lanes, 4),  // one value for all lanes, and rows
            numbers(lanes, 5), numbers(iterations * lanes, 6),
        ]
        var wanted = arrays
        for lane in 0..<lanes {
            for i in 0..<iterations {
                wanted[0][lane] += arrays[2][2 * i] * arrays[3][i * lanes + lane]
                let row = i * lanes + lane
                wanted[1][row] += arrays[4][lane] * arrays[5][row]
                wanted[1][row] += arrays[2][2 * i] * arrays[4][lane]
            }
        }
        let size = MemoryLayout<R>.stride, row = lanes * size
        func product(_ target: Int32, _ a: Int32, _ b: Int32, isShared: Bool, _ steps: (Int, Int, Int)) -> lockstep_lanes_product {
            lockstep_lanes_product(
                target: target, a: a, b: b, is_shared: isShared ? 1 : 0, target_step: steps.0, a_step: steps.1, b_step: steps.2)
        }
        let products = [
            product(0, 2, 3, isShared: true, (0, 2 * size, row)), product(1, 4, 5, isShared: false, (row, 0, row)),
            product(1, 2, 4, isShared: true, (row, 2 * size, 0)),
        ]
        let add = try #require(LaneLoops(precision, level: level).addProducts)
        let storage = arrays.map { AlignedStorage<R>(count: $0.count + 1) }
        for (array, base) in zip(arrays, storage.map(\.base)) { for (i, value) in (array + [77]).enumerated() { base[i] = value } }
        let registers: [UnsafeMutableRawPointer?] = storage.map { UnsafeMutableRawPointer($0.base) }
        add(products, products.count, iterations, registers, lanes)
        for number in arrays.indices {
            arrays[number] = (0..<arrays[number].count).map { storage[number].base[$0] }
            #expect(storage[number].base[arrays[number].count] == 77, "wrote past the end")
        }
        #expect(arrays == wanted, "\(precision), level \(level), \(lanes) lanes")
    }

    @Test(arguments: LaneLoopsTests.levels, [1, 7, 16, 33, 64, 200])
    func plainArithmetic(_ level: Int32, _ lanes: Int) throws {
        try Self.check(Float.self, .float, level: level, lanes: lanes)
        try Self.check(Double.self, .double, level: level, lanes: lanes)
    }

    // MARK: Which loops

    /// A linear predictor of two rows at a time, and its gradient.
    private static func predictor() -> ProgramCase {
        var b = ProgramBuilder()
        let (x, theta) = (b.buffer(.data("x"), 8 * 3, uniform: true), b.buffer(.data("theta"), 3))
        let (eta, gradient) = (b.buffer(.temporary, 2), b.buffer(.state("gradient"), 3))
        let zero = b.constant(0)
        b.loop(4) { b, i in
            for row in 0..<2 { b.store(eta, .constant(row), zero) }
            b.loop(3) { b, j in
                let own = b.load(theta, j)
                for row in 0..<2 {
                    b.accumulate(.sum, eta, .constant(row), b.map(.multiply, b.load(x, i * 6 + j + .constant(3 * row)), own))
                }
            }
            let values = (0..<2).map { b.map(.tanh, b.load(eta, .constant($0))) }
            b.loop(3) { b, j in
                for row in 0..<2 {
                    b.accumulate(.sum, gradient, j, b.map(.multiply, values[row], b.load(x, i * 6 + j + .constant(3 * row))))
                }
            }
        }
        return ProgramCase(
            program: b.finish(), lanes: 19,
            data: ["x": .shared((0..<24).map { Double($0 * 7 % 5) - 1.7 }), "theta": .perLane((0..<57).map { Double($0 % 9) / 3 - 1 })])
    }

    private static func productLoops(_ program: LaneProgram) -> Int {
        Translation.translate(program, LaneLoops(.float)).instructions.count { if case .addProducts = $0 { true } else { false } }
    }

    @Test func linearPredictors() throws {
        #expect(Self.productLoops(Self.predictor().program) == 2)
        try Self.predictor().expectAgreement()
    }

    /// A sum that reads what another one of the loop writes keeps its order.
    @Test func dependentSumsKeepTheirOrder() throws {
        var b = ProgramBuilder()
        let (x, sums, other) = (b.buffer(.data("x"), 6), b.buffer(.state("sums"), 6), b.buffer(.state("other"), 6))
        b.loop(5) { b, i in
            b.accumulate(.sum, sums, i + .constant(1), b.map(.multiply, b.load(x, i), b.load(sums, i)))
        }
        b.loop(5) { b, i in
            // Two targets that meet: the second one follows the first one by an iteration.
            b.accumulate(.sum, other, i, b.map(.multiply, b.load(x, i), b.load(sums, i)))
            b.accumulate(.sum, other, i + .constant(1), b.map(.multiply, b.load(x, i), b.load(x, i)))
        }
        let test = ProgramCase(program: b.finish(), data: ["x": .perLane((0..<66).map { Double($0 % 7) - 2.3 })], advances: [1, 3])
        #expect(Self.productLoops(test.program) == 0)
        try test.expectAgreement()
    }

    /// An index that varies, or a loop that does more, is no such loop.
    @Test func otherLoops() throws {
        var b = ProgramBuilder()
        let (x, own, sums) = (b.buffer(.data("x"), 4), b.buffer(.data("own"), 4, .int), b.buffer(.state("sums"), 4))
        b.loop(4) { b, i in
            let value = b.load(x, i)
            b.accumulate(.sum, sums, .register(b.load(own, i)), b.map(.multiply, value, value))
        }
        b.loop(4) { b, i in
            let value = b.load(x, i)
            b.accumulate(.sum, sums, i, b.map(.multiply, value, value))
            b.store(sums, .constant(2), value)
        }
        let test = ProgramCase(
            program: b.finish(), lanes: 5,
            data: ["x": .perLane((0..<20).map { Double($0) / 3 }), "own": .perLane((0..<20).map { Double($0 * 3 % 4) })])
        #expect(Self.productLoops(test.program) == 0)
        try test.expectAgreement()
    }

    // MARK: Instruction sets

    /// Whole programs give the same bits at every level.
    @Test(arguments: Precision.allCases)
    func programsDoNotDependOnTheLevel(_ precision: Precision) throws {
        for (program, inputs, scalars) in [
            (InterpreterExecutionTests.walk(), InterpreterExecutionTests.inputs(lanes: 45), ["rate": 0.1]),
            (Self.predictor().program, LaneInputs(keys: Self.predictor().keys, data: Self.predictor().data), [:]),
        ] {
            let results = try LaneLoopsTests.levels.map { level in
                let execution = try InterpreterExecutable(program, precision: precision, level: level).start(inputs)
                try execution.advance(from: 0, count: 20, scalars: scalars)
                let names = program.buffers.compactMap { if case .state(let name) = $0.role { name } else { nil } }
                return try names.map { name in try inputs.keys.indices.map { try execution.read(name).lane($0).map(\.bitPattern) } }
            }
            #expect(results.allSatisfy { $0 == results[0] })
        }
    }
}
