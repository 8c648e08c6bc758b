import Foundation
import LockstepModel
import LockstepRuntime
import LockstepTensor

// The modes together as one posterior: a mixture of the posteriors of their representatives.

extension Modes {
    /// Weights in proportion to exp(ELBO). The ELBO is a lower bound of the log evidence that a mode's region contributes: a heuristic,
    /// which favours modes that the guide fits well, and leaves it all to one mode where ELBOs differ by some nats. Of exchangeable
    /// components it counts one order.
    ///
    /// - Returns: a weight for each mode, which sum to 1.
    /// - Throws: where the run had no final draws.
    public func evidenceWeights() throws -> [Double] {
        try LockstepError.wrapping {
            guard let best = map(\.elbo).max() else { return [] }
            guard best.isFinite else {
                throw RunError("the modes have no ELBO to be weighed by: run with RunOptions.finalDraws above 0")
            }
            let shares = map { exp($0.elbo - best) }
            let total = shares.reduce(0, +)
            return shares.map { $0 / total }
        }
    }

    /// The weights at which the mixture of the modes' representatives predicts the observations best (Yao, Vehtari and Gelman 2022):
    /// `StackingWeights.weights` of their log predictive densities.
    ///
    /// The densities are those of the data that the modes were fitted to, not of data that were left out: with few observations for
    /// each latent they flatter modes that overfit. Put densities of other data into `StackingWeights.weights` where there are any.
    ///
    /// - Parameters:
    ///   - draws: of each mode, behind its predictive densities.
    ///   - key: the same key gives the same draws.
    /// - Returns: a weight for each mode, which sum to 1.
    /// - Throws: for a model that observes nothing, for densities that are NaN, and when a device fails.
    public func stackingWeights(draws: Int = 1024, key: Key = Key(0)) throws -> [Double] {
        try LockstepError.wrapping {
            let density = try PredictiveDensity(fits, draws: draws)
            if isEmpty { return [] }
            guard !density.sites.isEmpty else {
                throw RunError("the model observes nothing that modes could predict: use evidenceWeights()")
            }
            let rows = try density.evaluated(map(\.representative), key: key)
            return try StackingWeights.weights(indices.map { mode in density.sites.flatMap { rows[$0.name]?[mode] ?? [] } })
        }
    }

    /// Draws from the mixture of the modes' representatives, with the deterministic sites that follow from them.
    ///
    /// - Parameters:
    ///   - count: how many draws.
    ///   - weights: one for each mode, not negative; they need not sum to 1.
    ///   - key: the same key gives the same draws.
    /// - Returns: for each latent and deterministic site an array per draw, row-major. One draw is of one mode in all sites.
    /// - Throws: for a number of draws or for weights that make no sense.
    public func sample(_ count: Int, weights: [Double], key: Key = Key(0)) throws -> [String: LaneValues] {
        try LockstepError.wrapping {
            guard (1...Key.mostChildren).contains(count) else {
                throw RunError("cannot draw \(count) samples; give 1 to \(Key.mostChildren)")
            }
            guard weights.count == self.count, weights.allSatisfy({ $0 >= 0 }), let largest = weights.max(), largest > 0, largest.isFinite
            else {
                throw RunError("the weights of \(self.count) modes are \(weights.prefix(20)); give a number for each, not all of them 0")
            }
            let chosen = Self.choices(count, weights.map { $0 / largest }, key)
            // By mode, in the order of the draws.
            let order = chosen.indices.sorted { (chosen[$0], $0) < (chosen[$1], $1) }
            var parts: [String: (shape: Shape, arrays: [LaneArray])] = [:]
            for (mode, drawn) in Dictionary(grouping: chosen, by: { $0 }).sorted(by: { $0.key < $1.key }) {
                let samples = try PosteriorQuery(fits).sample([self[mode].representative], drawn.count, key: key)
                for (name, values) in samples {
                    let shape = Shape(values.shape.dropFirst())
                    let array = values.array.reshaped(lanes: drawn.count, count: shape.elementCount)
                    parts[name, default: (shape, [])].arrays.append(array)
                }
            }
            var places = Array(repeating: 0, count: count)
            for (place, draw) in order.enumerated() { places[draw] = place }
            return parts.mapValues { shape, arrays in
                LaneValues(array: LaneArray(joining: arrays, count: shape.elementCount).lanes(places), shape: shape)
            }
        }
    }

    /// The mode of each draw.
    private static func choices(_ count: Int, _ weights: [Double], _ key: Key) -> [Int] {
        var sums: [Double] = []
        for weight in weights { sums.append((sums.last ?? 0) + weight) }
        guard let total = sums.last, let last = weights.lastIndex(where: { $0 > 0 }) else { return [] }
        // A key of its own: the lanes' draws have keys that are mixed with the caller's.
        let choosing = key.mixed(with: Key(0x6D6F_6465))
        return (0..<count).map { draw in
            let word = choosing.fold(draw)
            let uniform = (Double(word.high) + (Double(word.low) + 0.5) * 0x1p-32) * 0x1p-32
            // Rounded up it may be the sum of all.
            return sums.firstIndex { uniform * total < $0 } ?? last
        }
    }
}
