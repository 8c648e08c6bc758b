import LockstepCompiler
import LockstepRuntime
import LockstepTensor

/// Sums over the draws of each lane's guide, with and without importance weights, of the latents' coordinates: kept where the lanes
/// are, so that no draw has to be stored.
struct WeightedSums: Sendable {
    /// A latent in unconstrained space.
    struct Latent: Sendable {
        let name: String
        let shape: Shape
    }

    /// What is summed up about a coordinate.
    enum Kind: String, Hashable, CaseIterable {
        /// Its value in the first draw, from which all are measured: a mean of large numbers in single precision would lose its
        /// spread.
        case reference
        case plain, plainSquares
        case weighted, weightedSquares
        /// With squares of weights.
        case twiceWeighted, twiceWeightedSquares
    }

    let latents: [Latent]

    /// What a lane carries from draw to draw.
    ///
    /// - Parameters:
    ///   - logWeight: of the draw. Weights are measured from the first that is finite; a draw without one has weight 0.
    ///   - coordinates: of the draw, in the order of the latents.
    func states(_ logWeight: Tensor, _ coordinates: [Tensor], _ origin: Origin) -> [LaneFunction.State] {
        func real(_ name: StateName, _ shape: Shape = []) -> Tensor { name.before(origin, shape: shape) }
        let count = StateName.weightCount.before(origin, dtype: .int)
        let counts = logWeight.isFinite
        let reference = select(counts .& (count .== Tensor(integer: 0)), logWeight, real(.weightReference))
        let weight = select(counts, exp(select(counts, logWeight - reference, 0)), 0)
        let square = weight * weight
        var states: [LaneFunction.State] = [
            .init(StateName.weightCount, count + select(counts, Tensor(integer: 1), Tensor(integer: 0))),
            .init(StateName.weightReference, reference),
            .init(StateName.weightSum, real(.weightSum) + weight),
            .init(StateName.weightSquares, real(.weightSquares) + square),
        ]
        let isFirst = DrawProgram.number(origin) .== Tensor(integer: 0)
        for (latent, coordinate) in zip(latents, coordinates) {
            func before(_ kind: Kind) -> Tensor { real(.sum(kind, of: latent.name), latent.shape) }
            let start = select(isFirst, coordinate, before(.reference))
            let distance = coordinate - start
            let squared = distance * distance
            let added: [(Kind, Tensor)] = [
                (.plain, distance), (.plainSquares, squared), (.weighted, weight * distance), (.weightedSquares, weight * squared),
                (.twiceWeighted, square * distance), (.twiceWeightedSquares, square * squared),
            ]
            states.append(.init(.sum(.reference, of: latent.name), start))
            states += added.map { kind, term in .init(.sum(kind, of: latent.name), before(kind) + term) }
        }
        return states
    }

    // MARK: What they come to

    /// The sums of some lanes.
    struct Values: Sendable {
        fileprivate let sum, squares: [Double]
        fileprivate let latents: [(latent: Latent, sums: [Kind: LaneArray.Elements])]
        fileprivate let draws: Int
    }

    func values(_ execution: any LaneExecution, draws: Int) throws -> Values {
        Values(
            sum: try execution.read(.weightSum).element(0), squares: try execution.read(.weightSquares).element(0),
            latents: try latents.map { latent in
                let kinds = Kind.allCases.filter { $0 != .reference }
                return (latent, Dictionary(uniqueKeysWithValues: try kinds.map { ($0, try execution.read(.sum($0, of: latent.name)).elements) }))
            }, draws: draws)
    }
}

extension WeightedSums.Values {
    /// How the weights move one lane's means.
    struct Movement: Sendable {
        /// The coordinate that counts most against the guide; nil where there are none.
        var worst: Trust.Shift?
        /// The first latent that has no spread in some coordinate.
        var point: String?
    }

    func movement(_ lane: Int) -> Movement {
        var movement = Movement()
        var most = -Double.infinity
        for (latent, sums) in latents {
            let count = latent.shape.elementCount
            let own = sums.mapValues { numbers in (0..<count).map { numbers[lane * count + $0] } }
            for element in 0..<count {
                let moments = Moments(lane, own.mapValues { $0[element] }, of: self)
                // All draws are where the first is.
                if moments.variance == 0, movement.point == nil { movement.point = latent.name }
                let shift = Trust.Shift(
                    site: latent.name, element: ElementPlace.index(element, latent.shape), value: moments.shift / moments.unit,
                    error: moments.error / moments.unit)
                // Nothing is worse than no number.
                if shift.excess > most || (shift.excess.isNaN && !most.isNaN) { (movement.worst, most) = (shift, shift.excess) }
            }
        }
        return movement
    }

    /// Of one coordinate's draws.
    private struct Moments {
        /// The weighted mean less the plain one.
        let shift: Double
        let error: Double
        let variance: Double
        /// The smaller of the standard deviations.
        let unit: Double

        init(_ lane: Int, _ sums: [WeightedSums.Kind: Double], of values: WeightedSums.Values) {
            func sum(_ kind: WeightedSums.Kind) -> Double { sums[kind] ?? .nan }
            let (total, squares, count) = (values.sum[lane], values.squares[lane], Double(values.draws))
            let mean = sum(.plain) / count
            variance = sum(.plainSquares) == 0 ? 0 : sum(.plainSquares) / count - mean * mean
            let weighted = sum(.weighted) / total
            let weightedVariance = sum(.weightedSquares) / total - weighted * weighted
            shift = weighted - mean
            // The variance of a difference of means, by their influence functions: w (x - weighted mean) and (x - mean) / n, where w is a
            // draw's share of all weights. The sums of their squares, and of their products:
            let ofWeighted = (sum(.twiceWeightedSquares) - 2 * weighted * sum(.twiceWeighted) + weighted * weighted * squares) / (total * total)
            error = max(0, ofWeighted - 2 * weightedVariance / count + variance / count).squareRoot()
            unit = min(variance, weightedVariance).squareRoot()
        }
    }
}
