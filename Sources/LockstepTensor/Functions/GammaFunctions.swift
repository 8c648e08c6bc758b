// Functions of the gamma family in parts that do not cancel: Stirling's formula cancels on paper, and what is left of it
// is small. So are their gradients, by the rules of these parts.

/// log(Gamma(a) Gamma(b) / Gamma(a + b)), for a, b > 0.
///
/// Unlike the sum of three `logGamma`, it and its gradient keep their precision for large a and b.
public func logBeta(_ a: Tensor, _ b: Tensor) -> Tensor {
    let powers = -(a * log(onePlus: b / a) + b * log(onePlus: a / b))
    let roots = 0.5 * (log(onePlus: a / b) - log(a)) + halfLogTwoPi
    return stirlingError(a) + stirlingError(b) - stirlingError(a + b) + roots + powers
}

/// log(Gamma(a) / Gamma(b)), for a, b > 0.
///
/// Unlike the difference of two `logGamma`, it and its gradient keep their precision where a and b are large and near
/// one another.
public func logGammaRatio(_ a: Tensor, _ b: Tensor) -> Tensor {
    let difference = a - b
    let powers = difference * log(b) + deviance(a, b, difference: difference)
    return stirlingError(a) - stirlingError(b) - 0.5 * .map(.logRatio, [a, b, difference]) + powers
}

/// log Gamma(x) - x log(x) + x, for x > 0: what depends on the shape alone in the density of a gamma variate.
package func logGammaExcess(_ x: Tensor) -> Tensor { stirlingError(x) - 0.5 * log(x) + halfLogTwoPi }

/// log Gamma(x) - ((x - 1/2) log(x) - x + log(2 pi) / 2), for x > 0: about 1 / (12 x).
package func stirlingError(_ x: Tensor) -> Tensor { .map(.stirlingError, [x]) }

/// The derivative of `stirlingError`: digamma(x) - log(x) + 1 / (2x).
package func digammaError(_ x: Tensor) -> Tensor { .map(.digammaError, [x]) }

/// x log(x / m) + m - x, for x >= 0 and m > 0: not negative, and accurate where x and m are near one another.
///
/// - Parameter difference: x - m, where it is known better than from x and m as they are.
package func deviance(_ x: Tensor, _ m: Tensor, difference: Tensor? = nil) -> Tensor {
    .map(.deviance, [x, m, difference ?? x - m])
}

/// log(1 + t) - t / (1 + t), for t > -1.
package func logOnePlusExcess(_ t: Tensor) -> Tensor { deviance(1 + t, 1, difference: t) / (1 + t) }

/// x logMean - exp(logMean) - logGamma(x + 1), for counts x >= 0: nothing large cancels.
package func poissonLogMass(_ x: Tensor, logMean: Tensor) -> Tensor {
    .map(.poissonLogMass, [logMean, x, logGamma(x + 1)])
}

private let halfLogTwoPi = Tensor(0.9189385332046727)
