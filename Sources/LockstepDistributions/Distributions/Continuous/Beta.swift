import LockstepTensor

/// The beta distribution, with density proportional to x^(a - 1) (1 - x)^(b - 1).
public struct Beta: BatchedDistribution {
    /// a, the exponent of x plus one.
    public let concentration1: Tensor
    /// b, the exponent of 1 - x plus one.
    public let concentration0: Tensor
    public var batch: Batch

    /// - Parameters:
    ///   - concentration1: a, the exponent of x plus one.
    ///   - concentration0: b, the exponent of 1 - x plus one.
    public init(_ concentration1: Tensor, _ concentration0: Tensor) {
        self.concentration1 = concentration1
        self.concentration0 = concentration0
        batch = Batch(of: "Beta", [concentration1, concentration0])
    }

    public var support: Constraint { .unitInterval }
    public var hasReparameterizedSample: Bool { false }
    public var parameters: [DistributionParameter] {
        [.init("concentration1", concentration1, .positive), .init("concentration0", concentration0, .positive)]
    }

    /// (a - 1) log(x) + (b - 1) log(1 - x) - log B(a, b), for 0 < x < 1 and its limits at the ends.
    ///
    /// Computed as the density of gamma variates x and 1 - x of rate a + b over that of their sum, 1, which leaves no
    /// difference of large terms.
    public func logProb(_ value: Tensor) -> Tensor {
        let (a, b, total) = (concentration1, concentration0, concentration1 + concentration0)
        let atZero = value .<= 0
        let atOne = 1 .<= value
        let low = select(atZero, 0.5, value)
        let high = select(atOne, 0.5, value)
        /// total x - a, which is b - total (1 - x).
        func difference(_ x: Tensor) -> Tensor { x * b - (1 - x) * a }
        let powers =
            Density.gammaPower(low, shape: a, rate: total, difference: -difference(low), atEdge: atZero)
            + Density.gammaPower(
                1 - high, shape: b, rate: total, logX: log(onePlus: -high), difference: difference(high), atEdge: atOne)
        let normalizer = logGammaExcess(total) - logGammaExcess(a) - logGammaExcess(b)
        let outside = (value .< 0) .| (1 .< value)
        return batch.complete(Density.cut(outside, powers + normalizer))
    }

    /// The share of one of two gamma variates, from their logarithms.
    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        if let failure { return .failed(failure) }
        let shape = shape(sampleShape: sampleShape)
        let one = source.substream("one").logGammaVariate(concentration1, shape)
        let zero = source.substream("zero").logGammaVariate(concentration0, shape)
        return batch.complete(Rounding.clampToUnitInterval(sigmoid(one - zero)))
    }

    public var mean: Tensor { batch.complete(concentration1 / (concentration1 + concentration0)) }
    public var variance: Tensor {
        let total = concentration1 + concentration0
        return batch.complete(concentration1 * concentration0 / (total * total * (total + 1)))
    }
}
