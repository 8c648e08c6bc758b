// The code of README.md.

import Foundation

// snippet.start
import Lockstep
// snippet.hide
import LockstepTables
// snippet.show

let y: [Double] = [28, 8, -3, 7, -1, 1, 18, 12]
let sigma: [Double] = [15, 10, 16, 11, 9, 11, 10, 18]

let eightSchools = Model { m in
    let (y, sigma) = (m.data("y"), m.data("sigma"))
    let mu = m.sample("mu", Normal(0, 5))
    let tau = m.sample("tau", HalfCauchy(5))
    m.plate("school", y.count) { m in
        let z = m.sample("z", Normal(0, 1))
        let theta = m.deterministic("theta", mu + tau * z)
        m.observe("obs", Normal(theta, sigma), y)
    }
}

let svi = SVI(eightSchools, guide: AutoNormal(eightSchools), optimizer: Adam(learningRate: .cosine(from: 0.1, to: 0)))
let fits = try svi.run(keys: Key(0).split(4096), steps: 2000, data: ["y": .shared(y), "sigma": .shared(sigma)])
print(try fits.best.quantiles("theta", [0.05, 0.5, 0.95]))
// snippet.end

let model = Model { m in
    let a = m.sample("a", Normal(0, 1))
    m.sample("b", Normal(0, 1))
    m.observe("x", Normal(a, 1), 2)
}
// snippet.blocked
let guide = AutoDelta(model.block(hide: ["b"]))
// snippet.end
let blocked = try SVI(model, guide: guide, optimizer: Adam(learningRate: 0.1)).run(keys: [Key(0)], steps: 500)
expect(abs(try blocked.best.mean("a")[0] - 1) < 0.01)

let tables = (0..<1000).map { table in y.map { $0 + Double(table % 10) } }
// snippet.many
let perTable = try svi.run(
    keys: Key(0).split(1000), steps: 2000, data: ["y": .perLane(tables), "sigma": .shared(sigma)])
print(perTable.loss[7], perTable.status[7], try perTable[7].median("mu"))

let rates = SVI(eightSchools, guide: AutoNormal(eightSchools), optimizer: Adam(learningRate: .data("rate")))
let grid = try rates.run(
    keys: Key(0).split(3), steps: 500,
    data: ["y": .shared(y), "sigma": .shared(sigma), "rate": .perLane([0.001, 0.01, 0.1])])
// snippet.end
expect(grid.best.lane != 0, "the smallest rate is too small for 500 steps")

// snippet.tables
let objects = try Table(path: "Benchmarks/data/light_curves.csv").grouped(by: "object_id")
    .datasets(["flux": .ragged("flux")])
let steady = Model { m in
    let flux = m.data("flux")
    let level = m.sample("level", Normal(0, 500))
    let spread = m.sample("spread", HalfNormal(500))
    m.plate("rows", rowsOf: "flux") { m in m.observe("obs", StudentT(4, level, spread), flux) }
}
let levels = try SVI(steady, guide: AutoNormal(steady), optimizer: Adam(learningRate: .cosine(from: 0.5)))
    .run(starts: 4, datasets: objects, steps: 2000)
print(try levels.summary(), try levels.best(of: "SN07").median("level"))
// snippet.end
expect(levels.axes[0].count == 30 && levels.fits.status.allSatisfy { !$0.isLost })

// snippet.results
print(try fits.best.summary())  // a table; its rows are a collection: site, index, mean, sd, q05, median, q95
let best = fits.best
print(best.elbo, best.elboError)
let theta = try best.mean("theta")  // also sd, median, quantiles(_:_:), sample(_:key:), parameters()
let all = try fits.mean("theta")  // of all lanes: all.values is [lanes] + shape, all[7] is lane 7's
// snippet.end
expect(theta == all[best.lane])

// snippet.schedule
var options = RunOptions()
options.schedule = fits.layout.schedule ?? .automatic  // the one that an earlier run had
// snippet.end
let again = try svi.run(
    keys: [Key(0).split(4096)[7]], steps: 2000, data: ["y": .shared(y), "sigma": .shared(sigma)], options: options)
expect(again.loss[0] == fits.loss[7], "one schedule gives the same bits")

let file = FileManager.default.temporaryDirectory.appendingPathComponent("readme-\(ProcessInfo.processInfo.processIdentifier).run")
// snippet.saving
let points = try Minimize(model).run(keys: Key(0).split(256), steps: 100)
let draws = try Pathfinder(model).run(keys: Key(0).split(256), steps: 100).multiPath(draws: 1000)

let schools: [String: LaneData] = ["y": .shared(y), "sigma": .shared(sigma)]
let run = try svi.start(keys: Key(0).split(256), steps: 2000, data: schools)
while !run.isFinished {
    try run.advance(for: 10)  // seconds
    try run.state().write(to: file)
}
// In another process, from wherever the file was written last.
let resumed = try svi.resume(RunState(contentsOf: file), data: schools)
while !resumed.isFinished { try resumed.advance() }
// snippet.end
expect(try resumed.fits().loss == run.fits().loss)
expect(abs(try points.best.mean("a")[0] - 1) < 1e-4)
try FileManager.default.removeItem(at: file)

// snippet.reasons
if let reason = fits[7].reason {
    print(reason.description)  // site 'y'[2]: scale of Normal is 0, but must be positive (exp(-1000) = 0, value 3, ...)
    print(reason.advice)  // exp underflowed to 0: narrow the prior of what goes into it, or bound ...
}
print(fits.reasons)  // all reasons, with their lanes, the most frequent first
if let progress = fits[3].progress {
    print(progress.trend)  // falling, level, rising or unknown: the loss at the end of its history
    print(progress.edges ?? [])  // latents and parameters that ended at the edge of their range
}
// snippet.end

do {
    // snippet.convergence
    var options = RunOptions()
    options.convergence = .automatic  // with a constant rate, Adam(learningRate: 0.05) say; steps are a ceiling
    options.convergence = Convergence(tolerance: 1e-4, window: 500)  // a share of the loss; steps
    // snippet.end
    _ = options
}

/// Snippets are run, and end badly where a result is not as it should be.
func expect(_ holds: Bool, _ what: String = "", line: Int = #line) {
    precondition(holds, "line \(line): \(what)")
}
