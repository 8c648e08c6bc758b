import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// The vectorisable functions: goldens, and a sweep over all magnitudes against the C library in Double.
@Suite struct InterpreterMathLanesTests {
    struct Case: Sendable, CustomStringConvertible {
        let name: String
        let bound: Double
        let lane: @Sendable (Float) -> Float
        let exact: @Sendable (Double) -> Double
        var domain: ClosedRange<Float> = -.infinity ... .infinity
        var description: String { name }
    }

    static let cases: [Case] = [
        Case(name: "exp", bound: 1, lane: { LaneFunctions.exp($0) }, exact: { ElementOp.exp.value($0) }),
        Case(name: "expm1", bound: 2, lane: { LaneFunctions.expMinusOne($0) }, exact: { ElementOp.expMinusOne.value($0) }),
        Case(name: "log", bound: 1, lane: { LaneFunctions.log($0) }, exact: { ElementOp.log.value($0) }),
        Case(name: "log1p", bound: 2, lane: { LaneFunctions.logOnePlus($0) }, exact: { ElementOp.logOnePlus.value($0) }),
        Case(name: "sigmoid", bound: 3, lane: { LaneFunctions.sigmoid($0) }, exact: { ElementOp.sigmoid.value($0) }),
        Case(name: "softplus", bound: 3, lane: { LaneFunctions.softplus($0) }, exact: { ElementOp.softplus.value($0) }),
        Case(name: "tanh", bound: 3, lane: { LaneFunctions.tanh($0) }, exact: { ElementOp.tanh.value($0) }),
        Case(
            name: "sin", bound: 2, lane: { LaneFunctions.sin($0) }, exact: { ElementOp.sin.value($0) },
            domain: -LaneFunctions.largestAngle...LaneFunctions.largestAngle),
        Case(
            name: "cos", bound: 2, lane: { LaneFunctions.cos($0) }, exact: { ElementOp.cos.value($0) },
            domain: -LaneFunctions.largestAngle...LaneFunctions.largestAngle),
    ]

    @Test(arguments: cases)
    func goldens(_ function: Case) throws {
        let rows = try Goldens.specialFunctions().filter { $0.function == function.name && function.domain.contains(Float($0.arguments[0])) }
        #expect(rows.count > 100)
        for row in rows {
            let error = Ulps.error(of: function.lane(Float(row.arguments[0])), expected: row.value)
            #expect(error <= function.bound, "\(function.name)(\(row.arguments[0]))")
        }
    }

    /// Against double precision, at counts of all sizes and rates around them; roundings of the largest term and of the
    /// logarithm, which moves a probability by count - rate.
    @Test func poissonOfCounts() throws {
        for exponent in 0..<90 {
            let count = (Float(ElementOp.exp.value(Double(exponent) * 0.231)) - 1).rounded()
            for relative in [Float(0.1), 0.5, 0.9, 0.999, 1, 1.001, 1.3, 4] {
                let logMean = Float(ElementOp.log.value(Double((count + 1) * relative)))
                let logFactorial = ElementOp.logGamma.value(Double(count) + 1)
                let wanted = ElementOp.poissonLogMass.value(Double(logMean), Double(count), logFactorial)
                let found = try #require(LaneFunctions.apply(.poissonLogMass, logMean, count, Float(logFactorial)))
                let mean = ElementOp.exp.value(Double(logMean))
                let largest = count > 32 ? 0 : Double(count * logMean.magnitude) + mean
                let moved = (Double(count) - mean).magnitude * Double(logMean.magnitude)
                #expect(
                    abs(Double(found) - wanted) <= 4 * 0x1p-24 * (wanted.magnitude + largest + moved), "\(count), \(logMean): \(found), \(wanted)")
            }
        }
    }

    /// Floats of every exponent and sign: a stride through all bit patterns that is coprime to them.
    @Test(arguments: cases)
    func sweep(_ function: Case) {
        var worst = 0.0
        var argument = Float.nan
        var bits: UInt32 = 0
        for _ in 0..<200_000 {
            bits &+= 0x9e37_79b1
            // Two thirds of the arguments where the functions are not constant.
            let x = bits % 3 == 0 ? Float(bitPattern: bits) : Float(Int32(bitPattern: bits)) * (bits % 3 == 1 ? 0x1p-24 : 0x1p-30)
            guard !x.isNaN, function.domain.contains(x) else { continue }
            let error = Ulps.error(of: function.lane(x), expected: function.exact(Double(x)))
            if error > worst { (worst, argument) = (error, x) }
        }
        #expect(worst <= function.bound, "\(function.name)(\(argument)) is \(worst) ulps off")
    }

    @Test(arguments: cases)
    func notANumber(_ function: Case) { #expect(function.lane(.nan).isNaN) }

    /// Blocks cover all angles, and a lane's bits do not depend on its neighbours or its place.
    @Test func anglesOfWholeBlocks() throws {
        let x = (0..<67).map { i -> Float in
            if i % 5 == 0 { return Float(i) * 1e30 }
            if i % 7 == 0 { return .infinity }
            return Float(i) * 13.7 - 400
        }
        func run(_ x: [Float]) throws -> (sin: [Float], cos: [Float]) {
            (try #require(LaneFunctions.apply(.sin, x)), try #require(LaneFunctions.apply(.cos, x)))
        }
        let all = try run(x)
        for (i, angle) in x.enumerated() {
            let alone = try run([angle])
            #expect(all.sin[i].bitPattern == alone.sin[0].bitPattern && all.cos[i].bitPattern == alone.cos[0].bitPattern)
            #expect(Ulps.error(of: all.sin[i], expected: ElementOp.sin.value(Double(angle))) <= 2)
            #expect(Ulps.error(of: all.cos[i], expected: ElementOp.cos.value(Double(angle))) <= 2)
        }
    }
}
