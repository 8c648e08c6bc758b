import LockstepTensor

/// The batch of a distribution: the shape that its parameters broadcast to, or what is wrong with them.
public struct Batch: Sendable {
    /// What the parameters broadcast to, without axes of the event.
    public let shape: Shape
    /// Why they do not; nil where they do.
    public let failure: TensorError?

    /// - Parameters:
    ///   - distribution: its name, for messages.
    ///   - parameters: what must broadcast, without the axes of the event.
    ///   - eventRank: how many rightmost axes of each parameter belong to the event.
    public init(of distribution: String, _ parameters: [Tensor], eventRank: Int = 0) {
        let shapes = parameters.map(\.shape)
        if let failure = parameters.lazy.compactMap(\.failure).first {
            self.init(failure: failure)
        } else if eventRank < 0 {
            self.init(failure: TensorError(distribution, shapes, "an event cannot have \(eventRank) axes"))
        } else if shapes.contains(where: { $0.count < eventRank || $0.suffix(eventRank).contains(0) }) {
            self.init(failure: TensorError(distribution, shapes, "the parameter must be a vector, or a batch of vectors along the last axis"))
        } else if let shape = Shapes.broadcast(shapes.map { Array($0.dropLast(eventRank)) }) {
            self.init(shape: shape)
        } else {
            self.init(failure: TensorError(distribution, shapes, "the parameters do not broadcast; axes must be equal or 1, aligned at the right"))
        }
    }

    /// A batch of a known shape, or one that carries a mistake.
    public init(shape: Shape, failure: TensorError? = nil) {
        self.shape = shape
        self.failure = failure
    }

    init(failure: TensorError) { self.init(shape: [], failure: failure) }

    /// The same parameters over a larger batch.
    public func expanded(to target: Shape) -> Batch {
        if failure != nil { return self }
        guard Shapes.canBroadcast(shape, to: target) else {
            return Batch(failure: TensorError("expanded", [shape, target], "the batch does not broadcast to the new one"))
        }
        return Batch(shape: target)
    }

    /// `result` repeated over the whole batch, or the batch's mistake. Parameters that all elements share stay small
    /// until here, so that what is computed from them alone is computed once.
    public func complete(_ result: Tensor, eventShape: Shape = []) -> Tensor {
        if let failure { return .failed(failure) }
        if result.failure != nil { return result }
        guard let full = Shapes.broadcast([result.shape, shape + eventShape]) else {
            return .failed(
                TensorError("logProb", [result.shape, shape + eventShape], "the value does not broadcast with the batch of the distribution"))
        }
        return result.broadcast(to: full)
    }
}

/// A distribution whose parameters broadcast to its batch. Conform to this to write one of your own: the shapes,
/// `failure` and `expanded(to:)` follow from `batch`.
public protocol BatchedDistribution: Distribution {
    /// `Batch(of:_:)` of the parameters; `expanded(to:)` replaces it and leaves the parameters as they are.
    var batch: Batch { get set }
}

extension BatchedDistribution {
    public var batchShape: Shape { batch.shape }
    public var failure: TensorError? { batch.failure }

    public func expanded(to batchShape: Shape) -> any Distribution {
        var copy = self
        copy.batch = batch.expanded(to: batchShape)
        return copy
    }
}

/// Numbers and guarded steps that several densities share.
enum Density {
    static let halfLogTwoPi = Tensor(0.9189385332046727)
    static let logTwo = Tensor(0.6931471805599453)
    static let pi = Tensor(3.141592653589793)
    static let infinity = Tensor(Double.infinity)
    static let nan = Tensor(Double.nan)

    /// `inside`, but -infinity where `outside` holds. NaN values stay NaN: they are not outside.
    static func cut(_ outside: Tensor, _ inside: Tensor) -> Tensor { select(outside, -infinity, inside) }

    /// exponent * log(x) near the edge x = 0: its limit there, by the sign of the exponent, and `term` elsewhere.
    /// `term` must be computed from an input that is harmless on the edge.
    ///
    /// - Parameter level: the limit where the exponent is 0.
    static func edge(_ atEdge: Tensor, exponent: Tensor, level: Tensor = 0, _ term: Tensor) -> Tensor {
        let limit = select(exponent .== 0, level, select(exponent .< 0, infinity, -infinity).withoutGradient)
        return select(atEdge, limit, term)
    }

    /// What the log density of a gamma variate x with shape a has beside -`logGammaExcess(a)`:
    /// a log(rate x / a) + a - rate x - log(x).
    ///
    /// - Parameters:
    ///   - x: harmless where `atEdge` holds, which says that the value is 0.
    ///   - difference: a - rate x, where it is known better than from these two.
    static func gammaPower(
        _ x: Tensor, shape a: Tensor, rate: Tensor, logX: Tensor? = nil, difference: Tensor? = nil, atEdge: Tensor
    ) -> Tensor {
        let inside = -deviance(a, rate * x, difference: difference) - (logX ?? log(x))
        return edge(atEdge, exponent: a - 1, level: log(rate) + 1, inside)
    }

    /// log(x), -infinity without a gradient where x is 0.
    static func guardedLog(_ x: Tensor) -> Tensor {
        let vanishes = x .<= 0
        return cut(vanishes, log(select(vanishes, 1, x)))
    }

    /// Whether elements of `value` share a parameter, so that a function of it is better computed first.
    static func shares(_ parameter: Tensor, among value: Tensor) -> Bool { parameter.count < value.count }
}

/// x / scale; by one reciprocal when many elements share the scale, which keeps the division, and that of its
/// gradient, out of the loop over x.
func quotient(_ x: Tensor, _ scale: Tensor) -> Tensor {
    if scale.splat == 1 && Shapes.canBroadcast(scale.shape, to: x.shape) { return x }
    return Density.shares(scale, among: x) ? x * (1 / scale) : x / scale
}
