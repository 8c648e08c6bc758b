/// What samples are judged by.
package enum Statistics {
    package static func mean(_ samples: [Double]) -> Double { samples.reduce(0, +) / Double(samples.count) }

    package static func variance(_ samples: [Double]) -> Double {
        let center = mean(samples)
        return samples.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(samples.count - 1)
    }

    /// The Kolmogorov-Smirnov statistic times the root of the sample size: above 1.95 once in 1000 times
    /// (less often for counts, where it is conservative).
    ///
    /// - Parameter distribution: the probability of values up to and including its argument.
    package static func kolmogorovSmirnov(_ samples: [Double], isDiscrete: Bool = false, _ distribution: (Double) -> Double) -> Double {
        let sorted = samples.sorted()
        let n = Double(sorted.count)
        var worst = 0.0
        for (i, x) in sorted.enumerated() {
            let expected = distribution(x)
            let isLast = i + 1 == sorted.count || sorted[i + 1] > x
            if !isDiscrete || isLast { worst = max(worst, (Double(i + 1) / n - expected).magnitude) }
            if !isDiscrete { worst = max(worst, (Double(i) / n - expected).magnitude) }
        }
        return worst * n.squareRoot()
    }
}
