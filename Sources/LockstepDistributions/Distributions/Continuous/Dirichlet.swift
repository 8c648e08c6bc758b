import LockstepTensor

/// The Dirichlet distribution over simplices; the last axis of the concentration is the event.
public struct Dirichlet: BatchedDistribution {
    /// Shape `batch + [K]`.
    public let concentration: Tensor
    public var batch: Batch

    /// `concentration` has shape `batch + [K]`, and positive elements.
    public init(_ concentration: Tensor) {
        self.concentration = concentration
        batch = Batch(of: "Dirichlet", [concentration], eventRank: 1)
    }

    public var eventShape: Shape { Array(concentration.shape.suffix(1)) }
    public var support: Constraint { .simplex }
    public var hasReparameterizedSample: Bool { false }
    public var parameters: [DistributionParameter] {
        [.init("concentration", concentration, .independent(.positive, axes: 1))]
    }

    /// sum (a_k - 1) log(x_k) + logGamma(sum a_k) - sum logGamma(a_k), with its limits where some x_k are 0.
    ///
    /// Computed as the density of gamma variates x_k of rate sum a_k over that of their sum, 1, which leaves no difference
    /// of large terms.
    public func logProb(_ value: Tensor) -> Tensor {
        if let failure { return .failed(failure) }
        if value.failure != nil { return value }
        guard value.shape.last == eventShape.last else {
            return .failed(
                TensorError("Dirichlet", [value.shape, concentration.shape], "the last axis of the value must have the length of the concentration"))
        }
        // The uniform distribution, whose density is (K - 1)! everywhere.
        if concentration.splat == 1 {
            return batch.complete(Density.cut(value .< 0, 0).sum(axis: -1) + logGamma(Tensor(Double(eventShape[0]))))
        }
        let total = concentration.sum(axis: -1)
        let atEdge = value .<= 0
        let power = Density.gammaPower(
            select(atEdge, 1, value), shape: concentration, rate: total.expandingShape(at: -1), atEdge: atEdge)
        let normalizer = logGammaExcess(total) - logGammaExcess(concentration).sum(axis: -1)
        // As far as the components miss 1 by rounding, so do the gamma variates.
        let miss = total * (value.sum(axis: -1) - 1)
        return batch.complete(Density.cut(value .< 0, power).sum(axis: -1) + miss + normalizer)
    }

    /// Gamma variates over their sum, from their logarithms.
    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        if let failure { return .failed(failure) }
        let logs = source.logGammaVariate(concentration, shape(sampleShape: sampleShape))
        return exp(pointwiseMax(logs.logSoftmax(axis: -1), Rounding.logTiny))
    }

    public var mean: Tensor {
        if let failure { return .failed(failure) }
        return batch.complete(share, eventShape: eventShape)
    }

    public var variance: Tensor {
        if let failure { return .failed(failure) }
        let total = concentration.sum(axis: -1).expandingShape(at: -1)
        return batch.complete(share * (1 - share) / (total + 1), eventShape: eventShape)
    }

    private var share: Tensor { concentration / concentration.sum(axis: -1).expandingShape(at: -1) }
}
