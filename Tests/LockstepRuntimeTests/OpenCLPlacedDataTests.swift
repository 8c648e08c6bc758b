import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Data that one program has placed on a device serve others of the same lanes.
@Suite(needsOpenCLDevice) struct OpenCLPlacedDataTests {
    private static let keys = (0..<21).map { Key(UInt64($0)) }

    /// The sum of what is laid lane by lane and of what all lanes share, in `count` rows.
    private static func sums(_ name: String, count: Int = 3) throws -> LaneProgram {
        let origin = Origin()
        let own = Tensor.input(Input(.data, "own", origin: origin), shape: [count])
        let shared = Tensor.input(Input(.data, "shared", origin: origin), shape: [count])
        return try Lowering.lower(LaneFunction(states: [.init(name, (own + shared).sum())], perLane: ["own"]))
    }

    private static func inputs(_ value: Double, lanes: Int = keys.count) -> LaneInputs {
        LaneInputs(
            keys: Array(keys.prefix(lanes)),
            data: [
                "own": .perLane((0..<lanes).flatMap { [Double](repeating: Double($0) + value, count: 3) }),
                "shared": .shared([value, 0, 0]),
            ])
    }

    private static func result(_ name: String, _ execution: any LaneExecution) throws -> [Double] {
        try execution.advance(from: 0, count: 1, scalars: [:])
        return try execution.read(name).element(0)
    }

    @Test(arguments: OpenCLSessions.variants) func othersTakeThem(_ variant: OpenCLSessions.Variant) throws {
        func executable(_ name: String, _ session: OpenCLSession, schedule: Schedule = .lanes) throws -> OpenCLExecutable {
            try OpenCLExecutable(
                Self.sums(name), on: session, precision: variant.precision,
                schedule: .choose(session.info, variant.precision, width: variant.width, schedule: schedule))
        }
        let first = try executable("a", variant.session).start(Self.inputs(1))
        let wanted = (0..<Self.keys.count).map { Double(3 * $0 + 4) }
        #expect(try Self.result("a", first) == wanted)
        let placed = try #require(first.placedData)
        // With other numbers, which tell whose are used: those that were placed, also in a queue beside.
        let other = Self.inputs(10)
        for session in [variant.session, try variant.session.beside()] {
            #expect(try Self.result("b", executable("b", session).start(other, placed: placed)) == wanted)
        }
        #expect(try Self.result("b", executable("b", variant.session).start(other)) == (0..<Self.keys.count).map { Double(3 * $0 + 40) })
        // Other lanes take what all share, and have their own; lanes laid otherwise have all of their own.
        for placed in [placed, placed.shared] {
            let few = try executable("b", variant.session).start(Self.inputs(10, lanes: 5), placed: placed)
            #expect(try Self.result("b", few) == (0..<5).map { Double(3 * $0 + 31) })
        }
        let owns = try executable("b", variant.session).start(other, placed: placed.shared)
        #expect(try Self.result("b", owns) == (0..<Self.keys.count).map { Double(3 * $0 + 31) })
        let group = try executable("b", variant.session, schedule: .group(vectors: 1, workers: 2)).start(other, placed: placed)
        #expect(try Self.result("b", group)[1] == 43)
    }

    /// The first batch's memory is filled while a driver compiles: it has the numbers that were given then, and only once.
    @Test(arguments: OpenCLSessions.variants) func theFirstBatchIsPlacedAhead(_ variant: OpenCLSessions.Variant) throws {
        func executable(_ lanes: Int) throws -> OpenCLExecutable {
            try OpenCLExecutable(
                Self.sums("a"), on: variant.session, precision: variant.precision,
                schedule: .choose(variant.session.info, variant.precision, width: variant.width),
                first: FirstBatch(budget: 1 << 20) { most in Self.inputs(1, lanes: min(lanes, most)) })
        }
        let made = try executable(Self.keys.count)
        #expect(try Self.result("a", made.start(Self.inputs(10))) == (0..<Self.keys.count).map { Double(3 * $0 + 4) })
        #expect(try Self.result("a", made.start(Self.inputs(10)))[1] == 43)
        // Of other lanes it is of no use.
        #expect(try Self.result("a", executable(5).start(Self.inputs(10)))[1] == 43)
    }

    /// What is computed of shared data before the first step has the same name in every program.
    @Test(arguments: OpenCLSessions.variants) func thoseOfThePrologueAreEachProgramsOwn(_ variant: OpenCLSessions.Variant) throws {
        func executable(_ function: (Tensor) -> Tensor) throws -> OpenCLExecutable {
            let shared = Tensor.input(Input(.data, "shared", origin: Origin()), shape: [3])
            let program = try Lowering.lower(LaneFunction(states: [.init("a", function(shared).sum())]))
            try #require(program.prologue != nil)
            return try OpenCLExecutable(
                program, on: variant.session, precision: variant.precision,
                schedule: .choose(variant.session.info, variant.precision, width: variant.width))
        }
        let inputs = LaneInputs(keys: Self.keys, data: ["shared": .shared([1, 2, 3])])
        let first = try executable { exp($0) }.start(inputs)
        #expect(abs(try Self.result("a", first)[0] - 30.19287) < 1e-4)
        let second = try executable { $0 * $0 }.start(inputs, placed: first.placedData)
        #expect(try Self.result("a", second)[0] == 14)
    }

    @Test func theInterpreterSharesWhatAllLanesShare() throws {
        let first = try InterpreterExecutable(try Self.sums("a"), precision: .float).start(Self.inputs(1))
        let second = InterpreterExecutable(try Self.sums("b"), precision: .float, blockWidth: 4)
        let wanted = (0..<Self.keys.count).map { Double(3 * $0 + 31) }
        #expect(try Self.result("b", second.start(Self.inputs(10), placed: first.placedData)) == wanted)
        let double = InterpreterExecutable(try Self.sums("b"), precision: .double)
        #expect(try Self.result("b", double.start(Self.inputs(10), placed: first.placedData))[0] == 40)
    }
}
