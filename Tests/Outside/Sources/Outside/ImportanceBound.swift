import Lockstep

/// The negative importance-weighted bound of some draws (Burda, Grosse and Salakhutdinov 2016, equation 8).
struct ImportanceBound: Loss {
    let particles: Int

    func value(of step: LossStep) throws -> Tensor {
        let (model, guide) = try step.logDensities(particles: particles)
        return log(Tensor(Double(particles))) - (model - guide).logSumExp()
    }
}
