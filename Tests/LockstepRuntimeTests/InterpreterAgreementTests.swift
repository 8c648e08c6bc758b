import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import Testing

/// A program with inputs, run by the interpreter in blocks of several widths and by the reference, lane by lane.
struct ProgramCase {
    var program: LaneProgram
    var lanes = 11
    var data: [String: LaneInputs.Data] = [:]
    var scalars: [String: Double] = [:]
    /// Steps of each advance.
    var advances = [1, 2]

    var keys: [Key] { (0..<lanes).map { Key(low: UInt32($0) &* 0x9E37_79B9 &+ 5, high: UInt32($0)) } }

    func expectAgreement(sourceLocation: SourceLocation = #_sourceLocation) throws {
        for precision in Precision.allCases {
            let reference = (0..<lanes).map { lane in
                var run = ReferenceLane(program, precision, key: keys[lane], data: data.mapValues { values(of: $0, lane) })
                forEachAdvance { run.advance(from: $0, count: $1, scalars: scalars) }
                return run
            }
            for width in [nil, 1, 4, 7, 64] {
                let executable = InterpreterExecutable(program, precision: precision, blockWidth: width)
                let execution = try executable.start(LaneInputs(keys: keys, data: data))
                try forEachAdvance { try execution.advance(from: $0, count: $1, scalars: scalars) }
                for name in names {
                    let found = try execution.read(name)
                    for lane in 0..<lanes {
                        let wanted = reference[lane].values(name)
                        let given = found.lane(lane)
                        if let bad = (0..<wanted.count).first(where: { !same(wanted[$0], given[$0]) }) {
                            Issue.record(
                                "\(name)[\(bad)] of lane \(lane) is \(given[bad]), not \(wanted[bad]) (\(precision), width \(width ?? 0))",
                                sourceLocation: sourceLocation)
                            return
                        }
                    }
                }
            }
        }
    }

    var names: [String] {
        program.buffers.compactMap { buffer in
            switch buffer.role {
            case .state(let name), .record(let name): name
            case .data, .table, .temporary, .exchange, .slices, .grouped: nil
            }
        }
    }

    private func forEachAdvance(_ body: (Int, Int) throws -> Void) rethrows {
        var first = 0
        for count in advances {
            try body(first, count)
            first += count
        }
    }

    private func values(of data: LaneInputs.Data, _ lane: Int) -> [Double] {
        switch data {
        case .shared(let values): return values.doubles
        case .perLane(let values):
            let count = values.count / lanes
            return values[lane * count..<(lane + 1) * count].doubles
        case .rows(let rows): return rows.values[rows.parts[lane]].doubles
        }
    }

    private func same(_ a: Double, _ b: Double) -> Bool { a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN) }
}

@Suite struct InterpreterAgreementTests {
    /// Each operation on varying and uniform operands in all combinations, on reals, ints and masks.
    @Test(arguments: ElementOp.allCases)
    func elementOperation(_ op: ElementOp) throws {
        var b = ProgramBuilder()
        let draws = b.draw4(.normal, stream: 7, group: .constant(0))
        let shared = b.buffer(.data("x"), 4, uniform: true)
        let limit = b.constant(0.25)
        func operand(_ dtype: DType, _ position: Int, uniform: Bool) -> Register {
            let real = uniform ? b.load(shared, .constant(position)) : draws[position]
            switch dtype {
            case .real: return op == .hurwitzZeta && position == 0 ? b.map(.add, b.map(.abs, real), b.constant(1.5)) : real
            case .int: return b.map(.toInt, b.map(.multiply, real, b.constant(3)))
            case .bool: return b.map(.less, real, limit)
            }
        }
        let kinds: [DType] =
            switch op {
            case .equal, .select, .toReal, .toInt: [.real, .int, .bool]
            default: op.row.inputs.contains(nil) ? [.real, .int] : [.real]
            }
        for kind in kinds {
            for uniforms in 0..<(1 << op.arity) {
                let operands = op.row.inputs.enumerated().map { position, dtype in
                    operand(dtype ?? kind, position, uniform: uniforms >> position & 1 == 1)
                }
                let dtype = op.row.output ?? kind
                let result = b.register(dtype)
                b.add(.map(result, op, operands))
                b.store(b.buffer(.record("\(kind) \(uniforms)"), 1, dtype), .constant(0), result)
            }
        }
        try ProgramCase(program: b.finish(), data: ["x": .shared([0.5, 0.125, -0.75, 2])]).expectAgreement()
    }

