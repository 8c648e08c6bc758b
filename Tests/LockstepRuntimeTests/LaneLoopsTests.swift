import CLanes
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepRuntime

/// The loops over lanes: plain arithmetic at odd counts, and the same bits at every level.
@Suite struct LaneLoopsTests {
    static let counts = [1, 7, 16, 33, 100]
    static let levels = Array(0...lockstep_lanes_best_level())

    /// Numbers of all sizes, and the ones that are none.
    static let reals: [Double] = {
        var random: UInt64 = 1
        let edges = [0, -0.0, 1, -1, .nan, .infinity, -.infinity, 1e30, -1e-40, 0.5, 88.7, -87.5, 3e9, -3e9, 1e7, 2_097_153.5]
        return edges
            + (edges.count..<100).map { i in
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let unit = Double(Int64(bitPattern: random) >> 11) * 0x1p-52
                return i % 3 == 0 ? unit * 100 : i % 3 == 1 ? unit * 3 : unit * 1e-3
            }
    }()
    static let ints: [Int32] = (0..<100).map { Int32(truncatingIfNeeded: $0 &* 0x9E37_79B9) >> ($0 % 4 == 0 ? 0 : 28) }
    static let masks: [Int32] = (0..<100).map { Int32($0 * 5 % 3 == 1 ? 1 : 0) }

    /// Runs a loop on operands, each as long as the result or of one value.
    static func run<R: ExpressibleByIntegerLiteral & BitwiseCopyable, A: BitwiseCopyable, B: BitwiseCopyable, C: BitwiseCopyable>(
        _ loop: LaneLoops.Loop, _ count: Int, _ a: [A], _ b: [B], _ c: [C]
    ) -> [R] {
        // The places after the last lane must stay as they are.
        var result = [R](repeating: 77, count: count + 3)
        loop(&result, a, b, c, count)
        return result
    }

    /// All ways in which operands may be one value for all lanes, but for all of them.
    static func shapes(_ operands: Int) -> [[Bool]] {
        (0..<(1 << operands) - 1).map { bits in (0..<operands).map { bits >> $0 & 1 == 1 } }
    }

    static func same<R: BinaryFloatingPoint>(_ x: R, _ y: R) -> Bool { x == y && x.sign == y.sign || x.isNaN && y.isNaN }

    /// The operands of lane i: rotated against each other, so that pairs differ.
    static func operand<T>(_ values: [T], _ position: Int, isShared: Bool) -> [T] {
        isShared ? [values[position * 31 + 9]] : values.indices.map { values[($0 * (position * 2 + 1) + position) % values.count] }
    }

    // MARK: Plain arithmetic

