import Lockstep

/// Steepest descent with the step length of Barzilai and Borwein (1988), equation 5.
struct BarzilaiBorwein: LaneAlgorithm {
    let model: Model
    var guide: any Guide { AutoDelta(model) }
    var loss: any Loss { TraceELBO() }

    func prepare(_ problem: LaneProblem) throws -> LanePlan {
        let (value, gradients) = try problem.valueAndGradients(of: loss)
        let x = problem.flattened(problem.parameters.map(\.value))
        let gradient = problem.flattened(gradients)
        let (lastX, lastGradient) = (problem.state("x", shape: [problem.count]), problem.state("gradient", shape: [problem.count]))
        let (step, change) = (x - lastX, gradient - lastGradient)
        let length = select(problem.step .< 0.5, 0.01, (step * step).sum() / (step * change).sum())
        return try LanePlan(
            problem, loss: value, gradients: gradients, parameters: problem.unflattened(x - length * gradient),
            states: [.init("x", next: x), .init("gradient", next: gradient)], stop: .init(converged: abs(gradient).max() .<= 1e-3))
    }
}
