import LockstepDistributions
import LockstepModel
import LockstepTensor

/// Any model is a guide: its `param` sites are optimised, its sample sites give the latents of the same names.
extension Model: Guide {
    public func prepare(_ data: GuideData) throws -> PreparedGuide {
        let guide = self
        let prototype = try guide.trace(TraceRun.prototype(data.shapes))
        // Constraints may hold tensors of their run; those of a param are taken anew from each.
        let parameters = try prototype.params.map { site in
            PreparedGuide.Parameter(name: site.name, shape: try site.bijector().inverseShape(site.value.shape))
        }
        return PreparedGuide(
            parameters: parameters,
            latents: Set(prototype.latents.map(\.name)),
            data: prototype.data,
            hasQuantiles: false,
            initial: { run in
                var starts = PreparedGuide.Starts()
                for site in try guide.trace(run).params { try starts.add(site) }
                return starts
            },
            values: { _, unconstrained, run in
                let own = TraceRun(origin: run.origin, particle: run.particle, purpose: run.purpose + "/guide", data: run.data)
                var values: [String: Tensor] = [:]
                for site in try guide.trace(own).params {
                    guard let value = unconstrained[site.name] else { continue }
                    values[site.name] = try site.bijector().forward(value)
                }
                let trace = try guide.substitute(values).trace(own)
                return PreparedGuide.Values(
                    assign: { name, distribution throws(ModelError) in
                        guard let site = trace[name], site.isLatent else { return nil }
                        try site.checkGuides(distribution)
                        return site.value
                    },
                    logDensity: { _ in trace.logJoint },
                    parameters: { _ in trace.params.map { ($0.name, $0.value) } },
                    trace: trace, sites: { _ in ExaminedSite.all(of: trace, inGuide: true) })
            })
    }
}
