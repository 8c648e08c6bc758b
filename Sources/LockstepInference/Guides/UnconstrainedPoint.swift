import LockstepDistributions
import LockstepModel
import LockstepTensor

/// A point for all latents, in unconstrained space: the density that has its maximum there is the one of that space, with the Jacobian that
/// `AutoDelta` leaves out.
///
/// Parameter: `auto_loc`, all latents as one vector.
struct UnconstrainedPoint: Guide {
    static let location = "auto_loc"

    let model: Model
    let initializer: Initializer

    func prepare(_ data: GuideData) throws -> PreparedGuide {
        let latents = try LatentVector(of: model, guide: "UnconstrainedPoint", data)
        return PreparedGuide(
            parameters: [.init(name: Self.location, shape: [latents.count])], latents: latents.names, data: latents.data, hasQuantiles: true,
            initial: { run in try latents.starts(initializer, of: model, run, parameter: Self.location) },
            values: { _, parameters, _ in
                guard let point = parameters[Self.location] else { throw ModelError(site: Self.location, "the point has no such parameter") }
                let parts = latents.parts(point)
                return PreparedGuide.Values(
                    assign: { name, distribution in parts[name].map { supportBijector(distribution).forward($0) } },
                    logDensity: { trace in -LatentVector.logJacobian(parts, trace) },
                    parameters: { _ in [(Self.location, point)] })
            })
    }
}

/// -log p(x, z) - log |dz / du| at a point u in unconstrained space, which is the guide's location.
struct UnconstrainedDensity: Loss {
    /// The guide of no spread whose loss this is.
    func point(_ model: Model, _ data: DataShapes?) throws -> PreparedGuide {
        try UnconstrainedPoint(model: model, initializer: .uniform()).prepare(GuideData(data))
    }

    /// At a point that takes the place of the first of a problem's parameters, and its gradient.
    ///
    /// - Parameter algorithm: that asks, for messages.
    /// - Throws: `ModelError` where the density has draws, or the model parameters of its own.
    static func evaluated(_ problem: LaneProblem, at point: Tensor, _ algorithm: String) throws -> (value: Tensor, gradient: Tensor) {
        if let other = problem.parameters.first(where: { problem.guide.modelParams.contains($0.name) }) {
            throw ModelError(
                site: other.name,
                "\(algorithm) has distributions over latents only, and this is a param; make it a latent, with a flat prior if need be")
        }
        let value = try problem.value(of: UnconstrainedDensity(), at: [point] + problem.parameters.dropFirst().map(\.value))
        if let site = Graph.drawnSite(in: [value]) {
            throw ModelError(site: site, "the density has draws of this site, and \(algorithm) needs one without; condition on it, or use SVI")
        }
        return (value, Gradient.of(value, withRespectTo: [point])[0])
    }

    func value(of step: LossStep) throws -> Tensor {
        let point = try point(step.model, step.data)
        return try TraceELBO().value(
            of: LossStep(model: step.model, guide: point, parameters: step.parameters, origin: step.origin, data: step.data))
    }
}
