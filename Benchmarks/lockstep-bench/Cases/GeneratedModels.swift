import Lockstep
import LockstepExamples

/// The models over generated data. Their twins are in `peers/numpyro_models.py`, site by site.
extension BenchmarkCase {
    static let poissonMixed = BenchmarkCase(
        "poisson-glmm", "counts in 50 groups, log-linear with an intercept for each group", rows: 2_000,
        lanes: 1024, largeLanes: 32_768, steps: 500
    ) { _, _ in
        let (rows, groups) = (2_000, 50)
        let table = GeneratedData.counts(rows: rows, groups: groups)
        let model = Model { m in
            let groupOf = m.indices("group", shape: [rows], below: groups)
            let x = m.data("x", shape: [rows])
            let y = m.data("y", shape: [rows])
            let mean = m.sample("mu_a", Normal(0, 2))
            let spread = m.sample("sigma_a", HalfNormal(1))
            let slope = m.sample("b", Normal(0, 1))
            let level = m.plate("groups", groups) { m in m.sample("a", Normal(mean, spread)) }
            m.plate("rows", rows) { m in
                m.observe("obs", Poisson(logRate: level[groupOf] + slope * x), y)
            }
        }
        return Problem(model, ["group": .shared(table.group), "x": .shared(table.slope), "y": .shared(table.count)])
    }

    static let robustRegression = BenchmarkCase(
        "robust-regression", "linear regression with Student-t noise, 10 columns", rows: 1_000,
        lanes: 1024, largeLanes: 32_768, steps: 500
    ) { _, _ in
        let (rows, columns) = (1_000, 10)
        let table = GeneratedData.regressionWithOutliers(rows: rows, columns: columns)
        let model = Model { m in
            let x = m.data("x", shape: [rows, columns])
            let y = m.data("y", shape: [rows])
            let w = m.sample("w", Normal(0, 2), shape: [columns])
            let b = m.sample("b", Normal(0, 2))
            let sigma = m.sample("sigma", HalfNormal(1))
            m.plate("rows", rows) { m in
                m.observe("obs", StudentT(4, matmul(x, w) + b, sigma), y)
            }
        }
        return Problem(model, ["x": .shared(table.design), "y": .shared(table.outcome)])
    }

    static let manyRegressions = BenchmarkCase(
        "many-regressions", "a linear regression for each lane, with data of its own, 3 columns", rows: 200,
        lanes: 4096, largeLanes: 32_768, steps: 500
    ) { _, lanes in
        let (rows, columns) = (200, 3)
        let table = GeneratedData.regressions(lanes: lanes, rows: rows, columns: columns)
        let model = Model { m in
            let x = m.data("x", shape: [rows, columns])
            let y = m.data("y", shape: [rows])
            let w = m.sample("w", Normal(0, 2), shape: [columns])
            let b = m.sample("b", Normal(0, 2))
            let sigma = m.sample("sigma", HalfNormal(1))
            m.plate("rows", rows) { m in
                m.observe("obs", Normal(matmul(x, w) + b, sigma), y)
            }
        }
        return Problem(model, ["x": .perLane(table.design), "y": .perLane(table.outcome)])
    }

    static let bigLogistic = BenchmarkCase(
        "big-logistic", "logistic regression with few lanes and much data, 20 columns", rows: 100_000,
        lanes: 16, largeLanes: 1024, steps: 50
    ) { _, _ in
        let (rows, columns) = (100_000, 20)
        let table = GeneratedData.logistic(rows: rows, columns: columns)
        let model = Model { m in
            let x = m.data("x", shape: [rows, columns])
            let y = m.data("y", shape: [rows])
            let w = m.sample("w", Normal(0, 1), shape: [columns])
            let b = m.sample("b", Normal(0, 1))
            m.plate("rows", rows) { m in
                m.observe("obs", Bernoulli(logits: matmul(x, w) + b), y)
            }
        }
        return Problem(model, ["x": .shared(table.design), "y": .shared(table.outcome)])
    }

    static let wide = BenchmarkCase(
        "wide", "normal means with a scale in common, each observed once", rows: 2_000,
        lanes: 256, largeLanes: 8192, steps: 500
    ) { _, _ in
        let count = 2_000
        let model = Model { m in
            let y = m.data("y", shape: [count])
            let spread = m.sample("tau", HalfNormal(2))
            m.plate("means", count) { m in
                let mean = m.sample("theta", Normal(0, spread))
                m.observe("obs", Normal(mean, 1), y)
            }
        }
        return Problem(model, ["y": .shared(GeneratedData.means(count))])
    }
}
