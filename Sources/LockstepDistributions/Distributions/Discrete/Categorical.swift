import LockstepTensor

/// One of K classes; the last axis of the parameter is the classes'. Draws are integers 0..<K; values may be
/// integers or reals that hold such indices.
public struct Categorical: BatchedDistribution {
    enum Form: Sendable {
        case probabilities(Tensor)
        case logits(Tensor)
    }

    let form: Form
    public var batch: Batch

    /// - Parameter probabilities: shape `batch + [K]`, summing to one.
    public init(probabilities: Tensor) {
        form = .probabilities(probabilities)
        batch = Batch(of: "Categorical", [probabilities], eventRank: 1)
    }

    /// - Parameter logits: shape `batch + [K]`, logarithms of probabilities up to a constant.
    public init(logits: Tensor) {
        form = .logits(logits)
        batch = Batch(of: "Categorical", [logits], eventRank: 1)
    }

    /// The number of classes, K.
    public var classCount: Int { weights.shape.last ?? 0 }

    /// Of shape `batch + [K]`.
    public var probabilities: Tensor {
        switch form {
        case .probabilities(let p): p
        case .logits: exp(logProbabilities)
        }
    }

    /// Normalised, of shape `batch + [K]`.
    public var logProbabilities: Tensor {
        if let failure { return .failed(failure) }
        switch form {
        case .probabilities(let p): return Density.guardedLog(p)
        case .logits(let l): return l.logSoftmax(axis: -1)
        }
    }

    public var support: Constraint { .integerInterval(0, Tensor(Double(classCount - 1))) }
    public var enumeratedSupport: Tensor? { .iota(classCount) }
    public var parameters: [DistributionParameter] {
        switch form {
        case .probabilities(let p): [.init("probabilities", p, .simplex)]
        case .logits(let l): [DistributionParameter("logits", l, .independent(.real, axes: 1)).asLogarithm]
        }
    }

    /// The class is picked by a masked sum: the class axis is short, and this fuses where a gather by values that
    /// are computed would not.
    public func logProb(_ value: Tensor) -> Tensor {
        if let failure { return .failed(failure) }
        if value.failure != nil { return value }
        let hit = value.expandingShape(at: -1) .== .iota(classCount)
        switch form {
        case .probabilities(let p) where !Density.shares(p, among: hit):
            return batch.complete(Density.guardedLog(select(hit, p, 0).sum(axis: -1)))
        case .logits(let l) where !Density.shares(l, among: hit):
            return batch.complete(select(hit, l, 0).sum(axis: -1) - l.logSumExp(axis: -1))
        default:
            return batch.complete(select(hit, logProbabilities, 0).sum(axis: -1))
        }
    }

    /// By inversion: the number of cumulative probabilities, the last excepted, that a uniform variate exceeds.
    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        if let failure { return .failed(failure) }
        let shape = shape(sampleShape: sampleShape)
        guard classCount > 1 else { return Tensor(repeating: 0, shape: shape).asInt }
        let cumulative = probabilities.cumulativeSum(axis: -1).slice(axis: -1, 0..<(classCount - 1))
        let exceeded = cumulative .< source.uniform(shape).expandingShape(at: -1)
        return exceeded.asReal.sum(axis: -1).asInt
    }

    /// NaN: a class is a name, not a quantity.
    public var mean: Tensor { batch.complete(Density.nan) }
    public var variance: Tensor { batch.complete(Density.nan) }

    private var weights: Tensor {
        switch form {
        case .probabilities(let p): p
        case .logits(let l): l
        }
    }
}
