// The code of the article "Studies".

import Lockstep

// snippet.model
let model = Model { m in
    let (y, group) = (m.data("y"), m.indices("group", below: 4))
    let width = m.data("width", shape: [])
    let spread = m.sample("spread", HalfNormal(1))
    let levels = m.plate("groups", 4) { m in m.sample("level", Normal(0, width)) }
    m.plate("rows", group.count) { m in
        m.observe("obs", Normal(levels[group], spread), y)
    }
}
let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: .cosine(from: 0.1)))
let data: [String: LaneData] = [
    "y": .shared([1.1, 0.7, 1.4, -0.2, 0.3, 0.1, 2.2, 1.8, 2.4, 0.9, 1.2, 0.6]),
    "group": .shared([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]),
    "width": .shared(1),
]
// snippet.end

// snippet.calibrate
let calibration = try svi.calibrate(datasets: 200, draws: 100, steps: 1000, data: data)
print(calibration)
print(calibration.isCalibrated(), try calibration.ranks("spread")[0].count)
// snippet.end
expect(calibration.datasets >= 195)

// snippet.wrong
let wider = Model { m in
    let (y, group) = (m.data("y"), m.indices("group", below: 4))
    let spread = m.sample("spread", HalfNormal(1))
    let levels = m.plate("groups", 4) { m in m.sample("level", Normal(0, 5)) }
    m.plate("rows", group.count) { m in
        m.observe("obs", Normal(levels[group], spread), y)
    }
}
let wrong = try svi.calibrate(datasets: 200, simulating: wider, steps: 1000, data: data)
print(wrong.isCalibrated())  // false
// snippet.end
expect(!wrong.isCalibrated())

// snippet.recover
let recovery = try svi.recover(parameters: ["level": [1, 0, 2, 1], "spread": [0.5]], datasets: 200, steps: 1000, data: data)
print(recovery)
// snippet.end
expect(recovery["level"].count == 4)

// snippet.crossValidate
let rows = try svi.crossValidate(.random(12), steps: 1000, data: data)
let groups = try svi.crossValidate(.groups("group"), steps: 1000, data: data)
print(rows.elpd, rows.elpdError)
print(groups)
// snippet.end
expect(rows.folds.count == 12 && groups.folds.count == 4)
expect(groups.elpd < rows.elpd)

// snippet.bootstrap
let bootstrap = try svi.bootstrap(replicates: 200, steps: 1000, data: data)
print(bootstrap)
print(bootstrap["spread"][0].interval(0.8))
// snippet.end
expect(bootstrap["spread"][0].replicates.count == 200)

// snippet.sensitivity
let fixed = data.filter { $0.key != "width" }
let sensitivity = try svi.sensitivity(settings: ["width": [1, 0.5, 2]], steps: 1000, data: fixed)
print(sensitivity[0])
// snippet.end
expect(sensitivity[0]["level"].count == 12)

// snippet.weights
let counted = model.weighted(rows: .data("count"))
let own = try SVI(counted, guide: AutoNormal(counted), optimizer: Adam(learningRate: .cosine(from: 0.1)))
    .run(
        keys: Key(0).split(2), steps: 1000,
        data: data.merging(["count": .perLane([[1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0], [2, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]])]) { $1 })
print(try own.mean("level")[0])
// snippet.end
// Nothing is known of the group whose rows count for nothing.
expect(abs(try own.mean("level")[0][3]) < 0.3)

/// Snippets are run, and end badly where a result is not as it should be.
func expect(_ holds: Bool, _ what: String = "", line: Int = #line) {
    precondition(holds, "line \(line): \(what)")
}
