/// The common functions once more, for loops over lanes: in Float as straight-line arithmetic without calls or
/// branches, which the compiler turns into vector instructions. A lane's result does not depend on its neighbours.
///
/// Nothing here uses fused multiply-adds or `rounded()`, which are calls on the oldest processors supported.
/// Polynomial coefficients are least-maximum fits to the series named, rounded to Float. `ElementReal` offers
/// the same functions in either precision.
package enum LaneFunctions {
    /// Past this the quadrant of an angle is no longer exact; `sin` and `cos` over lanes take the C library's.
    package static let largestAngle: Float = 0x1p20

    /// e^x within 1 ulp.
    @inline(__always) package static func exp(_ x: Float) -> Float {
        let (k, r) = reduce(clamp(x, -104, 89))
        return scale(1 + exponentialTail(r), by: k)
    }

    /// e^x - 1 within 2 ulps.
    @inline(__always) package static func expMinusOne(_ x: Float) -> Float {
        // Below -18 the result is -1.
        let (k, r) = reduce(clamp(x, -18, 89))
        // 2^k (e^r - 1) + (2^k - 1), with 2^k taken out.
        let inverse = Float(bitPattern: UInt32(bitPattern: max(127 &- k, 0)) &<< 23)
        return scale(exponentialTail(r) + (1 - inverse), by: k)
    }

    /// log x within 1 ulp.
    @inline(__always) package static func log(_ x: Float) -> Float {
        let isSubnormal = x < .leastNormalMagnitude
        return edges(x, logarithm(isSubnormal ? x * 0x1p23 : x, exponentOffset: isSubnormal ? -23 : 0, extra: 0))
    }

    /// log(1 + x) within 2 ulps.
    @inline(__always) package static func logOnePlus(_ x: Float) -> Float {
        let u = 1 + x
        return edges(u, logOfSum(x, u))
    }

    /// 1 / (1 + e^-x) within 3 ulps.
    @inline(__always) package static func sigmoid(_ x: Float) -> Float {
        let e = exp(-x.magnitude)
        return (x < 0 ? e : 1) / (1 + e)
    }

    /// log(1 + e^x) within 3 ulps.
    @inline(__always) package static func softplus(_ x: Float) -> Float {
        let e = exp(-x.magnitude)
        return (x > 0 ? x : 0) + logOfSum(e, 1 + e)
    }

    /// tanh x within 3 ulps.
    @inline(__always) package static func tanh(_ x: Float) -> Float {
        // From 10 on the result is 1.
        let e = expMinusOne(2 * clamp(x.magnitude, 0, 10))
        return withSign(of: x, e / (e + 2))
    }

    /// sin x within 2 ulps, for |x| up to `largestAngle`.
    @inline(__always) package static func sin(_ x: Float) -> Float { sine(x, quadrantsAhead: 0) }

    /// cos x within 2 ulps, for |x| up to `largestAngle`.
    @inline(__always) package static func cos(_ x: Float) -> Float { sine(x, quadrantsAhead: 1) }
}

// MARK: Parts

extension LaneFunctions {
    /// Keeps not-a-number as it is.
    @inline(__always) private static func clamp(_ x: Float, _ low: Float, _ high: Float) -> Float {
        let raised = x < low ? low : x
        return raised > high ? high : raised
    }

    @inline(__always) private static func withSign(of sign: Float, _ x: Float) -> Float {
        Float(bitPattern: (x.bitPattern & 0x7fff_ffff) | (sign.bitPattern & 0x8000_0000))
    }

    /// x = k log 2 + r with |r| <= (log 2) / 2, in the manner of Cody and Waite: the first part of log 2 has ten
    /// bits, so that its product with k is exact.
    @inline(__always) private static func reduce(_ x: Float) -> (k: Int32, r: Float) {
        // Adding 1.5 * 2^23 rounds to an integer, which then sits in the low bits.
        let shifted = x * 1.44269504 + 0x1.8p23
        let whole = shifted - 0x1.8p23
        let k = Int32(bitPattern: shifted.bitPattern) &- Int32(bitPattern: Float(0x1.8p23).bitPattern)
        return (k, (x - whole * 0.693359375) + whole * 2.12194440e-4)
    }