    @Test(arguments: levels, counts)
    func realOperations(_ level: Int32, _ count: Int) throws {
        func check<R: ElementReal>(_ type: R.Type, _ precision: Precision) throws {
            let loops = LaneLoops(precision, level: level)
            let values = Self.reals.map { R($0) }
            let unary: [(ElementOp, (R) -> R)] = [
                (.negate, { -$0 }), (.abs, { $0.magnitude }), (.sign, { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }), (.floor, { $0.rounded(.down) }),
                (.ceil, { $0.rounded(.up) }), (.sqrt, { $0.squareRoot() }), (.toReal, { $0 }),
            ]
            for (op, function) in unary {
                let found: [R] = Self.run(try #require(loops.loop(op, .reals, uniform: [false])), count, values, values, values)
                for i in 0..<count { #expect(Self.same(found[i], function(values[i])), "\(op) of \(values[i])") }
                #expect(found[count...].allSatisfy { $0 == 77 }, "\(op) wrote past the end")
            }
            let binary: [(ElementOp, (R, R) -> R)] = [
                (.add, { $0 + $1 }), (.subtract, { $0 - $1 }), (.multiply, { $0 * $1 }), (.divide, { $0 / $1 }),
                (.minimum, { ElementOp.minimum.value($0, $1) }), (.maximum, { ElementOp.maximum.value($0, $1) }),
            ]
            let tests: [(ElementOp, (R, R) -> Bool)] = [(.less, { $0 < $1 }), (.lessOrEqual, { $0 <= $1 }), (.equal, { $0 == $1 })]
            for shape in Self.shapes(2) {
                let (a, b) = (Self.operand(values, 0, isShared: shape[0]), Self.operand(values, 1, isShared: shape[1]))
                func pair(_ i: Int) -> (R, R) { (shape[0] ? a[0] : a[i], shape[1] ? b[0] : b[i]) }
                for (op, function) in binary {
                    let found: [R] = Self.run(try #require(loops.loop(op, .reals, uniform: shape)), count, a, b, a)
                    for i in 0..<count { #expect(Self.same(found[i], function(pair(i).0, pair(i).1)), "\(op) of \(pair(i)), \(shape)") }
                    #expect(found[count...].allSatisfy { $0 == 77 }, "\(op) wrote past the end")
                }
                for (op, function) in tests {
                    let found: [Int32] = Self.run(try #require(loops.loop(op, .reals, uniform: shape)), count, a, b, a)
                    for i in 0..<count { #expect(found[i] == (function(pair(i).0, pair(i).1) ? 1 : 0), "\(op) of \(pair(i)), \(shape)") }
                }
            }
            let finite: [Int32] = Self.run(try #require(loops.loop(.isFinite, .reals, uniform: [false])), count, values, values, values)
            let ints: [Int32] = Self.run(try #require(loops.loop(.toInt, .reals, uniform: [false])), count, values, values, values)
            let back: [R] = Self.run(try #require(loops.loop(.toReal, .ints, uniform: [false])), count, Self.ints, Self.ints, Self.ints)
            for i in 0..<count {
                #expect(finite[i] == (values[i].isFinite ? 1 : 0) && ints[i] == Int32(saturating: values[i].wide), "of \(values[i])")
                #expect(back[i] == R(Self.ints[i]))
            }
        }
        try check(Float.self, .float)
        try check(Double.self, .double)
    }

    @Test(arguments: levels, counts)
    func fusedOperations(_ level: Int32, _ count: Int) throws {
        func check<R: ElementReal>(_ type: R.Type, _ precision: Precision) throws {
            let values = Self.reals.map { R($0) }
            let fused: [(lockstep_lanes_operation, (R, R, R) -> R)] = [
                (lockstep_lanes_multiplyAdd, { ($0 * $1) + $2 }), (lockstep_lanes_multiplySubtract, { ($0 * $1) - $2 }),
                (lockstep_lanes_multiplyReverseSubtract, { $2 - ($0 * $1) }), (lockstep_lanes_multiplyMultiply, { ($0 * $1) * $2 }),
                (lockstep_lanes_addAdd, { ($0 + $1) + $2 }), (lockstep_lanes_addSubtract, { ($0 + $1) - $2 }),
                (lockstep_lanes_addReverseSubtract, { $2 - ($0 + $1) }), (lockstep_lanes_addMultiply, { ($0 + $1) * $2 }),
                (lockstep_lanes_subtractAdd, { ($0 - $1) + $2 }), (lockstep_lanes_subtractSubtract, { ($0 - $1) - $2 }),
                (lockstep_lanes_subtractReverseSubtract, { $2 - ($0 - $1) }), (lockstep_lanes_subtractMultiply, { ($0 - $1) * $2 }),
            ]
            for (operation, function) in fused {
                for shape in Self.shapes(3) {
                    let loop = try #require(LaneLoops(precision, level: level).loop(operation, .reals, uniform: shape))
                    let operands = (0..<3).map { Self.operand(values, $0, isShared: shape[$0]) }
                    let found: [R] = Self.run(loop, count, operands[0], operands[1], operands[2])
                    for i in 0..<count {
                        let x = (0..<3).map { shape[$0] ? operands[$0][0] : operands[$0][i] }
                        #expect(Self.same(found[i], function(x[0], x[1], x[2])), "\(operation) of \(x), \(shape)")
                    }
                    #expect(found[count...].allSatisfy { $0 == 77 })
                }
            }
        }
        try check(Float.self, .float)
        try check(Double.self, .double)
    }

    @Test(arguments: levels, counts)
    func intOperations(_ level: Int32, _ count: Int) throws {
        let loops = LaneLoops(.float, level: level)
        let binary: [(ElementOp, (Int32, Int32) -> Int32)] = [
            (.add, { $0 &+ $1 }), (.subtract, { $0 &- $1 }), (.multiply, { $0 &* $1 }), (.minimum, { min($0, $1) }), (.maximum, { max($0, $1) }),
            (.less, { $0 < $1 ? 1 : 0 }), (.lessOrEqual, { $0 <= $1 ? 1 : 0 }), (.equal, { $0 == $1 ? 1 : 0 }),
            (.quotient, { Int32(ReferenceElements.apply(.quotient, [Double($0), Double($1)])) }),
            (.remainder, { Int32(ReferenceElements.apply(.remainder, [Double($0), Double($1)])) }),
        ]
        let logical: [(ElementOp, (Int32, Int32) -> Int32)] = [(.and, { $0 & $1 }), (.or, { $0 | $1 })]
        for shape in Self.shapes(2) {
            for (values, table) in [(Self.ints, binary), (Self.masks, logical)] {
                let (a, b) = (Self.operand(values, 0, isShared: shape[0]), Self.operand(values, 1, isShared: shape[1]))
                for (op, function) in table {
                    let found: [Int32] = Self.run(try #require(loops.loop(op, .ints, uniform: shape)), count, a, b, a)
                    for i in 0..<count { #expect(found[i] == function(shape[0] ? a[0] : a[i], shape[1] ? b[0] : b[i]), "\(op) \(shape)") }
                    #expect(found[count...].allSatisfy { $0 == 77 })
                }
            }
        }
        let not: [Int32] = Self.run(try #require(loops.loop(.not, .ints, uniform: [false])), count, Self.masks, Self.masks, Self.masks)
        for i in 0..<count { #expect(not[i] == 1 - Self.masks[i]) }
    }

    @Test(arguments: levels, counts)
    func selections(_ level: Int32, _ count: Int) throws {
        for shape in Self.shapes(3) {
            let mask = Self.operand(Self.masks, 0, isShared: shape[0])
            func check<T: Equatable & ExpressibleByIntegerLiteral & BitwiseCopyable>(_ values: [T], _ precision: Precision, _ bank: Bank) throws {
                let (b, c) = (Self.operand(values, 1, isShared: shape[1]), Self.operand(values, 2, isShared: shape[2]))
                let loop = try #require(LaneLoops(precision, level: level).loop(.select, bank, uniform: shape))
                let found: [T] = Self.run(loop, count, mask, b, c)
                for i in 0..<count {
                    #expect(found[i] == ((shape[0] ? mask[0] : mask[i]) != 0 ? (shape[1] ? b[0] : b[i]) : (shape[2] ? c[0] : c[i])))
                }
                #expect(found[count...].allSatisfy { $0 == 77 })
            }
            let finite = Self.reals.map { $0.isNaN ? 4 : $0 }
            try check(finite.map { Float($0) }, .float, .reals)
            try check(finite, .double, .reals)
            try check(Self.ints, .float, .ints)
        }
    }

    @Test(arguments: levels, counts)
    func copiesAndGathers(_ level: Int32, _ count: Int) throws {
        func check<T: Equatable & ExpressibleByIntegerLiteral & BitwiseCopyable>(_ values: [T], _ precision: Precision, _ bank: Bank) throws {
            let loops = LaneLoops(precision, level: level)
            for isShared in [false, true] {
                let copy = try #require(loops.loop(lockstep_lanes_copy, bank, uniform: [isShared]))
                let copied: [T] = Self.run(copy, count, values, values, values)
                for i in 0..<count { #expect(copied[i] == values[isShared ? 0 : i]) }
                #expect(copied[count...].allSatisfy { $0 == 77 })

                // Wild indices stay inside: 5 elements, of one value or of `count` each.
                let source = (0..<5 * count).map { values[$0 % values.count] }
                var gathered = [T](repeating: 77, count: count + 3)
                let gather = try #require(loops.gather(bank, isShared: isShared))
                gather(&gathered, source, Self.ints, 4, count, count)
                for i in 0..<count {
                    let index = Int(min(max(Self.ints[i], 0), 4))
                    #expect(gathered[i] == source[isShared ? index : index * count + i])
                }
                #expect(gathered[count...].allSatisfy { $0 == 77 })
            }
        }
        let finite = Self.reals.map { $0.isNaN ? 4 : $0 }
        try check(finite.map { Float($0) }, .float, .reals)
        try check(finite, .double, .reals)
        try check(Self.ints, .float, .ints)
    }

    /// A result may be kept where an operand is.
    @Test(arguments: levels)
    func resultsInPlace(_ level: Int32) throws {
        let loops = LaneLoops(.float, level: level)
        let x = Self.reals.map { Float($0) }, y = Self.operand(x, 1, isShared: false)
        for op in ElementOp.allCases where op.row.output != .bool {
            guard op.arity < 3, op != .toInt, let loop = loops.loop(op, .reals, uniform: Array(repeating: false, count: op.arity)) else { continue }
            let apart: [Float] = Self.run(loop, x.count, x, y, x)
            var inPlace = x
            inPlace.withUnsafeMutableBufferPointer { loop($0.baseAddress, $0.baseAddress, y, y, $0.count) }
            #expect(zip(apart, inPlace).allSatisfy { Self.same($0, $1) }, "\(op)")
        }
    }

    // MARK: The same bits everywhere

    static let elementary: [ElementOp] = [.exp, .expMinusOne, .log, .logOnePlus, .sin, .cos, .tanh, .sigmoid, .softplus, .poissonLogMass]

    @Test(arguments: elementary)
    func elementaryFunctionsDoNotDependOnLevelOrPlace(_ op: ElementOp) throws {
        var bits: UInt32 = 7
        let x =
            Self.reals.map { Float($0) }
            + (0..<20_000).map { i in
                bits = bits &* 0x9e37_79b1 &+ 12345
                return i % 2 == 0 ? Float(bitPattern: bits) : Float(Int32(bitPattern: bits)) * 0x1p-25
            }
        let plain = try #require(LaneFunctions.apply(op, x, level: 0))
        for level in Self.levels {
            let found = try #require(LaneFunctions.apply(op, x, level: level))
            for i in x.indices { #expect(Self.same(found[i], plain[i]), "\(op)(\(x[i])) at level \(level)") }
            for first in 0..<40 {
                // Alone, and at other places.
                let some = try #require(LaneFunctions.apply(op, Array(x[first..<first + 1 + first % 19]), level: level))
                for (i, value) in some.enumerated() { #expect(Self.same(value, plain[first + i]), "\(op)(\(x[first + i]))") }
            }
        }
    }

    @Test(arguments: levels, counts)
    func draws(_ level: Int32, _ count: Int) throws {
        let loops = LaneLoops(.float, level: level)
        let low = (0..<100).map { UInt32($0) &* 0x9E37_79B9 }, high = (0..<100).map { UInt32($0) &* 77 }, group = (0..<100).map { UInt32($0 % 7) }
        for kind in [RandomOp.Kind.uniform, .normal] {
            let run = try #require(loops.draw(kind))
            var found = [Float](repeating: 77, count: 4 * (count + 3))
            found.withUnsafeMutableBufferPointer { found in
                let rows = (0..<4).map { k in found.baseAddress.map { $0 + k * (count + 3) } }
                low.withUnsafeBufferPointer { low in
                    high.withUnsafeBufferPointer { high in
                        group.withUnsafeBufferPointer { group in
                            var draws = lockstep_lanes_draws(
                                results: (rows[0], rows[1], rows[2], rows[3]), low: low.baseAddress, high: high.baseAddress, group: group.baseAddress,
                                stream: 7, step: 3, particle: 2, count: count)
                            run(&draws)
                        }
                    }
                }
            }
            for lane in 0..<count {
                let own = Draws<Float>(key: SIMD2(low[lane], high[lane]), stream: 7, step: 3, particle: 2)
                for k in 0..<4 {
                    let element = group[lane] * 4 + UInt32(k)
                    let wanted = kind == .uniform ? own.uniform(element: element) : own.normal(element: element)
                    #expect(found[k * (count + 3) + lane].bitPattern == wanted.bitPattern, "\(kind) \(k) of lane \(lane)")
                }
            }
            for k in 0..<4 { #expect(found[k * (count + 3) + count] == 77, "wrote past the end") }
        }
    }

    /// The float normals against the same transform in double precision.
    @Test func normalsAreAccurate() {
        var bits: UInt32 = 3
        var worst = 0.0
        for _ in 0..<100_000 {
            bits = bits &* 0x9e37_79b1 &+ 12345
            // A float keeps 24 bits of the angle, and the radius's word to 24 bits.
            let first = UInt32(truncatingIfNeeded: UInt64(bits) * UInt64(bits) >> 20) & 0xff_ffff, second = (bits ^ bits << 13) & ~0xff
            let found = Float.normalPair(first, second), exact = Double.normalPair(first, second)
            worst = max(
                worst, abs(Double(found.0) - exact.0) / Double(Float(exact.0).ulp), abs(Double(found.1) - exact.1) / Double(Float(exact.1).ulp))
        }
        #expect(worst <= 4, "\(worst) ulps")
    }
}
