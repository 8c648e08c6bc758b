import RealModule

/// What log densities are made of so that nothing large cancels, in the host's double precision: constants are folded
/// by these functions, and the interpreter computes by them. Written independently of `Kernels/`.
package enum DensityFunctions {
    /// The coefficients of (atanh(v) - v) / v^3 in powers of v^2.
    private static let atanhSeries = (0..<30).map { 1 / Double(2 * $0 + 3) }

    /// (atanh(v) - v) / v^3, for |v| <= 1/2.
    private static func atanhExcess(_ v: Double) -> Double {
        let z = v * v
        var sum = 0.0
        for coefficient in atanhSeries.reversed() { sum = sum * z + coefficient }
        return sum
    }

    // MARK: Stirling's formula

    /// B_2j / (2j (2j - 1)) (DLMF 5.11.1).
    private static let stirlingSeries: [Double] = [
        1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156, -3617.0 / 122400,
    ]
    /// From here on the series is good to 1e-18.
    private static let seriesStart = 15.0

    /// log Gamma(x) - ((x - 1/2) log(x) - x + log(2 pi) / 2), for x > 0.
    package static func stirlingError(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? .infinity : .nan }
        var y = x
        var sum = 0.0
        while y < seriesStart {
            // The error at y less that at y + 1 is (y + 1/2) log(1 + 1/y) - 1 = atanh(v) / v - 1.
            let v = 1 / (2 * y + 1)
            sum += v <= 0.5 ? v * v * atanhExcess(v) : (-1).addingProduct(y + 0.5, .log(onePlus: y) - .log(y))
            y += 1
        }
        let inverse = 1 / y
        var series = 0.0
        for coefficient in stirlingSeries.reversed() { series = series * (inverse * inverse) + coefficient }
        return series * inverse + sum
    }

    /// digamma(x) - (log(x) - 1 / (2x)), the derivative of `stirlingError`.
    package static func digammaError(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        var y = x
        var sum = 0.0
        while y < seriesStart {
            let v = 1 / (2 * y + 1)
            sum +=
                v <= 0.5
                ? 2 * v * v * v * (atanhExcess(v) - 1 / (1 - v * v))
                : (.log(onePlus: y) - .log(y)) - (y + 0.5) / (y * (y + 1))
            y += 1
        }
        let inverse = 1 / y
        let square = inverse * inverse
        var series = 0.0
        for (j, coefficient) in stirlingSeries.enumerated().reversed() { series = (series - Double(2 * j + 1) * coefficient) * square }
        return series + sum
    }

    // MARK: Deviances

    /// x log(x / m) - d for d = x - m, which is given beside them since it may be known better than x and m; not
    /// negative. By Loader 2000, "Fast and accurate computation of binomial probabilities".
    package static func deviance(_ x: Double, _ m: Double, _ d: Double) -> Double {
        if x == 0 { return -d }
        let v = d / (x + m)
        if v.magnitude < 1.0 / 3 { return d * v + 2 * x * (v * v * v * atanhExcess(v)) }
        return x * logQuotient(x, m) - d
    }

    /// log(x / m) for d = x - m.
    package static func logRatio(_ x: Double, _ m: Double, _ d: Double) -> Double {
        d.magnitude < 0.5 * m ? .log(onePlus: d / m) : logQuotient(x, m)
    }

    private static func logQuotient(_ x: Double, _ m: Double) -> Double {
        let quotient = x / m
        return quotient.isNormal ? .log(quotient) : .log(x) - .log(m)
    }

    // MARK: Counts

    /// x log(m) - m - logFactorial, where the last is log x!. Of a large count only differences of large terms are left
    /// of these: they are computed as such.
    package static func poissonLogMass(_ logM: Double, _ x: Double, _ logFactorial: Double) -> Double {
        guard x > 32 else { return x * logM - .exp(logM) - logFactorial }
        let s = logM - .log(x)
        return -x * exponentialExcess(s) - (0.5 * .log(2 * .pi * x) + stirlingError(x))
    }

    /// exp(x) - 1 - x.
    private static func exponentialExcess(_ x: Double) -> Double {
        guard x.magnitude < 0.5 else { return .expMinusOne(x) - x }
        // x^2 / 2! + x^3 / 3! + ...
        var sum = 0.0
        for n in stride(from: 16.0, through: 3, by: -1) { sum = (sum + 1) * x / n }
        return 0.5 * x * x * (sum + 1)
    }
}
