import LockstepModel
import LockstepTensor

/// A loss to minimise: a scalar expression of a guide's parameters and the lane's draws.
public protocol Loss: Sendable {
    /// - Throws: `ModelError` when model and guide do not fit together.
    func value(of step: LossStep) throws -> Tensor
}

/// One evaluation of model and guide: the tools a loss is made of.
public struct LossStep: Sendable {
    package let model: Model
    package let guide: PreparedGuide
    /// Unconstrained.
    package let parameters: [String: Tensor]
    package let origin: Origin
    package var data: DataShapes?

    /// The log densities of model and guide at one draw from the guide: scalars.
    ///
    /// - Parameter particle: the number of the draw, from 0 on.
    /// - Throws: `ModelError` when model and guide do not fit together.
    public func logDensities(particle: Int) throws -> (model: Tensor, guide: Tensor) {
        let run = TraceRun(origin: origin, particle: particle, purpose: "step", data: data)
        let (trace, values) = try guide.trace(model, .sample, parameters, run)
        return (trace.logJoint, values.logDensity(trace))
    }

    /// The log densities of model and guide at so many draws from the guide: vectors with an element for each.
    ///
    /// One trace with a further axis, so that a kernel's text does not grow with their number.
    ///
    /// - Parameter particles: at least 1.
    /// - Throws: `ModelError` when model and guide do not fit together.
    public func logDensities(particles: Int) throws -> (model: Tensor, guide: Tensor) {
        let (model, guide) = try logDensities(particle: 0)
        guard particles >= 1 else { throw RunError("cannot make \(particles) draws from the guide; give at least 1") }
        if let failure = model.failure ?? guide.failure { return (.failed(failure), .failed(failure)) }
        let all = Batching.particles(particles).stacked([model, guide])
        return (all[0], all[1])
    }
}

/// The negative evidence lower bound, -E_q[log p(x, z) - log q(z)], estimated from draws of the guide (Ranganath et
/// al. 2014; Kingma and Welling 2014 for the gradient through the draws). A latent of the model that the guide does
/// not have is drawn from its prior, and its density counts, as in NumPyro's `Trace_ELBO`.
public struct TraceELBO: Loss {
    /// Draws averaged in each step.
    public let particles: Int

    /// The mean of so many draws, at least 1. They are an axis of all that depends on them: a step takes longer with more of them, to
    /// compile it does not.
    public init(particles: Int = 1) { self.particles = particles }

    public func value(of step: LossStep) throws -> Tensor {
        guard particles >= 1, particles < 1 << 16 else {
            throw ModelError(["TraceELBO"], "TraceELBO: \(particles) particles; give at least 1")
        }
        if particles == 1 {
            let (model, guide) = try step.logDensities(particle: 0)
            return guide - model
        }
        let (model, guide) = try step.logDensities(particles: particles)
        return (guide - model).mean()
    }
}
