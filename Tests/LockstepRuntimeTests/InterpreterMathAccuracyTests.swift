import Foundation
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepRuntime

/// The interpreter's functions against values of mpmath, in units in the last place.
@Suite struct InterpreterMathAccuracyTests {
    struct Bound {
        var float = 0.51
        var double: Double
    }

    /// The worst error allowed. In Float everything computes in Double and rounds once.
    static let bounds: [String: Bound] = [
        "abs": Bound(float: 0, double: 0), "sign": Bound(float: 0, double: 0),
        "floor": Bound(float: 0, double: 0), "ceil": Bound(float: 0, double: 0),
        "min": Bound(float: 0, double: 0), "max": Bound(float: 0, double: 0),
        "sqrt": Bound(double: 0), "exp": Bound(double: 1), "expm1": Bound(double: 1), "log": Bound(double: 1), "log1p": Bound(double: 1),
        "sin": Bound(double: 1), "cos": Bound(double: 1), "tan": Bound(double: 1),
        "asin": Bound(double: 1), "acos": Bound(double: 1), "atan": Bound(double: 1),
        "sinh": Bound(double: 2), "cosh": Bound(double: 2), "tanh": Bound(double: 2),
        "sigmoid": Bound(double: 2), "softplus": Bound(double: 2),
        "lgamma": Bound(double: 3), "lgamma below 0": Bound(double: 3),
        // Between its poles digamma has roots, where the reflection formula cancels.
        "digamma": Bound(double: 4), "digamma below 0": Bound(double: 16),
        "stirling_error": Bound(double: 6), "digamma_error": Bound(double: 6),
        // In Float the difference of the arguments is rounded, before it cancels.
        "deviance": Bound(float: 4, double: 8), "log_ratio": Bound(double: 3),
        "erf": Bound(double: 1), "erfc": Bound(double: 3),
        "erfinv": Bound(double: 2), "pow": Bound(double: 1), "zeta": Bound(double: 3),
    ]

    /// A vectorised loop on one lane.
    static func loop<R: ElementReal>(_ op: ElementOp, _ x: R) -> R? {
        guard let loop = LaneLoops(R.self == Float.self ? .float : .double).loop(op, .reals, uniform: [false]) else { return nil }
        var result = [R.zero]
        result.withUnsafeMutableBytes { result in
            withUnsafeBytes(of: x) { x in loop(result.baseAddress, x.baseAddress, x.baseAddress, x.baseAddress, 1) }
        }
        return result[0]
    }

    static func apply<R: ElementReal>(_ function: String, _ x: [R]) -> R? {
        typealias F = ElementOp
        return switch function {
        case "abs": loop(.abs, x[0])
        case "sign": loop(.sign, x[0])
        case "floor": loop(.floor, x[0])
        case "ceil": loop(.ceil, x[0])
        case "sqrt": loop(.sqrt, x[0])
        case "exp": F.exp.value(x[0])
        case "expm1": F.expMinusOne.value(x[0])
        case "log": F.log.value(x[0])
        case "log1p": F.logOnePlus.value(x[0])
        case "sin": F.sin.value(x[0])
        case "cos": F.cos.value(x[0])
        case "tan": F.tan.value(x[0])
        case "asin": F.asin.value(x[0])
        case "acos": F.acos.value(x[0])
        case "atan": F.atan.value(x[0])
        case "sinh": F.sinh.value(x[0])
        case "cosh": F.cosh.value(x[0])
        case "tanh": F.tanh.value(x[0])
        case "sigmoid": F.sigmoid.value(x[0])
        case "softplus": F.softplus.value(x[0])
        case "lgamma": F.logGamma.value(x[0])
        case "digamma": F.digamma.value(x[0])
        case "erf": F.erf.value(x[0])
        case "erfc": F.erfc.value(x[0])
        case "erfinv": F.erfInverse.value(x[0])
        case "pow": F.power.value(x[0], x[1])
        case "zeta": F.hurwitzZeta.value(x[1], x[0])
        case "stirling_error": F.stirlingError.value(x[0])
        case "digamma_error": F.digammaError.value(x[0])
        case "deviance": F.deviance.value(x[0], x[1], x[0] - x[1])
        case "log_ratio": F.logRatio.value(x[0], x[1], x[0] - x[1])
        case "min": F.minimum.value(x[0], x[1])
        case "max": F.maximum.value(x[0], x[1])
        default: nil
        }
    }

