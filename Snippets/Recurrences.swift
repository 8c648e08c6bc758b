// The code of the article "Recurrences".

import Lockstep

/// A series whose spread depends on itself.
func garchSeries(_ count: Int) -> [Double] {
    var (bits, spread) = (UInt64(7), 0.5)
    func uniform() -> Double {
        bits = bits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(bits >> 11) / 9_007_199_254_740_992
    }
    return (0..<count).map { _ in
        let normal = (0..<12).reduce(-6) { sum, _ in sum + uniform() }
        let value = spread.squareRoot() * normal
        spread = 0.1 + 0.3 * value * value + 0.5 * spread
        return value
    }
}
let series = garchSeries(1000)

// snippet.garch
let garch = Model { m in
    let y = m.data("y", shape: [1000])
    let omega = m.sample("omega", Gamma(2, 10))
    let alpha = m.sample("alpha", Beta(2, 2))
    let beta = m.sample("beta", Beta(2, 2))
    // The variance of each day, from the day before.
    let variance = scan(over: y[..<(-1)], from: omega) { variance, value in
        let next = omega + alpha * value * value + beta * variance
        return (next, next)
    }.outputs
    m.plate("days", 999) { m in m.observe("obs", Normal(0, sqrt(variance)), y[1...]) }
}
let svi = SVI(garch, guide: AutoNormal(garch), optimizer: Adam(learningRate: .cosine(from: 0.05)))
let fits = try svi.run(keys: Key(0).split(16), steps: 1000, data: ["y": .shared(series)])
print(try fits.best.summary())
// snippet.end
expect(fits.status.allSatisfy { $0 == .finished })
expect(abs(try fits.best.mean("alpha")[0] - 0.3) < 0.12)

// snippet.markov
// Two states, each of which is kept with probability `stay`; the sum over all ways through them.
let markov = Model { m in
    let y = m.data("y", shape: [1000])
    let mean = m.sample("mean", Normal(0, 2), shape: [2])
    let stay = m.sample("stay", Beta(5, 1), shape: [2])
    let ways = log(Tensor.stack([Tensor.stack([stay[0], 1 - stay[0]]), Tensor.stack([1 - stay[1], stay[1]])]))
    let way = fold(over: y, from: log(Tensor([0.5, 0.5]))) { before, value in
        (before.expandingShape(at: 1) + ways).logSumExp(axis: 0) + Normal(mean, 0.5).logProb(value)
    }
    m.factor("all ways", way.logSumExp())
}
// snippet.end

let found = try SVI(markov, guide: AutoNormal(markov), optimizer: Adam(learningRate: .cosine(from: 0.05)))
    .run(keys: Key(1).split(16), steps: 500, data: ["y": .shared(series.map { $0 < 0 ? $0 - 1 : $0 + 1 })])
expect(abs(try found.best.mean("mean").max()! - 1.6) < 0.6)

// snippet.level
let seen = (0..<200).map { day in day % 7 == 6 ? Double.nan : series[day] + 0.02 * Double(day) }
let localLevel = Model { m in
    let y = m.data("y", shape: [200])
    let step = m.sample("step", HalfNormal(1))
    m.scan("day", over: y, from: 0) { m, level, y in
        let next = m.sample("level", Normal(level, step))
        m.mask(y.isFinite) { m in m.observe("seen", Normal(next, 0.5), y) }
        return next
    }
}
let levels = try SVI(localLevel, guide: AutoNormal(localLevel), optimizer: Adam(learningRate: .cosine(from: 0.05)))
    .run(keys: Key(2).split(8), steps: 1000, data: ["y": .shared(seen)])
print(try levels.best.mean("level").suffix(3))
// snippet.end
expect(try levels.best.mean("level").count == 200)
expect(abs(try levels.best.mean("level")[199] - 4) < 1)

/// Ends the program where the article says what is not so.
func expect(_ holds: Bool, _ what: String = "", line: Int = #line) {
    precondition(holds, "line \(line): \(what)")
}
