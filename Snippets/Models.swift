// The code of the article "Models".

import Lockstep

// snippet.model
// Log radon in homes, with an intercept for each county.
let radon = Model { m in
    let county = m.indices("county", below: 3)
    let (floor, radon) = (m.data("floor"), m.data("radon"))
    let mean = m.sample("mean", Normal(0, 1))
    let spread = m.sample("spread", HalfNormal(1))
    let slope = m.sample("slope", Normal(0, 1))
    let noise = m.sample("noise", HalfNormal(1))
    let intercept = m.plate("counties", 3) { m in m.sample("intercept", Normal(mean, spread)) }
    m.plate("homes", radon.count) { m in
        m.observe("obs", Normal(intercept[county] + slope * floor, noise), radon)
    }
}
// snippet.end

// snippet.run
let data: [String: LaneData] = [
    "county": .shared([0, 0, 1, 1, 2, 2]), "floor": .shared([0, 1, 0, 1, 0, 1]),
    "radon": .shared([1.2, 0.6, 0.9, 0.1, 1.9, 1.1]),
]
let svi = SVI(radon, guide: AutoNormal(radon), optimizer: Adam(learningRate: .cosine(from: 0.05)))
let fits = try svi.run(keys: Key(0).split(64), steps: 3000, data: data)
print(try fits.best.summary())
// snippet.end
expect(try fits.best.mean("slope")[0] < 0)

// snippet.trace
let trace = try radon.trace(data: data)
for site in trace.sites {
    print(site.name, site.kind, site.value.shape, site.plates.map(\.name))
}
// snippet.end
expect(trace.latents.count == 5)

// snippet.handlers
let withoutSlope = radon.condition(["slope": 0])
let halfWeight = radon.scale(0.5)
let onlySpread = radon.block(hide: ["mean", "slope", "noise", "intercept"])
// snippet.end
expect(try withoutSlope.trace(data: data).latents.count == 4)
expect(try halfWeight.trace(data: data).latents.count == 5)
expect(try onlySpread.trace(data: data).latents.map(\.name) == ["spread"])

// snippet.mask
let gaps = Model { m in
    let y = m.data("y")
    let mean = m.sample("mean", Normal(0, 10))
    m.plate("rows", y.count) { m in
        m.mask(y.isFinite) { m in
            m.observe("obs", Normal(mean, 1), y)
        }
    }
}
// snippet.end
let filled = try SVI(gaps, guide: AutoDelta(gaps), optimizer: Adam(learningRate: .cosine(from: 0.1)))
    .run(keys: [Key(0)], steps: 1000, data: ["y": .shared([1, .nan, 3])])
expect(abs(try filled.best.mean("mean")[0] - 4 / 2.01) < 0.01)

// snippet.errors
let mistaken = Model { m in
    let weights = m.sample("weights", Normal(0, 1), shape: [3])
    m.observe("obs", Normal(weights, 1), m.data("y", shape: [4]))
}
do {
    _ = try mistaken.trace()
} catch {
    print(error)
}
// snippet.end

/// Snippets are run, and end badly where a result is not as it should be.
func expect(_ holds: Bool, _ what: String = "", line: Int = #line) {
    precondition(holds, "line \(line): \(what)")
}
