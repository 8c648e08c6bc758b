import LockstepDistributions
import LockstepTensor

/// The masks and scales that a site met on its way.
struct Weighting: Sendable {
    var masks: [Tensor] = []
    var scales: [Tensor] = []

    /// All masks together; nil when no element is excluded.
    ///
    /// - Throws: `ModelError` when a mask holds something else, or does not fit the batch.
    func mask(site: String, batch: Shape) throws(ModelError) -> Tensor? {
        for mask in masks {
            try fit(mask, "mask", site, batch)
            guard mask.dtype == .bool else {
                throw ModelError(site: site, "a mask is true or false, not \(mask.dtype); compare it, as in mask .!= 0")
            }
        }
        let needed = masks.filter { $0.splat != 1 }
        return needed.first.map { needed.dropFirst().reduce($0) { $0 .& $1 } }
    }

    /// The product of all scales; nil when there is none.
    ///
    /// - Throws: `ModelError` when a scale is known to be negative or not finite, or does not fit the batch.
    func scale(site: String, batch: Shape) throws(ModelError) -> Tensor? {
        for scale in scales {
            try fit(scale, "scale", site, batch)
            let parameter = DistributionParameter("the scale", scale, .nonNegative)
            let isFinite = scale.literal?.allSatisfy(\.isFinite) ?? true
            if let violation = parameter.violation ?? (isFinite ? nil : "the scale must be finite") {
                throw ModelError(site: site, violation)
            }
        }
        return scales.first.map { scales.dropFirst().reduce($0, *) }
    }

    /// The log density of `value`, elementwise over the batch. Where the mask excludes an element, the value is
    /// replaced before the density sees it, so that a missing value (NaN) spoils no gradient.
    func logProb(_ distribution: any Distribution, _ value: Tensor, site: String) throws(ModelError) -> Tensor {
        let batch = distribution.batchShape
        guard let mask = try mask(site: site, batch: batch) else {
            return try weigh(distribution.logProb(value).broadcast(to: batch), nil, site: site)
        }
        let eventwise = mask.reshape(mask.shape + distribution.eventShape.map { _ in 1 })
        let harmless = distribution.support.harmlessValue(distribution.eventShape)
        // Bounds of a support may have axes of their own, those of a mixture's components for one.
        let fits = Shapes.canBroadcast(harmless.shape, to: value.shape)
        let guarded = fits ? select(eventwise, value, value.dtype == .int ? harmless.asInt : harmless) : value
        return try weigh(distribution.logProb(guarded).broadcast(to: batch), mask, site: site)
    }

    /// A term of the log density, over its batch.
    func term(_ term: Tensor, site: String) throws(ModelError) -> Tensor {
        try weigh(term, try mask(site: site, batch: term.shape), site: site)
    }

    private func weigh(_ density: Tensor, _ mask: Tensor?, site: String) throws(ModelError) -> Tensor {
        let scale = try scale(site: site, batch: density.shape)
        let scaled = scale.map { density * $0 } ?? density
        return mask.map { select($0, scaled, 0) } ?? scaled
    }

    private func fit(_ tensor: Tensor, _ role: String, _ site: String, _ batch: Shape) throws(ModelError) {
        if let failure = tensor.failure { throw ModelError(site: site, "its \(role) is wrong: \(failure)") }
        guard Shapes.canBroadcast(tensor.shape, to: batch) else {
            throw ModelError(
                site: site, "its \(role) has shape \(tensor.shape), which does not broadcast to the batch shape \(batch); "
                    + "give it that shape, or put the site in a plate")
        }
    }
}

extension Tensor {
    /// The values that the host knows, row-major; a single one fills the shape.
    var literal: [Double]? {
        if case .literal(let values) = node.op, failure == nil { values } else { nil }
    }
}

extension Constraint {
    /// A value inside, at which densities and their gradients are finite; it broadcasts to `eventShape`.
    func harmlessValue(_ eventShape: Shape) -> Tensor {
        switch self {
        case .real, .boolean, .nonNegativeInteger: 0
        case .positive, .nonNegative: 1
        case .unitInterval: 0.5
        case .interval(let lower, let upper): (0.5 * (lower + upper)).withoutGradient
        case .greaterThan(let lower): (lower + 1).withoutGradient
        case .integerInterval(let lower, _): lower.withoutGradient
        case .simplex: Tensor(1 / Double(Swift.max(eventShape.last ?? 1, 1)))
        case .ordered: Tensor.iota(eventShape.last ?? 1).asReal
        case .positiveOrdered: Tensor.iota(eventShape.last ?? 1).asReal + 1
        case .independent(let base, _): base.harmlessValue(eventShape)
        }
    }
}
