import LockstepTensor

/// The Cauchy distribution around `loc`, with half width at half maximum `scale`.
public struct Cauchy: BatchedDistribution {
    /// The median.
    public let loc: Tensor
    /// Half the width at half the maximum; positive.
    public let scale: Tensor
    public var batch: Batch

    /// `loc` and `scale` broadcast to the batch.
    public init(_ loc: Tensor = 0, _ scale: Tensor = 1) {
        self.loc = loc
        self.scale = scale
        batch = Batch(of: "Cauchy", [loc, scale])
    }

    public var support: Constraint { .real }
    public var parameters: [DistributionParameter] { [.init("loc", loc, .real), .init("scale", scale, .positive)] }

    /// -log(pi scale (1 + z^2)), with z = (x - loc) / scale.
    public func logProb(_ value: Tensor) -> Tensor {
        let z = quotient(value - loc, scale)
        return batch.complete(-log(onePlus: z * z) - log(Density.pi * scale))
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        let angle = Density.pi * (source.uniform(shape(sampleShape: sampleShape)) - 0.5)
        return batch.complete(loc + scale * tan(angle))
    }

    public var mean: Tensor { batch.complete(Density.nan) }
    public var variance: Tensor { batch.complete(Density.nan) }

    public func cdf(_ value: Tensor) -> Tensor? {
        batch.complete(0.5 + atan(quotient(value - loc, scale)) * 0.3183098861837907)
    }
    public func icdf(_ probability: Tensor) -> Tensor? {
        batch.complete(loc + scale * tan(Density.pi * (probability - 0.5)))
    }
}

/// The absolute value of a Cauchy variate around 0.
public struct HalfCauchy: BatchedDistribution {
    /// The median; positive.
    public let scale: Tensor
    public var batch: Batch

    /// `scale` has the shape of the batch.
    public init(_ scale: Tensor = 1) {
        self.scale = scale
        batch = Batch(of: "HalfCauchy", [scale])
    }

    public var support: Constraint { .positive }
    public var parameters: [DistributionParameter] { [.init("scale", scale, .positive)] }

    /// log 2 more than the Cauchy density, for x >= 0.
    public func logProb(_ value: Tensor) -> Tensor {
        let z = quotient(value, scale)
        let inside = -log(onePlus: z * z) - log(0.5 * Density.pi * scale)
        return batch.complete(Density.cut(value .< 0, inside))
    }

    /// Through the absolute value, since half of pi rounds to beyond the pole of the tangent.
    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        let angle = Density.pi * (source.uniform(shape(sampleShape: sampleShape)) - 0.5)
        return batch.complete(scale * abs(tan(angle)))
    }

    public var mean: Tensor { batch.complete(Density.infinity) }
    public var variance: Tensor { batch.complete(Density.infinity) }

    public func cdf(_ value: Tensor) -> Tensor? {
        batch.complete(atan(quotient(pointwiseMax(value, 0), scale)) * 0.6366197723675814)
    }
    public func icdf(_ probability: Tensor) -> Tensor? {
        batch.complete(scale * tan(0.5 * Density.pi * probability))
    }
}
