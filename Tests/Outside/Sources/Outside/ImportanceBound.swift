import Lockstep

/// The negative importance-weighted bound of some draws (Burda, Grosse and Salakhutdinov 2016, equation 8).
struct ImportanceBound: Loss {
    let particles: Int

    func value(of step: LossStep) throws -> Tensor {
        let weights = try (0..<particles).map { particle in
            let (model, guide) = try step.logDensities(particle: particle)
            return model - guide
        }
        return log(Tensor(Double(particles))) - logSumExp(Tensor.stack(weights), axis: 0)
    }
}
