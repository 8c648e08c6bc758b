import LockstepDistributions
import LockstepModel
import LockstepTensor

/// A site of a model or a guide, as a search for what went wrong sees it.
package struct ExaminedSite: Sendable {
    package enum Role: Hashable, Sendable {
        case model, guide
    }

    let name: String
    let role: Role
    let kind: SiteKind
    let value: Tensor
    let distribution: (any Distribution)?
    /// Nil where the site adds nothing to the loss.
    let logDensity: Tensor?
    /// Where a param must lie.
    var constraint: Constraint?
    /// Whether the value is data.
    var isObserved = false

    /// The sites of a run, first those that a handler hides: they may reach the others, but not the loss by themselves.
    static func all(of trace: Trace, inGuide: Bool) -> [ExaminedSite] {
        (trace.hidden + trace.sites).map { site in
            ExaminedSite(
                name: site.name, role: inGuide ? .guide : .model, kind: site.kind, value: site.value,
                distribution: site.distribution, logDensity: site.logProb, constraint: site.constraint,
                isObserved: site.isObserved)
        }
    }
}

/// What one evaluation of a loss came to: the loss, its gradient, and the sites that it is made of.
struct ExaminedLoss {
    let loss: Tensor
    /// By parameter, unconstrained.
    let gradients: [(name: String, value: Tensor)]
    /// In the order in which their values arise, the guide's first: those of the first particle.
    let sites: [ExaminedSite]
    /// How many the loss has draws of.
    let particles: Int

    init(_ fits: Fits, _ evaluation: HostEvaluation) throws {
        let (guide, model, data) = (fits.guide, fits.algorithm.model, fits.binding.shapes)
        let step = LossStep(
            model: model, guide: guide, parameters: evaluation.parameters, origin: evaluation.origin, data: data)
        let loss = try fits.algorithm.loss.value(of: step)
        self.loss = loss
        let names = guide.parameters.map(\.name)
        let values = Gradient.of(loss, withRespectTo: names.compactMap { evaluation.parameters[$0] })
        gradients = zip(names, values).map { ($0, $1) }
        // Where the loss is that of a point, sites are looked at there.
        let shown = try (fits.algorithm.loss as? UnconstrainedDensity)?.point(model, data) ?? guide
        let run = TraceRun(origin: evaluation.origin, purpose: "step", data: data)
        let (trace, own) = try shown.trace(model, .sample, evaluation.parameters, run)
        sites = own.sites(trace) + ExaminedSite.all(of: trace, inGuide: false)
        particles = Self.particles(of: loss)
    }

    private static func particles(of loss: Tensor) -> Int {
        Graph.topologicalOrder([loss]).reduce(1) { count, tensor in
            guard case .random(let draw) = tensor.node.op else { return count }
            return max(count, Int(draw.particle) + (draw.particles ?? 1))
        }
    }
}
