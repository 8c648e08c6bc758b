import Lockstep

/// Models whose parts depend on each other beyond their rows: recurrences, an equation solved, matrices, a long sum.
/// Their twins are in `peers/numpyro_models.py`, site by site.
extension BenchmarkCase {
    static let structured: [BenchmarkCase] = [.garch, .hmm, .arma, .lotkaVolterra, .gp, .fullRank, .localLevel]

    private static let garch = BenchmarkCase(
        "garch", "volatility that depends on the day before", rows: 200, lanes: 2048, largeLanes: 65_536, steps: 500
    ) { _, _ in volatility(days: 200) }

    static func volatility(days: Int) -> Problem {
        let model = Model { m in
            let y = m.data("y", shape: [days])
            let omega = m.sample("omega", Gamma(2, 10))
            let alpha = m.sample("alpha", Beta(2, 2))
            let beta = m.sample("beta", Beta(2, 2))
            let variance = scan(over: y[..<(-1)], from: omega) { variance, value in
                let next = omega + alpha * value * value + beta * variance
                return (next, next)
            }.outputs
            m.plate("days", days - 1) { m in
                m.observe("obs", Normal(0, sqrt(variance)), y[1...])
            }
        }
        return Problem(model, ["y": .shared(GeneratedData.volatileSeries(days))])
    }

    /// States change places without a change of the likelihood, and some fits leave one of them out.
    private static let hmm = BenchmarkCase(
        "hmm", "a hidden Markov model of 4 states, summed over all ways", rows: 500,
        lanes: 1024, largeLanes: 32_768, steps: 300, hasSeveralOptima: true
    ) { _, _ in hiddenStates(4, times: 500) }

    static func hiddenStates(_ states: Int, times: Int) -> Problem {
        let model = Model { m in
            let y = m.data("y", shape: [times])
            let mean = m.sample("mean", Normal(0, 3), shape: [states])
            let scale = m.sample("scale", HalfNormal(1))
            let ways = m.sample("logits", Normal(0, 1), shape: [states, states]).logSoftmax(axis: 1)
            let start = log(Tensor(repeating: 1 / Double(states), shape: [states]))
            let way = fold(over: y, from: start) { before, value in
                (before.expandingShape(at: 1) + ways).logSumExp(axis: 0) + Normal(mean, scale).logProb(value)
            }
            m.factor("all_ways", way.logSumExp())
        }
        return Problem(model, ["y": .shared(GeneratedData.statesSeenInNoise(times, states: states))])
    }

    /// The coefficients are bounded: errors of a moving average with one above 1 overflow in so many steps.
    private static let arma = BenchmarkCase(
        "arma", "a value from the one before and from its error", rows: 1_000, lanes: 2048, largeLanes: 32_768, steps: 500
    ) { _, _ in movingAverage(times: 1_000, isRegressive: true) }

    /// - Parameter isRegressive: whether a value depends on the one before, or on its error only.
    static func movingAverage(times: Int, isRegressive: Bool) -> Problem {
        let model = Model { m in
            let y = m.data("y", shape: [times])
            let mu = m.sample("mu", Normal(0, 10))
            let phi = isRegressive ? m.sample("phi", Uniform(-1, 1)) : 0
            let theta = m.sample("theta", Uniform(-1, 1))
            let sigma = m.sample("sigma", HalfCauchy(2.5))
            let errors = scan(over: [y[1...], y[..<(-1)]], from: [Tensor(0)]) { carried, values in
                let error = values[0] - (mu + phi * values[1] + theta * carried[0])
                return ([error], [error])
            }.outputs[0]
            m.plate("times", times - 1) { m in
                m.observe("obs", Normal(0, sigma), errors)
            }
        }
        return Problem(model, ["y": .shared(GeneratedData.movingAverage(times))])
    }