    static func isExcused(_ row: Goldens.Row) -> Bool { ["rsqrt", "is_finite", "is_nan"].contains(row.function) }

    static func label(_ function: String, _ x: [Double]) -> String {
        (function == "lgamma" || function == "digamma") && x[0] < 0 ? function + " below 0" : function
    }

    @Test func goldens() throws {
        struct Worst { var float = 0.0, atFloat: [Double] = [], double = 0.0, atDouble: [Double] = [] }
        var worst: [String: Worst] = [:]
        for row in try Goldens.specialFunctions() where !Self.isExcused(row) {
            let floats = try #require(Self.apply(row.function, row.arguments.map { Float($0) }), "nothing computes \(row.function)")
            let doubles = try #require(Self.apply(row.function, row.arguments))
            let name = Self.label(row.function, row.arguments)
            var entry = worst[name] ?? Worst()
            let float = Ulps.error(of: floats, expected: row.value), double = Ulps.error(of: doubles, expected: row.value)
            if float > entry.float { (entry.float, entry.atFloat) = (float, row.arguments) }
            if double > entry.double { (entry.double, entry.atDouble) = (double, row.arguments) }
            worst[name] = entry
        }
        for (function, bound) in Self.bounds {
            let found = try #require(worst[function], "no golden for \(function)")
            #expect(found.float <= bound.float, "\(function) in Float at \(found.atFloat)")
            #expect(found.double <= bound.double, "\(function) in Double at \(found.atDouble)")
        }
        #expect(Set(worst.keys) == Set(Self.bounds.keys))
    }

    /// Arguments that no Float is, near roots and changes of method; values of mpmath.
    static let inDouble: [(String, [Double], Double)] = [
        ("digamma", [1.461632144968362], -3.072790566546292843089161e-16),
        ("digamma", [1.4616321449683622], -9.241265521729427516792351e-17),
        ("digamma", [1.4616321449683625], 1.224537462200406903132497e-16),
        ("digamma", [1.46], -0.001580561987083452106150901), ("digamma", [1.1], -0.4237549404110766678656787),
        ("digamma", [1.9], 0.3561841611640596581205335), ("digamma", [1e-05], -100000.577199215672888681),
        ("digamma", [0.1], -10.4237549404110762321003), ("digamma", [3.3], 1.034822489059621686256625),
        ("digamma", [9.99], 2.25070037283120112197865), ("digamma", [10.01], 2.252803700318135736738231),
        ("digamma", [123.456], 4.811829323828985412286628), ("digamma", [1e10], 23.02585092989045684017908),
        ("zeta", [0.1, 2], 101.433299150792747704652), ("zeta", [9.9, 2], 0.106283041628740591932878),
        ("zeta", [3.3, 50], 1.186598465782848944504137e-26), ("zeta", [2.2, 1.001], 999.4558414947345215884218),
        ("zeta", [0.7, 10], 35.40634295307184153102437), ("zeta", [20.3, 11.5], 2.281846533588512278568433e-15),
        ("zeta", [1.1, 200], 5.265783124294512744254063e-9), ("zeta", [1e8, 3], 5.00000005000000025e-17),
        ("zeta", [600.5, 500.5], 0),
        ("erfinv", [0.1], 0.08885599049425769197428041), ("erfinv", [0.2499999], 0.2253119617743566001497432),
        ("erfinv", [0.25], 0.225312055012178104725014), ("erfinv", [0.3], 0.2724627147267543450246528),
        ("erfinv", [0.49999999999], 0.4769362761933440242712011), ("erfinv", [0.5], 0.4769362762044698733814184),
        ("erfinv", [0.7], 0.7328690779592167847787632), ("erfinv", [0.9999999999], 4.572824958544924937847931),
        ("erfinv", [0.9999999999999999], 5.863584748755167927207663), ("erfinv", [1e-10], 8.862269254527580459385981e-11),
        ("erfinv", [-0.123456789], -0.1098510017233448280684409), ("erfinv", [1e-300], 8.862269254527580358571257e-301),
        ("lgamma", [0.1], 2.252712651734205902006238), ("lgamma", [1.1], -0.04987244125983976178528914),
        ("lgamma", [1.999], -0.0004224618006921072841757456), ("lgamma", [2.001], 0.0004231067348001169911902936),
        ("lgamma", [1e-09], 20.72326583636919542980127), ("lgamma", [33.3], 82.60372358165494300781847),
        ("lgamma", [-0.3], 1.46484005085760253047093),
        ("sigmoid", [-36.9], 9.430476078526806924381147e-17), ("softplus", [-36.9], 9.430476078526807369050542e-17),
        ("sigmoid", [0.1], 0.5249791874789399874835083), ("softplus", [0.1], 0.744396660073570897744319),
        ("sigmoid", [37.1], 0.9999999999999999227897922), ("softplus", [37.1], 37.10000000000000149829568),
        ("sigmoid", [-745.1], 0x1p-1074), ("softplus", [-745.1], 0x1p-1074),
    ]

