import LockstepModel
import LockstepTensor

/// Minimises a loss without noise, in each lane from its own start: with the guide that it has by default, the maximum of the
/// posterior density (MAP) over the model's latents as they are, without a Jacobian, and over its `param` sites.
///
/// A step of a lane is one evaluation of the loss and its gradient. A lane stops when it has converged, or where no lower loss is
/// found; others go on.
public struct Minimize: LaneAlgorithm {
    public let model: Model
    /// Whose parameters are found.
    public let guide: any Guide
    public let loss: any Loss
    /// How the minimum is looked for.
    public let method: LBFGS

    /// - Parameters:
    ///   - model: the model that is fitted.
    ///   - guide: `AutoDelta` where nil, a point for each latent.
    ///   - loss: of no draws, or the run is an error.
    ///   - method: how the minimum is looked for.
    public init(_ model: Model, guide: (any Guide)? = nil, loss: any Loss = TraceELBO(), method: LBFGS = LBFGS()) {
        self.model = model
        self.guide = guide ?? AutoDelta(model)
        self.loss = loss
        self.method = method
    }

    public func prepare(_ problem: LaneProblem) throws -> LanePlan {
        try method.validate()
        guard problem.count > 0 else { throw RunError("there is nothing to minimise over: the guide and the model have no parameters") }
        let iteration = LBFGSIteration(method, problem, at: problem.flattened(problem.parameters.map(\.value)))
        let trial = problem.unflattened(iteration.trial)
        let (value, gradients) = try problem.valueAndGradients(of: loss, at: trial)
        if let site = Graph.drawnSite(in: [value]) {
            throw ModelError(
                site: site,
                "the loss has draws of this site, and Minimize needs one without; use a guide of points, AutoDelta, that has it, "
                    + "condition on it, or use SVI")
        }
        let outcome = iteration.outcome(loss: value, gradient: problem.flattened(gradients))
        let parameters = zip(problem.parameters, trial).map { parameter, trial in select(outcome.accepts, trial, parameter.value) }
        return try LanePlan(
            problem, loss: outcome.loss, gradients: [outcome.gradient], parameters: parameters, states: outcome.states,
            stop: .init(converged: outcome.converged, stalled: outcome.stalled))
    }
}

extension Graph {
    /// The site of a draw that roots depend on; nil where there is none.
    static func drawnSite(in roots: [Tensor]) -> String? {
        for tensor in topologicalOrder(roots) { if case .random(let draw) = tensor.node.op { return draw.site } }
        return nil
    }
}
