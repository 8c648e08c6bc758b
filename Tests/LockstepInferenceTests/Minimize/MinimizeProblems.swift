import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// A problem of `Tests/Goldens/minimize.json`: where it begins, and what is to be found.
struct MinimizeProblem: Sendable, CustomTestStringConvertible {
    let name: String
    /// In unconstrained space, as all locations here.
    let start: [Double]
    /// The loss at the minimum.
    let value: Double
    let minimum: [Double]
    /// Of the Hessian at the minimum.
    let condition: Double
    /// How far SciPy's value is off in double precision, as `error(_:)`.
    let peerError: Double
    /// SciPy's, with the stopping rules of double precision and of single.
    let evaluations: (double: Int, single: Int)

    var testDescription: String { name }

    static func all() throws -> [MinimizeProblem] { try goldens()["problems"].elements.map(MinimizeProblem.init) }

    static func named(_ name: String) throws -> MinimizeProblem { try #require(try all().first { $0.name == name }) }

    private static func goldens() throws -> JSONValue { try JSONValue.read(Folders.goldens.appendingPathComponent("minimize.json")) }

    private init(_ row: JSONValue) {
        (name, start, value, minimum) = (row["name"].text, row["start"].numbers, row["value"].number, row["minimum"].numbers)
        condition = row["condition"].number
        peerError = row["error"].number
        evaluations = (Int(row["evaluations"].number), Int(row["evaluationsSingle"].number))
    }

    /// What is minimised, from where, with which data, and the names of its parameters in the order of the golden locations.
    struct Task {
        let minimize: Minimize
        var data: [String: LaneData] = [:]
        var parameters = ["x"]
    }

    func task(_ method: LBFGS = LBFGS()) throws -> Task {
        if let function = TestFunctions.named(name) {
            let model = Model { m in m.factor("f", -function(m.param("x", Tensor(start)))) }
            return Task(minimize: Minimize(model, method: method))
        }
        let (model, latents, data) = try #require(try ModelLosses.named(name, Self.goldens()["poisson"]))
        var first = 0
        var starts: [String: Tensor] = [:]
        for latent in latents {
            let values = start[first..<(first + latent.count)].map { latent.isPositive ? exp($0) : $0 }
            starts[latent.name] = latent.isScalar ? Tensor(values[0]) : Tensor(values)
            first += latent.count
        }
        return Task(
            minimize: Minimize(model, guide: AutoDelta(model, initializer: .value(starts)), method: method), data: data,
            parameters: latents.map { $0.name + "_auto_loc" })
    }

    /// How an evaluation is compared with the golden value: relative to numbers that are not small.
    func error(_ loss: Double) -> Double { abs(loss - value) / max(1, abs(value)) }
}

/// The losses of models among the problems.
enum ModelLosses {
    struct Latent {
        let name: String
        var count = 1
        var isPositive = false
        var isScalar: Bool { count == 1 }
    }

    static func named(_ name: String, _ poisson: JSONValue) throws -> (Model, [Latent], [String: LaneData])? {
        switch name {
        case "logistic":
            let problem = try NumPyroGoldens.problem("logistic")
            return (problem.model, [Latent(name: "w", count: 30), Latent(name: "b")], problem.data)
        case "linear": return (linear, [Latent(name: "b", count: 2), Latent(name: "sigma", isPositive: true)], try radonData(["floor", "log_radon"]))
        case "poisson":
            let design = poisson["design"].elements.map(\.numbers)
            return (self.poisson, [Latent(name: "b", count: 3)], ["x": .shared(design), "homes": .shared(poisson["homes"].numbers)])
        case "eight schools":
            let problem = try NumPyroGoldens.problem("eight-schools")
            return (
                eightSchools, [Latent(name: "mu"), Latent(name: "tau", isPositive: true), Latent(name: "z", count: 8)],
                ["y": problem.data["y"], "sigma": problem.data["sigma"]].compactMapValues { $0 }
            )
        case "radon":
            let latents = [
                Latent(name: "mu_a"), Latent(name: "sigma_a", isPositive: true), Latent(name: "b"), Latent(name: "sigma", isPositive: true),
                Latent(name: "z", count: 85),
            ]
            return (radon, latents, try radonData(["county", "floor", "log_radon"]))
        case "gaussian mixture":
            let latents = [
                Latent(name: "logits", count: 3), Latent(name: "locs", count: 4), Latent(name: "scales", count: 4, isPositive: true),
            ]
            return (gaussianMixture, latents, try NumPyroGoldens.problem("gmm").data)
        default: return nil
        }
    }

    private static func radonData(_ names: Set<String>) throws -> [String: LaneData] {
        try NumPyroGoldens.problem("radon").data.filter { names.contains($0.key) }
    }

    private static let linear = Model { m in
        let (floor, radon) = (m.data("floor"), m.data("log_radon"))
        let b = m.sample("b", Normal(0, 10), shape: [2])
        let sigma = m.sample("sigma", HalfNormal(1))
        m.plate("homes", radon.count) { m in m.observe("obs", Normal(b[0] + b[1] * floor, sigma), radon) }
    }

    private static let poisson = Model { m in
        let (x, homes) = (m.data("x", rank: 2), m.data("homes"))
        let b = m.sample("b", Normal(0, 10), shape: [3])
        m.plate("counties", homes.count) { m in m.observe("obs", Poisson(exp(matmul(x, b))), homes) }
    }

    /// With a wider prior for tau than the example's, whose mode is at 0.
    private static let eightSchools = Model { m in
        let (sigma, y) = (m.data("sigma"), m.data("y"))
        let mu = m.sample("mu", Normal(0, 5))
        let tau = m.sample("tau", HalfCauchy(25))
        m.plate("school", y.count) { m in
            let z = m.sample("z", Normal(0, 1))
            m.observe("obs", Normal(mu + tau * z, sigma), y)
        }
    }

    /// Non-centred: the density of the example's model has no maximum.
    private static let radon = Model { m in
        let county = m.indices("county", below: 85)
        let (floor, radon) = (m.data("floor"), m.data("log_radon"))
        let mean = m.sample("mu_a", Normal(0, 1))
        let spread = m.sample("sigma_a", HalfNormal(1))
        let slope = m.sample("b", Normal(0, 1))
        let noise = m.sample("sigma", HalfNormal(1))
        let z = m.plate("counties", 85) { m in m.sample("z", Normal(0, 1)) }
        m.plate("homes", radon.count) { m in
            m.observe("obs", Normal(mean + spread * z[county] + slope * floor, noise), radon)
        }
    }

    private static let gaussianMixture = Model { m in
        let x = m.data("x")
        let logits = Tensor.concatenate([m.sample("logits", Normal(0, 1), shape: [3]), [0]])
        let locs = m.sample("locs", Normal(0, 5), shape: [4])
        let scales = m.sample("scales", LogNormal(0, 1), shape: [4])
        m.plate("data", x.count) { m in m.observe("obs", MixtureSameFamily(Categorical(logits: logits), Normal(locs, scales)), x) }
    }
}
