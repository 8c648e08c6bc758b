// What others can build on Lockstep, through its public interface alone: each is held against a posterior that is known.

import Foundation
import Lockstep

let observed: [Double] = [1.3, 0.2, 2.9, 1.1, 2.0]
let data: [String: LaneData] = ["y": .shared(observed)]
let normal = Model { m in
    let mu = m.sample("mu", Normal(0, 2))
    m.plate("rows", 5) { m in m.observe("y", Normal(mu, 1), m.data("y", shape: [5])) }
}
/// Of the posterior of mu, which is normal.
let precision = 1 / 4.0 + 5
let (mean, sd) = (observed.reduce(0, +) / precision, 1 / precision.squareRoot())

var failures = 0
@MainActor func expect(_ what: String, _ value: Double, _ wanted: Double, within tolerance: Double) {
    let holds = abs(value - wanted) <= tolerance
    print("\(holds ? "ok  " : "FAIL") \(what): \(value), wanted \(wanted) within \(tolerance)")
    if !holds { failures += 1 }
}

let keys = Key(1).split(16)
for device in Device.whyNoOpenCL == nil ? [Device.cpu, .opencl] : [.cpu] {
    func fit(_ algorithm: some LaneAlgorithm, steps: Int = 3000, data: [String: LaneData] = data) throws -> Fit {
        try algorithm.run(keys: keys, steps: steps, data: data, device: device).best
    }

    // A distribution: the maximum of its density is known.
    let wind = Model { m in
        let scale = m.sample("scale", HalfNormal(1000))
        m.plate("hours", 5) { m in m.observe("y", Rayleigh(scale), m.data("y", shape: [5])) }
    }
    let mode = (observed.reduce(0) { $0 + $1 * $1 } / 10).squareRoot()
    expect("\(device) distribution", try fit(Minimize(wind), steps: 100).median("scale")[0], mode, within: 1e-3)

    // An initialiser: where lanes without a step to speak of are.
    let there = Initializer.custom { latent in Tensor(repeating: 3.25, shape: latent.shape) }
    let still = SVI(normal, guide: AutoDelta(normal, initializer: there), optimizer: SGD(learningRate: 1e-9))
    expect("\(device) initialiser", try fit(still, steps: 1).median("mu")[0], 3.25, within: 1e-5)

    // A guide: the mean of a logistic distribution is that of the normal one that it comes closest to.
    let guide = AutoLogistic(model: normal, initializer: .median)
    let logistic = SVI(normal, guide: guide, optimizer: Adam(learningRate: .cosine(from: 0.05)))
    expect("\(device) guide", try fit(logistic).mean("mu")[0], mean, within: 0.05)

    // A loss: the bound is that of the evidence where the guide is the posterior.
    let bound = SVI(normal, guide: AutoNormal(normal), optimizer: Adam(learningRate: .cosine(from: 0.05)), loss: ImportanceBound(particles: 4))
    expect("\(device) loss", try fit(bound).mean("mu")[0], mean, within: 0.05)
    expect("\(device) loss, sd", try fit(bound).sd("mu")[0], sd, within: 0.05)

    // Optimisers: of one parameter at a time, and of all together with a look at the loss.
    let sign = SVI(normal, guide: AutoNormal(normal), optimizer: SignDescent(rate: .cosine(from: 0.02)))
    expect("\(device) optimiser", try fit(sign).mean("mu")[0], mean, within: 0.05)
    let bold = SVI(normal, guide: AutoDelta(normal), optimizer: BoldDriver())
    expect("\(device) optimiser of all", try fit(bold, steps: 300).mean("mu")[0], mean, within: 1e-3)

    // An algorithm, saved and resumed on the way.
    let run = try BarzilaiBorwein(model: normal).start(keys: keys, steps: 200, data: data, device: device)
    try run.advance(2)
    let resumed = try BarzilaiBorwein(model: normal).resume(run.state(), data: data, device: device)
    while !resumed.isFinished { try resumed.advance() }
    let fits = try resumed.fits()
    expect("\(device) algorithm", try fits.best.mean("mu")[0], mean, within: 1e-3)
    let converged = fits.status.filter { if case .converged = $0 { true } else { false } }
    expect("\(device) algorithm, lanes that converged", Double(converged.count), 16, within: 0)
}
print(failures == 0 ? "All hold." : "\(failures) fail.")
exit(failures == 0 ? 0 : 1)
