import LockstepTensor

/// What one run of a model is given: whose tensors it may use, and where its draws come from.
package struct TraceRun: Sendable {
    /// The runs that share an origin may use each other's tensors: a guide's and its model's, say.
    package let origin: Origin
    package let particle: Int
    /// Keeps the draws of one site apart by use.
    package let purpose: String

    package init(origin: Origin = Origin(), particle: Int = 0, purpose: String = "model") {
        self.origin = origin
        self.particle = particle
        self.purpose = purpose
    }

    func source(site: String) -> RandomSource {
        RandomSource(site: site, purpose: purpose, particle: particle, origin: origin)
    }
}
