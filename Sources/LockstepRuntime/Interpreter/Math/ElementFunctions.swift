import LockstepTensor

/// Elementwise functions of one lane, in either precision: those that have no vectorised loop, or have one for floats
/// only. They are written independently of the OpenCL kernels, so that agreement between the two means something.
///
/// Every function computes in Double and rounds once: in Float the result is within a whisker of half an ulp.
package enum ElementFunctions {
    // MARK: Exact functions

    /// The smaller one; not a number as soon as one operand is not (IEEE 754-2019 `minimum`, but for signed zeros).
    @inline(__always) package static func minimum<R: ElementReal>(_ a: R, _ b: R) -> R { a != a ? a : a < b ? a : b }
    /// The larger one; not a number as soon as one operand is not.
    @inline(__always) package static func maximum<R: ElementReal>(_ a: R, _ b: R) -> R { a != a ? a : b < a ? a : b }

    // MARK: Functions of the C library

    @inline(__always) package static func exp<R: ElementReal>(_ x: R) -> R { R(libmExp(x.wide)) }
    @inline(__always) package static func expMinusOne<R: ElementReal>(_ x: R) -> R { R(libmExpMinusOne(x.wide)) }
    @inline(__always) package static func log<R: ElementReal>(_ x: R) -> R { R(libmLog(x.wide)) }
    @inline(__always) package static func logOnePlus<R: ElementReal>(_ x: R) -> R { R(libmLogOnePlus(x.wide)) }
    @inline(__always) package static func sin<R: ElementReal>(_ x: R) -> R { R(libmSin(x.wide)) }
    @inline(__always) package static func cos<R: ElementReal>(_ x: R) -> R { R(libmCos(x.wide)) }
    @inline(__always) package static func tan<R: ElementReal>(_ x: R) -> R { R(libmTan(x.wide)) }
    @inline(__always) package static func asin<R: ElementReal>(_ x: R) -> R { R(libmAsin(x.wide)) }
    @inline(__always) package static func acos<R: ElementReal>(_ x: R) -> R { R(libmAcos(x.wide)) }
    @inline(__always) package static func atan<R: ElementReal>(_ x: R) -> R { R(libmAtan(x.wide)) }
    @inline(__always) package static func sinh<R: ElementReal>(_ x: R) -> R { R(libmSinh(x.wide)) }
    @inline(__always) package static func cosh<R: ElementReal>(_ x: R) -> R { R(libmCosh(x.wide)) }
    @inline(__always) package static func tanh<R: ElementReal>(_ x: R) -> R { R(libmTanh(x.wide)) }
    @inline(__always) package static func erf<R: ElementReal>(_ x: R) -> R { R(libmErf(x.wide)) }
    @inline(__always) package static func erfc<R: ElementReal>(_ x: R) -> R { R(libmErfc(x.wide)) }
    @inline(__always) package static func power<R: ElementReal>(_ x: R, _ y: R) -> R { R(libmPower(x.wide, y.wide)) }
    /// log |Gamma(x)|.
    @inline(__always) package static func logGamma<R: ElementReal>(_ x: R) -> R { R(libmLogGamma(x.wide)) }

    // MARK: Functions of our own

    /// 1 / (1 + exp(-x)).
    @inline(__always) package static func sigmoid<R: ElementReal>(_ x: R) -> R { R(SpecialFunctions.sigmoid(x.wide)) }
    /// log(1 + exp(x)).
    @inline(__always) package static func softplus<R: ElementReal>(_ x: R) -> R { R(SpecialFunctions.softplus(x.wide)) }
    /// The derivative of `logGamma`.
    @inline(__always) package static func digamma<R: ElementReal>(_ x: R) -> R { R(SpecialFunctions.digamma(x.wide)) }
    /// The sum over k >= 0 of (x + k)^-s, for s > 1 and x > 0.
    @inline(__always) package static func hurwitzZeta<R: ElementReal>(_ s: R, _ x: R) -> R {
        R(SpecialFunctions.hurwitzZeta(s.wide, x.wide))
    }
    /// log Gamma(x) less Stirling's formula.
    @inline(__always) package static func stirlingError<R: ElementReal>(_ x: R) -> R { R(DensityFunctions.stirlingError(x.wide)) }
    /// The derivative of `stirlingError`.
    @inline(__always) package static func digammaError<R: ElementReal>(_ x: R) -> R { R(DensityFunctions.digammaError(x.wide)) }
    /// x log(x / m) - d for d = x - m.
    @inline(__always) package static func deviance<R: ElementReal>(_ x: R, _ m: R, _ d: R) -> R {
        R(DensityFunctions.deviance(x.wide, m.wide, d.wide))
    }
    /// log(x / m) for d = x - m.
    @inline(__always) package static func logRatio<R: ElementReal>(_ x: R, _ m: R, _ d: R) -> R {
        R(DensityFunctions.logRatio(x.wide, m.wide, d.wide))
    }
    /// x log m - m - l for l = log x!.
    @inline(__always) package static func poissonLogMass<R: ElementReal>(_ logM: R, _ x: R, _ l: R) -> R {
        R(DensityFunctions.poissonLogMass(logM.wide, x.wide, l.wide))
    }
    /// The inverse of `erf` on (-1, 1).
    @inline(__always) package static func erfInverse<R: ElementReal>(_ x: R) -> R { R(SpecialFunctions.erfInverse(x.wide)) }
}
