import Foundation
import Lockstep
import TestSupport

/// A posterior of the collection in ../shared/posteriordb: the model as it is there, nothing standardised, and its data.
/// A flat prior is a wide one, up to its density; a latent that must be positive has a positive constraint.
struct ReferencePosterior: Sendable {
    let name: String
    let model: Model
    let data: [String: LaneData]
    /// Those whose means are known.
    let sites: [String]

    /// Where the collection lies; nil where there is none.
    static let folder = Folders.shared?.appendingPathComponent("posteriordb")

    static func read(_ name: String) throws -> JSONValue {
        try JSONValue.read((folder ?? Repository.root).appendingPathComponent(name + ".json"))
    }

    /// By site and element, `beta[1]`: mean and sd of a long reference run.
    func reference() throws -> JSONValue { try Self.read("reference")[name]["reference"] }

    // MARK: Regressions

    /// y ~ N(X beta, sigma).
    static func regression(
        _ name: String, _ columns: [[Double]], _ y: [Double], beta prior: any Distribution = Normal(0, 1e4),
        sigma: any Distribution = HalfNormal(1e3)
    ) -> ReferencePosterior {
        let model = Model { m in
            let beta = m.sample("beta", prior.expanded(to: [columns.count]).toEvent(1))
            let sigma = m.sample("sigma", sigma)
            let x = m.data("x", shape: [y.count, columns.count])
            m.plate("rows", y.count) { m in m.observe("y", Normal(matmul(x, beta), sigma), m.data("y", shape: [y.count])) }
        }
        let design = y.indices.flatMap { row in columns.map { $0[row] } }
        return ReferencePosterior(name: name, model: model, data: ["x": .shared(design), "y": .shared(y)], sites: ["beta", "sigma"])
    }

    static func sblrc() throws -> ReferencePosterior {
        let data = try read("sblrc")
        let rows = data["X"].elements.map(\.numbers)
        return regression(
            "sblrc-blr", (0..<5).map { column in rows.map { $0[column] } }, data["y"].numbers, beta: Normal(0, 10), sigma: HalfNormal(10))
    }

    static func earnings() throws -> ReferencePosterior {
        let data = try read("earnings")
        let height = data["height"].numbers
        let male = data["male"].numbers
        return regression(
            "earnings-logearn_interaction", [height.map { _ in 1 }, height, male, zip(height, male).map(*)],
            data["earn"].numbers.map { log($0) })
    }

    static func mesquite() throws -> ReferencePosterior {
        let data = try read("mesquite")
        let sizes = ["diam1", "diam2", "canopy_height", "total_height", "density"].map { data[$0].numbers.map { log($0) } }
        let group = data["group"].numbers
        return regression("mesquite-logmesquite", [group.map { _ in 1 }] + sizes + [group], data["weight"].numbers.map { log($0) })
    }

    static func nes() throws -> ReferencePosterior {
        let data = try read("nes1980")
        let age = data["age_discrete"].numbers
        func column(_ name: String) -> [Double] { data[name].numbers }
        return regression(
            "nes1980-nes",
            [age.map { _ in 1 }, column("real_ideo"), column("race_adj")] + [2.0, 3, 4].map { group in age.map { $0 == group ? 1 : 0 } }
                + [column("educ1"), column("gender"), column("income")],
            column("partyid7"))
    }

    // MARK: Hierarchies and series

    static func eightSchools() throws -> ReferencePosterior {
        let data = try read("eight_schools")
        let model = Model { m in
            let sigma = m.data("sigma", shape: [8])
            let mu = m.sample("mu", Normal(0, 5))
            let tau = m.sample("tau", HalfCauchy(5))
            m.plate("school", 8) { m in
                let z = m.sample("z", Normal(0, 1))
                let theta = m.deterministic("theta", mu + tau * z)
                m.observe("y", Normal(theta, sigma), m.data("y", shape: [8]))
            }
        }
        return ReferencePosterior(
            name: "eight_schools-eight_schools_noncentered", model: model,
            data: ["y": .shared(data["y"].numbers), "sigma": .shared(data["sigma"].numbers)], sites: ["mu", "tau", "theta"])
    }