    /// The latents are logarithms in units of their priors: where rates themselves start between e^-2 and e^2, the equation
    /// is too stiff for such steps, and fits are lost.
    private static let lotkaVolterra = BenchmarkCase(
        "lotka-volterra", "hares and lynxes, an equation solved in 200 Runge-Kutta steps", rows: 21,
        lanes: 1024, largeLanes: 65_536, steps: 300
    ) { _, _ in
        let (times, stepsBetween) = (21, 10)
        let table = GeneratedData.predators(times: times, stepsBetween: stepsBetween)
        let model = Model { m in
            let time = m.data("time", shape: [times])
            let hares = m.data("hares", shape: [times])
            let lynxes = m.data("lynxes", shape: [times])
            let alpha = 0.6 * exp(0.3 * m.sample("alpha", Normal(0, 1)))
            let beta = 0.03 * exp(0.3 * m.sample("beta", Normal(0, 1)))
            let gamma = 0.8 * exp(0.3 * m.sample("gamma", Normal(0, 1)))
            let delta = 0.025 * exp(0.3 * m.sample("delta", Normal(0, 1)))
            let haresStart = 30 * exp(0.3 * m.sample("hares_start", Normal(0, 1)))
            let lynxesStart = 6 * exp(0.3 * m.sample("lynxes_start", Normal(0, 1)))
            let sigma = m.sample("sigma", LogNormal(-1, 1), shape: [2])
            let solution = odeSolve(from: [haresStart, lynxesStart], at: time, stepsBetween: stepsBetween) { _, state in
                let (u, v) = (state[0], state[1])
                return [(alpha - beta * v) * u, (delta * u - gamma) * v]
            }
            m.plate("times", times) { m in
                m.observe("hares_seen", LogNormal(log(solution[0]), sigma[0]), hares)
                m.observe("lynxes_seen", LogNormal(log(solution[1]), sigma[1]), lynxes)
            }
        }
        return Problem(
            model, ["time": .shared((0..<times).map(Double.init)), "hares": .shared(table.hares), "lynxes": .shared(table.lynxes)])
    }

    private static let gp = BenchmarkCase(
        "gp", "counts whose logarithmic rate is a Gaussian process", rows: 32, lanes: 1024, largeLanes: 16_384, steps: 500
    ) { _, _ in
        let points = 32
        let table = GeneratedData.countsAlongALine(points)
        let model = Model { m in
            let x = m.data("x", shape: [points])
            let y = m.data("y", shape: [points])
            let length = exp(0.5 * m.sample("log_length", Normal(0, 1)))
            let amplitude = exp(0.5 * m.sample("log_amplitude", Normal(0, 1)))
            let mean = m.sample("mean", Normal(0, 2))
            let z = m.sample("z", Normal(0, 1), shape: [points])
            let distance = (x.expandingShape(at: 1) - x) / length
            // Enough for pivots of floats to stay positive: the least is twice that.
            let jitter = select(Tensor.iota(points).expandingShape(at: 1) .== Tensor.iota(points), Tensor(1e-4), Tensor(0))
            let covariance = amplitude * amplitude * exp(-0.5 * distance * distance) + jitter
            let logRate = mean + matmul(cholesky(covariance), z)
            m.plate("points", points) { m in
                m.observe("obs", Poisson(logRate: logRate), y)
            }
        }
        return Problem(model, ["x": .shared(table.place), "y": .shared(table.count)])
    }

    private static let fullRank = BenchmarkCase(
        "full-rank", "linear regression, 30 columns, with a full-rank guide written by hand", rows: 200,
        lanes: 2048, largeLanes: 16_384, steps: 500
    ) { _, _ in
        let (rows, columns) = (200, 30)
        let width = columns + 2
        let table = GeneratedData.linear(rows: rows, columns: columns)
        let model = Model { m in
            let x = m.data("x", shape: [rows, columns])
            let y = m.data("y", shape: [rows])
            // Weights, the intercept and the logarithm of the noise: one latent, which the guide correlates.
            let w = m.sample("w", Normal(0, 1), shape: [width])
            m.plate("rows", rows) { m in
                m.observe("obs", Normal(matmul(x, w[..<columns]) + w[columns], exp(w[columns + 1])), y)
            }
        }
        let guide = Model { m in
            let loc = m.param("loc", Tensor(repeating: 0, shape: [width]))
            let raw = m.param("scale", log(Tensor(0.1)) * Tensor.identity(width))
            m.sample("w", MultivariateNormal(loc, scaleTril: raw.tril(-1) + exp(raw.diagonal).asDiagonal))
        }
        return Problem(model, guide: guide, ["x": .shared(table.design), "y": .shared(table.outcome)])
    }

    private static let localLevel = BenchmarkCase(
        "local-level", "a random walk seen in noise, by its innovations", rows: 2_000, lanes: 512, largeLanes: 8192, steps: 500
    ) { _, _ in
        let times = 2_000
        let model = Model { m in
            let y = m.data("y", shape: [times])
            let walk = 0.2 * exp(0.5 * m.sample("walk", Normal(0, 1)))
            let noise = 0.5 * exp(0.5 * m.sample("noise", Normal(0, 1)))
            m.plate("times", times) { m in
                let z = m.sample("z", Normal(0, 1))
                m.observe("obs", Normal(walk * z.cumulativeSum(), noise), y)
            }
        }
        return Problem(model, ["y": .shared(GeneratedData.wanderingLevel(times))])
    }
}
