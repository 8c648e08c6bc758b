// The code of the article "Guides".

import Lockstep

// snippet.model
let model = Model { m in
    let rate = m.sample("rate", Gamma(2, 1))
    m.plate("hours", 5) { m in
        m.observe("calls", Poisson(rate), m.data("calls", shape: [5]))
    }
}
let data: [String: LaneData] = ["calls": .shared([3, 1, 4, 1, 5])]
// snippet.end

// snippet.automatic
let meanField = AutoNormal(model, initializer: .median, initialScale: 0.1)
let point = AutoDelta(model)
for guide in [meanField, point] as [any Guide] {
    let svi = SVI(model, guide: guide, optimizer: Adam(learningRate: .cosine(from: 0.05)))
    let best = try svi.run(keys: Key(0).split(32), steps: 2000, data: data).best
    print(try best.mean("rate"), try best.sd("rate"), best.elbo)
}
// snippet.end

// snippet.own
let logNormal = Model { m in
    let loc = m.param("loc", 0)
    let scale = m.param("scale", 0.3, constraint: .positive)
    m.sample("rate", LogNormal(loc, scale))
}
let fits = try SVI(model, guide: logNormal, optimizer: Adam(learningRate: .cosine(from: 0.05)))
    .run(keys: Key(0).split(32), steps: 2000, data: data)
print(try fits.best.parameters())
// snippet.end
// The posterior is a gamma distribution with mean 16 / 6.
expect(abs(try fits.best.mean("rate")[0] - 16 / 6.0) < 0.2)

// snippet.part
let centred = Model { m in
    let mean = m.sample("mean", Normal(0, 1))
    m.sample("forecast", Normal(mean, 1))
    m.observe("obs", Normal(mean, 1), 2)
}
let partial = AutoNormal(centred.block(hide: ["forecast"]))
// snippet.end
let parts = try SVI(centred, guide: partial, optimizer: Adam(learningRate: .cosine(from: 0.05)))
    .run(keys: [Key(0)], steps: 2000)
expect(abs(try parts.best.mean("mean")[0] - 1) < 0.1)

/// Snippets are run, and end badly where a result is not as it should be.
func expect(_ holds: Bool, _ what: String = "", line: Int = #line) {
    precondition(holds, "line \(line): \(what)")
}
