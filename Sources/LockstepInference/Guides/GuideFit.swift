import LockstepDistributions
import LockstepModel
import LockstepTensor

extension Site {
    /// Whether this site of a guide can stand for a latent of the model.
    ///
    /// - Parameter latent: the distribution of the latent, over its plates.
    /// - Throws: `ModelError` where no draw from the site is one of the latent.
    func checkGuides(_ latent: any Distribution) throws(ModelError) {
        guard let own = distribution else { return }
        let wanted = latent.batchShape + latent.eventShape
        guard value.shape == wanted else {
            throw ModelError(
                site: name,
                "the guide's site has shape \(value.shape), the model's latent has shape \(wanted); "
                    + "give the guide's the same shape, by plates of the same sizes or by parameters of that shape")
        }
        // A point has no support of its own.
        guard !own.isPoint else { return }
        guard own.isDiscrete == latent.isDiscrete else {
            let words = { (isDiscrete: Bool) in isDiscrete ? "discrete" : "continuous" }
            throw ModelError(
                site: name,
                "the guide's \(own.name) is \(words(own.isDiscrete)), the model's \(latent.name) \(words(latent.isDiscrete)); "
                    + "give the guide a distribution over the values that the model has")
        }
        if own.support.misses(latent.support) {
            throw ModelError(
                site: name,
                "the guide's \(own.name) draws values that are \(own.support), the model's \(latent.name) has values "
                    + "that are \(latent.support); give the guide a distribution over these")
        }
    }
}

extension Distribution {
    fileprivate var isPoint: Bool {
        if let independent = ofStep as? Independent { return independent.base.isPoint }
        return ofStep is Delta
    }
}

extension Constraint {
    /// Whether it is certain that draws over this support are outside of another one: all of them for a continuous
    /// support, some for a discrete one, at which a density says nothing.
    func misses(_ other: Constraint) -> Bool {
        let (own, other) = (element, other.element)
        if case .simplex = other {
            if case .simplex = own { return false }
            return true
        }
        guard let a = own.range, let b = other.range else { return false }
        if own.isDiscrete { return a.lowerBound < b.lowerBound || b.upperBound < a.upperBound }
        return a.upperBound <= b.lowerBound || b.upperBound <= a.lowerBound
    }

    private var element: Constraint {
        if case .independent(let base, _) = self { return base.element }
        return self
    }

    /// From the lowest to the highest number; nil where that is not known before a run.
    private var range: ClosedRange<Double>? {
        func between(_ lower: Tensor, _ upper: Tensor) -> ClosedRange<Double>? {
            guard let low = lower.splat, let high = upper.splat, low <= high else { return nil }
            return low...high
        }
        switch self {
        case .real, .ordered: return -Double.infinity...Double.infinity
        case .positive, .nonNegative, .positiveOrdered, .nonNegativeInteger: return 0...Double.infinity
        case .unitInterval, .simplex, .boolean: return 0...1
        case .interval(let lower, let upper), .integerInterval(let lower, let upper): return between(lower, upper)
        case .greaterThan(let lower): return between(lower, Tensor(Double.infinity))
        case .independent(let base, _): return base.range
        }
    }
}
