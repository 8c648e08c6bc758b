// The code of the article "Algorithms".

import Foundation
import Lockstep

let speeds: [Double] = [3.1, 5.9, 4.2, 1.8, 7.4, 2.6]
let wind = Model { m in
    let y = m.data("speed")
    let shape = m.sample("shape", LogNormal(0, 1))
    let scale = m.sample("scale", LogNormal(1, 1))
    m.plate("hours", y.count) { m in m.observe("obs", Gamma(shape, 1 / scale), y) }
}
let data: [String: LaneData] = ["speed": .shared(speeds)]
let file = FileManager.default.temporaryDirectory.appendingPathComponent("wind-\(ProcessInfo.processInfo.processIdentifier).run")

// snippet.minimize
let points = try Minimize(wind).run(keys: Key(0).split(64), steps: 200, data: data)
print(points.best.status, points.best.loss, try points.best.parameters())
// snippet.end
expect(
    points.status.allSatisfy { status in
        if case .converged = status { true } else { false }
    })
expect(points.loss.allSatisfy { abs($0 - points.best.loss) < 1e-3 })

// snippet.pathfinder
let paths = try Pathfinder(wind).run(keys: Key(0).split(64), steps: 200, data: data)
let draws = try paths.multiPath(draws: 1000)
print(paths.best.elbo, draws.paretoShape, draws.lanes.prefix(10))
let scales = draws.draws["scale"]  // an array per draw
// snippet.end
expect(paths.status.allSatisfy { !$0.isLost } && draws.count == 1000 && draws.paretoShape < 0.7)
expect(scales?.values.allSatisfy { $0 > 0 } ?? false)

// snippet.save
let svi = SVI(wind, guide: AutoNormal(wind), optimizer: Adam(learningRate: .cosine(from: 0.05)))
let run = try svi.start(keys: Key(0).split(64), steps: 2000, data: data)
while run.progress < 0.5 {
    try run.advance(100)  // steps, or `advance(for:)` so many seconds
    try run.state().write(to: file)
}
print(try run.fits().best.mean("scale"), run.progress)  // as it is now

// Later, in another process perhaps.
let resumed = try svi.resume(RunState(contentsOf: file), data: data)
while !resumed.isFinished { try resumed.advance() }
let fits = try resumed.fits()
// snippet.end
let undisturbed = try svi.run(keys: Key(0).split(64), steps: 2000, data: data)
expect(fits.loss == undisturbed.loss && fits.elbo == undisturbed.elbo)
try FileManager.default.removeItem(at: file)

// snippet.algorithm
/// Steepest descent with the step length of Barzilai and Borwein (1988), equation 5.
struct BarzilaiBorwein: LaneAlgorithm {
    let model: Model
    var guide: any Guide { AutoDelta(model) }
    var loss: any Loss { TraceELBO() }

    func prepare(_ problem: LaneProblem) throws -> LanePlan {
        let (value, gradients) = try problem.valueAndGradients(of: loss)
        // All parameters as one vector, and what the lane remembers of the step before.
        let (x, g) = (problem.flattened(problem.parameters.map(\.value)), problem.flattened(gradients))
        let lastX = problem.state("x", shape: [problem.count])
        let lastG = problem.state("g", shape: [problem.count])
        let (step, change) = (x - lastX, g - lastG)
        let length = select(problem.step .< 0.5, 0.01, (step * step).sum() / abs((step * change).sum()))
        return try LanePlan(
            problem, loss: value, gradients: gradients, parameters: problem.unflattened(x - length * g),
            states: [.init("x", next: x), .init("g", next: g)], stop: .init(converged: abs(g).max() .<= 1e-3))
    }
}
let others = try BarzilaiBorwein(model: wind).run(keys: Key(0).split(64), steps: 500, data: data)
print(others.best.status, others.best.loss)
// snippet.end
expect(abs(others.best.loss - points.best.loss) < 1e-3)

/// Snippets are run, and end badly where a result is not as it should be.
func expect(_ holds: Bool, _ what: String = "", line: Int = #line) {
    precondition(holds, "line \(line): \(what)")
}
