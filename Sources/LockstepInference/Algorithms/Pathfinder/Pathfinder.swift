import LockstepModel
import LockstepTensor

/// Pathfinder (Zhang, Carpenter, Gelman and Vehtari 2022, "Pathfinder: Parallel quasi-Newton variational inference", JMLR 23, 306): each lane
/// goes from its own start to a maximum of the posterior density in unconstrained space, by L-BFGS, and keeps the best of the normal
/// distributions that the curvature says on the way there.
///
/// At each point θ of the path that distribution has the covariance H that L-BFGS makes of its pairs, and the mean θ + H ∇log p(θ) (algorithms 3
/// and 4 of the paper); the one with the highest ELBO, estimated from a few draws, is the lane's. Far from the maximum of the density, where a
/// hierarchical posterior has little mass, the path leads through where it has more.
///
/// A step of a lane is one evaluation of the density and its gradient, and one of the density at each draw. A lane stops as those of `Minimize`
/// do; one that has found no distribution whose ELBO is finite is `stalled`, and its draws are NaN.
/// `Fits.elbo` is that of the lane's distribution, from draws of its own; `Fits.loss` is -log p at the last point of the path.
///
/// The guide's parameters are those of all latents one after the other, in unconstrained space: `auto_loc`, `auto_scale`, and a product of
/// rank-one matrices, `auto_left` and `auto_right` of one row a pair. The covariance is F F', where F is diag(scale) times the product of all
/// 1 + left right' in the order of the rows.
///
/// Several paths together are `Fits.multiPath`.
public struct Pathfinder: LaneAlgorithm {
    public let model: Model
    /// Where the paths start.
    public let initializer: Initializer
    /// Draws of each estimate of the ELBO.
    public let elboDraws: Int
    /// How the maximum is looked for; its memory is that of the covariance, too.
    public let method: LBFGS

    /// - Parameters:
    ///   - model: the model that is fitted; all its latents are continuous, and it has no `param` sites.
    ///   - initializer: where the paths start.
    ///   - elboDraws: draws of each estimate of the ELBO, 1 to 65,535: all of them are evaluated in each step.
    ///   - method: how the maximum is looked for. The paper has a memory of 6 pairs.
    public init(_ model: Model, initializer: Initializer = .uniform(), elboDraws: Int = 25, method: LBFGS = LBFGS(memory: 6)) {
        self.model = model
        self.initializer = initializer
        self.elboDraws = elboDraws
        self.method = method
    }

    /// The normal distributions among which a lane looks for its own.
    public var guide: any Guide { PathGuide(model: model, initializer: initializer, method: method) }
    /// The negative log density of the point that the guide's location is, in unconstrained space.
    public var loss: any Loss { UnconstrainedDensity() }

    /// What a lane carries beside the states of L-BFGS.
    private enum Name {
        static let (point, diagonal, elbo, found) = ("point", "diagonal", "elbo", "found")
    }

    public func prepare(_ problem: LaneProblem) throws -> LanePlan {
        guard (1..<(1 << 16)).contains(elboDraws) else { throw RunError("Pathfinder: elboDraws is \(elboDraws); give 1 to 65535") }
        let current = problem.parameters.map(\.value)
        let count = current[0].count
        let isFirst = LBFGSIteration.isFirst(problem)
        // The path begins where the guide's location does.
        let point = select(isFirst, current[0], problem.state(Name.point, shape: [count]))
        let iteration = LBFGSIteration(method, problem, at: point)
        let trial = iteration.trial
        let (value, gradient) = try UnconstrainedDensity.evaluated(problem, at: trial, "Pathfinder")
        let outcome = iteration.outcome(loss: value, gradient: gradient)
        let next = select(outcome.accepts, trial, point)
        let diagonal = CurvatureFactor.updated(select(isFirst, 1, problem.state(Name.diagonal, shape: [count])), outcome.pair)

        // The distribution of the new point, and whether it is the best so far.
        let (factor, newton) = CurvatureFactor.of(outcome.pairs, diagonal: diagonal, gradient: outcome.gradient)
        let candidate = [next - newton, factor.logScale, factor.left, factor.right]
        let elbo = -(try problem.value(of: TraceELBO(particles: elboDraws), at: candidate))
        let (best, one) = (problem.state(Name.elbo), Tensor(integer: 1))
        let hasFound = problem.state(Name.found, dtype: .int) .== one
        let isFinite = candidate.reduce(elbo.isFinite) { $0 .& ($1 * $1).sum().isFinite }
        let isBest = outcome.moves .& isFinite .& (.!hasFound .| (best .< elbo))
        let found = hasFound .| isBest
        return try LanePlan(
            problem, loss: outcome.loss, gradients: [outcome.gradient],
            parameters: zip(candidate, current).map { select(isBest, $0, $1) },
            states: outcome.states + [
                .init(Name.point, next: next), .init(Name.diagonal, next: diagonal), .init(Name.elbo, next: select(isBest, elbo, best)),
                .init(Name.found, next: select(found, one, Tensor(integer: 0))),
            ], stop: .init(converged: outcome.converged .& found, stalled: outcome.stalled .| (outcome.converged .& .!found)))
    }
}
