import LockstepDistributions
import LockstepModel
import LockstepTensor

/// A normal distribution over all latents in unconstrained space, by a Cholesky factor of its precision: that of `Laplace`.
///
/// Parameters: `auto_loc`, `[count]`, and `auto_precision_tril`, `[count, count]`, of the latents one after the other.
struct LaplaceGuide: Guide {
    enum Name {
        static let (location, factor) = (UnconstrainedPoint.location, "auto_precision_tril")
    }

    let model: Model
    let initializer: Initializer

    func prepare(_ data: GuideData) throws -> PreparedGuide {
        let latents = try LatentVector(of: model, guide: "Laplace", data)
        let square: Shape = [latents.count, latents.count]
        return PreparedGuide(
            parameters: [.init(name: Name.location, shape: [latents.count]), .init(name: Name.factor, shape: square)], latents: latents.names,
            data: latents.data, hasQuantiles: false,
            initial: { run in
                var starts = try latents.starts(initializer, of: model, run, parameter: Name.location)
                // A lane that finds no distribution has none to draw from.
                starts.values[Name.factor] = Tensor(repeating: .nan, shape: square)
                return starts
            },
            values: { _, parameters, run in
                guard let location = parameters[Name.location], let factor = parameters[Name.factor] else {
                    throw ModelError(["Laplace"], "the guide lacks a parameter; give it '\(Name.location)' and '\(Name.factor)'")
                }
                // With the precision L L' a draw is L'^-1 times standard normal variates.
                let standard = latents.joined { run.guideSource(site: $0.name).normal($0.shape) }
                let parts = latents.parts(location + triangularSolve(factor, standard, isTransposed: true))
                return PreparedGuide.Values(
                    assign: { name, distribution in parts[name].map { supportBijector(distribution).forward($0) } },
                    logDensity: { trace in
                        Normal(0, 1).logProb(standard).sum() + log(factor.diagonal).sum() - LatentVector.logJacobian(parts, trace)
                    },
                    parameters: { _ in [(Name.location, location), (Name.factor, factor.tril())] })
            })
    }
}
