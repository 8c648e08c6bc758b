import LockstepDistributions
import LockstepTensor

/// The masks and scales that a site met on its way.
struct Weighting: Sendable {
    var masks: [Tensor] = []
    var scales: [Tensor] = []
    /// Whether they are those of a step of a scan.
    var isOfStep = false

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
    /// - Throws: `ModelError` when a scale is known to be negative or not finite, or does not fit the batch. Where a mask
    ///   may exclude those of some rows, that is for the check of a run's data.
    func scale(site: String, batch: Shape) throws(ModelError) -> Tensor? {
        for scale in scales {
            try fit(scale, "scale", site, batch)
            guard masks.isEmpty || scale.shape.isEmpty else { continue }
            let parameter = DistributionParameter("the scale", scale, .nonNegative)
            let isFinite = scale.literal?.allSatisfy(\.isFinite) ?? true
            if let violation = parameter.violation ?? (isFinite ? nil : "the scale must be finite") {
                throw ModelError(site: site, violation)
            }
        }
        return scales.first.map { scales.dropFirst().reduce($0, *) }
    }

    /// The log density of `value`, elementwise over the batch. An element that a mask or a weight of 0 excludes counts
    /// for nothing: its density is selected away, and gradients know that they are zero there.
    func logProb(_ distribution: any Distribution, _ value: Tensor, site: String) throws(ModelError) -> Tensor {
        try term(distribution.logProb(value).broadcast(to: distribution.batchShape), site: site)
    }

    /// A term of the log density, over its batch.
    func term(_ term: Tensor, site: String) throws(ModelError) -> Tensor {
        let mask = try mask(site: site, batch: term.shape)
        let scale = try scale(site: site, batch: term.shape)
        let scaled = scale.map { term * $0 } ?? term
        // A positive number that the model names itself excludes nothing.
        let weights = scales.contains { $0.literal?.contains(0) ?? true } ? scale.map { $0 .!= 0 } : nil
        let counts = mask.map { mask in weights.map { mask .& $0 } ?? mask } ?? weights
        // A check of data finds the masks of a site by identity, but not in a step.
        return counts.map { select(isOfStep ? $0.withoutGradient : $0, scaled, 0) } ?? scaled
    }

    private func fit(_ tensor: Tensor, _ role: String, _ site: String, _ batch: Shape) throws(ModelError) {
        if let failure = tensor.failure { throw ModelError(site: site, "its \(role) is wrong: \(failure)") }
        guard Shapes.canBroadcast(tensor.shape, to: batch) else {
            throw ModelError(
                site: site,
                "its \(role) has shape \(tensor.shape), which does not broadcast to the batch shape \(batch); "
                    + "give it that shape, or put the site in a plate")
        }
    }
}
