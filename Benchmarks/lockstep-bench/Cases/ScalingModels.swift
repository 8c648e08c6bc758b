import Lockstep

/// Models of many sites, or of one long chain: what may grow with them is the time to compile, which `start` measures.
extension BenchmarkCase {
    static let scaling: [BenchmarkCase] =
        [(50, 1.0), (200, 2.0), (1_000, 10.0)].map { sites($0, limit: $1) }
        + [autoregression(800, limit: 3), fullRank(16, limit: 0.5), fullRank(64, limit: 1.5)]
        + [100, 1_000, 10_000].map { times in
            recurrence("states-\(times)", "a hidden Markov model of 2 states", times) { hiddenStates(2, times: times) }
        }
        + [
            recurrence("volatility-4000", "GARCH(1, 1)", 4_000) { volatility(days: 4_000) },
            recurrence("arma-4000", "ARMA(1, 1)", 4_000) { movingAverage(times: 4_000, isRegressive: true) },
            recurrence("moving-average-4000", "MA(1)", 4_000) { movingAverage(times: 4_000, isRegressive: false) },
        ]

    private static func recurrence(_ name: String, _ summary: String, _ times: Int, _ problem: @escaping @Sendable () -> Problem) -> BenchmarkCase {
        BenchmarkCase(name, "\(summary), \(times) times", rows: times, lanes: 64, largeLanes: 64, steps: 50) { _, _ in problem() }
    }

    /// A latent with a name of its own and an observation for each.
    private static func sites(_ count: Int, limit: Double) -> BenchmarkCase {
        BenchmarkCase(
            "sites-\(count)", "\(count) scalar latents by name, each observed once", rows: count, lanes: 64, largeLanes: 64, steps: 50,
            launchLimit: limit, compileLimit: limit
        ) { _, _ in
            let means = GeneratedData.means(count)
            let model = Model { m in
                for number in 0..<count {
                    let x = m.sample("x\(number)", Normal(0, 1))
                    m.observe("y\(number)", Normal(x, 1), Tensor(means[number]))
                }
            }
            return Problem(model, [:])
        }
    }

    /// Each state from the one before, in a loop of Swift.
    private static func autoregression(_ length: Int, limit: Double) -> BenchmarkCase {
        BenchmarkCase(
            "autoregression-\(length)", "an autoregression of \(length) steps, written out", rows: length, lanes: 64, largeLanes: 64,
            steps: 50, launchLimit: limit
        ) { _, _ in
            let model = Model { m in
                let y = m.data("y", shape: [length])
                let share = m.sample("share", Normal(0, 0.5))
                let noise = m.sample("noise", Normal(0, 1), shape: [length])
                var state: Tensor = 0
                var states: [Tensor] = []
                for time in 0..<length {
                    state = share * state + noise[time]
                    states.append(state)
                }
                m.observe("obs", Normal(Tensor.stack(states), 1), y)
            }
            return Problem(model, ["y": .shared(GeneratedData.means(length))])
        }
    }

    /// A triangular matrix of params times a vector, element by element.
    private static func fullRank(_ width: Int, limit: Double) -> BenchmarkCase {
        BenchmarkCase(
            "full-rank-\(width)", "\(width) means through a triangular matrix of params", rows: width, lanes: 64, largeLanes: 64, steps: 50,
            launchLimit: limit, compileLimit: limit
        ) { _, _ in
            let model = Model { m in
                let y = m.data("y", shape: [width])
                let z = m.sample("z", Normal(0, 1), shape: [width])
                let scale = m.param("scale", Tensor(repeating: 0.1, shape: [width, width]))
                let row = Tensor.iota(width).reshape([width, 1])
                let lower = select(Tensor.iota(width).broadcast(to: [width, width]) .<= row.broadcast(to: [width, width]), scale, 0)
                m.observe("obs", Normal(matmul(lower, z), 1), y)
            }
            return Problem(model, ["y": .shared(GeneratedData.means(width))])
        }
    }
}
