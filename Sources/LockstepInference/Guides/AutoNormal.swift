import LockstepDistributions
import LockstepModel
import LockstepTensor

/// A normal distribution with diagonal covariance over the latents in unconstrained space (mean field), as NumPyro's
/// `AutoNormal`.
///
/// Parameters: `NAME_auto_loc` and `NAME_auto_scale` for each latent, of its unconstrained shape. The scale moves
/// through softplus, and starts at `initialScale`.
public struct AutoNormal: Guide {
    /// Whose latents the guide covers.
    public let model: Model
    /// Where the locations start.
    public let initializer: Initializer
    /// The standard deviations of the start, in unconstrained space.
    public let initialScale: Double

    /// A guide over the latents of `model`. An `initialScale` that is not positive and finite is an error of the run.
    public init(_ model: Model, initializer: Initializer = .uniform(), initialScale: Double = 0.1) {
        self.model = model
        self.initializer = initializer
        self.initialScale = initialScale
    }

    public func prepare(_ data: GuideData) throws -> PreparedGuide {
        guard initialScale > 0, initialScale.isFinite else {
            throw ModelError(["AutoNormal"], "AutoNormal: initialScale is \(initialScale); give a positive number")
        }
        let (sites, read) = try GuidedSite.latents(of: model, guide: "AutoNormal", data)
        let names = Set(sites.map(\.name))
        return PreparedGuide(
            parameters: sites.flatMap { site in
                [.init(name: Self.loc(site.name), shape: site.shape), .init(name: Self.scale(site.name), shape: site.shape)]
            },
            latents: names,
            data: read,
            hasQuantiles: true,
            initial: { run in
                var starts = try initializer.starts(of: model, names, run, parameter: Self.loc)
                for site in sites {
                    starts.values[Self.scale(site.name)] = SoftplusBijector().inverse(Tensor(repeating: initialScale, shape: site.shape))
                }
                return starts
            },
            values: { draw, parameters, run in
                let latents = try Dictionary(
                    uniqueKeysWithValues: sites.map { site in
                        (site.name, try Latent(site, draw, parameters, run))
                    })
                return PreparedGuide.Values(
                    assign: { name, distribution in
                        latents[name].map { supportBijector(distribution).forward($0.unconstrained) }
                    },
                    logDensity: { trace in Self.logDensity(sites, latents, trace) },
                    parameters: { _ in
                        sites.flatMap { site in
                            latents[site.name].map {
                                [(Self.loc(site.name), $0.loc), (Self.scale(site.name), $0.scale)]
                            } ?? []
                        }
                    },
                    trace: nil, sites: { trace in Self.examined(sites, latents, trace) })
            })
    }

    static func loc(_ site: String) -> String { site + "_auto_loc" }
    static func scale(_ site: String) -> String { site + "_auto_scale" }

    /// One latent's draw, loc + scale * standard, where scale = softplus(unconstrained scale).
    private struct Latent: Sendable {
        let loc: Tensor
        let scale: Tensor
        let standard: Tensor
        let unconstrained: Tensor

        init(_ site: GuidedSite, _ draw: PreparedGuide.Draw, _ parameters: [String: Tensor], _ run: TraceRun) throws {
            guard let loc = parameters[AutoNormal.loc(site.name)], let raw = parameters[AutoNormal.scale(site.name)] else {
                throw ModelError(site: site.name, "it has no parameters in this guide")
            }
            self.loc = loc
            scale = SoftplusBijector().forward(raw)
            switch draw {
            case .sample:
                standard = run.guideSource(site: site.name).normal(site.shape)
            case .quantile(let probability):
                let quantile = Tensor(2.0.squareRoot()) * erfInverse(Tensor(2 * probability - 1))
                standard = quantile.broadcast(to: site.shape)
            }
            unconstrained = loc + scale * standard
        }
    }

    /// log q = sum over elements of log N(standard; 0, 1) - log scale, less the log Jacobian of the bijectors
    /// (Kucukelbir et al. 2017, equation 4): the density at loc + scale * standard without the division back.
    private static func logDensity(_ sites: [GuidedSite], _ latents: [String: Latent], _ trace: Trace) -> Tensor {
        var total: Tensor = 0
        for site in sites {
            guard let latent = latents[site.name], let distribution = trace[site.name]?.distribution else { continue }
            // Two sums: what is constant leaves the first, and logarithms of products make the second.
            total = total + (Normal(0, 1).logProb(latent.standard).sum() - log(latent.scale).sum())
            switch supportBijector(distribution) {
            case .success(let bijector):
                let value = bijector.forward(latent.unconstrained)
                total = total - bijector.logAbsDetJacobian(latent.unconstrained, value).sum()
            case .failure(let error): return .failed(error)
            }
        }
        return total
    }

    /// The terms of `logDensity` latent by latent, as normal variates in unconstrained space.
    private static func examined(_ sites: [GuidedSite], _ latents: [String: Latent], _ trace: Trace) -> [ExaminedSite] {
        sites.compactMap { site in
            guard let latent = latents[site.name], let distribution = trace[site.name]?.distribution,
                case .success(let bijector) = supportBijector(distribution)
            else { return nil }
            let normal = Normal(0, 1).logProb(latent.standard) - log(latent.scale)
            let jacobian = bijector.logAbsDetJacobian(latent.unconstrained, bijector.forward(latent.unconstrained))
            let density = normal.shape == jacobian.shape ? normal - jacobian : normal.sum() - jacobian.sum()
            return ExaminedSite(
                name: site.name, role: .guide, kind: .sample, value: latent.unconstrained,
                distribution: Normal(latent.loc, latent.scale), logDensity: density)
        }
    }
}
