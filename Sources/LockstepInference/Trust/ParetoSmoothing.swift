import Foundation

/// Importance weights whose largest ones are replaced by what a generalised Pareto distribution expects of them: Pareto smoothed
/// importance sampling (Vehtari, Simpson, Gelman, Yao and Gabry 2024, JMLR 25, 72), as ArviZ's `psislw` does it.
///
/// The tail is the largest min(S / 5, 3 sqrt(S)) of S weights. The distribution's shape says how much the weights can be relied on:
/// fewer than 1 / shape of their moments exist.
public struct ParetoSmoothing: Hashable, Sendable {
    /// Smoothed, cut at the largest weight that was given, and normalised: their exponentials sum to 1. Minus infinity for draws
    /// without a weight; all NaN where no draw has one.
    public let logWeights: [Double]
    /// The shape k of the tail.
    ///
    /// Minus infinity where there is no tail: more weights equal the largest one than a tail has, as when all are equal. Infinity
    /// where fewer than five weights stand out, or these differ by more than numbers hold. NaN of fewer than 21 weights, which have
    /// no tail of five, and where no draw has a weight.
    public let shape: Double
    /// 1 / sum of squares of the smoothed weights: how many draws of equal weight say as much. 0 where no draw has a weight.
    public let effectiveSampleSize: Double
    /// Draws whose log weight was NaN or infinity. They get no weight, and do not count.
    public let undefinedDraws: Int

    /// The fewest weights that have a tail of five.
    static let fewest = 21
    private static let shortestTail = 5

    /// Smooths the weights of some draws.
    ///
    /// - Parameters:
    ///   - logWeights: of each draw, up to a constant; minus infinity for no weight.
    ///   - rounding: log weights that differ by no more than this are equal. Noise would have a shape, too.
    public init(_ logWeights: [Double], rounding: Double = 0) {
        let isDefined = logWeights.map { !$0.isNaN && $0 < .infinity }
        let count = isDefined.count { $0 }
        undefinedDraws = logWeights.count - count
        let largest = zip(logWeights, isDefined).reduce(-Double.infinity) { $1.1 ? max($0, $1.0) : $0 }
        guard largest > -.infinity else {
            self.logWeights = logWeights.map { _ in .nan }
            (shape, effectiveSampleSize) = (.nan, 0)
            return
        }
        var relative = zip(logWeights, isDefined).map { $1 ? $0 - largest : -.infinity }
        shape = Self.smooth(&relative, of: count, rounding: rounding)
        let total = log(relative.reduce(0) { $0 + exp($1) })
        self.logWeights = relative.map { $0 - total }
        effectiveSampleSize = 1 / self.logWeights.reduce(0) { $0 + exp(2 * $1) }
    }

    /// Puts smoothed weights in place of the largest.
    ///
    /// - Parameters:
    ///   - weights: logarithms, of which the largest is 0.
    ///   - count: how many of them count.
    /// - Returns: the shape.
    private static func smooth(_ weights: inout [Double], of count: Int, rounding: Double) -> Double {
        guard count >= fewest else { return .nan }
        let order = weights.indices.sorted { (weights[$0], $0) < (weights[$1], $1) }
        let tail = Int(min(Double(count) / 5, 3 * Double(count).squareRoot()).rounded(.up))
        // What does not count is at the front.
        let edge = weights[order[order.count - tail - 1]]
        if edge >= -max(rounding, 16 * Double.ulpOfOne) { return -.infinity }
        let cutoff = max(edge, log(Double.leastNormalMagnitude))
        let places = order.filter { weights[$0] > cutoff }
        guard places.count >= shortestTail else { return .infinity }
        let start = exp(cutoff)
        guard let fit = GeneralizedPareto(sorted: places.map { exp(weights[$0]) - start }) else { return .infinity }
        for (number, place) in places.enumerated() {
            let excess = fit.quantile((Double(number) + 0.5) / Double(places.count))
            weights[place] = min(0, log(excess + start))
        }
        return fit.shape
    }
}

/// The generalised Pareto distribution of positive excesses, by the estimate of Zhang and Stephens 2009 (Technometrics 51, 316): a
/// mean over a grid by profile likelihood, with the shape drawn to 0.5 by a weak prior that is worth 10 excesses (Vehtari et al. 2024,
/// appendix C).
struct GeneralizedPareto {
    let shape: Double
    let scale: Double

    /// - Parameter excesses: ascending. Nil where they are no excesses, or differ by more than numbers hold.
    init?(sorted excesses: [Double]) {
        let count = Double(excesses.count)
        guard let last = excesses.last, excesses.count >= 2 else { return nil }
        let quarter = excesses[max(Int(count / 4 + 0.5), 1) - 1]
        let size = 30 + Int(count.squareRoot())
        func meanLog(_ b: Double) -> Double { excesses.reduce(0) { $0 + log1p(-b * $1) } / count }
        let grid = (1...size).map { (1 - (Double(size) / (Double($0) - 0.5)).squareRoot()) / (3 * quarter) + 1 / last }
        let likelihoods = grid.map { b in
            let k = meanLog(b)
            return count * (log(-b / k) - k - 1)
        }
        var weights = likelihoods.map { own in 1 / likelihoods.reduce(0) { $0 + exp($1 - own) } }
        weights = weights.map { $0 >= 10 * Double.ulpOfOne ? $0 : 0 }
        let total = weights.reduce(0, +)
        let b = zip(grid, weights).reduce(0) { $0 + $1.0 * $1.1 } / total
        let k = meanLog(b)
        scale = -k / b
        shape = (count * k + 10 * 0.5) / (count + 10)
        guard shape.isFinite, scale > 0, scale.isFinite else { return nil }
    }

    /// The excess below which a share of them lies.
    func quantile(_ share: Double) -> Double {
        let rate = -log1p(-share)
        return scale * (abs(shape) < Double.ulpOfOne ? rate : expm1(shape * rate) / shape)
    }
}
