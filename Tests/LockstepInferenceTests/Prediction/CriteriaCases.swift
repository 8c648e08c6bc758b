import Foundation
import Lockstep
import TestSupport

@testable import LockstepInference

/// A conjugate model: a ~ N(0, 1) and y_i ~ N(a, 1), whose criteria have closed forms.
enum CriteriaCases {
    static let y = [-1.5, 0.5, 3, 0.25, -0.75, 1.25]

    static func model(rows: Int = y.count) -> Model {
        Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", rows) { m in m.observe("y", Normal(a, 1), m.data("y", shape: [rows])) }
        }
    }

    /// The mean and the standard deviation of the posterior of a.
    static func posterior(_ y: [Double]) -> (mean: Double, sd: Double) {
        let precision = 1 + Double(y.count)
        return (y.reduce(0, +) / precision, (1 / precision).squareRoot())
    }

    static func logNormal(_ x: Double, _ mean: Double, _ variance: Double) -> Double {
        -0.5 * (log(2 * Double.pi * variance) + (x - mean) * (x - mean) / variance)
    }

    /// log p(y_i | y without i).
    static func leftOut(_ y: [Double]) -> [Double] {
        y.indices.map { place in
            let (mean, sd) = posterior(y.indices.filter { $0 != place }.map { y[$0] })
            return logNormal(y[place], mean, 1 + sd * sd)
        }
    }

    /// log p(y_i | y), and the variance of log p(y_i | a) under the posterior: with a = m + s z it is d s z - (s z)^2 / 2, up to a constant.
    static func whole(_ y: [Double]) -> (densities: [Double], variances: [Double]) {
        let (mean, sd) = posterior(y)
        let variance = sd * sd
        return (y.map { logNormal($0, mean, 1 + variance) }, y.map { ($0 - mean) * ($0 - mean) * variance + variance * variance / 2 })
    }

    /// Of lanes whose guides stay where they start.
    static func fits(
        _ model: Model, _ loc: Double, _ scale: Double, lanes: Int, data: [String: LaneData] = [:], on device: Device = .cpu,
        _ configure: (inout RunOptions) -> Void = { _ in }
    ) throws -> Fits {
        var options = RunOptions()
        configure(&options)
        let guide = AutoNormal(model, initializer: .value(["a": Tensor(loc)]), initialScale: scale)
        return try SVI(model, guide: guide, optimizer: Resting())
            .run(keys: Key(4).split(lanes), steps: 1, data: data, device: device, options: options)
    }

    /// With a guide that is the posterior.
    static func exact(_ y: [Double] = y, lanes: Int, on device: Device = .cpu, _ configure: (inout RunOptions) -> Void = { _ in }) throws -> Fits {
        let (mean, sd) = posterior(y)
        return try fits(model(rows: y.count), mean, sd, lanes: lanes, data: ["y": .shared(y)], on: device, configure)
    }
}
