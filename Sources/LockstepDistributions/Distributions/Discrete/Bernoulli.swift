import LockstepTensor

/// 1 with the given probability, else 0. Draws are integers; values may be integers, reals or masks.
public struct Bernoulli: BatchedDistribution {
    enum Form: Sendable {
        case probabilities(Tensor)
        case logits(Tensor)
    }

    let form: Form
    public var batch: Batch

    /// `probabilities` has the shape of the batch, and elements in [0, 1].
    public init(probabilities: Tensor) {
        form = .probabilities(probabilities)
        batch = Batch(of: "Bernoulli", [probabilities])
    }

    /// - Parameter logits: log(p / (1 - p)), finite; `init(probabilities:)` takes outcomes that are certain.
    public init(logits: Tensor) {
        form = .logits(logits)
        batch = Batch(of: "Bernoulli", [logits])
    }

    /// The probability of 1.
    public var probabilities: Tensor {
        switch form {
        case .probabilities(let p): p
        case .logits(let l): sigmoid(l)
        }
    }

    /// log(p / (1 - p)) of the probability of 1.
    public var logits: Tensor {
        switch form {
        case .probabilities(let p): logit(p)
        case .logits(let l): l
        }
    }

    public var support: Constraint { .boolean }
    public var enumeratedSupport: Tensor? { .iota(2) }
    public var parameters: [DistributionParameter] {
        switch form {
        case .probabilities(let p): [.init("probabilities", p, .unitInterval)]
        case .logits(let l): [.init("logits", l, .real)]
        }
    }

    /// log(p) at 1, log(1 - p) at 0; x l - softplus(l) from logits.
    public func logProb(_ value: Tensor) -> Tensor {
        let x = value.asReal
        switch form {
        case .logits(let l):
            return batch.complete(x * l - softplus(l))
        case .probabilities(let p) where Density.shares(p, among: value):
            return batch.complete(select(0.5 .< x, Density.guardedLog(p), log(onePlus: -p)))
        case .probabilities(let p):
            return batch.complete(log(select(0.5 .< x, p, 1 - p)))
        }
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        batch.complete((source.uniform(shape(sampleShape: sampleShape)) .< probabilities).asInt)
    }

    public var mean: Tensor { batch.complete(probabilities) }
    public var variance: Tensor {
        switch form {
        case .probabilities(let p): batch.complete(p * (1 - p))
        case .logits(let l): batch.complete(sigmoid(l) * sigmoid(-l))
        }
    }
}
