import Foundation
import Lockstep

@testable import LockstepInference

/// Normal variates of an unknown mean, whose posterior is known: mean ~ N(0, sd), y_i ~ N(mean, 1).
enum StudyCases {
    static func model(priorSD: Double, rows: Int) -> Model {
        Model { m in
            let y = m.data("y", shape: [rows])
            let mean = m.sample("mean", Normal(0, Tensor(priorSD)))
            m.plate("rows", rows) { m in m.observe("obs", Normal(mean, 1), y) }
            m.deterministic("twice", 2 * mean)
        }
    }

    /// The mean and standard deviation of the posterior.
    static func posterior(_ y: [Double], priorSD: Double, weights: [Double]? = nil) -> (mean: Double, sd: Double) {
        let weights = weights ?? y.map { _ in 1 }
        let precision = 1 / (priorSD * priorSD) + weights.reduce(0, +)
        return (zip(y, weights).reduce(0) { $0 + $1.0 * $1.1 } / precision, 1 / precision.squareRoot())
    }

    /// A fit that is the posterior from the start, so that nothing hangs on an optimiser: a guide that reads the data.
    static func exact(priorSD: Double, rows: Int) -> SVI {
        let precision = 1 / (priorSD * priorSD) + Double(rows)
        let guide = Model { m in
            let shift = m.param("shift", 0)
            m.sample("mean", Normal(m.data("y", shape: [rows]).sum() / Tensor(precision) + shift, Tensor(1 / precision.squareRoot())))
        }
        return SVI(model(priorSD: priorSD, rows: rows), guide: guide, optimizer: Resting())
    }

    /// A fit by the family that the posterior is of. With several particles parameters end within some thousandths of the optimum.
    static func fitted(priorSD: Double, rows: Int) -> SVI {
        let model = model(priorSD: priorSD, rows: rows)
        return SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: .cosine(from: 0.1)), loss: TraceELBO(particles: 16))
    }

    static func options(_ configure: (inout RunOptions) -> Void = { _ in }) -> RunOptions {
        var options = RunOptions()
        options.finalDraws = 20
        configure(&options)
        return options
    }

    /// The share of a normal distribution below a value.
    static func normalShare(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

    static func normalDensity(_ x: Double, _ mean: Double, variance: Double) -> Double {
        -0.5 * (x - mean) * (x - mean) / variance - 0.5 * log(2 * Double.pi * variance)
    }
}
