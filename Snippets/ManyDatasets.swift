// The code of the article "Many datasets".

import Lockstep
import LockstepTables

// snippet.data
let model = Model { m in
    let y = m.data("y", shape: [4])
    let scale = m.data("prior scale", shape: [])
    let mean = m.sample("mean", Normal(0, scale))
    m.plate("rows", 4) { m in m.observe("obs", Normal(mean, 1), y) }
}
let tables: [[Double]] = [[1, 2, 3, 2], [-4, -5, -3, -4], [0, 0.5, -0.5, 0]]
// snippet.end

// snippet.perLane
let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: .cosine(from: 0.1)))
let fits = try svi.run(
    keys: Key(0).split(3), steps: 2000, data: ["y": .perLane(tables), "prior scale": .shared(10)])
for fit in fits {
    print(fit.lane, fit.status, try fit.mean("mean"))
}
// snippet.end
expect(abs(try fits[1].mean("mean")[0] + 4) < 0.1)

// snippet.ragged
let curves = Model { m in
    let (time, flux) = (m.data("time"), m.data("flux"))
    let height = m.sample("height", Normal(0, 5))
    let fall = m.sample("fall", HalfNormal(2))
    m.plate("rows", rowsOf: "flux") { m in
        m.observe("obs", StudentT(4, height * exp(-time / fall), 0.2), flux)
    }
}
let times: [[Double]] = [[0, 1, 2, 3, 4], [0.5, 1.5], [0, 0.25, 3]]
let fluxes: [[Double]] = [[3, 1.9, 1, 0.7, 0.4], [1.4, 1.1], [2.1, 1.9, 0.1]]
let fitted = try SVI(curves, guide: AutoNormal(curves), optimizer: Adam(learningRate: .cosine(from: 0.1)))
    .run(keys: Key(0).split(3), steps: 1000, data: ["time": .ragged(times), "flux": .ragged(fluxes)])
print(try fitted.map { try $0.median("height") })
// snippet.end
expect(abs(try fitted[0].median("height")[0] - 3) < 0.4)

// snippet.table
let csv = """
    object,redshift,time,flux
    A,0.1,0,3.0
    B,0.3,0.5,1.4
    A,0.1,1,1.9
    A,0.1,2,1.1
    B,0.3,1.5,1.1
    """
let objects = try Table(csv: csv, name: "curves.csv").grouped(by: "object")  // or Table(path:)
print(objects.labels, objects.rowCounts)  // ["A", "B"] [3, 2]
let found = try SVI(curves, guide: AutoNormal(curves), optimizer: Adam(learningRate: .cosine(from: 0.1)))
    .run(keys: Key(0).split(2), steps: 1000, data: ["time": objects.ragged("time"), "flux": objects.ragged("flux")])
let redshifts = try objects.values("redshift")
for (object, fit) in found.enumerated() {
    print(objects.labels[object], redshifts[object], try fit.median("height"))
}
// snippet.end
expect(objects.rowCounts == [3, 2] && found.count == 2)

// snippet.starts
let datasets = try Datasets(["y": .perLane(tables), "prior scale": .shared(10)], labels: ["near", "far", "between"])
let many = try svi.run(starts: 5, datasets: datasets, steps: 2000)
print(try many.best(of: "far").mean("mean"), try many[dataset: "far", start: 3].elbo)
print(try many.summary())
// snippet.end
expect(abs(try many.best(of: "far").mean("mean")[0] + 4) < 0.1)
expect(try many.summary()["far"].map(\.mean) == many.best(of: "far").mean("mean"))

// snippet.grid
let plain = try Datasets(["y": .perLane(tables)], labels: ["near", "far", "between"])
let grid = try svi.run(starts: 2, datasets: plain, settings: ["prior scale": [0.1, 1, 10]], steps: 2000)
print(grid.axes.map(\.name))  // ["dataset", "prior scale", "start"]
print(try grid.best(of: "near", settings: ["prior scale": 10]).mean("mean"))
print(try grid.summary(by: "prior scale", dataset: "near"))
// snippet.end
expect(grid.fits.lanes == 18)
let byScale = try grid.summary(by: "prior scale", dataset: "near").groups.map(\.elbo)
expect(byScale[0] < byScale[1])

