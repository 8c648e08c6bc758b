// The platform's C mathematics library under names of our own, so that functions named `exp` or `log`
// elsewhere in this folder cannot shadow it.
#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@inline(__always) func libmExp(_ x: Double) -> Double { exp(x) }
@inline(__always) func libmExpMinusOne(_ x: Double) -> Double { expm1(x) }
@inline(__always) func libmLog(_ x: Double) -> Double { log(x) }
@inline(__always) func libmLogOnePlus(_ x: Double) -> Double { log1p(x) }
@inline(__always) func libmSin(_ x: Double) -> Double { sin(x) }
@inline(__always) func libmCos(_ x: Double) -> Double { cos(x) }
@inline(__always) func libmTan(_ x: Double) -> Double { tan(x) }
@inline(__always) func libmAsin(_ x: Double) -> Double { asin(x) }
@inline(__always) func libmAcos(_ x: Double) -> Double { acos(x) }
@inline(__always) func libmAtan(_ x: Double) -> Double { atan(x) }
@inline(__always) func libmSinh(_ x: Double) -> Double { sinh(x) }
@inline(__always) func libmCosh(_ x: Double) -> Double { cosh(x) }
@inline(__always) func libmTanh(_ x: Double) -> Double { tanh(x) }
@inline(__always) func libmErf(_ x: Double) -> Double { erf(x) }
@inline(__always) func libmErfc(_ x: Double) -> Double { erfc(x) }
@inline(__always) func libmPower(_ x: Double, _ y: Double) -> Double { pow(x, y) }

/// `lgamma` writes the sign of Gamma(x) to a global, which is a race; `lgamma_r` writes it to the caller.
@inline(__always) func libmLogGamma(_ x: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(x, &sign)
}
