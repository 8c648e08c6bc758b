import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import Testing

/// What a batch promises, and what it refuses.
@Suite struct InterpreterExecutionTests {
    /// A random walk that touches all kinds of storage.
    static func walk() -> LaneProgram {
        var b = ProgramBuilder()
        let state = b.buffer(.state("x"), 4)
        let counts = b.buffer(.state("n"), 1, .int)
        let row = b.buffer(.data("row"), 3)
        let county = b.buffer(.data("county"), 3, .int)
        let scale = b.buffer(.data("scale"), 1, uniform: true)
        let record = b.buffer(.record("loss"), 1)
        let sum = b.buffer(.temporary, 4)
        let zero = b.constant(0)
        b.loop(4) { b, i in b.store(sum, i, zero) }
        let noise = b.draw4(.normal, stream: 11, group: .constant(0))
        b.loop(3) { b, i in
            let gathered = b.load(state, .register(b.load(county, i)))
            let value = b.map(.tanh, b.map(.subtract, b.load(row, i), gathered))
            b.accumulate(.sum, sum, .register(b.load(county, i)), value)
        }
        let rate = b.map(.multiply, b.load(scale, .constant(0)), b.scalar("rate"))
        for k in 0..<4 {
            let change = b.map(.add, noise[k], b.load(sum, .constant(k)))
            let next = b.map(.add, b.load(state, .constant(k)), b.map(.multiply, rate, change))
            b.store(state, .constant(k), next)
            b.accumulate(.sum, record, .constant(0), b.map(.logOnePlus, b.map(.abs, next)))
        }
        b.accumulate(.sum, counts, .constant(0), b.constant(1, .int))
        b.bound("county", 4)
        return b.finish()
    }

    static func inputs(lanes: Int, from first: Int = 0) -> LaneInputs {
        let all = first..<first + lanes
        return LaneInputs(
            keys: all.map { Key(UInt64($0) &* 0x1234_5678_9ABC_DEF1) },
            data: [
                "row": .perLane(all.flatMap { lane in (0..<3).map { Double(lane * 3 + $0).squareRoot() } }),
                "county": .perLane(all.flatMap { lane in (0..<3).map { Double((lane + $0) % 4) } }),
                "scale": .shared([0.7]),
            ])
    }

    private func run(_ inputs: LaneInputs, width: Int? = nil, advances: [Int] = [20]) throws -> [[Double]] {
        let execution = try InterpreterExecutable(Self.walk(), precision: .float, blockWidth: width).start(inputs)
        var first = 0
        for count in advances {
            try execution.advance(from: first, count: count, scalars: ["rate": 0.1])
            first += count
        }
        let arrays = try ["x", "n", "loss"].map { try execution.read($0) }
        return inputs.keys.indices.map { lane in arrays.flatMap { $0.lane(lane) } }
    }

