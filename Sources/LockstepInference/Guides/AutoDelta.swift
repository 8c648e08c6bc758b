import LockstepDistributions
import LockstepModel
import LockstepTensor

/// A point for each latent: maximum a posteriori, as NumPyro's `AutoDelta`. The density is that of the latents' own
/// space, without a Jacobian.
///
/// Parameters: `NAME_auto_loc` for each latent, of its own shape and inside its support.
public struct AutoDelta: Guide {
    /// Whose latents the guide covers.
    public let model: Model
    /// Where the fits start.
    public let initializer: Initializer

    /// A point for each latent of `model`: what the loss then finds is the maximum a posteriori in the latents' own
    /// space.
    public init(_ model: Model, initializer: Initializer = .uniform()) {
        self.model = model
        self.initializer = initializer
    }

    public func prepare(_ data: GuideData) throws -> PreparedGuide {
        let (sites, read) = try GuidedSite.latents(of: model, guide: "AutoDelta", data)
        let names = Set(sites.map(\.name))
        return PreparedGuide(
            parameters: sites.map { .init(name: AutoNormal.loc($0.name), shape: $0.shape) },
            latents: names,
            data: read,
            hasQuantiles: true,
            initial: { run in
                try initializer.starts(of: model, names, run, parameter: AutoNormal.loc)
            },
            values: { _, parameters, _ in
                PreparedGuide.Values(
                    assign: { name, distribution in
                        guard names.contains(name), let value = parameters[AutoNormal.loc(name)] else { return nil }
                        return supportBijector(distribution).forward(value)
                    },
                    logDensity: { _ in 0 },
                    parameters: { trace in
                        sites.compactMap { site in trace[site.name].map { (AutoNormal.loc(site.name), $0.value) } }
                    })
            })
    }
}