    /// An autoregression of order 5.
    static func arK() throws -> ReferencePosterior {
        let y = try read("arK")["y"].numbers
        let count = y.count - 5
        let model = Model { m in
            let y = m.data("y", shape: [y.count])
            let alpha = m.sample("alpha", Normal(0, 10))
            let beta = m.sample("beta", Normal(0, 10).expanded(to: [5]).toEvent(1))
            let sigma = m.sample("sigma", HalfCauchy(2.5))
            let mean = (0..<5).reduce(alpha) { $0 + beta[$1] * y.slice(axis: 0, (4 - $1)..<(4 - $1 + count)) }
            m.plate("times", count) { m in m.observe("now", Normal(mean, sigma), y.slice(axis: 0, 5..<(5 + count))) }
        }
        return ReferencePosterior(name: "arK-arK", model: model, data: ["y": .shared(y)], sites: ["alpha", "beta", "sigma"])
    }

    /// One autoregressive and one moving-average term.
    static func arma() throws -> ReferencePosterior {
        let y = try read("arma")["y"].numbers
        let model = Model { m in
            let mu = m.sample("mu", Normal(0, 10))
            let phi = m.sample("phi", Normal(0, 2))
            let theta = m.sample("theta", Normal(0, 2))
            let sigma = m.sample("sigma", HalfCauchy(2.5))
            var error = Tensor(y[0]) - mu - phi * mu
            var squares = square(error)
            for (before, now) in zip(y, y.dropFirst()) {
                error = Tensor(now) - mu - phi * Tensor(before) - theta * error
                squares = squares + square(error)
            }
            m.factor("y", -0.5 * squares / square(sigma) - Tensor(Double(y.count)) * log(sigma))
        }
        return ReferencePosterior(name: "arma-arma11", model: model, data: [:], sites: ["mu", "phi", "theta", "sigma"])
    }

    /// Predator and prey: the equations of Lotka and Volterra by the classical method of Runge and Kutta in steps of half a year.
    static func lynxHare() throws -> ReferencePosterior {
        let data = try read("hudson_lynx_hare")
        let counts = [data["y_init"].numbers] + data["y"].elements.map(\.numbers)
        let model = Model { m in
            // A normal distribution of what is positive, as a density on the half line.
            func positive(_ name: String, _ prior: Normal) -> Tensor {
                let base = LogNormal(0, 1)
                let value = m.sample(name, base)
                m.factor(name + "_prior", prior.logProb(value) - base.logProb(value))
                return value
            }
            let a = positive("a", Normal(1, 0.5))
            let b = positive("b", Normal(0.05, 0.05))
            let c = positive("c", Normal(1, 0.5))
            let d = positive("d", Normal(0.05, 0.05))
            m.deterministic("theta", Tensor.stack([a, b, c, d]))
            let sigma = m.sample("sigma", LogNormal(-1, 1).expanded(to: [2]).toEvent(1))
            let start = m.sample("z_init", LogNormal(Tensor(log(10.0)), 1).expanded(to: [2]).toEvent(1))
            typealias State = (hares: Tensor, lynxes: Tensor)
            func rate(_ z: State) -> State { ((a - b * z.lynxes) * z.hares, (d * z.hares - c) * z.lynxes) }
            func moved(_ z: State, _ rate: State, _ time: Double) -> State {
                (z.hares + rate.hares * Tensor(time), z.lynxes + rate.lynxes * Tensor(time))
            }
            var z: State = (start[0], start[1])
            var squares: State = (0, 0)
            for (year, count) in counts.enumerated() {
                for _ in 0..<(year == 0 ? 0 : 2) {
                    let k1 = rate(z)
                    let k2 = rate(moved(z, k1, 0.25))
                    let k3 = rate(moved(z, k2, 0.25))
                    let k4 = rate(moved(z, k3, 0.5))
                    z = moved(z, (k1.hares + 2 * k2.hares + 2 * k3.hares + k4.hares, k1.lynxes + 2 * k2.lynxes + 2 * k3.lynxes + k4.lynxes), 0.5 / 6)
                }
                squares.hares = squares.hares + square(Tensor(log(count[0])) - log(z.hares))
                squares.lynxes = squares.lynxes + square(Tensor(log(count[1])) - log(z.lynxes))
            }
            for (animal, total) in [squares.hares, squares.lynxes].enumerated() {
                m.factor("y\(animal)", -0.5 * total / square(sigma[animal]) - Tensor(Double(counts.count)) * log(sigma[animal]))
            }
        }
        return ReferencePosterior(name: "hudson_lynx_hare-lotka_volterra", model: model, data: [:], sites: ["theta", "z_init", "sigma"])
    }
}