    @Test func resultsDoNotDependOnBatchPositionOrBlocks() throws {
        let all = try run(Self.inputs(lanes: 150))
        for lane in [0, 1, 63, 64, 149] { #expect(try run(Self.inputs(lanes: 1, from: lane)) == [all[lane]]) }
        #expect(try run(Self.inputs(lanes: 40, from: 37)) == Array(all[37..<77]))
        for width in [1, 3, 16, 64, 200, 512] { #expect(try run(Self.inputs(lanes: 150), width: width) == all) }
        #expect(Set(all).count == 150)
    }

    @Test func manyAdvancesEqualOne() throws {
        let inputs = Self.inputs(lanes: 33)
        #expect(try run(inputs, advances: [1, 0, 7, 12]) == run(inputs))
    }

    @Test func writtenStateIsResumed() throws {
        let inputs = Self.inputs(lanes: 19)
        let executable = InterpreterExecutable(Self.walk(), precision: .double, blockWidth: 8)
        let whole = try executable.start(inputs)
        try whole.advance(from: 0, count: 5, scalars: ["rate": 1])
        let resumed = try executable.start(inputs)
        for name in ["x", "n"] { try resumed.write(name, whole.read(name)) }
        for execution in [whole, resumed] { try execution.advance(from: 5, count: 3, scalars: ["rate": 1]) }
        for lane in 0..<19 {
            #expect(try whole.read("x").lane(lane) == resumed.read("x").lane(lane))
            #expect(try resumed.read("n").lane(lane) == [8])
        }
    }

    @Test func noLanes() throws {
        let execution = try InterpreterExecutable(Self.walk(), precision: .float).start(Self.inputs(lanes: 0))
        try execution.advance(from: 0, count: 3, scalars: ["rate": 1])
        #expect(try execution.read("x").lanes == 0)
    }

    /// Nothing that a lane computes may trap: ints wrap, conversions saturate, wild indices stay inside.
    @Test func arithmeticNeverTraps() throws {
        var b = ProgramBuilder()
        let x = b.buffer(.data("x"), 1)
        let results = b.buffer(.record("results"), 6, .int)
        let state = b.buffer(.state("s"), 3)
        let value = b.load(x, .constant(0))
        let int = b.map(.toInt, value)
        b.store(results, .constant(0), int)
        b.store(results, .constant(1), b.map(.add, int, int))
        b.store(results, .constant(2), b.map(.multiply, int, int))
        b.store(results, .constant(3), b.map(.subtract, b.constant(-2, .int), int))
        b.store(state, .register(int), value)
        b.store(results, .constant(4), b.index(IndexExpression.register(int) * 1_000_000_007))
        b.accumulate(.sum, results, .constant(5), int)
        b.accumulate(.sum, results, .constant(5), int)
        let given: [Double] = [.nan, .infinity, -.infinity, 1e30, -1e30, 2_147_483_647, -3.99, 3.99]
        let execution = try InterpreterExecutable(b.finish(), precision: .double).start(
            LaneInputs(keys: given.indices.map { Key(UInt64($0)) }, data: ["x": .perLane(given)]))
        try execution.advance(from: 0, count: 1, scalars: [:])
        let found = try execution.read("results")
        #expect(given.indices.map { found[$0, 0] } == [0, 2_147_483_647, -2_147_483_648, 2_147_483_647, -2_147_483_648, 2_147_483_647, -3, 3])
        #expect(given.indices.map { found[$0, 1] } == [0, -2, 0, -2, 0, -2, -6, 6])
        #expect(try execution.read("s").lane(7) == [0, 0, 3.99])
        #expect(try execution.read("s").lane(4) == [-1e30, 0, 0])
    }

    // MARK: Refusals

    private func startError(_ change: (inout [String: LaneInputs.Data]) -> Void) -> ExecutionError? {
        let inputs = Self.inputs(lanes: 2)
        var data = inputs.data
        change(&data)
        return #expect(throws: ExecutionError.self) {
            _ = try InterpreterExecutable(Self.walk(), precision: .float).start(LaneInputs(keys: inputs.keys, data: data))
        }
    }

    @Test func badDataAreRefused() {
        #expect(startError { $0["row"] = nil } == .missingData(name: "row", count: 6))
        #expect(startError { $0["row"] = .perLane([1, 2, 3]) } == .perLaneDataCount(name: "row", lanes: 2, count: 3, given: 3))
        #expect(startError { $0["scale"] = .shared([]) } == .sharedDataCount(name: "scale", wanted: 1, given: 0))
        #expect(startError { $0["row"] = .shared([1, 2, 3]) } == .dataLayout(name: "row", wantsShared: false))
        #expect(startError { $0["scale"] = .perLane([1, 2]) } == .dataLayout(name: "scale", wantsShared: true))
        for bad in [4, -1, 0.5] {
            #expect(
                startError { $0["county"] = .perLane([0, 1, 2, 3, bad, 9]) }
                    == .indexOutOfBounds(name: "county", lane: 1, position: 1, value: bad, bound: 4))
        }
        #expect(startError { $0["county"] = .perLane([.nan, 1, 2, 3, 3, 9]) } != nil)
    }

    @Test func badRequestsAreRefused() throws {
        let execution = try InterpreterExecutable(Self.walk(), precision: .float).start(Self.inputs(lanes: 2))
        #expect(throws: ExecutionError.missingScalar(name: "rate")) { try execution.advance(from: 0, count: 1, scalars: [:]) }
        #expect(throws: ExecutionError.negativeStepCount(-1)) { try execution.advance(from: 0, count: -1, scalars: ["rate": 1]) }
        #expect(throws: ExecutionError.unknownName("y", known: ["x", "n", "loss"])) { try execution.read("y") }
        let x = try execution.read("x")
        #expect(throws: ExecutionError.shapeMismatch(name: "n", lanes: 2, count: 1, givenLanes: 2, givenCount: 4)) {
            try execution.write("n", x)
        }
        #expect(throws: ExecutionError.elementMismatch(name: "x", wanted: "float", given: "double")) {
            try execution.write("x", LaneArray(lanes: 2, count: 4, elements: .double(Array(repeating: 0, count: 8))))
        }
    }

    @Test func errorsSayWhatToDo() {
        #expect(
            "\(ExecutionError.indexOutOfBounds(name: "county", lane: 1, position: 4, value: 85, bound: 85))"
                == "data 'county' is used as an index, so its values must be whole numbers from 0 to 84, but element 4 of lane 1 is 85.0")
        #expect(
            "\(ExecutionError.perLaneDataCount(name: "y", lanes: 3, count: 8, given: 8))"
                == "data 'y', one array per lane, has 8 numbers; give 24, which is 8 for each of 3 lanes")
    }
}
