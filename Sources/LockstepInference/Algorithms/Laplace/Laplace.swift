import LockstepModel
import LockstepTensor

/// Laplace's approximation in each lane from its own start: the normal distribution in unconstrained space whose mean is a maximum of the
/// posterior density there, and whose precision is the negative Hessian of the log density (Gelman et al. 2013, "Bayesian Data Analysis",
/// section 13.3).
///
/// A step of a lane is one evaluation of the density and its gradient, by L-BFGS as in `Minimize`. When a lane has come to the end, or has one
/// step left, a last step takes the second derivatives where it stands: exact ones, of one latent after the other. A lane whose Hessian is not
/// that of a maximum is `stalled` after that step, and its draws are NaN; one that ran out of steps is `finished`, and has the curvature of the
/// point that it came to.
///
/// The guide's parameters are those of all latents one after the other, in unconstrained space: `auto_loc`, and `auto_precision_tril`, the
/// lower Cholesky factor of the precision. `Fits.loss` is -log p at the mean.
public struct Laplace: LaneAlgorithm {
    public let model: Model
    /// Where the lanes start.
    public let initializer: Initializer
    /// How the maximum is looked for.
    public let method: LBFGS

    /// - Parameters:
    ///   - model: the model that is fitted; all its latents are continuous, and it has no `param` sites.
    ///   - initializer: where the lanes start.
    ///   - method: how the maximum is looked for.
    public init(_ model: Model, initializer: Initializer = .uniform(), method: LBFGS = LBFGS()) {
        self.model = model
        self.initializer = initializer
        self.method = method
    }

    /// The normal distributions that a lane may come to.
    public var guide: any Guide { LaplaceGuide(model: model, initializer: initializer) }
    /// The negative log density of the point that the guide's location is, in unconstrained space.
    public var loss: any Loss { UnconstrainedDensity() }

    private static let ending = "ending"

    public func prepare(_ problem: LaneProblem) throws -> LanePlan {
        try method.validate()
        let (point, factor) = (problem.parameters[0].value, problem.parameters[1].value)
        let (zero, one) = (Tensor(integer: 0), Tensor(integer: 1))
        let hasCome = problem.state(Self.ending, dtype: .int) .== one
        let isEnding = hasCome .| (problem.steps - 1.5 .< problem.step)
        let iteration = LBFGSIteration(method, problem, at: point)
        // The last evaluation is where the lane stands.
        let trial = select(isEnding, point, iteration.trial)
        let (value, gradient) = try UnconstrainedDensity.evaluated(problem, at: trial, "Laplace")
        let outcome = iteration.outcome(loss: value, gradient: gradient)
        let found = Self.factor(of: gradient, at: trial, where: isEnding)
        let isMaximum = (found * found).sum().isFinite
        return try LanePlan(
            problem, loss: select(isEnding, value, outcome.loss), gradients: [select(isEnding, gradient, outcome.gradient)],
            parameters: [select(outcome.accepts .& .!isEnding, trial, point), select(isEnding .& isMaximum, found, factor)],
            states: outcome.states + [.init(Self.ending, next: select(outcome.converged .| outcome.stalled, one, zero))],
            stop: .init(converged: hasCome .& isMaximum, stalled: isEnding .& .!isMaximum))
    }

    /// The lower Cholesky factor of the derivative of a gradient, with NaN where that is not positive definite; computed by lanes only that ask.
    private static func factor(of gradient: Tensor, at point: Tensor, where isWanted: Tensor) -> Tensor {
        let count = point.count
        // A loop that most lanes do not enter: second derivatives are the work of as many gradients as there are latents.
        let places = Tensor.iota(count)
        let rows = whileLoop(
            from: [Tensor(integer: 0), Tensor(repeating: 0, shape: [count, count])], most: count,
            while: { isWanted .& ($0[0] .< Tensor(integer: count)) }
        ) { carries in
            let isRow = places .== carries[0]
            let row = Gradient.of(select(isRow, gradient, 0).sum(), withRespectTo: [point])[0]
            return [carries[0] + Tensor(integer: 1), select(isRow.expandingShape(at: 1), row, carries[1])]
        }[1]
        let isToDo = select(isWanted, Tensor(integer: 1), Tensor(integer: 0))
        return whileLoop(from: [isToDo, rows], most: 1, while: { $0[0] .== Tensor(integer: 1) }) { carries in
            [Tensor(integer: 0), cholesky(carries[1])]
        }[1]
    }
}
