import LockstepTensor

/// A probability distribution over one event, or independently over a batch of them.
///
/// Shapes are as in NumPyro: the event's axes are the rightmost ones, batch axes lie left of them. Bad shapes do not
/// trap: the tensors that come out carry the mistake, and `failure` tells it.
public protocol Distribution: Sendable {
    /// The shape of a batch of independent events; empty for one.
    var batchShape: Shape { get }
    /// The shape of one event; empty for a number.
    var eventShape: Shape { get }
    /// Where values lie.
    var support: Constraint { get }
    /// Whether the values are isolated points.
    var isDiscrete: Bool { get }
    /// Whether gradients flow through `sample` to the parameters.
    var hasReparameterizedSample: Bool { get }
    /// Whether the mass is finite; if not, there are no draws.
    var isProper: Bool { get }
    /// The parameters as given, which broadcast to the batch.
    var parameters: [DistributionParameter] { get }
    /// What is wrong with the parameters' shapes, if anything.
    var failure: TensorError? { get }

    /// The log density (log mass for a discrete distribution) at `value` of shape `sampleShape + batchShape +
    /// eventShape`; the result has shape `sampleShape + batchShape`. The value is -infinity outside a continuous
    /// support; discrete values are taken to lie in the support (`support.check` tells).
    func logProb(_ value: Tensor) -> Tensor

    /// Draws of shape `sampleShape + batchShape + eventShape`.
    func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor

    /// Of shape `batchShape + eventShape`; infinite or NaN where it does not exist or is not known.
    var mean: Tensor { get }
    /// Of shape `batchShape + eventShape`; infinite or NaN where it does not exist or is not known.
    var variance: Tensor { get }

    /// The same distribution over a larger batch.
    func expanded(to batchShape: Shape) -> any Distribution

    /// The probability of a value not above `value`; nil where there is no closed form.
    func cdf(_ value: Tensor) -> Tensor?
    /// The inverse of `cdf`; nil where there is no closed form.
    func icdf(_ probability: Tensor) -> Tensor?

    /// All values of a finite discrete support, as integers of shape [count]; nil for others.
    var enumeratedSupport: Tensor? { get }
}

extension Distribution {
    public var eventShape: Shape { [] }
    public var isDiscrete: Bool { support.isDiscrete }
    public var hasReparameterizedSample: Bool { !isDiscrete }
    public var isProper: Bool { true }
    public func cdf(_ value: Tensor) -> Tensor? { nil }
    public func icdf(_ probability: Tensor) -> Tensor? { nil }
    public var enumeratedSupport: Tensor? { nil }

    /// One draw of shape `batchShape + eventShape`.
    public func sample(_ source: RandomSource) -> Tensor { sample(source, sampleShape: []) }

    /// The shape of a sample.
    public func shape(sampleShape: Shape = []) -> Shape { sampleShape + batchShape + eventShape }

    /// Takes the last `axes` batch axes into the event, so that `logProb` sums over them.
    public func toEvent(_ axes: Int) -> Independent { Independent(self, axes) }
}

/// A parameter of a distribution, and where it must lie.
public struct DistributionParameter: Sendable {
    /// As messages call it.
    public let name: String
    /// As given, before it broadcasts to the batch.
    public private(set) var value: Tensor
    /// Where the value must lie; data and constants are held against it before a run.
    public private(set) var constraint: Constraint
    /// Rightmost axes of the distribution's event that to this parameter are a batch.
    package private(set) var eventAxes = 0
    /// Whether -infinity will do too: the value is the logarithm of something that may be 0.
    package private(set) var isLogarithm = false

    /// A parameter as a message names it, its value, and where that must lie.
    public init(_ name: String, _ value: Tensor, _ constraint: Constraint) {
        self.name = name
        self.value = value
        self.constraint = constraint
    }

    /// As a parameter of a distribution that takes `axes` batch axes into its event.
    package func inEvent(_ axes: Int) -> DistributionParameter {
        var copy = self
        copy.eventAxes += axes
        return copy
    }

    /// The same role with another value and another constraint.
    package func with(_ value: Tensor, _ constraint: Constraint) -> DistributionParameter {
        var copy = self
        (copy.value, copy.constraint) = (value, constraint)
        return copy
    }

    /// As the logarithm of something that may be 0.
    var asLogarithm: DistributionParameter {
        var copy = self
        copy.isLogarithm = true
        return copy
    }

    /// Says what is wrong with a parameter that the host knows to be impossible; nil when it is fine, or not known
    /// before a run.
    package var violation: String? {
        guard value.failure == nil, case .literal(let values) = value.node.op,
            constraint.admits(values, shape: value.shape) == false
        else { return nil }
        let given = values.prefix(4).map(Constraint.text).joined(separator: ", ") + (values.count > 4 ? ", ..." : "")
        return "\(name) must be \(constraint), not \(values.count == 1 ? given : "[\(given)]")"
    }
}
