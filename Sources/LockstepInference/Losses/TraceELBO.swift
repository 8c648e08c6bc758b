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

    /// The log densities of model and guide at one draw from the guide.
    package func logDensities(particle: Int) throws -> (model: Tensor, guide: Tensor) {
        let run = TraceRun(origin: origin, particle: particle, purpose: "step", data: data)
        let (trace, values) = try guide.trace(model, .sample, parameters, run)
        return (trace.logJoint, values.logDensity(trace))
    }
}

/// The negative evidence lower bound, -E_q[log p(x, z) - log q(z)], estimated from draws of the guide (Ranganath et
/// al. 2014; Kingma and Welling 2014 for the gradient through the draws). A latent of the model that the guide does
/// not have is drawn from its prior, and its density counts, as in NumPyro's `Trace_ELBO`.
public struct TraceELBO: Loss {
    /// Draws averaged in each step.
    public let particles: Int

    /// The mean of so many draws, at least 1; they follow one another in the kernel.
    public init(particles: Int = 1) { self.particles = particles }

    public func value(of step: LossStep) throws -> Tensor {
        guard particles >= 1, particles < 1 << 16 else {
            throw ModelError(["TraceELBO"], "TraceELBO: \(particles) particles; give at least 1")
        }
        var total: Tensor = 0
        for particle in 0..<particles {
            let (model, guide) = try step.logDensities(particle: particle)
            total = total + (guide - model)
        }
        return total / Tensor(Double(particles))
    }
}
