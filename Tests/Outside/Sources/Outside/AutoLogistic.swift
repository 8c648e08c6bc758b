import Lockstep

/// Independent logistic distributions over the latents in unconstrained space.
struct AutoLogistic: Guide {
    let model: Model
    let initializer: Initializer

    func prepare(_ data: GuideData) throws -> PreparedGuide {
        let (sites, read) = try GuidedSite.latents(of: model, guide: "AutoLogistic", data)
        let names = Set(sites.map(\.name))
        return PreparedGuide(
            parameters: sites.flatMap { site in
                [.init(name: "\(site.name)_location", shape: site.shape), .init(name: "\(site.name)_log_scale", shape: site.shape)]
            },
            latents: names, data: read, hasQuantiles: false,
            initial: { run in
                var starts = try initializer.starts(of: model, names, run) { "\($0)_location" }
                for site in sites { starts.values["\(site.name)_log_scale"] = Tensor(repeating: -2, shape: site.shape) }
                return starts
            },
            values: { _, parameters, run in
                var latents: [String: (value: Tensor, logDensity: Tensor)] = [:]
                for site in sites {
                    guard let location = parameters["\(site.name)_location"], let logScale = parameters["\(site.name)_log_scale"] else {
                        throw ModelError(site: site.name, "AutoLogistic has no parameters for it")
                    }
                    let standard = logit(run.guideSource(site: site.name).uniform(site.shape))
                    let density = -standard - 2 * softplus(-standard) - logScale
                    latents[site.name] = (location + exp(logScale) * standard, density.sum())
                }
                let known = latents
                return PreparedGuide.Values(
                    assign: { name, distribution throws(ModelError) in
                        guard let latent = known[name] else { return nil }
                        return try onto(name, distribution).forward(latent.value)
                    },
                    logDensity: { trace in
                        known.reduce(Tensor(0.0)) { total, latent in
                            guard let distribution = trace[latent.key]?.distribution, let bijector = try? onto(latent.key, distribution) else {
                                return total
                            }
                            let (x, density) = latent.value
                            return total + density - bijector.logAbsDetJacobian(x, bijector.forward(x)).sum()
                        }
                    },
                    parameters: { _ in parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } })
            })
    }
}

/// From the reals to where a distribution's values lie.
private func onto(_ name: String, _ distribution: any Distribution) throws(ModelError) -> any Bijector {
    do {
        return try bijector(to: distribution.support)
    } catch {
        throw ModelError(site: name, "\(error)")
    }
}
