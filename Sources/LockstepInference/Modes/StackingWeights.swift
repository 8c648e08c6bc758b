import Foundation

/// Weights that make a mixture of several posteriors predict best: stacking of predictive distributions (Yao, Vehtari and Gelman
/// 2022, "Stacking for non-mixing Bayesian computations", equation 4).
public enum StackingWeights {
    /// The weights w, which are not negative and sum to 1, at which the sum over observations i of log(sum_k w_k p_ki) is greatest.
    ///
    /// An observation with density 0 under every mode says nothing of the weights and is left out; without any observation all
    /// weights are equal. Where several weights do equally well, one of them is returned.
    ///
    /// - Parameter logDensities: log p_ki, row-major `[modes, observations]`: of data that the modes were not fitted to, or by leaving
    ///   each observation out, where that can be had. -infinity for density 0.
    /// - Returns: a weight for each mode. The objective is within `observations * 1e-9` nats of its greatest value, unless ten
    ///   thousand rounds do not get there.
    /// - Throws: where there is no mode, where modes have different numbers of observations, and for a density that is NaN or infinite.
    public static func weights(_ logDensities: [[Double]]) throws -> [Double] {
        try LockstepError.wrapping {
            guard let first = logDensities.first else { throw RunError("there are no modes to weigh") }
            for (mode, row) in logDensities.enumerated() {
                guard row.count == first.count else {
                    throw RunError("mode \(mode) has \(row.count) log densities and mode 0 has \(first.count); give as many for each")
                }
                if let bad = row.firstIndex(where: { $0.isNaN || $0 == .infinity }) {
                    throw RunError("the log density of observation \(bad) under mode \(mode) is \(row[bad]); give a number or -infinity")
                }
            }
            return StackingProblem(logDensities).solution()
        }
    }
}

/// The concave problem of stacking. A round is a step of expectation maximisation, which changes all weights, and an exchange of weight
/// between the two modes that want it least and most (Böhning 1986, "A vertex-exchange-method in D-optimal design theory"), which gets
/// to weights of 0 in finitely many steps.
private struct StackingProblem {
    /// Densities `[mode][observation]`, as shares of the largest of each observation.
    private let densities: [[Double]]
    private let observations: Int

    private static let tolerance = 1e-9
    private static let rounds = 10_000

    init(_ logDensities: [[Double]]) {
        let largest = (logDensities.first?.indices ?? 0..<0).map { place in logDensities.map { $0[place] }.max() ?? -.infinity }
        let kept = largest.indices.filter { largest[$0] > -.infinity }
        densities = logDensities.map { row in kept.map { exp(row[$0] - largest[$0]) } }
        observations = kept.count
    }

    func solution() -> [Double] {
        var weights = Array(repeating: 1 / Double(densities.count), count: densities.count)
        guard densities.count > 1, observations > 0 else { return weights }
        for _ in 0..<Self.rounds {
            let slopes = slopes(mixture(weights))
            // The gap to the greatest value is at most `observations` times this, as the objective is concave.
            if (slopes.max() ?? 1) - 1 <= Self.tolerance { break }
            weights = zip(weights, slopes).map(*)
            let total = weights.reduce(0, +)
            weights = weights.map { $0 / total }
            exchange(&weights)
        }
        return weights
    }

    /// The density of each observation.
    private func mixture(_ weights: [Double]) -> [Double] {
        var mixture = Array(repeating: 0.0, count: observations)
        for (weight, row) in zip(weights, densities) where weight > 0 {
            for place in row.indices { mixture[place] += weight * row[place] }
        }
        return mixture
    }

    /// Derivatives of the mean log density to the weights: 1 or less at the solution, and 1 where its weight is not 0.
    private func slopes(_ mixture: [Double]) -> [Double] {
        densities.map { row in
            var sum = 0.0
            for place in row.indices { sum += row[place] / mixture[place] }
            return sum / Double(observations)
        }
    }

    /// Moves weight between two modes, as far as it pays.
    private func exchange(_ weights: inout [Double]) {
        let mixture = mixture(weights)
        let slopes = slopes(mixture)
        guard let gaining = slopes.indices.max(by: { slopes[$0] < slopes[$1] }),
            let losing = slopes.indices.filter({ weights[$0] > 0 }).min(by: { slopes[$0] < slopes[$1] }), slopes[gaining] > slopes[losing]
        else { return }
        /// Of the objective to the weight that is moved; it falls.
        func slope(_ moved: Double) -> Double {
            var sum = 0.0
            for place in mixture.indices {
                let difference = densities[gaining][place] - densities[losing][place]
                if difference != 0 { sum += difference / (mixture[place] + moved * difference) }
            }
            return sum
        }
        var (low, high) = (0.0, weights[losing])
        if slope(high) >= 0 {
            weights[gaining] += high
            weights[losing] = 0
            return
        }
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if slope(middle) > 0 { low = middle } else { high = middle }
        }
        weights[gaining] += low
        weights[losing] -= low
    }
}
