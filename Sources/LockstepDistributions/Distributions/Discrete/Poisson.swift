import LockstepTensor

/// The Poisson distribution of counts with mean `rate`. Draws are reals that hold counts, since a count may be
/// larger than an integer holds.
public struct Poisson: BatchedDistribution {
    enum Form: Sendable {
        case rate(Tensor)
        case logRate(Tensor)
    }

    let form: Form
    public var batch: Batch

    /// `rate` has the shape of the batch; it is not negative.
    public init(_ rate: Tensor) {
        form = .rate(rate)
        batch = Batch(of: "Poisson", [rate])
    }

    /// From the logarithm of the rate, as log-linear models have it: no logarithm is taken of an exponential.
    public init(logRate: Tensor) {
        form = .logRate(logRate)
        batch = Batch(of: "Poisson", [logRate])
    }

    /// The mean.
    public var rate: Tensor {
        switch form {
        case .rate(let rate): rate
        case .logRate(let logRate): exp(logRate)
        }
    }

    public var support: Constraint { .nonNegativeInteger }
    public var parameters: [DistributionParameter] {
        switch form {
        case .rate(let rate): [.init("rate", rate, .nonNegative)]
        case .logRate(let logRate): [.init("logRate", logRate, .real)]
        }
    }

    /// x log(rate) - rate - logGamma(x + 1), with 0 log(0) = 0: the deviance of x from the rate, and what depends on x
    /// alone, so that nothing large cancels.
    public func logProb(_ value: Tensor) -> Tensor {
        let x = value.asReal
        switch form {
        case .rate(let rate):
            let isCount = 0 .< x
            let count = select(isCount, x, 1)
            let vanishes = rate .<= 0
            let safeRate = select(vanishes, 1, rate)
            // The deviance of 0 is the rate, but has no gradient by x.
            let inside = -select(isCount, deviance(count, safeRate), safeRate)
            // logGamma(x + 1) - x log(x) + x.
            let normalizer = select(isCount, logGammaExcess(count) + log(count), 0)
            return batch.complete(Density.edge(vanishes, exponent: x, inside) - normalizer)
        case .logRate(let logRate):
            return batch.complete(poissonLogMass(x, logMean: logRate))
        }
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        if let failure { return .failed(failure) }
        return source.poisson(rate, shape(sampleShape: sampleShape))
    }

    public var mean: Tensor { batch.complete(rate) }
    public var variance: Tensor { batch.complete(rate) }
}
