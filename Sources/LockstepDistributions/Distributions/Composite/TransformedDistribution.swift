import LockstepTensor

/// The distribution of `bijector.forward(x)` for x from a base distribution.
///
/// Batch axes of the base that the bijector needs as event axes are taken into the event.
public struct TransformedDistribution: Distribution {
    /// The distribution of x.
    public let base: any Distribution
    /// What takes x to the value.
    public let bijector: any Bijector
    public let batchShape: Shape
    public let eventShape: Shape
    public let failure: TensorError?

    /// The distribution of `bijector.forward(x)`; `failure` tells where `base` is discrete, or has too few axes.
    public init(_ base: any Distribution, _ bijector: any Bijector) {
        let missing = Swift.max(bijector.domainEventRank - base.eventShape.count, 0)
        let whole = missing == 0 ? base : Independent(base, missing)
        let eventRank = bijector.codomainEventRank + whole.eventShape.count - bijector.domainEventRank
        let shape = bijector.forwardShape(whole.batchShape + whole.eventShape)
        self.bijector = bijector
        if let failure = whole.failure ?? Self.discreteFailure(whole) {
            self.failure = failure
            (self.base, batchShape, eventShape) = (whole, [], [])
        } else {
            failure = nil
            eventShape = Array(shape.suffix(eventRank))
            batchShape = Array(shape.dropLast(eventRank))
            // A bijector's own parameters may enlarge the batch: the base must draw as many values.
            self.base = whole.batchShape == batchShape ? whole : whole.expanded(to: batchShape)
        }
    }

    private static func discreteFailure(_ base: any Distribution) -> TensorError? {
        base.isDiscrete ? TensorError("TransformedDistribution", [base.batchShape], "a discrete base has no density to transform") : nil
    }

    /// How many axes of the base's event the bijector takes for a batch.
    private var extraEventAxes: Int { base.eventShape.count - bijector.domainEventRank }

    public var support: Constraint { bijector.image(of: base.support) }
    public var isDiscrete: Bool { false }
    public var hasReparameterizedSample: Bool { base.hasReparameterizedSample }
    public var isProper: Bool { base.isProper }
    public var parameters: [DistributionParameter] { base.parameters }

    /// base.logProb(x) - log |dy/dx|, at x = inverse(y).
    public func logProb(_ value: Tensor) -> Tensor {
        if let failure { return .failed(failure) }
        let x = bijector.inverse(value)
        let correction = bijector.logAbsDetJacobian(x, value)
        if let failure = x.failure ?? correction.failure { return .failed(failure) }
        let density = base.logProb(x) - correction.sumRightmost(extraEventAxes)
        // Sums of simplices are not tested: their rounding grows with their length.
        guard let outside = outside(value) else { return density }
        return Density.cut(outside, density)
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        if let failure { return .failed(failure) }
        return bijector.forward(base.sample(source, sampleShape: sampleShape))
    }

    /// Known for an affine bijector, else NaN.
    public var mean: Tensor {
        if let failure { return .failed(failure) }
        guard let affine = bijector as? AffineBijector else { return unknown }
        return affine.forward(base.mean)
    }

    /// Known for an affine bijector, else NaN.
    public var variance: Tensor {
        if let failure { return .failed(failure) }
        guard let affine = bijector as? AffineBijector else { return unknown }
        return (affine.scale * affine.scale * base.variance).broadcast(to: batchShape + eventShape)
    }

    public func expanded(to batchShape: Shape) -> any Distribution {
        TransformedDistribution(base.expanded(to: batchShape), bijector)
    }

    private var unknown: Tensor { Tensor(repeating: .nan, shape: batchShape + eventShape) }

    /// Where a value lies outside a support that is tested element by element.
    private func outside(_ value: Tensor) -> Tensor? {
        var element = support
        while case .independent(let inner, _) = element { element = inner }
        guard element.eventRank == 0, !element.isReal else { return nil }
        let inside = element.check(value)
        return .!(eventShape.isEmpty ? inside : inside.all(Array(-eventShape.count..<0)))
    }
}

extension Constraint {
    var isReal: Bool {
        if case .real = self { return true }
        return false
    }
}
