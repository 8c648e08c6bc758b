import LockstepTensor

/// The exponential distribution with mean 1 / `rate`.
public struct Exponential: BatchedDistribution {
    /// The reciprocal of the mean; positive.
    public let rate: Tensor
    public var batch: Batch

    /// `rate` has the shape of the batch.
    public init(_ rate: Tensor = 1) {
        self.rate = rate
        batch = Batch(of: "Exponential", [rate])
    }

    public var support: Constraint { .nonNegative }
    public var parameters: [DistributionParameter] { [.init("rate", rate, .positive)] }

    /// log(rate) - rate x, for x >= 0.
    public func logProb(_ value: Tensor) -> Tensor {
        batch.complete(Density.cut(value .< 0, log(rate) - rate * value))
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        batch.complete(quotient(-log(source.uniform(shape(sampleShape: sampleShape))), rate))
    }

    public var mean: Tensor { batch.complete(1 / rate) }
    public var variance: Tensor { batch.complete(1 / (rate * rate)) }

    public func cdf(_ value: Tensor) -> Tensor? { batch.complete(-expMinusOne(-rate * pointwiseMax(value, 0))) }
    public func icdf(_ probability: Tensor) -> Tensor? { batch.complete(-log(onePlus: -probability) / rate) }
}

/// The uniform distribution on [low, high].
public struct Uniform: BatchedDistribution {
    /// The lower end.
    public let low: Tensor
    /// The upper end, above `low`.
    public let high: Tensor
    public var batch: Batch

    /// `low` and `high` broadcast to the batch.
    public init(_ low: Tensor = 0, _ high: Tensor = 1) {
        self.low = low
        self.high = high
        batch = Batch(of: "Uniform", [low, high])
    }

    public var support: Constraint {
        low.splat == 0 && high.splat == 1 ? .unitInterval : .interval(low, high)
    }
    public var parameters: [DistributionParameter] { [.init("low", low, .real), .init("high", high, .greaterThan(low))] }

    /// -log(high - low), for low <= x <= high.
    public func logProb(_ value: Tensor) -> Tensor {
        let inside = (low .<= value) .& (value .<= high)
        return batch.complete(select(inside, -log(high - low), -Density.infinity))
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        batch.complete(low + (high - low) * source.uniform(shape(sampleShape: sampleShape)))
    }

    public var mean: Tensor { batch.complete(0.5 * (low + high)) }
    public var variance: Tensor {
        let width = high - low
        return batch.complete(width * width / 12)
    }

    public func cdf(_ value: Tensor) -> Tensor? {
        let share = quotient(value - low, high - low)
        return batch.complete(pointwiseMin(pointwiseMax(share, 0), 1))
    }
    public func icdf(_ probability: Tensor) -> Tensor? { batch.complete(low + (high - low) * probability) }
}