// snippet.again
// Start 1 of the dataset "far", by itself.
var again = RunOptions()
again.schedule = many.fits.layout.schedule ?? .automatic
let one = try svi.run(
    keys: [Key(0).fold(1).fold(1)], steps: 2000, data: ["y": .perLane([tables[1]]), "prior scale": .shared(10)], options: again)
print(try one.elbo[0] == many[dataset: "far", start: 1].elbo)  // true
// snippet.end
expect(try one.elbo[0] == many[dataset: "far", start: 1].elbo)

// snippet.loo
let criteria = try many.loo()
for (dataset, label) in datasets.labels.enumerated() {
    print(label, try criteria.report(lane: dataset))
}
// snippet.end
expect(criteria.lanes == 3 && criteria.elpd.allSatisfy { $0 < 0 && $0 > -12 })

// snippet.compare
let tails = Model { m in
    let scale = m.data("prior scale", shape: [])
    let mean = m.sample("mean", Normal(0, scale))
    m.plate("rows", 4) { m in m.observe("obs", StudentT(2, mean, 3), m.data("y", shape: [4])) }
}
let heavy = try SVI(tails, guide: AutoNormal(tails), optimizer: Adam(learningRate: .cosine(from: 0.1)))
    .run(starts: 5, datasets: datasets, steps: 2000)
let table = try LeaveOneOut.compare(["normal": criteria, "heavy tails": heavy.loo()], lane: 0)
print(table)
// snippet.end
expect(table.rows[0].name == "normal" && table.rows[1].difference > 0)

// snippet.predict
let line = Model { m in
    let x = m.data("x")
    let slope = m.sample("slope", Normal(0, 2))
    m.plate("rows", x.shape[0]) { m in m.observe("y", Normal(slope * x, 0.5), m.data("y")) }
}
let seen: [String: LaneData] = ["x": .shared([1, 2, 3]), "y": .perLane([[2.1, 3.8, 6.2], [-1, -2.1, -2.9]])]
let lines = try SVI(line, guide: AutoNormal(line), optimizer: Adam(learningRate: .cosine(from: 0.1)))
    .run(keys: Key(0).split(2), steps: 2000, data: seen)
let next = try lines.predict(data: ["x": .shared([10.0])])
print(try next.mean("y")[0], try next.interval("y", 0.9).upper[0])
let before = try line.predictPrior(data: ["x": .shared([1.0, 10]), "y": .shared([0.0, 0])])
print(try before.sd("y")[0])
// snippet.end
expect(try abs(next.mean("y")[0][0] - 20) < 1.5 && abs(next.mean("y")[1][0] + 10) < 1.5)
expect(try before.sd("y")[0][1] > 10)

// snippet.bad
var options = RunOptions()
options.badData = .leaveOut
let some = try svi.run(
    keys: Key(0).split(2), steps: 500, data: ["y": .perLane([tables[0], [1, .nan, 1, 1]]), "prior scale": .shared(10)],
    options: options)
print(some.status, some.badData)
// snippet.end
expect(some.badData[1] != nil && some.badData[0] == nil)

// snippet.layout
options.schedule = fits.layout.schedule ?? .automatic
let alone = try svi.run(
    keys: [fits.keys[2]], steps: 2000, data: ["y": .shared(tables[2]), "prior scale": .shared(10)], options: options)
print(alone.loss[0] == fits.loss[2])  // true
// snippet.end
expect(alone.loss[0] == fits.loss[2])

/// Snippets are run, and end badly where a result is not as it should be.
func expect(_ holds: Bool, _ what: String = "", line: Int = #line) {
    precondition(holds, "line \(line): \(what)")
}
