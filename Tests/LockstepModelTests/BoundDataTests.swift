import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// Data that take the shape of what is bound, and sites that are given a shape.
@Suite struct BoundDataTests {
    static let regression = Model { m in
        let (x, y) = (m.data("x", rank: 2), m.data("y"))
        let w = m.sample("w", Normal(0, 1), shape: [x.shape[1]])
        m.plate("rows", y.shape[0]) { m in m.observe("obs", Normal(matmul(x, w), 1), y) }
    }

    static func error(_ model: Model, _ shapes: [String: Shape]?) -> String {
        do {
            _ = try model.trace(dataShapes: shapes)
            return "no error"
        } catch { return "\(error)" }
    }

    @Test func shapesAreThoseOfTheData() throws {
        for (rows, columns) in [(5, 2), (1, 1), (7, 3)] {
            let trace = try Self.regression.trace(dataShapes: ["x": [rows, columns], "y": [rows]])
            #expect(trace["w"]?.value.shape == [columns] && trace["obs"]?.value.shape == [rows])
            #expect(trace.data.map(\.shape) == [[rows, columns], [rows]])
        }
        let scalar = try Model { m in m.deterministic("s", m.data("s") + 1) }.trace(dataShapes: ["s": []])
        #expect(scalar["s"]?.value.shape == [])
        let indices = try Model { m in m.deterministic("s", Tensor([1, 2])[m.indices("i", below: 2)]) }.trace(dataShapes: ["i": [4]])
        #expect(indices["s"]?.value.shape == [4] && indices.data[0].dtype == .int && indices.data[0].bound == 2)
    }

    @Test func mistakesAreNamed() {
        let withoutData = Self.error(Self.regression, nil)
        #expect(withoutData.contains("'x' takes its shape") && withoutData.contains("model.trace(data: ...)"))
        #expect(Self.error(Self.regression, ["x": [3, 2]]).hasPrefix("data 'y' is missing"))
        #expect(Self.error(Self.regression, [:]).hasPrefix("data 'x' is missing"))
        #expect(Self.error(Self.regression, ["x": [6], "y": [6]]).contains("shape [6], where the model reads 2 axes"))
        #expect(Self.error(Model { m in m.deterministic("s", m.data("x", shape: [3], rank: 2)) }, nil).contains("reads 2 axes"))
        #expect(Self.error(Model { m in m.deterministic("s", m.data("x", rank: -5)) }, ["x": [3]]).contains("reads -5 axes"))
        // The body goes on after the mistake, and reads extents of axes that nobody knows.
        let reader = Model { m in
            let x = m.data("x")
            m.plate("rows", x.shape[0]) { m in m.sample("a", Normal(0, 1), shape: [x.shape[1], x.shape[7]]) }
        }
        #expect(Self.error(reader, nil).contains("'x' takes its shape"))
        let twice = Model { m in m.deterministic("s", m.data("y").sum() + m.data("y", shape: [4]).sum()) }
        #expect(Self.error(twice, ["y": [3]]).contains("declared twice"))
        #expect(Self.error(twice, ["y": [4]]) == "no error")
        #expect(Self.error(Model { m in m.deterministic("s", m.data("y", shape: [3])) }, nil) == "no error")
    }

    // MARK: Sites with a shape

    @Test func shapesOfSites() throws {
        let model = Model { m in
            m.sample("b", Normal(0, 1), shape: [3])
            m.sample("table", Normal(0, [1, 2]), shape: [4, 2])
            m.sample("weights", Dirichlet([1, 1, 1]), shape: [2])
            m.plate("groups", 5) { m in
                let mu = m.sample("mu", Normal(0, 1))
                m.sample("each", Normal(mu.expandingShape(at: -1), 1), shape: [2])
                m.sample("plain", HalfNormal(1), shape: [2])
            }
            m.observe("y", Normal(0, 2), [1, 2, 3], shape: [3])
            m.sample("z", Normal(0, 2), shape: [2], observed: [1, 2])
        }
        let trace = try model.trace()
        let shapes: [(String, batch: Shape, value: Shape)] = [
            ("b", [], [3]), ("table", [], [4, 2]), ("weights", [], [2, 3]), ("each", [5], [5, 2]), ("plain", [5], [5, 2]), ("y", [], [3]),
            ("z", [], [2]),
        ]
        for (name, batch, value) in shapes {
            let site = try #require(trace[name])
            #expect(site.value.shape == value && site.distribution?.batchShape == batch && site.logProb?.shape == batch, "\(name)")
        }
        let wanted = [1.0, 2, 3].map { -0.5 * $0 * $0 / 4 - 0.9189385332046727 - 0.6931471805599453 }.reduce(0, +)
        let density = try ReferenceEvaluator.evaluate(#require(trace["y"]?.logProb))[0]
        #expect(abs(density - wanted) < 1e-14)
        // The same draws as the long form.
        let long = try Model { m in m.sample("b", Normal(0, 1).expanded(to: [3]).toEvent(1)) }.trace()
        let draws = try [long, trace].map { try ReferenceEvaluator.evaluate(#require($0["b"]?.value)) }
        #expect(draws[0] == draws[1])
    }

    @Test func impossibleShapesOfSites() {
        for (shape, text) in [
            ([-1], "positive"), ([0], "positive"), ([.max, .max], "not so many"), ([3], "does not expand"), ([Int.min], "positive"),
        ] as [(Shape, String)] {
            let error = Self.error(Model { m in m.sample("b", Normal(0, [1, 2]), shape: shape) }, nil)
            #expect(error.hasPrefix("site 'b'") && error.contains(text), "\(error)")
        }
    }

    @Test func flatPriorsHaveNoDraws() throws {
        let model = Model { m in m.sample("s", ImproperUniform(.positive), shape: [2]) }
        #expect(Self.error(model, nil).contains("site 's': ImproperUniform is a flat prior"))
        let trace = try model.condition(["s": [1, 2]]).trace()
        #expect(try ReferenceEvaluator.evaluate(trace.logJoint) == [0])
        #expect(try model.substitute(["s": [1, 2]]).trace()["s"]?.isLatent == true)
        #expect(throws: ModelError.self) { try model.block(hide: ["s"]).trace() }
    }
}
