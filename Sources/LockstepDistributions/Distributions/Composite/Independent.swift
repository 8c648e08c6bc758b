import LockstepTensor

/// A distribution that takes the last `eventAxes` batch axes of its base into the event: `logProb` sums over them.
public struct Independent: Distribution {
    /// The distribution whose batch axes become axes of the event.
    public let base: any Distribution
    /// How many of them, from the right.
    public let eventAxes: Int
    public let failure: TensorError?

    /// `logProb` then sums over the last `eventAxes` batch axes of `base`; `failure` tells where it has fewer.
    public init(_ base: any Distribution, _ eventAxes: Int) {
        self.base = base
        let fits = (0...base.batchShape.count).contains(eventAxes)
        self.eventAxes = fits ? eventAxes : 0
        failure =
            base.failure
            ?? (fits ? nil : TensorError("Independent", [base.batchShape], "the batch does not have \(eventAxes) axes to take into the event"))
    }

    public var batchShape: Shape { Array(base.batchShape.dropLast(eventAxes)) }
    public var eventShape: Shape { base.batchShape.suffix(eventAxes) + base.eventShape }
    public var support: Constraint { eventAxes == 0 ? base.support : .independent(base.support, axes: eventAxes) }
    public var isDiscrete: Bool { base.isDiscrete }
    public var hasReparameterizedSample: Bool { base.hasReparameterizedSample }
    public var isProper: Bool { base.isProper }
    public var parameters: [DistributionParameter] { base.parameters.map { $0.inEvent(eventAxes) } }

    public func logProb(_ value: Tensor) -> Tensor {
        if let failure { return .failed(failure) }
        let each = base.logProb(value)
        return each.failure == nil ? each.sumRightmost(eventAxes) : each
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        if let failure { return .failed(failure) }
        return base.sample(source, sampleShape: sampleShape)
    }

    public var mean: Tensor { failure.map(Tensor.failed) ?? base.mean }
    public var variance: Tensor { failure.map(Tensor.failed) ?? base.variance }

    public func expanded(to batchShape: Shape) -> any Distribution {
        if failure != nil { return self }
        return Independent(base.expanded(to: batchShape + base.batchShape.suffix(eventAxes)), eventAxes)
    }

    public var enumeratedSupport: Tensor? { eventAxes == 0 ? base.enumeratedSupport : nil }
}
