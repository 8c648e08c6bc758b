// The code of the article "Schedules".

import Lockstep

let model = Model { m in
    let x = m.sample("x", Normal(0, 1), shape: [2])
    m.plate("rows", 2) { m in m.observe("y", Normal(x, 0.5), m.data("y")) }
}
let data: [String: LaneData] = ["y": .shared([1, -1])]

// snippet.rates
let cosine = Adam(learningRate: .cosine(from: 0.1, to: 0))
let warm = Adam(learningRate: .warmUp(steps: 100, then: .exponentialDecay(from: 0.1, to: 0.001)))
let steps = SGD(learningRate: .piecewise(0.1, then: [500: 0.01, 800: 0.001]), momentum: 0.9)
for optimizer in [cosine, warm, steps] as [any Optimizer] {
    let fits = try SVI(model, guide: AutoDelta(model), optimizer: optimizer)
        .run(keys: Key(0).split(8), steps: 1000, data: data)
    print(optimizer.name, try fits.best.mean("x"))
}
// snippet.end

// snippet.perLane
let searched = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: .cosine(from: .data("rate"))))
let rates = try searched.run(
    keys: Key(0).split(3), steps: 1000, data: data.merging(["rate": .perLane([0.001, 0.01, 0.1])]) { $1 })
print(rates.elbo)
// snippet.end
expect(rates.elbo[0] < rates.elbo[2])

// snippet.averaged
let averaged = Averaged(Clipped(Adam(learningRate: 0.02), norm: 10), over: 0.25)
let mean = try SVI(model, guide: AutoNormal(model), optimizer: averaged).run(keys: [Key(0)], steps: 2000, data: data)
// snippet.end
expect(abs(try mean.best.mean("x")[0] - 0.8) < 0.1)

// snippet.work
var options = RunOptions()
options.schedule = .lanes
let svi = SVI(model, guide: AutoDelta(model), optimizer: cosine)
let fits = try svi.run(keys: Key(0).split(8), steps: 1000, data: data, options: options)
print(fits.deviceName, fits.layout.schedule?.description ?? "of its own")
// snippet.end
expect(abs(try fits.best.mean("x")[0] - 0.8) < 0.01)

/// Snippets are run, and end badly where a result is not as it should be.
func expect(_ holds: Bool, _ what: String = "", line: Int = #line) {
    precondition(holds, "line \(line): \(what)")
}