    @Test func nestedLoopsWithFlush() throws {
        var b = ProgramBuilder()
        let (x, w) = (b.buffer(.data("x"), 30), b.buffer(.data("w"), 5, uniform: true))
        let (partial, total) = (b.buffer(.temporary, 1), b.buffer(.state("total"), 5))
        let zero = b.constant(0)
        b.loop(5) { b, i in
            b.store(partial, .constant(0), zero)
            // Defined outside of the inner loop and used inside: alive through all iterations.
            let weight = b.map(.exp, b.load(w, i))
            let own = b.map(.sin, b.load(x, i))
            b.loop(6, flushEvery: 4) { b, j in
                let value = b.map(.multiply, b.map(.add, b.load(x, i * 6 + j), own), weight)
                b.accumulate(.sum, partial, .constant(0), value)
            } flush: { b, _ in
                b.accumulate(.sum, total, i, b.load(partial, .constant(0)))
                b.store(partial, .constant(0), zero)
            }
        }
        let lanes = 11
        try ProgramCase(
            program: b.finish(), lanes: lanes,
            data: ["x": .perLane((0..<lanes * 30).map { Double($0) * 0.37 - 40 }), "w": .shared([0.1, -2, 3, 0.7, 1e-3])]
        ).expectAgreement()
    }

    @Test func gathersAndScatters() throws {
        var b = ProgramBuilder()
        let lanes = 9
        let (shared, own) = (b.buffer(.data("shared"), 6, .int, uniform: true), b.buffer(.data("own"), 6, .int))
        let table = b.buffer(.table((0..<8).map { Double($0) * 1.5 }), 8, uniform: true)
        let state = b.buffer(.state("state"), 8)
        let sums = b.buffer(.record("sums"), 8)
        let positions = b.buffer(.record("positions"), 6, .int)
        b.loop(6) { b, i in
            let uniform = b.load(shared, i)
            let varying = b.load(own, i)
            // Uniform and varying indices into uniform and varying buffers.
            let a = b.map(.add, b.load(table, .register(uniform)), b.load(table, .register(varying)))
            let c = b.map(.add, b.load(state, .register(uniform)), b.load(state, .register(varying)))
            b.store(state, .register(varying), b.map(.add, a, c))
            b.accumulate(.sum, sums, .register(uniform), a)
            b.accumulate(.sum, sums, .register(varying), b.constant(2))
            let (quotient, remainder) = (IndexExpression.register(varying) * 3 + i).quotientAndRemainder(dividingBy: 4)
            b.store(positions, i, b.index(quotient * 2 + remainder + .register(uniform)))
        }
        try ProgramCase(
            program: b.finish(), lanes: lanes,
            data: ["shared": .shared([3, 1, 4, 1, 5, 7]), "own": .perLane((0..<lanes * 6).map { Double($0 * $0 % 8) })]
        ).expectAgreement()
    }

    @Test func accumulations() throws {
        var b = ProgramBuilder()
        let x = b.buffer(.data("x"), 6)
        let cases: [(Reduction, DType)] = [
            (.sum, .real), (.maximum, .real), (.minimum, .real), (.sum, .int), (.maximum, .int), (.minimum, .int), (.any, .bool),
        ]
        let targets = cases.map { b.buffer(.state("\($0.0) \($0.1)"), 1, $0.1) }
        b.loop(6) { b, i in
            let real = b.load(x, i)
            let finite = b.map(.select, b.map(.equal, real, real), real, b.constant(4))
            let int = b.map(.toInt, finite)
            let mask = b.map(.less, real, b.constant(-2))
            for (target, (reduction, dtype)) in zip(targets, cases) {
                b.accumulate(reduction, target, .constant(0), dtype == .real ? real : dtype == .int ? int : mask)
            }
        }
        // Some lanes hold NaN, which a sum, a maximum and a minimum must keep.
        let values = (0..<66).map { (i: Int) -> Double in i % 13 == 5 ? .nan : Double(i * 7 % 23) - 11.5 }
        try ProgramCase(program: b.finish(), data: ["x": .perLane(values)]).expectAgreement()
    }

