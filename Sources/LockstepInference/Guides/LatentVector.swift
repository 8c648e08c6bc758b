import LockstepDistributions
import LockstepModel
import LockstepTensor

/// A model's latents in unconstrained space, one after the other in a vector.
struct LatentVector: Sendable {
    let sites: [GuidedSite]
    /// What the model reads.
    let data: [DataDeclaration]

    /// - Parameters:
    ///   - guide: that the latents are of, for messages.
    ///   - data: whose shapes the model may take.
    /// - Throws: `ModelError` for a discrete latent, and where there is none.
    init(of model: Model, guide: String, _ data: GuideData) throws {
        (sites, self.data) = try GuidedSite.latents(of: model, guide: guide, data)
        guard count > 0 else { throw ModelError([guide], "\(guide): the model has no latents; give it some, by `m.sample`") }
    }

    var names: Set<String> { Set(sites.map(\.name)) }
    /// The length of the vector.
    var count: Int { sites.reduce(0) { $0 + $1.shape.elementCount } }

    /// What belongs to each latent, as one vector.
    func joined(_ part: (GuidedSite) throws -> Tensor) rethrows -> Tensor {
        .concatenate(try sites.map { site in try part(site).reshape([site.shape.elementCount]) }, axis: 0)
    }

    /// The latents that a vector has, by name, in unconstrained space.
    func parts(_ vector: Tensor) -> [String: Tensor] {
        var first = 0
        return Dictionary(
            uniqueKeysWithValues: sites.map { site in
                defer { first += site.shape.elementCount }
                return (site.name, vector.slice(axis: 0, first..<(first + site.shape.elementCount)).reshape(site.shape))
            })
    }

    /// Where a vector starts that the latents of a run make.
    func starts(_ initializer: Initializer, of model: Model, _ run: TraceRun, parameter: String) throws -> PreparedGuide.Starts {
        let starts = try initializer.starts(of: model, names, run) { $0 }
        var joined = PreparedGuide.Starts([
            parameter: try self.joined { site in
                guard let value = starts.values[site.name] else { throw ModelError(site: site.name, "this latent has no start") }
                return value.broadcast(to: site.shape)
            }
        ])
        joined.uses = starts.uses
        return joined
    }

    /// The logarithm of the volume that the bijectors to the latents' supports make of a unit of unconstrained space, a scalar.
    ///
    /// - Parameters:
    ///   - parts: in unconstrained space, by name.
    ///   - trace: the model's, at these values.
    static func logJacobian(_ parts: [String: Tensor], _ trace: Trace) -> Tensor {
        var total: Tensor = 0
        for site in trace.latents {
            guard let part = parts[site.name], let distribution = site.distribution else { continue }
            switch supportBijector(distribution) {
            case .success(let bijector): total = total + bijector.logAbsDetJacobian(part, bijector.forward(part)).sum()
            case .failure(let error): return .failed(error)
            }
        }
        return total
    }
}
