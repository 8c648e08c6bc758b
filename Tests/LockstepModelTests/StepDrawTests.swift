import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// Draws in the steps of a recurrence: functions of key, site and time.
@Suite struct StepDrawTests {
    private func values(_ model: Model, _ names: [String], key: UInt32 = 1) throws -> [[Double]] {
        let trace = try model.trace()
        return try ReferenceEvaluator.evaluate(try names.map { try #require(trace[$0]?.value) }, key: (key, 0))
    }

    /// Steps that do not wait for each other draw what a plate over time draws, bit for bit.
    @Test func drawsOfAPlate() throws {
        let scale = Tensor([0.5, 1, 2, 4])
        let steps = Model { m in
            let rate = m.sample("rate", HalfNormal(1))
            m.scan("t", over: scale, from: 0) { m, carry, scale in
                m.sample("normal", Normal(0, scale))
                m.plate("units", 3) { m in
                    let gamma = m.sample("gamma", Gamma(scale, rate))
                    m.sample("count", Poisson(gamma))
                }
                m.sample("class", Categorical(probabilities: Tensor([0.2, 0.3, 0.5])))
                m.sample("pair", Dirichlet(Tensor([1, 2])))
                return carry
            }
        }
        let plates = Model { m in
            let rate = m.sample("rate", HalfNormal(1))
            m.plate("t", 4, dim: -2) { m in
                m.plate("units", 3, dim: -1) { m in
                    let gamma = m.sample("gamma", Gamma(scale.expandingShape(at: 1), rate))
                    m.sample("count", Poisson(gamma))
                }
            }
            m.plate("t", 4) { m in
                m.sample("normal", Normal(0, scale))
                m.sample("class", Categorical(probabilities: Tensor([0.2, 0.3, 0.5])))
                m.sample("pair", Dirichlet(Tensor([1, 2])))
            }
        }
        let names = ["rate", "normal", "gamma", "count", "class", "pair"]
        for key: UInt32 in 1...20 {
            let (a, b) = try (values(steps, names, key: key), values(plates, names, key: key))
            for (name, pair) in zip(names, zip(a, b)) { #expect(pair.0 == pair.1, "\(name)") }
            #expect(Set(a[1]).count == 4 && Set(a[2]).count == 12)
        }
    }

    /// Of two time axes, elements are counted with the outer one first.
    @Test func drawsWithinEachOther() throws {
        let steps = Model { m in
            m.scan("t", over: Tensor.iota(3), from: 0) { m, carry, _ in
                m.scan("s", over: Tensor.iota(4), from: 0) { m, carry, _ in
                    m.sample("z", Normal(0, 1))
                    return carry
                }
                return carry
            }
        }
        let all = Model { m in m.sample("z", Normal(0, 1), shape: [3, 4]) }
        #expect(try values(steps, ["z"]) == values(all, ["z"]))
    }

    /// x[t] = phi x[t - 1] + noise, from its stationary distribution: autocovariances are phi^k s^2 / (1 - phi^2).
    @Test func autocovariance() throws {
        let (phi, times, series) = (0.8, 400, 50)
        let variance = 1 / (1 - phi * phi)
        let spread = variance.squareRoot()
        let model = Model { m in
            m.plate("series", series) { m in
                let start = m.sample("start", Normal(0, Tensor(spread)))
                m.scan("t", over: Tensor.iota(times), from: start) { m, x, _ in m.sample("x", Normal(Tensor(phi) * x, 1)) }
            }
        }
        let x = try values(model, ["x"])[0]
        for lag in 0...5 {
            var sum = 0.0
            for place in 0..<((times - lag) * series) { sum += x[place] * x[place + lag * series] }
            let mean = sum / Double((times - lag) * series)
            let wanted = (0..<lag).reduce(variance) { value, _ in value * phi }
            // The variance of the estimate, by Bartlett's formula for a known mean, is below that of lag 0,
            // 2 v^2 (1 + phi^2) / (1 - phi^2) / n; five of its standard deviations.
            let share: Double = 2 * (1 + phi * phi) * variance / Double(times * series)
            #expect(abs(mean - wanted) < 5 * variance * share.squareRoot(), "lag \(lag)")
        }
        // The recurrence itself, from its own draws.
        let start = try values(model, ["start"])[0]
        let noise = try values(Model { m in m.plate("series", series) { m in m.plate("t", times) { m in m.sample("x", Normal(0, 1)) } } }, ["x"])[0]
        #expect(noise.count == x.count)
        for unit in 0..<series {
            var state = start[unit]
            for t in 0..<times {
                state = phi * state + noise[t * series + unit]
                #expect(abs(state - x[t * series + unit]) < 1e-9)
            }
        }
    }

    /// Counts whose rate is carried, where counts are not: the rates of all steps are known before the counts are drawn.
    @Test func parametersThatAreCarried() throws {
        let model = Model { m in
            m.scan("t", over: Tensor.iota(50), from: 2) { m, level, _ in
                let next = m.sample("level", Normal(level, 0.1))
                m.sample("count", Poisson(exp(next)))
                return next
            }
        }
        let written = Model { m in
            let z = m.plate("t", 50) { m in m.sample("level", Normal(0, 0.1)) }
            let level = m.deterministic("walk", 2 + z.cumulativeSum())
            m.plate("t", 50) { m in m.sample("count", Poisson(exp(level))) }
        }
        let (a, b) = try (values(model, ["level", "count"]), values(written, ["walk", "count"]))
        #expect(StepSiteCase.distance(a[0], b[0]) < 1e-12)
        #expect(a[1] == b[1])
        #expect(a[1].allSatisfy { $0 >= 0 } && Set(a[1]).count > 5)
    }

    /// Where draws wait for draws there is no draw for all steps; a value from elsewhere will do.
    @Test func drawsThatWaitForDraws() throws {
        let model = Model { m in
            m.scan("t", over: Tensor.iota(5), from: 1) { m, rate, _ in m.sample("rate", Gamma(2 * rate, 2)) }
        }
        do {
            _ = try model.trace()
            Issue.record("it is not found")
        } catch let error as ModelError {
            #expect(error.names == ["rate"])
            #expect(error.description.contains("scan 't'") && error.description.contains("depends on its draws in the steps before"))
        }
        let fixed = try model.substitute(["rate": Tensor([1, 2, 1, 3, 1])]).trace()
        #expect(try HandlerTests.value(fixed.logJoint).isFinite)
        // By way of its scale a gamma variate may wait for those before.
        let scaled = Model { m in
            m.scan("t", over: Tensor.iota(5), from: 1) { m, rate, _ in m.sample("rate", Gamma(2, 2 / rate)) }
        }
        let standard = Model { m in m.sample("rate", Gamma(2, 2), shape: [5]) }
        let (walk, factors) = try (values(scaled, ["rate"])[0], values(standard, ["rate"])[0])
        #expect(StepSiteCase.distance(walk, factors.indices.map { factors[...$0].reduce(1, *) }) < 1e-12)
        // A run that is asked for its sites only needs no draws.
        #expect(try model.trace(TraceRun.prototype(nil))["rate"]?.value.shape == [5])
    }

    /// What the step reads from outside is the same draw in each step.
    @Test func drawsOfOutside() throws {
        let model = Model { m in
            let shared = m.sample("shared", Normal(0, 1))
            let end = m.scan("t", over: Tensor.iota(4), from: 0) { m, sum, _ in
                m.deterministic("copy", shared)
                return sum + shared
            }
            m.deterministic("end", end - 4 * shared)
        }
        let found = try values(model, ["copy", "shared", "end"])
        #expect(found[0] == Array(repeating: found[1][0], count: 4))
        #expect(abs(found[2][0]) < 1e-12)
    }

    /// The distribution of a site draws too, given the values of the run.
    @Test func drawsOfTheDistribution() throws {
        let model = Model { m in
            m.scan("t", over: Tensor.iota(3), from: 0) { m, level, _ in m.sample("level", Normal(level, 0.01)) }
        }
        let trace = try model.substitute(["level": Tensor([10, 20, 30])]).trace()
        let distribution = try #require(trace["level"]?.distribution)
        let draws = distribution.sample(RandomSource(site: "level", purpose: "test", origin: trace.origin), sampleShape: [500])
        #expect(draws.shape == [500, 3])
        let values = try ReferenceEvaluator.evaluate([draws, distribution.mean])
        #expect(values[1] == [0, 10, 20])
        for step in 0..<3 {
            let mean = stride(from: step, to: 1500, by: 3).map { values[0][$0] }.reduce(0, +) / 500
            #expect(abs(mean - Double(10 * step)) < 5 * 0.01 / 500.squareRoot())
        }
        #expect(Set(values[0]).count == 1500)
    }
}

extension Int {
    fileprivate func squareRoot() -> Double { Double(self).squareRoot() }
}
