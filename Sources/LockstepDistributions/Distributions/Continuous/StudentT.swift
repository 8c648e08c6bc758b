import LockstepTensor

/// Student's t distribution with location and scale.
public struct StudentT: BatchedDistribution {
    /// The lower, the heavier the tails; positive.
    public let degreesOfFreedom: Tensor
    /// The median.
    public let loc: Tensor
    /// What the standard variate is multiplied with; positive.
    public let scale: Tensor
    public var batch: Batch

    /// The parameters broadcast to the batch.
    public init(_ degreesOfFreedom: Tensor, _ loc: Tensor = 0, _ scale: Tensor = 1) {
        self.degreesOfFreedom = degreesOfFreedom
        self.loc = loc
        self.scale = scale
        batch = Batch(of: "StudentT", [degreesOfFreedom, loc, scale])
    }

    public var support: Constraint { .real }
    public var parameters: [DistributionParameter] {
        [
            .init("degreesOfFreedom", degreesOfFreedom, .positive), .init("loc", loc, .real),
            .init("scale", scale, .positive),
        ]
    }

    /// -(n + 1) / 2 log(1 + z^2 / n) - log B(n / 2, 1 / 2) - log(n) / 2 - log(scale), with z = (x - loc) / scale; it and
    /// its gradient tend to those of the normal distribution as n grows.
    public func logProb(_ value: Tensor) -> Tensor {
        let n = degreesOfFreedom
        let z = quotient(value - loc, scale)
        let square = z * z
        let ratio = quotient(square, n)
        return batch.complete(kernel(square, ratio) - ((Density.halfLogTwoPi - normalizer) + log(scale)))
    }

    /// -(n + 1) / 2 log(1 + z^2 / n).
    private func kernel(_ square: Tensor, _ ratio: Tensor) -> Tensor {
        let n = degreesOfFreedom
        if case .literal = n.node.op { return -(0.5 * n + 0.5) * log(onePlus: ratio) }
        // The derivative by n is of second order in z^2 / n: in these parts nothing of first order cancels.
        return -0.5 * (log(onePlus: ratio) + n * logOnePlusExcess(ratio) + square / (1 + ratio))
    }

    /// log(Gamma((n + 1) / 2) / Gamma(n / 2)) - log(n / 2) / 2, which tends to 0 as -1 / (4n).
    private var normalizer: Tensor {
        let half = 0.5 * degreesOfFreedom
        let next = half + 0.5
        return stirlingError(next) - stirlingError(half) + half * logOnePlusExcess(0.5 / half) - 0.25 / next
    }

    /// A normal variate over the root of a gamma variate. Gradients reach the location and the scale; one that
    /// reaches the degrees of freedom is an error, since the gamma draw has none.
    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        let shape = shape(sampleShape: sampleShape)
        let half = 0.5 * degreesOfFreedom
        if let failure { return .failed(failure) }
        let gamma = pointwiseMax(source.substream("gamma").gamma(half, shape), Rounding.tiny)
        let z = source.substream("normal").normal(shape) * sqrt(half / gamma)
        return batch.complete(loc + scale * z)
    }

    /// `loc` for more than one degree of freedom.
    public var mean: Tensor { batch.complete(select(1 .< degreesOfFreedom, loc, Density.nan)) }

    /// scale^2 n / (n - 2) for n > 2, infinite for 1 < n <= 2.
    public var variance: Tensor {
        let n = degreesOfFreedom
        let exists = 2 .< n
        let ratio = n / select(exists, n - 2, 1)
        let heavy = select(1 .< n, Density.infinity, Density.nan)
        return batch.complete(select(exists, scale * scale * ratio, heavy))
    }
}
