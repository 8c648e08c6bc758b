import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// Each handler alone, and pairs of them in both orders.
@Suite struct HandlerTests {
    /// Two latents, a named function of one, an observation of the other.
    static let model = Model { m in
        let a = m.sample("a", Normal(0, 1))
        let b = m.sample("b", Normal(1, 2))
        m.deterministic("test", a)
        m.observe("y", Normal(b, 1), 0.5)
    }

    static func value(_ tensor: Tensor?) throws -> Double {
        let tensor = try #require(tensor)
        return try #require(try ReferenceEvaluator.evaluate(tensor).first)
    }

    static func normal(_ x: Double, _ loc: Double, _ scale: Double) throws -> Double {
        try value(Normal(Tensor(loc), Tensor(scale)).logProb(Tensor(x)))
    }

    /// What each composition makes of the sites: which the trace shows, which of them are latent, the value of `b`
    /// when it is fixed, and whether the trace throws.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let model: Model
        let sites: [String]
        let latents: [String]
        var b: Double? = nil
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "no handler", model: model, sites: ["a", "b", "test", "y"], latents: ["a", "b"]),
        Case(name: "seed", model: model.seed(Key(3)), sites: ["a", "b", "test", "y"], latents: ["a", "b"]),
        Case(name: "block hide", model: model.block(hide: ["b"]), sites: ["a", "test", "y"], latents: ["a"]),
        Case(name: "block hides an observation", model: model.block(hide: ["y"]), sites: ["a", "b", "test"], latents: ["a", "b"]),
        Case(name: "block expose", model: model.block(expose: ["b"]), sites: ["b"], latents: ["b"]),
        Case(name: "block where", model: model.block { $0.isObserved || $0.kind == .deterministic }, sites: ["a", "b"], latents: ["a", "b"]),
        Case(name: "condition", model: model.condition(["b": 3]), sites: ["a", "b", "test", "y"], latents: ["a"], b: 3),
        Case(
            name: "condition twice: the outer wins", model: model.condition(["b": 3]).condition(["b": 4]), sites: ["a", "b", "test", "y"],
            latents: ["a"], b: 4),
        Case(name: "substitute", model: model.substitute(["b": 3, "nobody": 1]), sites: ["a", "b", "test", "y"], latents: ["a", "b"], b: 3),
        Case(
            name: "substitute, then condition", model: model.substitute(["b": 3]).condition(["b": 4]), sites: ["a", "b", "test", "y"], latents: ["a"],
            b: 4),
        Case(
            name: "condition, then substitute", model: model.condition(["b": 4]).substitute(["b": 3]), sites: ["a", "b", "test", "y"], latents: ["a"],
            b: 3),
        Case(name: "condition, then block", model: model.condition(["b": 3]).block(hide: ["b"]), sites: ["a", "test", "y"], latents: ["a"]),
        Case(
            name: "block what is observed, then condition", model: model.block(where: \.isObserved).condition(["b": 3]), sites: ["a", "b", "test"],
            latents: ["a"], b: 3),
        Case(
            name: "condition, then block what is observed", model: model.condition(["b": 3]).block(where: \.isObserved), sites: ["a", "test"],
            latents: ["a"]),
        Case(name: "seed, then block", model: model.seed(Key(0)).block(hide: ["b"]), sites: ["a", "test", "y"], latents: ["a"]),
        Case(name: "block, then seed", model: model.block(hide: ["b"]).seed(Key(0)), sites: ["a", "test", "y"], latents: ["a"]),
    ]

    @Test(arguments: cases) func sites(_ c: Case) throws {
        let trace = try c.model.trace()
        #expect(trace.sites.map(\.name) == c.sites)
        #expect(trace.latents.map(\.name) == c.latents)
        if let b = c.b { #expect(try Self.value(trace["b"]?.value) == b) }
        // Whatever hides or fixes b leaves the draw of a alone.
        if let a = trace["a"] { #expect(try Self.value(a.value) == Self.value(Self.model.trace()["a"]?.value)) }
    }

    @Test func hiddenValuesReachWhatFollows() throws {
        // Conditioned inside, b is 3 for y although nobody outside sees it.
        let inside = try Self.model.condition(["b": 3]).block(hide: ["b"]).trace()
        #expect(try abs(Self.value(inside["y"]?.logProb) - Self.normal(0.5, 3, 1)) < 1e-12)
        // Substituted outside, b keeps its own draw.
        let outside = try Self.model.block(hide: ["b"]).substitute(["b": 3]).trace()
        let free = try Self.model.trace()
        #expect(try Self.value(outside["y"]?.logProb) == Self.value(free["y"]?.logProb))
        // A hidden site adds nothing to the joint density.
        let hidden = try Self.model.block(hide: ["b"]).trace()
        let rest = try Self.value(hidden["a"]?.logProb) + Self.value(hidden["y"]?.logProb)
        #expect(try abs(Self.value(hidden.logJoint) - rest) < 1e-12)
    }

    @Test func conditionOutsideOfABlockIsRefused() throws {
        let error = #expect(throws: ModelError.self) { try Self.model.block(hide: ["b"]).condition(["b": 3]).trace() }
        #expect(error?.names == ["b"])
        #expect(error?.description.contains("condition before block") == true)
    }

    @Test func theReport() throws {
        // A model with a deterministic site, blocked, runs again and again with the same result.
        let report = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.sample("b", Normal(0, 1))
            m.deterministic("test", a)
        }
        let blocked = report.seed(Key(0)).block(hide: ["b"])
        let first = try blocked.trace()
        let second = try blocked.trace()
        #expect(first.sites.map(\.name) == ["a", "test"])
        #expect(first.latents.map(\.name) == ["a"])
        #expect(try Self.value(first["a"]?.value) == Self.value(second["a"]?.value))
        #expect(try Self.value(first["test"]?.value) == Self.value(first["a"]?.value))
        // The key of the run decides, whatever was seeded inside.
        let a = try #require(first["a"]?.value)
        let starts = try (0..<20).map { try ReferenceEvaluator.evaluate(a, key: (UInt32($0), 0))[0] }
        #expect(Set(starts).count == 20)
    }

    @Test func seedIsTheKeyOfLastResort() {
        #expect(Self.model.seededKey == nil)
        #expect(Self.model.seed(Key(1)).block(hide: ["b"]).seededKey == Key(1))
        #expect(Self.model.seed(Key(1)).seed(Key(2)).seededKey == Key(2))
    }

    @Test func replayTakesLatentsOnly() throws {
        let guide = Model { m in
            let loc = m.param("loc", 0.25)
            m.sample("b", Normal(loc, 0.5))
            m.sample("y", Normal(7, 1))
        }
        let run = TraceRun(purpose: "guide")
        let guideTrace = try guide.trace(run)
        let trace = try Self.model.replay(guideTrace).trace(TraceRun(origin: run.origin))
        #expect(trace["b"]?.value.id == guideTrace["b"]?.value.id)
        #expect(trace.latents.map(\.name) == ["a", "b"])
        #expect(try Self.value(trace["y"]?.value) == 0.5)
        // Written after a block, replay does not reach the hidden site.
        let hidden = try Self.model.block(hide: ["b"]).replay(guideTrace).trace(TraceRun(origin: run.origin))
        let free = try Self.model.trace()
        #expect(try Self.value(hidden["y"]?.logProb) == Self.value(free["y"]?.logProb))
        // Written before it, it does.
        let shown = try Self.model.replay(guideTrace).block(hide: ["b"]).trace(TraceRun(origin: run.origin))
        #expect(try Self.value(shown["y"]?.logProb) == Self.value(trace["y"]?.logProb))
        // With condition, in both orders: data win, since they are no latent any more.
        for model in [Self.model.condition(["b": 3]).replay(guideTrace), Self.model.replay(guideTrace).condition(["b": 3])] {
            let conditioned = try model.trace()
            #expect(try Self.value(conditioned["b"]?.value) == 3)
            #expect(conditioned.latents.map(\.name) == ["a"])
        }
        // Without a run of its own, the trace joins the one that is replayed.
        #expect(try Self.model.replay(guideTrace).trace()["b"]?.value.id == guideTrace["b"]?.value.id)
    }

    @Test func substituteReachesParams() throws {
        let model = Model { m in
            let scale = m.param("scale", 2, constraint: .positive)
            m.sample("x", Normal(0, scale))
        }
        let initial = try model.trace()
        #expect(try Self.value(initial["scale"]?.value) == 2)
        #expect(initial.params.map(\.name) == ["scale"])
        #expect(initial["scale"]?.constraint?.description == "positive")
        let trace = try model.substitute(["scale": 5]).trace()
        #expect(try Self.value(trace["scale"]?.value) == 5)
        #expect(try Self.value(trace["scale"]?.initial) == 2)
        // A hidden param keeps its initial value.
        let hidden = try model.block(hide: ["scale"]).substitute(["scale": 5]).trace()
        #expect(try Self.value(hidden["x"]?.value) == Self.value(initial["x"]?.value))
    }
}
