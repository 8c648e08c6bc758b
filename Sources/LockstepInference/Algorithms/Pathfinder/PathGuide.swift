import LockstepDistributions
import LockstepModel
import LockstepTensor

/// A normal distribution over all latents in unconstrained space, with the covariance of a `CurvatureFactor`: that of `Pathfinder`.
///
/// Parameters: `auto_loc` and `auto_scale`, `[count]`, and `auto_left` and `auto_right`, `[memory, count]`, of the latents one after the
/// other. The scales are carried as logarithms.
struct PathGuide: Guide {
    enum Name {
        static let location = UnconstrainedPoint.location
        static let (scale, left, right) = ("auto_scale", "auto_left", "auto_right")
        static let all = [location, scale, left, right]
    }

    let model: Model
    let initializer: Initializer
    /// Whose memory are the pairs of the factor.
    let method: LBFGS

    func prepare(_ data: GuideData) throws -> PreparedGuide {
        try method.validate()
        let memory = method.memory
        let latents = try LatentVector(of: model, guide: "Pathfinder", data)
        let (vector, rows): (Shape, Shape) = ([latents.count], [memory, latents.count])
        return PreparedGuide(
            parameters: [
                .init(name: Name.location, shape: vector), .init(name: Name.scale, shape: vector), .init(name: Name.left, shape: rows),
                .init(name: Name.right, shape: rows),
            ], latents: latents.names, data: latents.data, hasQuantiles: false,
            initial: { run in
                var starts = try latents.starts(initializer, of: model, run, parameter: Name.location)
                // A lane that finds no distribution has none to draw from.
                starts.values[Name.scale] = Tensor(repeating: .nan, shape: vector)
                for name in [Name.left, Name.right] { starts.values[name] = Tensor(repeating: 0, shape: rows) }
                return starts
            },
            values: { _, parameters, run in
                guard let location = parameters[Name.location], let scale = parameters[Name.scale], let left = parameters[Name.left],
                    let right = parameters[Name.right]
                else { throw ModelError(["Pathfinder"], "the guide lacks a parameter; give it \(Name.all)") }
                let factor = CurvatureFactor(logScale: scale, left: left, right: right)
                let standard = latents.joined { run.guideSource(site: $0.name).normal($0.shape) }
                let parts = latents.parts(location + factor.applied(to: standard))
                return PreparedGuide.Values(
                    assign: { name, distribution in parts[name].map { supportBijector(distribution).forward($0) } },
                    // At the draw, without the way back from it.
                    logDensity: { trace in
                        Normal(0, 1).logProb(standard).sum() - factor.logDeterminant - LatentVector.logJacobian(parts, trace)
                    },
                    parameters: { _ in [(Name.location, location), (Name.scale, exp(scale)), (Name.left, left), (Name.right, right)] })
            })
    }
}
