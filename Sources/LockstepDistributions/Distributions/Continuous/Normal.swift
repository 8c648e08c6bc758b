import LockstepTensor

/// The normal distribution with mean `loc` and standard deviation `scale`.
public struct Normal: BatchedDistribution {
    /// The mean.
    public let loc: Tensor
    /// The standard deviation; positive.
    public let scale: Tensor
    public var batch: Batch

    /// `loc` and `scale` broadcast to the batch.
    public init(_ loc: Tensor = 0, _ scale: Tensor = 1) {
        self.loc = loc
        self.scale = scale
        batch = Batch(of: "Normal", [loc, scale])
    }

    public var support: Constraint { .real }
    public var parameters: [DistributionParameter] { [.init("loc", loc, .real), .init("scale", scale, .positive)] }

    /// -z^2 / 2 - log(scale) - log(2 pi) / 2, with z = (x - loc) / scale.
    public func logProb(_ value: Tensor) -> Tensor {
        let z = quotient(value - loc, scale)
        return batch.complete(-0.5 * (z * z) - (log(scale) + Density.halfLogTwoPi))
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        batch.complete(loc + scale * source.normal(shape(sampleShape: sampleShape)))
    }

    public var mean: Tensor { batch.complete(loc) }
    public var variance: Tensor { batch.complete(scale * scale) }

    public func cdf(_ value: Tensor) -> Tensor? {
        batch.complete(0.5 * erfc(-0.7071067811865476 * quotient(value - loc, scale)))
    }
    public func icdf(_ probability: Tensor) -> Tensor? {
        batch.complete(loc + scale * (1.4142135623730951 * erfInverse(2 * probability - 1)))
    }
}

/// The absolute value of a normal variate with mean 0 and standard deviation `scale`.
public struct HalfNormal: BatchedDistribution {
    /// The standard deviation of the variate whose absolute value this is; positive.
    public let scale: Tensor
    public var batch: Batch

    /// `scale` has the shape of the batch.
    public init(_ scale: Tensor = 1) {
        self.scale = scale
        batch = Batch(of: "HalfNormal", [scale])
    }

    public var support: Constraint { .positive }
    public var parameters: [DistributionParameter] { [.init("scale", scale, .positive)] }

    /// log 2 more than the normal density, for x >= 0.
    public func logProb(_ value: Tensor) -> Tensor {
        let z = quotient(value, scale)
        let inside = -0.5 * (z * z) - (log(scale) + (Density.halfLogTwoPi - Density.logTwo))
        return batch.complete(Density.cut(value .< 0, inside))
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        batch.complete(scale * abs(source.normal(shape(sampleShape: sampleShape))))
    }

    /// scale sqrt(2 / pi).
    public var mean: Tensor { batch.complete(scale * 0.7978845608028654) }
    /// scale^2 (1 - 2 / pi).
    public var variance: Tensor { batch.complete(scale * scale * 0.3633802276324187) }

    public func cdf(_ value: Tensor) -> Tensor? {
        batch.complete(erf(0.7071067811865476 * quotient(pointwiseMax(value, 0), scale)))
    }
    public func icdf(_ probability: Tensor) -> Tensor? {
        batch.complete(scale * (1.4142135623730951 * erfInverse(probability)))
    }
}

/// exp of a normal variate with mean `loc` and standard deviation `scale`.
public struct LogNormal: BatchedDistribution {
    /// The mean of the logarithm.
    public let loc: Tensor
    /// The standard deviation of the logarithm; positive.
    public let scale: Tensor
    public var batch: Batch

    /// `loc` and `scale` broadcast to the batch.
    public init(_ loc: Tensor = 0, _ scale: Tensor = 1) {
        self.loc = loc
        self.scale = scale
        batch = Batch(of: "LogNormal", [loc, scale])
    }

    public var support: Constraint { .positive }
    public var parameters: [DistributionParameter] { [.init("loc", loc, .real), .init("scale", scale, .positive)] }

    /// The normal density at log x, less log x.
    public func logProb(_ value: Tensor) -> Tensor {
        let outside = value .<= 0
        let logValue = log(select(outside, 1, value))
        let z = quotient(logValue - loc, scale)
        let inside = -0.5 * (z * z) - logValue - (log(scale) + Density.halfLogTwoPi)
        return batch.complete(Density.cut(outside, inside))
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        let normal = loc + scale * source.normal(shape(sampleShape: sampleShape))
        return batch.complete(pointwiseMax(exp(normal), Rounding.tiny))
    }

    public var mean: Tensor { batch.complete(exp(loc + 0.5 * (scale * scale))) }
    public var variance: Tensor {
        let square = scale * scale
        return batch.complete(expMinusOne(square) * exp(2 * loc + square))
    }

    public func cdf(_ value: Tensor) -> Tensor? {
        let outside = value .<= 0
        let z = quotient(log(select(outside, 1, value)) - loc, scale)
        return batch.complete(select(outside, 0, 0.5 * erfc(-0.7071067811865476 * z)))
    }
    public func icdf(_ probability: Tensor) -> Tensor? {
        batch.complete(exp(loc + scale * (1.4142135623730951 * erfInverse(2 * probability - 1))))
    }
}
