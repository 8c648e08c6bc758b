import LockstepDistributions
import LockstepModel
import LockstepTensor

extension PreparedGuide {
    /// This guide with the `param` sites of the model that it is fitted to: they are optimised beside the guide's
    /// own, as in NumPyro. A name that guide and model both have is one parameter.
    func including(paramsOf model: Model, _ bound: GuideData) throws -> PreparedGuide {
        let params = try model.trace(TraceRun.prototype(bound.shapes)).params
        guard !params.isEmpty else { return self }
        let known = Set(parameters.map(\.name))
        let added = params.filter { !known.contains($0.name) }
        let addedNames = Set(added.map(\.name))
        let guideInitial = initial
        let guideValues = values
        return PreparedGuide(
            parameters: parameters
                + (try added.map { site in
                    Parameter(name: site.name, shape: try site.bijector().inverseShape(site.value.shape))
                }),
            latents: latents,
            modelParams: Set(params.map(\.name)),
            data: data,
            hasQuantiles: hasQuantiles,
            initial: { run in
                var starts = try guideInitial(run)
                for site in try model.trace(run).params where addedNames.contains(site.name) { try starts.add(site) }
                return starts
            },
            values: { draw, parameters, run in
                let inner = try guideValues(draw, parameters, run)
                return Values(
                    assign: inner.assign, logDensity: inner.logDensity,
                    parameters: { trace in
                        inner.parameters(trace)
                            + trace.params.filter { addedNames.contains($0.name) }.map { ($0.name, $0.value) }
                    },
                    trace: inner.trace, sites: inner.sites)
            })
    }

    /// The model with its params at the values that are being optimised.
    ///
    /// - Parameter assigned: the model under the guide's values, which a constraint may depend on.
    func substitutingParams(_ assigned: Model, _ parameters: [String: Tensor], _ run: TraceRun) throws -> Model {
        guard !modelParams.isEmpty else { return assigned }
        var values: [String: Tensor] = [:]
        for site in try assigned.trace(run).params where modelParams.contains(site.name) {
            guard let unconstrained = parameters[site.name] else { continue }
            values[site.name] = try site.bijector().forward(unconstrained)
        }
        return assigned.substitute(values)
    }
}

extension PreparedGuide.Starts {
    /// The start of a `param` site.
    mutating func add(_ site: Site) throws {
        values[site.name] = try site.bijector().inverse(site.initial ?? site.value)
        uses += site.uses
    }
}

extension Site {
    /// From the reals to where a param must stay.
    func bijector() throws -> any Bijector {
        try LockstepDistributions.bijector(to: constraint ?? .real)
    }
}
