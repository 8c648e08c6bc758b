import Foundation

/// What some draws say of how well one observation is predicted: by leaving it out, and with it.
struct RowCriteria: Sendable {
    /// log p(y_i | y_-i), by Pareto smoothed importance sampling.
    let leftOut: Double
    /// The Pareto shape k of the weights that leave it out.
    let paretoShape: Double
    /// log p(y_i | y): the weighted mean of densities.
    let density: Double
    /// The weighted variance of the log densities.
    let variance: Double

    /// - Parameters:
    ///   - logLikelihoods: log p(y_i | z) of each draw.
    ///   - logWeights: log p(x, z) - log q(z) of each draw, up to a constant; nil where draws are those of the posterior.
    ///   - posterior: smoothed and normalised weights that make the draws those of the posterior.
    ///   - rounding: of log weights.
    init(_ logLikelihoods: [Double], logWeights: [Double]?, posterior: [Double], rounding: ([Double]) -> Double) {
        let ratios = logWeights.map { zip($0, logLikelihoods).map { $0 - $1 } } ?? logLikelihoods.map { -$0 }
        let smoothing = ParetoSmoothing(ratios, rounding: rounding(ratios))
        leftOut = Self.logMean(logLikelihoods, smoothing.logWeights)
        // Without the observation such a draw has a weight, which cannot be had from a density of 0.
        paretoShape = logLikelihoods.contains(-.infinity) ? .infinity : smoothing.shape
        density = Self.logMean(logLikelihoods, posterior)
        variance = Self.variance(logLikelihoods, posterior)
    }

    /// The logarithm of a weighted mean of exponentials; NaN where no draw has a weight.
    private static func logMean(_ values: [Double], _ logWeights: [Double]) -> Double {
        var largest = -Double.infinity
        for (value, weight) in zip(values, logWeights) where weight != -.infinity {
            if (value + weight).isNaN { return .nan }
            largest = max(largest, value + weight)
        }
        guard largest.isFinite else { return largest }
        var sum = 0.0
        for (value, weight) in zip(values, logWeights) where weight != -.infinity { sum += exp(value + weight - largest) }
        return largest + log(sum)
    }

    /// The weighted variance, made unbiased for weights that do not depend on the values: of S equal weights that with S - 1.
    private static func variance(_ values: [Double], _ logWeights: [Double]) -> Double {
        var (mean, squares) = (0.0, 0.0)
        for (value, weight) in zip(values, logWeights) where weight != -.infinity {
            mean += exp(weight) * value
            squares += exp(2 * weight)
        }
        var sum = 0.0
        for (value, weight) in zip(values, logWeights) where weight != -.infinity { sum += exp(weight) * (value - mean) * (value - mean) }
        return sum / (1 - squares)
    }
}

/// A sum over observations, with what it may be off by.
struct CriterionSum: Sendable {
    let total: Double
    /// sqrt(n times the variance of the terms), by n - 1; NaN of fewer than two.
    let error: Double

    /// - Parameter terms: one for each observation that counts.
    init(_ terms: [Double]) {
        let (count, sum) = (Double(terms.count), terms.reduce(0, +))
        total = terms.isEmpty ? .nan : sum
        let mean = sum / count
        error = terms.count > 1 ? (count / (count - 1) * terms.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }).squareRoot() : .nan
    }
}
