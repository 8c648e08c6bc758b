import Lockstep
import LockstepTables

extension Example {
    /// Rubin 1981, non-centred. The data are built in: a table may replace them.
    static let eightSchools = Example(
        "eight-schools", "effects of coaching in eight schools (Rubin 1981), non-centred", columns: "y, sigma"
    ) { table in
        let y = try table?.numbers("y") ?? [28, 8, -3, 7, -1, 1, 18, 12]
        let sigma = try table?.numbers("sigma") ?? [15, 10, 16, 11, 9, 11, 10, 18]
        if let table, let bad = sigma.firstIndex(where: { $0 <= 0 }) {
            throw table.error(bad, "sigma", "\(sigma[bad]) is not a standard deviation")
        }
        let model = Model { m in
            let (sigma, y) = (m.data("sigma"), m.data("y"))
            let mu = m.sample("mu", Normal(0, 5))
            let tau = m.sample("tau", HalfCauchy(5))
            m.plate("school", y.count) { m in
                let base = m.sample("theta_base", Normal(0, 1))
                let theta = m.deterministic("theta", mu + tau * base)
                m.observe("obs", Normal(theta, sigma), y)
            }
        }
        return Problem(model, data: ["y": .shared(y), "sigma": .shared(sigma)])
    }

    /// Varying intercepts, centred (Gelman and Hill 2006, chapter 12).
    static let radon = Example(
        "radon", "log radon in homes, an intercept for each county", columns: "county (0, 1, ...), floor, log_radon"
    ) { table in
        let table = try required(table, "radon")
        let county = try table.indices("county")
        let floor = try table.numbers("floor")
        let radon = try table.numbers("log_radon")
        let counties = (county.max() ?? 0) + 1
        let model = Model { m in
            let county = m.indices("county", below: counties)
            let (floor, radon) = (m.data("floor"), m.data("log_radon"))
            let mean = m.sample("mu_a", Normal(0, 1))
            let spread = m.sample("sigma_a", HalfNormal(1))
            let slope = m.sample("b", Normal(0, 1))
            let noise = m.sample("sigma", HalfNormal(1))
            let intercept = m.plate("counties", counties) { m in m.sample("a", Normal(mean, spread)) }
            m.plate("homes", radon.count) { m in
                m.observe("obs", Normal(intercept[county] + slope * floor, noise), radon)
            }
        }
        return Problem(model, data: ["county": .shared(county), "floor": .shared(floor), "log_radon": .shared(radon)])
    }

    /// Four components with weights, locations and scales of their own; the assignments are summed out.
    static let gaussianMixture = Example("gmm", "a mixture of four normal distributions", columns: "x") { table in
        let x = try required(table, "gmm").numbers("x")
        let components = 4
        let model = Model { m in
            let x = m.data("x")
            let weights = m.sample("weights", Dirichlet(Tensor(repeating: 1, shape: [components])))
            let (locs, scales) = m.plate("components", components) { m in
                (m.sample("locs", Normal(0, 5)), m.sample("scales", LogNormal(0, 1)))
            }
            m.plate("data", x.count) { m in
                m.observe("obs", MixtureSameFamily(Categorical(probabilities: weights), Normal(locs, scales)), x)
            }
        }
        return Problem(model, data: ["x": .shared(x)])
    }

    /// Columns x0, x1, ... and a 0/1 outcome y.
    static let logistic = Example("logistic", "logistic regression", columns: "x0, x1, ..., y (0 or 1)") { table in
        let table = try required(table, "logistic")
        let columns = try table.numberedColumns("x")
        let y = try table.numbers("y")
        if let bad = y.firstIndex(where: { $0 != 0 && $0 != 1 }) {
            throw table.error(bad, "y", "\(y[bad]) is neither 0 nor 1")
        }
        let design = y.indices.map { row in columns.map { $0[row] } }
        let model = Model { m in
            let x = m.data("x", rank: 2)
            let y = m.data("y")
            let w = m.sample("w", Normal(0, 1), shape: [x.shape[1]])
            let b = m.sample("b", Normal(0, 1))
            m.plate("rows", y.count) { m in
                m.observe("obs", Bernoulli(logits: matmul(x, w) + b), y)
            }
        }
        return Problem(model, data: ["x": .shared(design), "y": .shared(y)])
    }

    /// A guide over a model with a hidden site and a deterministic one: many starts, no data.
    static let blockedDeterministic = Example(
        "blocked-deterministic", "two normals, one hidden from the guide, and a deterministic site", columns: ""
    ) { _ in
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.sample("b", Normal(0, 1))
            m.deterministic("test", a)
        }
        return Problem(model, guided: model.block(hide: ["b"]), data: [:])
    }
}
