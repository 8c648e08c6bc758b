import RealModule

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Special functions in Double that the C library lacks.
package enum SpecialFunctions {
    /// x^y as C has it: of negative numbers, too, where y is an integer, and 1 for 0^0.
    package static func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }

    package static func sigmoid(_ x: Double) -> Double {
        // exp of a negative number only: it cannot overflow, and small results keep their digits.
        let e = Double.exp(-x.magnitude)
        return (x < 0 ? e : 1) / (1 + e)
    }

    package static func softplus(_ x: Double) -> Double {
        (x > 0 ? x : 0) + Double.log(onePlus: Double.exp(-x.magnitude))
    }

    /// The inverse of `erf`: Winitzki's closed form (2008, "A handy approximation for the error function and its
    /// inverse"), good to 2e-3, then Halley's method, which cubes the error: twice is enough but for the far tail.
    package static func erfInverse(_ x: Double) -> Double {
        let a = x.magnitude
        guard a < 1 else { return a == 1 ? (x < 0 ? -.infinity : .infinity) : .nan }
        let halfRootPi = 0.886226925452758013649083741670572591
        var y: Double
        if a < 0.25 {
            // The Maclaurin series: sqrt(pi)/2 (x + pi/12 x^3 + ...).
            y = halfRootPi * a * (1 + 0.2617993877991494 * a * a)
        } else {
            let c = 0.147
            let l = Double.log((1 - a) * (1 + a))
            let t = 2 / (.pi * c) + 0.5 * l
            y = ((t * t - l / c).squareRoot() - t).squareRoot()
        }
        for _ in 0..<3 {
            // From 1/2 on 1 - a is exact, so the residual of erfc keeps all digits of the tail.
            let residual = a < 0.5 ? Double.erf(y) - a : (1 - a) - Double.erfc(y)
            let newton = residual * halfRootPi * Double.exp(y * y)
            y -= newton / (1 + y * newton)
        }
        return Double(signOf: x, magnitudeOf: y)
    }
}