    @Test func sumsOfLogarithms() throws {
        var b = ProgramBuilder()
        let x = b.buffer(.data("x"), 4)
        let target = b.buffer(.state("target"), 3)
        // Values that differ by lane, one of them read for the last time, and one that is the same for all.
        let values = (0..<4).map { b.load(x, .constant($0)) } + [b.constant(3)]
        b.store(target, .constant(0), b.logSum(.log, Array(values.prefix(3))))
        b.store(target, .constant(1), b.logSum(.logOnePlus, values))
        b.store(target, .constant(2), b.map(.add, values[0], values[3]))
        try ProgramCase(program: b.finish(), data: ["x": .perLane((0..<44).map { Double($0 + 1) / 7 })]).expectAgreement()
    }

    @Test func drawsOfAllKinds() throws {
        var b = ProgramBuilder()
        let own = b.buffer(.data("own"), 1, .int)
        let record = b.buffer(.record("draws"), 42)
        b.loop(3) { b, i in
            let normals = b.draw4(.normal, stream: 3, particle: .constant(2), group: i)
            let uniforms = b.draw4(.uniform, stream: 0xFFFF_FFFF, group: i + .register(b.load(own, .constant(0))))
            for k in 0..<4 {
                b.store(record, i * 8 + .constant(k), normals[k])
                b.store(record, i * 8 + .constant(4 + k), uniforms[k])
            }
            let rate = b.map(.multiply, uniforms[0], b.constant(30))
            b.store(record, i + .constant(24), b.draw(.gamma, stream: 1, element: i, rate))
            b.store(record, i + .constant(27), b.draw(.gamma, stream: 1, element: i, b.constant(0.3)))
            b.store(record, i + .constant(30), b.draw(.poisson, stream: 1, particle: i * 2 + .constant(1), element: i, rate))
            b.store(record, i + .constant(33), b.draw(.poisson, stream: 2, element: i, b.constant(100)))
            b.store(record, i + .constant(38), b.draw1(.normal, stream: 6, particle: i + .constant(7)))
        }
        b.store(record, .constant(36), b.draw1(.normal, stream: 4, particle: .constant(1)))
        b.store(record, .constant(37), b.draw1(.uniform, stream: 5))
        let own11 = LaneInputs.Data.perLane((0..<11).map(Double.init))
        try ProgramCase(program: b.finish(), data: ["own": own11], advances: [1, 2, 3]).expectAgreement()
    }

    /// Records written at a slot that is a launch number and at one that follows the step.
    @Test func recordsBySlot() throws {
        var b = ProgramBuilder()
        let state = b.buffer(.state("x"), 1)
        let (steps, slots) = (b.buffer(.record("by step"), 8, .int), b.buffer(.record("by slot"), 8))
        let step = b.step()
        let x = b.map(.add, b.load(state, .constant(0)), b.scalar("rate"))
        let grown = b.map(.multiply, x, b.draw4(.uniform, stream: 1, group: .constant(0))[2])
        b.store(steps, .register(step), b.map(.multiply, step, step))
        b.store(slots, .register(b.scalar("slot", .int)), grown)
        b.store(state, .constant(0), grown)
        try ProgramCase(program: b.finish(), scalars: ["rate": 0.3, "slot": 5], advances: [3, 0, 1, 2]).expectAgreement()
    }

    /// A load of an element that is overwritten while the register still lives.
    @Test func loadsKeepTheirValue() throws {
        var b = ProgramBuilder()
        let state = b.buffer(.state("x"), 2)
        let one = b.constant(1)
        let first = b.load(state, .constant(0))
        let second = b.load(state, .constant(1))
        b.store(state, .constant(0), b.map(.add, second, one))
        b.store(state, .constant(1), b.map(.add, first, one))
        b.loop(3) { b, i in
            let old = b.load(state, .constant(0))
            b.loop(2) { b, j in
                let value = b.map(.add, b.map(.multiply, old, b.map(.toReal, b.index(i + j))), first)
                b.store(state, j, value)
            }
        }
        try ProgramCase(program: b.finish(), advances: [1, 4]).expectAgreement()
    }
}
