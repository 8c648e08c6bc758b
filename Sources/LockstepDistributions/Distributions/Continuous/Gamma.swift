import LockstepTensor

/// The gamma distribution with mean `concentration / rate`.
public struct Gamma: BatchedDistribution {
    /// The shape parameter; positive.
    public let concentration: Tensor
    /// The reciprocal of the scale; positive.
    public let rate: Tensor
    public var batch: Batch

    /// `concentration` and `rate` broadcast to the batch.
    public init(_ concentration: Tensor, _ rate: Tensor = 1) {
        self.concentration = concentration
        self.rate = rate
        batch = Batch(of: "Gamma", [concentration, rate])
    }

    public var support: Constraint { .positive }
    public var hasReparameterizedSample: Bool { false }
    public var parameters: [DistributionParameter] {
        [.init("concentration", concentration, .positive), .init("rate", rate, .positive)]
    }

    /// a log(rate) - logGamma(a) + (a - 1) log(x) - rate x, for x > 0 and its limit at 0; without differences of large
    /// terms.
    public func logProb(_ value: Tensor) -> Tensor {
        let atEdge = value .<= 0
        let power = Density.gammaPower(select(atEdge, 1, value), shape: concentration, rate: rate, atEdge: atEdge)
        return batch.complete(Density.cut(value .< 0, power - logGammaExcess(concentration)))
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        if let failure { return .failed(failure) }
        let standard = source.gamma(concentration, shape(sampleShape: sampleShape))
        return batch.complete(pointwiseMax(quotient(standard, rate), Rounding.tiny))
    }

    public var mean: Tensor { batch.complete(concentration / rate) }
    public var variance: Tensor { batch.complete(concentration / (rate * rate)) }
}

extension RandomSource {
    /// The logarithm of a standard gamma variate. For a small concentration a the variate itself underflows, so it
    /// is drawn as one of a + 1 times u^(1/a) (Marsaglia and Tsang 2000, section 6).
    func logGammaVariate(_ concentration: Tensor, _ shape: Shape) -> Tensor {
        let boosted = pointwiseMax(substream("gamma").gamma(concentration + 1, shape), Rounding.tiny)
        return log(boosted) + quotient(log(substream("boost").uniform(shape)), concentration)
    }
}