    /// e^r - 1 from its Maclaurin series, with (e^r - 1 - r) / r^2 refitted.
    @inline(__always) private static func exponentialTail(_ r: Float) -> Float {
        var p: Float = 0x1.9f07eep-13
        p = p * r + 0x1.6d8ddcp-10
        p = p * r + 0x1.111272p-7
        p = p * r + 0x1.55548cp-5
        p = p * r + 0x1.555554p-3
        p = p * r + 0.5
        return p * (r * r) + r
    }

    /// x 2^k in two steps, for results that are subnormal or just below overflow.
    @inline(__always) private static func scale(_ x: Float, by k: Int32) -> Float {
        let half = k &>> 1
        return x * power(half) * power(k &- half)
    }

    @inline(__always) private static func power(_ k: Int32) -> Float {
        Float(bitPattern: UInt32(bitPattern: k &+ 127) &<< 23)
    }

    /// log u, where u is 1 + x rounded: what the rounding lost is put back.
    @inline(__always) private static func logOfSum(_ x: Float, _ u: Float) -> Float {
        logarithm(u, exponentOffset: 0, extra: (x - (u - 1)) / u)
    }

    /// log x + `exponentOffset` log 2 + `extra` for a normal number x, with (log(1 + f) - f + f^2 / 2) / f^3
    /// refitted on [sqrt(1/2) - 1, sqrt(2) - 1].
    @inline(__always) private static func logarithm(_ x: Float, exponentOffset: Float, extra: Float) -> Float {
        let bits = Int32(bitPattern: x.bitPattern)
        // The exponent that leaves a mantissa in [sqrt(1/2), sqrt(2)).
        let exponent = (bits &- 0x3f35_04f3) &>> 23
        let f = Float(bitPattern: UInt32(bitPattern: bits &- (exponent &<< 23))) - 1
        let e = Float(exponent) + exponentOffset
        var p: Float = 0x1.145888p-4
        p = p * f - 0x1.de3d74p-4
        p = p * f + 0x1.e6f0c8p-4
        p = p * f - 0x1.fc21d8p-4
        p = p * f + 0x1.233760p-3
        p = p * f - 0x1.555c4ep-3
        p = p * f + 0x1.99a4b6p-3
        p = p * f - 0x1.000006p-2
        p = p * f + 0x1.555548p-2
        let square = f * f
        let low = square * (f * p) + (extra - e * 2.12194440e-4)
        return e * 0.693359375 + (f + (low - 0.5 * square))
    }

    /// At 0, below, at infinity and at not-a-number the bits mean something else.
    @inline(__always) private static func edges(_ x: Float, _ logarithm: Float) -> Float {
        let outside: Float = x == 0 ? -.infinity : x < 0 ? .nan : x
        return x > 0 && x < .infinity ? logarithm : outside
    }

    /// sin(x + `quadrantsAhead` pi / 2).
    @inline(__always) private static func sine(_ x: Float, quadrantsAhead: UInt64) -> Float {
        // The reduction in Double leaves an angle that is right to the last bit of a Float.
        let wide = Double(x)
        let shifted = wide * 0.63661977236758134308 + 0x1.8p52
        let whole = shifted - 0x1.8p52
        // pi / 2 in 33 bits, and the rest.
        let r = Float((wide - whole * 0x1.921fb544p0) - whole * 0x1.0b4611a626331p-34)
        let quadrant = shifted.bitPattern &+ quadrantsAhead
        let z = r * r
        var s: Float = -0x1.994220p-13
        s = s * z + 0x1.110736p-7
        s = s * z - 0x1.555546p-3
        s = s * (z * r) + r
        var c: Float = 0x1.9a00cap-16
        c = c * z - 0x1.6c0c86p-10
        c = c * z + 0x1.55554ap-5
        c = c * (z * z) + (1 - 0.5 * z)
        let value = quadrant & 1 == 0 ? s : c
        return quadrant & 2 == 0 ? value : -value
    }
}
