import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// Weights of rows, by data of a run, against sums that are written out.
@Suite struct RowWeightTests {
    static let y: [Double] = [0.5, -1, 2, 4]
    static let inputs: [String: [Double]] = ["y": y, "w": [2, 0, 1, 3], "fold": [0, 1, 0, 2], "own": [0]]
    static let shapes: [String: Shape] = ["y": [4], "w": [4], "fold": [4], "own": []]

    static func normal(_ x: Double) -> Double { -0.5 * x * x - 0.9189385332046727 }

    /// A latent in the plate, an observation and a factor there, and others outside.
    static let model = Model { m in
        let y = m.data("y")
        let a = m.sample("a", Normal(0, 1))
        m.plate("rows", 4) { m in
            m.sample("own effect", Normal(0, 1))
            m.observe("obs", Normal(0, 1), y)
            m.factor("extra", 2 * y)
        }
        m.observe("other", Normal(a, 1), 0.5)
        m.factor("one", 7)
    }

    static func densities(_ model: Model, _ site: String, _ inputs: [String: [Double]] = inputs) throws -> [Double] {
        let trace = try model.trace(dataShapes: shapes)
        return try ReferenceEvaluator.evaluate(#require(trace[site]?.logProb), inputs: inputs)
    }

    static func expect(_ result: [Double], _ expected: [Double], _ what: String) {
        #expect(result.count == expected.count, "\(what)")
        for (a, b) in zip(result, expected) { #expect(abs(a - b) < 1e-12, "\(what): \(result)") }
    }

    @Test func rowsOfThePlateAreWeighted() throws {
        let full = Self.y.map(Self.normal)
        let cases: [(String, RowWeights, [Double])] = [
            ("numbers", .data("w", plate: "rows"), [2, 0, 1, 3]),
            ("all but a group", .except("own", of: "fold", plate: "rows"), [0, 1, 0, 1]),
            ("a group", .only("own", of: "fold", plate: "rows"), [1, 0, 1, 0]),
        ]
        for (name, weights, expected) in cases {
            let model = Self.model.weighted(rows: weights)
            Self.expect(try Self.densities(model, "obs"), zip(full, expected).map(*), name)
            Self.expect(try Self.densities(model, "extra"), zip(Self.y, expected).map { 2 * $0 * $1 }, name)
            // What is outside, and latents inside, are as they were.
            for site in ["other", "one", "own effect"] {
                Self.expect(try Self.densities(model, site), try Self.densities(Self.model, site), "\(name), \(site)")
            }
            let joint = try ReferenceEvaluator.evaluate(try model.trace(dataShapes: Self.shapes).logJoint, inputs: Self.inputs)[0]
            let sums = try ["a", "own effect", "obs", "extra", "other", "one"].map { try Self.densities(model, $0).reduce(0, +) }
            #expect(abs(joint - sums.reduce(0, +)) < 1e-12, "\(name)")
        }
    }

    @Test func rowsOfWeightZeroCountForNothing() throws {
        var inputs = Self.inputs
        inputs["y"]?[1] = .nan
        let model = Self.model.weighted(rows: .data("w", plate: "rows"))
        #expect(try Self.densities(model, "obs", inputs)[1] == 0)
        let without = Self.model.weighted(rows: .except("own", of: "fold", plate: "rows"))
        inputs["own"] = [1]
        #expect(try Self.densities(without, "obs", inputs)[1] == 0)
    }

    @Test func weightsMeetMasksAndScales() throws {
        let full = Self.y.map(Self.normal)
        let both = Model { m in
            let y = m.data("y")
            m.plate("rows", 4) { m in m.scale(0.5) { m in m.observe("obs", Normal(0, 1), y) } }
        }.mask(Tensor.iota(4).asReal .< 2.5).weighted(rows: .data("w")).weighted(rows: .except("own", of: "fold"))
        Self.expect(try Self.densities(both, "obs"), [0, 0, 0, 0], "both")
        var inputs = Self.inputs
        inputs["own"] = [1]
        Self.expect(try Self.densities(both, "obs", inputs), [full[0], 0, full[2] / 2, 0], "another group")
    }

    /// Rows along any axis of the batch, of plates around and inside.
    @Test func axesOfPlates() throws {
        let model = Model { m in
            m.plate("items", 3, dim: -1) { m in
                m.plate("persons", 4, dim: -2) { m in m.observe("obs", Normal(0, [1, 2, 4]), 0.5) }
            }
        }
        let plain = try Self.densities(model, "obs")
        let byPerson = try Self.densities(model.weighted(rows: .data("w", plate: "persons")), "obs")
        let weights = Self.inputs["w"] ?? []
        Self.expect(byPerson, plain.indices.map { plain[$0] * weights[$0 / 3] }, "persons")
        let shapes: [String: Shape] = ["y": [4], "v": [3]]
        let trace = try model.weighted(rows: .data("v", plate: "items")).trace(dataShapes: shapes)
        let byItem = try ReferenceEvaluator.evaluate(#require(trace["obs"]?.logProb), inputs: ["v": [1, 0, 5]])
        Self.expect(byItem, plain.indices.map { plain[$0] * [1, 0, 5][$0 % 3] }, "items")
    }

    /// The steps of a recurrence are rows, too.
    @Test func stepsOfAScan() throws {
        let model = Model { m in
            let y = m.data("y")
            m.scan("t", over: y, from: 0) { m, level, y in
                m.observe("obs", Normal(level, 1), y)
                return level + 1
            }
        }
        let full = Self.y.enumerated().map { Self.normal($1 - Double($0)) }
        Self.expect(try Self.densities(model, "obs"), full, "plain")
        Self.expect(try Self.densities(model.weighted(rows: .data("w")), "obs"), zip(full, [2, 0, 1, 3]).map(*), "numbers")
        Self.expect(
            try Self.densities(model.weighted(rows: .except("own", of: "fold")), "obs"), zip(full, [0, 1, 0, 1]).map(*), "all but a group")
    }

    @Test func whatIsConditionedBeforeIsWeighted() throws {
        let model = Model { m in m.plate("rows", 4) { m in m.sample("x", Normal(0, 1)) } }
        let values = ["x": Tensor(Self.y)]
        let full = Self.y.map(Self.normal)
        Self.expect(
            try Self.densities(model.condition(values).weighted(rows: .data("w")), "x"), zip(full, [2, 0, 1, 3]).map(*), "condition, then weigh")
        Self.expect(try Self.densities(model.weighted(rows: .data("w")).condition(values), "x"), full, "weigh, then condition")
    }

    @Test func mistakesAreNamed() {
        func error(_ model: Model, _ weights: RowWeights, _ shapes: [String: Shape] = Self.shapes) -> String {
            do {
                _ = try model.weighted(rows: weights).trace(dataShapes: shapes)
                return "no error"
            } catch { return "\(error)" }
        }
        #expect(error(Self.model, .data("w", plate: "rows")) == "no error")
        #expect(error(Self.model, .data("w", plate: "row")).contains("plate 'row' are weighted: the model has no such plate; it has 'rows'"))
        let numbers = error(Self.model, .data("w", plate: "rows"), ["y": [4], "w": [3]])
        #expect(numbers.contains("site 'obs': plate 'rows' has 4 rows, and 3 have weights"))
        // Without a plate, all that is observed has to have rows.
        #expect(error(Self.model, .data("w")).contains("site 'other': it has the axes [], where 4 rows have weights"))
        let table = Model { m in
            let y = m.data("y")
            m.plate("rows", 4) { m in m.plate("columns", 4) { m in m.observe("obs", Normal(0, 1), y) } }
        }
        #expect(error(table, .data("w")).contains("site 'obs': it has the axes [4, 4]"))
        #expect(error(Self.model, .data("w", plate: "rows"), ["y": [4]]).hasPrefix("data 'w' is missing"))
        #expect(error(Self.model, .data("w", plate: "rows"), ["y": [4], "w": [4, 1]]).contains("data 'w' has shape [4, 1]"))
        #expect(error(Self.model, .only("own", of: "fold", plate: "rows"), ["y": [4], "fold": [4]]) == "no error")
    }

    /// What is observed is drawn, and its value is not used.
    @Test func observationsAreDrawn() throws {
        let trace = try Model { m in
            let mean = m.sample("mean", Normal(3, 1))
            let y = m.plate("rows", 4) { m in m.observe("obs", Normal(mean, 1e-9), m.data("y")) }
            m.deterministic("sum", y.sum())
        }.drawingObservations().trace(dataShapes: Self.shapes)
        #expect(trace.observations.isEmpty && trace.latents.map(\.name) == ["mean", "obs"] && trace["obs"]?.value.shape == [4])
        let values = try ReferenceEvaluator.evaluate([#require(trace["mean"]).value, #require(trace["obs"]).value, #require(trace["sum"]).value])
        #expect(values[1].allSatisfy { abs($0 - values[0][0]) < 1e-6 } && abs(values[2][0] - 4 * values[0][0]) < 1e-5)
        let conditioned = try Model { m in m.sample("x", Normal(0, 1)) }.condition(["x": 100]).drawingObservations().trace()
        #expect(conditioned["x"]?.isLatent == true)
        #expect(abs(try ReferenceEvaluator.evaluate(#require(conditioned["x"]).value)[0]) < 10)
    }
}
