import LockstepTensor

/// A mixture of components of one family; the last batch axis of `components` is the component axis.
public struct MixtureSameFamily: Distribution {
    /// Weights over `batch + [K]`.
    public let mixing: Categorical
    /// Batch shape `batch + [K]`.
    public let components: any Distribution
    public let batchShape: Shape
    public let failure: TensorError?

    /// The last batch axis of `components` is as long as the weights, and the other axes of both batches broadcast;
    /// `failure` tells where they do not.
    public init(_ mixing: Categorical, _ components: any Distribution) {
        self.mixing = mixing
        self.components = components
        let outer = Array(components.batchShape.dropLast())
        let shapes = [mixing.batchShape + [mixing.classCount], components.batchShape]
        let shape = Shapes.broadcast([mixing.batchShape, outer])
        batchShape = shape ?? []
        if let inner = mixing.failure ?? components.failure {
            failure = inner
        } else if components.batchShape.last != mixing.classCount {
            failure = TensorError("MixtureSameFamily", shapes, "the last batch axis of the components must be as long as the weights")
        } else {
            failure = shape == nil ? TensorError("MixtureSameFamily", shapes, "the batches of weights and components do not broadcast") : nil
        }
    }

    public var eventShape: Shape { components.eventShape }
    /// That of the components, from the lowest to the highest where their bounds differ.
    public var support: Constraint { components.support.overBatchAxis(-1) }
    public var isDiscrete: Bool { components.isDiscrete }
    public var hasReparameterizedSample: Bool { false }
    public var isProper: Bool { components.isProper }
    public var parameters: [DistributionParameter] { mixing.parameters + components.parameters.map { $0.inEvent(1) } }

    /// log sum_k exp(log w_k + log p_k(x)).
    public func logProb(_ value: Tensor) -> Tensor {
        if let failure { return .failed(failure) }
        return completed((logDensities(value) + mixing.logProbabilities).logSumExp(axis: -1))
    }

    /// log p_k(x) for each component k along the last axis, as an assignment of observations needs.
    public func logDensities(_ value: Tensor) -> Tensor {
        if let failure { return .failed(failure) }
        if value.failure != nil { return value }
        guard value.rank >= eventShape.count else {
            return .failed(TensorError("MixtureSameFamily", [value.shape, eventShape], "the value has fewer axes than the event"))
        }
        return components.logProb(value.expandingShape(at: -1 - eventShape.count))
    }

    /// Draws from every component, and keeps the one that the weights choose.
    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        if let failure { return .failed(failure) }
        let every = components.expanded(to: batchShape + [mixing.classCount])
            .sample(source.substream("components"), sampleShape: sampleShape)
        let choice = mixing.expanded(to: batchShape).sample(source.substream("mixing"), sampleShape: sampleShape)
        let hit = alongEvent(choice.expandingShape(at: -1) .== .iota(mixing.classCount))
        let zero = every.dtype == .int ? Tensor(integer: 0) : 0
        return select(hit, every, zero).sum(axis: componentAxis)
    }

    public var mean: Tensor {
        if let failure { return .failed(failure) }
        return weighted(components.mean)
    }

    /// The mean of the variances plus the variance of the means.
    public var variance: Tensor {
        if let failure { return .failed(failure) }
        let center = mean.expandingShape(at: componentAxis)
        let distance = components.mean - center
        return weighted(components.variance + distance * distance)
    }

    public func expanded(to batchShape: Shape) -> any Distribution {
        if failure != nil { return self }
        let wider = components.expanded(to: batchShape + [mixing.classCount])
        guard let weights = mixing.expanded(to: batchShape) as? Categorical else { return self }
        return MixtureSameFamily(weights, wider)
    }

    public func cdf(_ value: Tensor) -> Tensor? {
        guard failure == nil, value.failure == nil, eventShape.isEmpty,
            let each = components.cdf(value.expandingShape(at: -1))
        else { return nil }
        return completed((mixing.probabilities * each).sum(axis: -1))
    }

    /// The component axis of a value, counted from the right.
    private var componentAxis: Int { -1 - eventShape.count }

    private func completed(_ result: Tensor) -> Tensor { Batch(shape: batchShape).complete(result) }

    private func weighted(_ each: Tensor) -> Tensor {
        let sum = (alongEvent(mixing.probabilities) * each).sum(axis: componentAxis)
        return Batch(shape: batchShape).complete(sum, eventShape: eventShape)
    }

    /// Appends axes of extent 1 for the event.
    private func alongEvent(_ weights: Tensor) -> Tensor {
        weights.failure == nil ? weights.reshape(weights.shape + eventShape.map { _ in 1 }) : weights
    }
}
