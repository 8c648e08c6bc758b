import Foundation
import Lockstep

// What others build on the library, with hostile values inside.

extension Values {
    func dtype() -> DType { pick(DType.allCases) }
    func url() -> URL { URL(fileURLWithPath: pick(["", "/", "/nonexistent/file", "/dev/null", NSTemporaryDirectory() + "/hostile.run"])) }
    func algorithm() -> any LaneAlgorithm {
        pick([true, false]) ? svi() : Minimize(model(), guide: optional(guide()), loss: loss(), method: LBFGS(memory: int(), lossTolerance: double()))
    }
    func startFunction() -> @Sendable (LatentStart) throws(ModelError) -> Tensor {
        let value = tensor()
        return { _ in value }
    }
    func fitRun() throws -> FitRun { try Minimize(Self.plain).start(keys: [Key(1), Key(2)], steps: 9, device: target) }
    func runState() throws -> RunState {
        let run = try fitRun()
        if bool() { try run.advance(3) }
        return try run.state()
    }

    func stepWithSites() -> (inout ModelContext, [Tensor], [Tensor]) -> ([Tensor], [Tensor]) {
        let (name, step) = (string(), stepOfMany())
        return { m, carries, rows in
            let (next, outputs) = step(carries, rows)
            m.observe(name, Normal(carries.first ?? 0, 1), rows.first ?? 0)
            return (next, outputs)
        }
    }
    func scanWithSites() -> (inout ModelContext, Tensor, Tensor) -> (Tensor, Tensor) {
        let fold = foldWithSites()
        return { m, carry, row in (fold(&m, carry, row), row) }
    }
    func foldWithSites() -> (inout ModelContext, Tensor, Tensor) -> Tensor {
        let (name, step) = (string(), foldStep())
        return { m, carry, row in m.sample(name, Normal(step(carry, row), 1)) }
    }
}

/// An algorithm whose plan is made of hostile values.
private struct HostileAlgorithm: LaneAlgorithm {
    let values: Values
    let model: Model
    var guide: any Guide { AutoDelta(model) }
    var loss: any Loss { TraceELBO() }

    func prepare(_ problem: LaneProblem) throws -> LanePlan {
        let v = values
        let flat = problem.flattened(v.pick([problem.parameters.map(\.value), v.tensors()]))
        let parts = problem.unflattened(v.pick([flat, v.tensor()]))
        let (value, gradients) = try problem.valueAndGradients(of: v.pick([loss, v.loss()]), at: v.optional(v.pick([parts, v.tensors()])))
        let state = problem.state(v.string(), shape: v.shape(), dtype: v.dtype())
        return try LanePlan(
            problem, loss: v.pick([value, v.tensor()]), gradients: v.pick([gradients, v.tensors()]), parameters: v.pick([parts, v.tensors()]),
            states: [.init(v.string(), start: v.optional(v.tensor()), next: v.pick([state, v.tensor()]))],
            stop: v.optional(.init(converged: v.tensor() .< 0, stalled: v.optional(v.tensor()))))
    }
}

/// An optimiser that moves everything to hostile places.
private struct HostileOptimizer: Optimizer {
    let values: Values

    func sharedSlots(_ shapes: [Shape]) -> [SharedSlot] { [SharedSlot(values.string(), shape: values.shape())] }

    func move(_ step: OptimizationStep) throws -> OptimizationMove {
        let v = values
        let tried = v.pick([step.parameters.map { $0.value - step.read(v.hyperparameter()) * $0.gradient }, v.tensors()])
        let (value, _) = try step.valueAndGradients(at: tried)
        return OptimizationMove(tried.map { ($0, v.tensors()) }, sharedSlots: v.pick([step.sharedSlots, [value], v.tensors()]))
    }
}

/// A loss of hostile numbers of draws.
private struct HostileLoss: Loss {
    let values: Values

    func value(of step: LossStep) throws -> Tensor {
        let (model, guide) = try step.logDensities(particles: values.pick([.min, -1, 0, 1, 3]))
        let one = try step.logDensities(particle: values.pick([.min, -1, 0, 1, .max]))
        return values.pick([(guide - model).sum() + one.model, guide - model, values.tensor()])
    }
}

/// A guide of hostile parameters, starts and values.
private struct HostileGuide: Guide {
    let values: Values
    let model: Model

    func prepare(_ data: GuideData) throws -> PreparedGuide {
        let v = values
        let (sites, read) = try GuidedSite.latents(of: model, guide: v.string(), data)
        let (name, shape, value) = (v.string(), v.shape(), v.tensor())
        let names = v.pick([Set(sites.map(\.name)), v.names()])
        let isEmpty = v.bool()
        return PreparedGuide(
            parameters: isEmpty ? [] : [.init(name: name, shape: shape)], latents: names, data: read, hasQuantiles: v.bool(),
            initial: { run in
                let starts = try Initializer.custom { latent in latent.source.normal(latent.shape) * value }.starts(of: model, names, run) { _ in name
                }
                return isEmpty ? .init([name: value]) : starts
            },
            values: { _, parameters, run in
                let drawn = run.guideSource(site: name).normal(shape)
                return .init(
                    assign: { _, _ in drawn + (parameters[name] ?? 0) }, logDensity: { _ in value }, parameters: { _ in [(name, value)] })
            })
    }
}

/// The calls that only runs make.
func callsOfExtensions(_ list: inout CallList) {
    @Sendable func run(_ v: Values, _ algorithm: some LaneAlgorithm) throws -> Any {
        try algorithm.run(keys: [Key(1), Key(2)], steps: 3, device: v.target).status
    }
    list.addOutside("LaneAlgorithm: of one's own", 24) { v in
        try run(v, HostileAlgorithm(values: v, model: v.pick([Values.plain, v.model()])))
    }
    list.addOutside("Optimizer: of one's own", 12) { v in
        try run(v, SVI(Values.plain, guide: AutoDelta(Values.plain), optimizer: HostileOptimizer(values: v)))
    }
    list.addOutside("Loss: of one's own", 12) { v in
        try run(v, SVI(Values.plain, guide: AutoNormal(Values.plain), optimizer: SGD(), loss: HostileLoss(values: v)))
    }
    list.addOutside("Guide: of one's own", 12) { v in
        try run(v, SVI(Values.plain, guide: HostileGuide(values: v, model: Values.plain), optimizer: SGD()))
    }
    list.addOutside("Initializer: of one's own", 8) { v in
        let value = v.tensor()
        return try run(v, Minimize(Values.plain, guide: AutoDelta(Values.plain, initializer: .custom { _ in value })))
    }
}
