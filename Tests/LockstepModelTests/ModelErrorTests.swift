import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// Every mistake is thrown when the trace ends, and its text names what it is about.
@Suite struct ModelErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let model: Model
        /// Must be in the text.
        let words: [String]

        init(_ name: String, _ words: [String], _ body: @escaping @Sendable (inout ModelContext) -> Void) {
            self.init(name, words, model: Model(body))
        }

        init(_ name: String, _ words: [String], model: Model) {
            testDescription = name
            self.words = words
            self.model = model
        }
    }

    static let foreign = Model { m in
        let z = m.sample("z", Normal(0, 1))
        m.deterministic("fromData", m.data("x", shape: []) + 1)
        m.deterministic("literal", 3)
        m.deterministic("fromSite", z * 2)
    }

    static func foreignValue(_ name: String) -> Tensor { (try? foreign.trace()[name]?.value) ?? 0 }

    static let cases: [Case] = [
        Case("duplicate site", ["'x'", "same name"]) { m in
            m.sample("x", Normal(0, 1))
            m.sample("x", Normal(0, 1))
        },
        Case("duplicate of another kind", ["'x'", "same name"]) { m in
            let x = m.sample("x", Normal(0, 1))
            m.deterministic("x", x)
        },
        Case(
            "duplicate of a hidden site", ["'x'", "same name"],
            model: Model { m in
                m.sample("x", Normal(0, 1))
                m.sample("x", Normal(0, 1))
            }.block(hide: ["x"])),
        Case("data twice", ["'y'", "[3]", "[4]"]) { m in
            m.deterministic("s", m.data("y", shape: [3]).sum() + m.data("y", shape: [4]).sum())
        },
        Case("data of two types", ["'y'", "indices below 5", "real"]) { m in
            m.deterministic("s", m.data("y", shape: [3]).sum() + m.indices("y", shape: [3], below: 5).sum())
        },
        Case("data of impossible shape", ["'y'", "[-3]"]) { m in m.deterministic("s", m.data("y", shape: [-3])) },
        Case("bound below 1", ["'i'", "0"]) { m in m.deterministic("s", m.indices("i", below: 0)) },
        Case("failure in a parameter", ["'y'", "loc", "+", "[2]", "[3]"]) { m in
            m.sample("y", Normal(Tensor([1, 2]) + Tensor([1, 2, 3]), 1))
        },
        Case("parameters do not broadcast", ["'y'", "Normal", "[2]", "[3]"]) { m in m.sample("y", Normal([1, 2], [1, 2, 3])) },
        Case("distribution that draws another shape", ["'x'", "Crooked", "[7]", "[]"]) { m in m.sample("x", Crooked()) },
        Case("failure in a value", ["'t'", "gather"]) { m in m.deterministic("t", Tensor(1)[Tensor(integers: [0])]) },
        Case("failure in a factor", ["'f'", "sum"]) { m in m.factor("f", Tensor([1, 2]).sum(axis: 4)) },
        Case("failure in a param", ["'p'", "reshape"]) { m in m.param("p", Tensor([1, 2]).reshape([3])) },
        Case("only the first mistake", ["'first'", "element"]) { m in
            let x = m.deterministic("first", Tensor([1, 2])[5])
            m.sample("second", Normal(x, -1))
        },
        Case("impossible parameter", ["'x'", "Normal", "scale", "positive", "-1"]) { m in m.sample("x", Normal(0, -1)) },
        Case("impossible parameter in an event", ["'x'", "Normal", "scale", "positive"]) { m in
            m.sample("x", Normal([0, 0], [1, 0]).toEvent(1))
        },
        Case("event without axes", ["'x'", "Independent", "2"]) { m in m.sample("x", Normal(0, 1).toEvent(2)) },
        Case("observed of another shape", ["'y'", "[3]", "[2]", "give a value"]) { m in m.observe("y", Normal([0, 0], 1), [1, 2, 3]) },
        Case("observed without a plate", ["'y'", "[8]", "[]", "plate of size 8 at dim -1"]) { m in
            m.observe("y", Normal(0, 1), m.data("y", shape: [8]))
        },
        Case("observed without two plates", ["'y'", "plates of size 4 at dim -3 and size 6 at dim -2"]) { m in
            m.observe("y", Normal(Tensor(repeating: 0, shape: [5, 2]), 1).toEvent(1), m.data("y", shape: [4, 6, 5, 2]))
        },
        Case("observed is not finite", ["'y'", "nan", "mask"]) { m in m.plate("rows", 2) { m in m.observe("y", Normal(0, 1), [1, .nan]) } },
        Case("observed outside of the support", ["'y'", "HalfNormal", "-1"]) { m in m.observe("y", HalfNormal(1), -1) },
        Case("observed is no count", ["'y'", "Poisson", "0.5"]) { m in m.observe("y", Poisson(1), 0.5) },
        Case("param outside of its constraint", ["'p'", "positive", "-2"]) { m in m.param("p", -2, constraint: .positive) },
        Case("discrete param", ["'p'", "0 or 1"]) { m in m.param("p", 1, constraint: .boolean) },
        Case("param of another shape", ["'p'", "[2]", "[]"], model: Model { m in m.param("p", 1) }.substitute(["p": [1, 2]])),
        Case("plate with two sizes", ["'rows'", "3", "4"]) { m in
            m.plate("rows", 3) { m in m.sample("x", Normal(0, 1)) }
            m.plate("rows", 4) { m in m.sample("y", Normal(0, 1)) }
        },
        Case("plates at one dim", ["'a'", "'b'", "-1"]) { m in
            m.plate("a", 3) { m in m.plate("b", 4, dim: -1) { m in m.sample("x", Normal(0, 1)) } }
        },
        Case("plate inside itself", ["'a'", "itself"]) { m in m.plate("a", 3) { m in m.plate("a", 3) { m in m.sample("x", Normal(0, 1)) } } },
        Case("empty plate", ["'a'", "0"]) { m in m.plate("a", 0) { m in m.sample("x", Normal(0, 1)) } },
        Case("dim from the left", ["'a'", "0"]) { m in m.plate("a", 3, dim: 0) { m in m.sample("x", Normal(0, 1)) } },
        Case("dim out of reach", ["'a'"]) { m in m.plate("a", 3, dim: .min) { m in m.sample("x", Normal(0, 1)) } },
        Case("batch and plate", ["'x'", "'a'", "[5]", "3"]) { m in m.plate("a", 3) { m in m.sample("x", Normal(Tensor(repeating: 0, shape: [5]), 1)) }
        },
        Case("factor and plate", ["'f'", "'a'", "[5]", "3"]) { m in m.plate("a", 3) { m in m.factor("f", Tensor(repeating: 0, shape: [5])) } },
        Case("plate too large", ["'x'"]) { m in m.plate("a", .max) { m in m.sample("x", Normal(0, 1)) } },
        Case("mask of another shape", ["'x'", "mask", "[2]", "[3]"]) { m in
            m.mask([true, false].mask) { m in m.plate("a", 3) { m in m.sample("x", Normal(0, 1)) } }
        },
        Case("mask of numbers", ["'x'", "mask", "real"]) { m in m.mask(1) { m in m.sample("x", Normal(0, 1)) } },
        Case("scale of another shape", ["'x'", "scale", "[2]", "[]"], model: Model { m in m.sample("x", Normal(0, 1)) }.scale([1, 2])),
        Case("negative scale", ["'x'", "scale", "-1"], model: Model { m in m.sample("x", Normal(0, 1)) }.scale(-1)),
        Case("infinite scale", ["'x'", "scale", "finite"], model: Model { m in m.factor("x", 1) }.scale(Tensor(Double.infinity))),
        Case("condition on nobody", ["'nobody'", "'a'", "'b'"], model: HandlerTests.model.condition(["nobody": 1])),
        Case("condition on a hidden site", ["'b'", "block"], model: HandlerTests.model.block(hide: ["b"]).condition(["b": 1])),
        Case("condition on a deterministic site", ["'test'", "deterministic"], model: HandlerTests.model.condition(["test": 1])),
        Case("conditioned value of another shape", ["'b'", "[2]"], model: HandlerTests.model.condition(["b": [1, 2]])),
        Case("substituted value of another shape", ["'b'", "[2]"], model: HandlerTests.model.substitute(["b": [1, 2]])),
        Case("substituted failure", ["'b'", "element"], model: HandlerTests.model.substitute(["b": Tensor([1])[3]])),
        Case("foreign draw", ["'y'", "another run", "site 'z'"]) { m in m.observe("y", Normal(foreignValue("fromSite"), 1), 0) },
        Case("foreign data", ["'y'", "another run", "data 'x'"]) { m in m.deterministic("y", foreignValue("fromData")) },
        Case("foreign in a factor", ["'f'", "'z'"]) { m in m.factor("f", foreignValue("z")) },
        Case("foreign in a hidden site", ["'h'", "'z'"], model: Model { m in m.deterministic("h", foreignValue("z")) }.block(hide: ["h"])),
        Case("foreign by condition", ["'b'", "'z'"], model: HandlerTests.model.condition(["b": foreignValue("z")])),
        Case("foreign in a mask", ["'b'", "'z'"], model: HandlerTests.model.block(hide: ["a"]).mask(0 .< foreignValue("z"))),
        Case("foreign parameter", ["'y'", "parameter 'loc'"]) { m in m.sample("y", Normal(Tensor.named("loc"), 1)) },
    ]

    @Test(arguments: cases) func text(_ c: Case) throws {
        let error = try #require(throws: ModelError.self) { try c.model.trace() }
        let text = error.description
        for word in c.words { #expect(text.contains(word), "'\(word)' is not in: \(text)") }
        #expect(!error.names.isEmpty)
        // Running again finds the same.
        #expect(throws: error) { try c.model.trace() }
    }

    @Test func replayOfWhatIsNoLatent() throws {
        let run = TraceRun()
        let trace = try Model { m in m.deterministic("b", 1) }.trace(run)
        let error = #expect(throws: ModelError.self) { try HandlerTests.model.replay(trace).trace() }
        #expect(error?.names == ["b"])
        #expect(error?.description.contains("deterministic") == true)
    }

    @Test func literalsOfAnotherRunAreWelcome() throws {
        let model = Model { m in m.observe("y", Normal(Self.foreignValue("literal"), 1), 0) }
        #expect(try model.trace().sites.count == 1)
    }

    @Test func whatIsNoMistake() throws {
        let model = Model { m in
            // The same data twice are one declaration and one tensor.
            let first = m.data("y", shape: [3])
            let second = m.data("y", shape: [3])
            m.deterministic("same", Tensor(first.id == second.id ? 1 : 0))
            // Rounded data may lie on the end of a support.
            m.observe("zero", HalfNormal(1), 0)
            m.observe("flag", Bernoulli(probabilities: 0.5), 1)
            // A mistake that no site uses.
            _ = Tensor([1, 2]) + Tensor([1, 2, 3])
            // A discrete latent: guides say what they can do with it.
            m.sample("k", Categorical(probabilities: [0.2, 0.8]))
        }
        let trace = try model.trace()
        #expect(try HandlerTests.value(trace["same"]?.value) == 1)
        #expect(trace.data.count == 1)
        #expect(trace.discreteLatents.map(\.name) == ["k"])
        #expect(trace["k"]?.isDiscrete == true)
        #expect(try model.block { $0.isDiscrete }.trace().sites.map(\.name) == ["same", "zero"])
    }

    @Test func emptyModel() throws {
        let trace = try Model { _ in }.trace()
        #expect(trace.sites.isEmpty)
        #expect(try HandlerTests.value(trace.logJoint) == 0)
    }
}

/// A distribution that does not keep its word.
struct Crooked: BatchedDistribution {
    var batch = Batch(shape: [])
    var support: Constraint { .real }
    var parameters: [DistributionParameter] { [] }
    func logProb(_ value: Tensor) -> Tensor { value }
    func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor { source.normal([7]) }
    var mean: Tensor { 0 }
    var variance: Tensor { 1 }
}
