import LockstepModel
import LockstepTensor

extension PreparedGuide {
    /// The model under the guide's values.
    package func trace(
        _ model: Model, _ draw: Draw, _ parameters: [String: Tensor], _ run: TraceRun
    ) throws -> (trace: Trace, values: Values) {
        let values = try values(draw, parameters, run)
        let trace = try substitutingParams(model.assign(values.assign), parameters, run).trace(run)
        for name in latents.sorted() {
            guard let site = trace[name] else {
                throw ModelError(
                    site: name,
                    "the guide has this latent, but the model shows no site of that name; remove it from the guide, or unhide it in the model")
            }
            if !site.isLatent {
                throw ModelError(
                    site: name,
                    "the guide has this latent, but in the model it is \(site.isObserved ? "observed" : "a \(site.kind.rawValue) site"); remove it from the guide"
                )
            }
        }
        if let discrete = trace.discreteLatents.first(where: { !latents.contains($0.name) }) {
            throw ModelError(
                site: discrete.name,
                """
                the model has this discrete latent, the guide has none, and nothing sums it out; \
                hide it with block(hide: ["\(discrete.name)"]) in the model too, condition on it, or marginalise it by hand
                """)
        }
        return (trace, values)
    }
}
