import RealModule

/// Samplers that try until a proposal is accepted. The number of attempts is bounded so that a device's lanes
/// always come back; the chance of reaching the bound is below 1e-30.
extension Draws {
    private static var attempts: UInt32 { 64 }

    /// Gamma with shape parameter `alpha` and rate 1: Marsaglia and Tsang 2000, "A simple method for generating
    /// gamma variables". Below 1 a draw for alpha + 1 is multiplied by U^(1/alpha), in logarithms: the power
    /// underflows long before the product does.
    package func gamma(_ alpha: Real, element: UInt32) -> Real {
        let a = alpha.wide
        guard a > 0, a.isFinite else { return .nan }
        let boosted = a < 1
        let d = (boosted ? a + 1 : a) - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        var cube = 1.0
        var logBoost = 0.0
        for t in 0..<Self.attempts {
            let words = words(attempt: t, element: element)
            if t == 0, boosted { logBoost = Double.log(Real.uniform(words[3]).wide) / a }
            let x = Real.normalPair(words[0], words[1]).0.wide
            let root = 1 + c * x
            guard root > 0 else { continue }
            let v = root * root * root
            let u = Real.uniform(words[2]).wide
            if Double.log(u) < 0.5 * x * x + d - d * v + d * Double.log(v) {
                cube = v
                break
            }
        }
        let draw = boosted ? Real(Double.exp(Double.log(d * cube) + logBoost)) : Real(d * cube)
        return max(draw, .leastNormalMagnitude)
    }

    /// Poisson counts: inversion below a rate of 10, else PTRS (Hörmann 1993, "The transformed rejection method
    /// for generating Poisson random variables").
    package func poisson(_ rate: Real, element: UInt32) -> Real {
        let mu = rate.wide
        guard mu >= 0, mu.isFinite else { return .nan }
        return Real(mu < 10 ? smallPoisson(mu, element) : largePoisson(mu, element))
    }

    private func smallPoisson(_ mu: Double, _ element: UInt32) -> Double {
        let u = Real.uniform(words(attempt: 0, element: element)[0]).wide
        var count = 0.0
        var probability = Double.exp(-mu)
        var cumulative = probability
        while u > cumulative, count < 200 {
            count += 1
            probability *= mu / count
            cumulative += probability
        }
        return count
    }

    private func largePoisson(_ mu: Double, _ element: UInt32) -> Double {
        let b = 0.931 + 2.53 * mu.squareRoot()
        let a = -0.059 + 0.02483 * b
        let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
        let acceptable = 0.9277 - 3.6224 / (b - 2)
        let logMu = Double.log(mu)
        for t in 0..<Self.attempts {
            let words = words(attempt: t, element: element)
            let u = Real.uniform(words[0]).wide - 0.5
            let v = Real.uniform(words[1]).wide
            let edge = 0.5 - u.magnitude
            let count = ((2 * a / edge + b) * u + mu + 0.43).rounded(.down)
            if edge >= 0.07, v <= acceptable { return count }
            if count < 0 || (edge < 0.013 && v > edge) { continue }
            let height = Double.log(v * inverseAlpha / (a / (edge * edge) + b))
            if height <= count * logMu - mu - Double.logGamma(count + 1) { return count }
        }
        return mu.rounded(.down)
    }
}
