import LockstepRuntime
import LockstepTensor

/// The elementwise operations on Doubles; masks are 0 and 1.
package enum ReferenceElements {
    package static func apply(_ op: ElementOp, _ x: [Double]) -> Double {
        func mask(_ value: Bool) -> Double { value ? 1 : 0 }
        typealias F = ElementOp
        switch op {
        case .negate: return -x[0]
        case .abs: return x[0].magnitude
        case .sign: return x[0] > 0 ? 1 : x[0] < 0 ? -1 : x[0]
        case .floor: return x[0].rounded(.down)
        case .ceil: return x[0].rounded(.up)
        case .sqrt: return x[0].squareRoot()
        case .exp: return F.exp.value(x[0])
        case .expMinusOne: return F.expMinusOne.value(x[0])
        case .log: return F.log.value(x[0])
        case .logOnePlus: return F.logOnePlus.value(x[0])
        case .sin: return F.sin.value(x[0])
        case .cos: return F.cos.value(x[0])
        case .tan: return F.tan.value(x[0])
        case .asin: return F.asin.value(x[0])
        case .acos: return F.acos.value(x[0])
        case .atan: return F.atan.value(x[0])
        case .sinh: return F.sinh.value(x[0])
        case .cosh: return F.cosh.value(x[0])
        case .tanh: return F.tanh.value(x[0])
        case .sigmoid: return F.sigmoid.value(x[0])
        case .softplus: return F.softplus.value(x[0])
        case .logGamma: return F.logGamma.value(x[0])
        case .digamma: return F.digamma.value(x[0])
        case .erf: return F.erf.value(x[0])
        case .erfc: return F.erfc.value(x[0])
        case .erfInverse: return F.erfInverse.value(x[0])
        case .add: return x[0] + x[1]
        case .subtract: return x[0] - x[1]
        case .multiply: return x[0] * x[1]
        case .divide: return x[0] / x[1]
        case .power: return F.power.value(x[0], x[1])
        case .minimum: return F.minimum.value(x[0], x[1])
        case .maximum: return F.maximum.value(x[0], x[1])
        case .quotient: return Double(whole(x[0], x[1]).quotient)
        case .remainder: return Double(whole(x[0], x[1]).remainder)
        case .hurwitzZeta: return F.hurwitzZeta.value(x[0], x[1])
        case .stirlingError: return F.stirlingError.value(x[0])
        case .digammaError: return F.digammaError.value(x[0])
        case .deviance: return F.deviance.value(x[0], x[1], x[2])
        case .logRatio: return F.logRatio.value(x[0], x[1], x[2])
        case .poissonLogMass: return F.poissonLogMass.value(x[0], x[1], x[2])
        case .isFinite: return mask(x[0].isFinite)
        case .less: return mask(x[0] < x[1])
        case .lessOrEqual: return mask(x[0] <= x[1])
        case .equal: return mask(x[0] == x[1])
        case .and: return mask(x[0] != 0 && x[1] != 0)
        case .or: return mask(x[0] != 0 || x[1] != 0)
        case .not: return mask(x[0] == 0)
        case .select: return x[0] != 0 ? x[1] : x[2]
        case .toReal: return x[0]
        case .toInt: return x[0].rounded(.towardZero)
        }
    }

    /// Of ints of 32 bits, by their own division, which goes towards 0.
    private static func whole(_ x: Double, _ y: Double) -> (quotient: Int32, remainder: Int32) {
        let (a, b) = (Int32(x), Int32(y))
        if b == 0 { return (0, a) }
        let (quotient, rest) = (a.dividedReportingOverflow(by: b).partialValue, a.remainderReportingOverflow(dividingBy: b).partialValue)
        return rest != 0 && (rest < 0) != (b < 0) ? (quotient - 1, rest + b) : (quotient, rest)
    }
}