    @Test(arguments: inDouble)
    func doubles(function: String, x: [Double], expected: Double) throws {
        let result = try #require(Self.apply(function, x))
        let bound = try #require(Self.bounds[Self.label(function, x)])
        #expect(Ulps.error(of: result, expected: expected) <= bound.double, "\(function)(\(x)) = \(result)")
    }

    @Test func erfInverseUndoesErf() {
        for i in -399...399 {
            let x = Double(i) / 400
            #expect((ElementOp.erf.value(ElementOp.erfInverse.value(x)) - x).magnitude <= 2.3e-16)
        }
    }

    @Test func edges() {
        typealias F = ElementOp
        let nan = Double.nan, infinity = Double.infinity
        let signs = [nan, 0.0, -0.0, -3.0, infinity].map { Self.loop(.sign, $0) ?? 7 }
        #expect(signs[0].isNaN && Array(signs[1...]) == [0, 0, -1, 1])
        for f in [F.minimum, F.maximum] {
            #expect(f.value(nan, 1).isNaN && f.value(1, nan).isNaN && f.value(nan, -infinity).isNaN && f.value(infinity, nan).isNaN)
        }
        let unary: [F] = [
            .exp, .expMinusOne, .log, .logOnePlus, .sin, .tanh, .sigmoid, .softplus, .logGamma, .digamma, .erf, .erfc, .erfInverse,
        ]
        for f in unary { #expect(f.value(nan).isNaN) }
        for f in [F.abs, .floor, .sqrt] { #expect(Self.loop(f, nan)?.isNaN == true) }
        #expect(
            F.digamma.value(0.0) == -infinity && F.digamma.value(-0.0) == infinity && F.digamma.value(-2.0).isNaN
                && F.digamma.value(infinity) == infinity)
        #expect(F.digamma.value(-infinity).isNaN && F.logGamma.value(0.0) == infinity && F.logGamma.value(-3.0) == infinity)
        #expect(F.hurwitzZeta.value(1.0, 2.0) == infinity && F.hurwitzZeta.value(0.5, 2.0).isNaN && F.hurwitzZeta.value(2.0, -1.5).isNaN)
        #expect(F.hurwitzZeta.value(2.0, 0.0) == infinity && F.hurwitzZeta.value(2.0, nan).isNaN && F.hurwitzZeta.value(nan, 2.0).isNaN)
        #expect(F.hurwitzZeta.value(infinity, 1.0) == 1 && F.hurwitzZeta.value(infinity, 0.9) == infinity && F.hurwitzZeta.value(infinity, 2.0) == 0)
        #expect(F.hurwitzZeta.value(2.0, 1e-200) == infinity && F.hurwitzZeta.value(2.0, 1e300) == 1e-300)
        #expect(
            F.erfInverse.value(1.0) == infinity && F.erfInverse.value(-1.0) == -infinity && F.erfInverse.value(1.1).isNaN
                && F.erfInverse.value(-0.0).sign == .minus)
        #expect(
            F.softplus.value(infinity) == infinity && F.softplus.value(-infinity) == 0 && F.sigmoid.value(infinity) == 1
                && F.sigmoid.value(-infinity) == 0)
    }
}
