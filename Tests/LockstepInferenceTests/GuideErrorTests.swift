import Lockstep
import Testing

@testable import LockstepInference

/// Models and guides that do not fit together: the text names the site and says what to do. (A local latent of a
/// subsampled plate is not tested: there are no subsampled plates yet.)
@Suite struct GuideErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let svi: SVI
        /// Must be in the text.
        let words: [String]

        init(_ testDescription: String, _ words: [String], _ model: Model, _ guide: any Guide, _ loss: any Loss = TraceELBO()) {
            self.testDescription = testDescription
            self.words = words
            svi = SVI(model, guide: guide, optimizer: Adam(), loss: loss)
        }
    }

    static let normal = Model { m in m.sample("x", Normal(0, 1)) }
    static let discrete = Model { m in
        let x = m.sample("x", Normal(0, 1))
        m.sample("coin", Bernoulli(logits: x))
    }

    static let cases: [Case] = [
        Case(
            "discrete latent in AutoNormal", ["'coin'", "AutoNormal", "discrete", "block(hide: [\"coin\"])"],
            discrete, AutoNormal(discrete)),
        Case("discrete latent in AutoDelta", ["'coin'", "AutoDelta", "discrete"], discrete, AutoDelta(discrete)),
        Case(
            "discrete latent that only the model has", ["'coin'", "discrete", "the guide has none"],
            discrete, AutoNormal(discrete.block(hide: ["coin"]))),
        Case(
            "guide with a site that the model lacks", ["'extra'", "the model shows no site of that name"], normal,
            Model { m in
                m.sample("x", Normal(m.param("loc", 0), 1))
                m.sample("extra", Normal(0, 1))
            }),
        Case("model hides what the guide covers", ["'x'", "unhide"], normal.block(hide: ["x"]), AutoNormal(normal)),
        Case("model observes what the guide covers", ["'x'", "observed"], normal.condition(["x": 1]), AutoNormal(normal)),
        Case(
            "the name is a deterministic site", ["'x'", "deterministic"], Model { m in m.deterministic("x", 1) }, AutoNormal(normal)),
        Case(
            "substituted and guided", ["'x'", "substitute", "condition"], normal.substitute(["x": 1]), AutoNormal(normal)),
        Case(
            "substituted inside the guide's model", ["'x'", "substitute", "block(hide: [\"x\"])"],
            normal, AutoDelta(normal.substitute(["x": 1]))),
        Case(
            "another shape", ["'x'", "[2]", "[3]"], Model { m in m.sample("x", Normal(0, 1).expanded(to: [3]).toEvent(1)) },
            Model { m in m.sample("x", Normal(m.param("loc", Tensor([0, 0])), 1).toEvent(1)) }),
        Case(
            "a plate with two sizes", ["'rows'", "3", "4"],
            Model { m in
                m.plate("rows", 3) { m in m.sample("x", Normal(0, 1)) }
                m.plate("rows", 4) { m in m.sample("y", Normal(0, 1)) }
            }, AutoNormal(normal)),
        Case(
            "batch shape against plate", ["'x'", "'rows'", "[3]"],
            Model { m in m.plate("rows", 4) { m in m.sample("x", Normal([0, 1, 2], 1)) } }, AutoNormal(normal)),
        Case("initial scale", ["AutoNormal", "initialScale", "0.0"], normal, AutoNormal(normal, initialScale: 0)),
        Case("no particles", ["TraceELBO", "0 particles"], normal, AutoNormal(normal), TraceELBO(particles: 0)),
        Case(
            "given start of another shape", ["broadcast", "[3]"], normal, AutoDelta(normal, initializer: .value(["x": [1, 2, 3]]))),
        Case(
            "data declared in two ways", ["'y'", "[2]", "[3]"],
            Model { m in m.observe("x", Normal(0, 1).expanded(to: [2]).toEvent(1), m.data("y", shape: [2])) },
            Model { m in m.param("loc", m.data("y", shape: [3])) }),
        Case(
            "duplicate site", ["'x'", "same name"],
            Model { m in
                m.sample("x", Normal(0, 1))
                m.sample("x", Normal(0, 1))
            }, AutoNormal(normal)),
    ]

    @Test(arguments: cases)
    func textNamesTheSite(_ test: Case) throws {
        let text = try #require(errorText { _ = try test.svi.run(keys: [Key(0)], steps: 2, device: .cpu) })
        for word in test.words { #expect(text.contains(word), "'\(word)' is not in: \(text)") }
        #expect(!text.contains("p/") && !text.contains("Optional("), "an internal: \(text)")
    }

    @Test func queriesNameWhatIsWrong() throws {
        let model = Model { m in
            let x = m.sample("x", Normal(0, 1))
            m.deterministic("twice", 2 * x)
        }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam()).run(keys: Key(0).split(2), steps: 1, device: .cpu)
        let unknown = "there is no latent or deterministic site 'z'; there are: x, twice"
        #expect(errorText { _ = try fits[0].median("z") } == unknown)
        #expect(errorText { _ = try fits[0].quantiles("z", [0.5]) } == unknown)
        #expect(errorText { _ = try fits[0].quantiles("x", [1.5]) } == "a quantile's probability is 1.5; give numbers between 0 and 1")
        #expect(errorText { _ = try fits[0].quantiles("twice", [.nan]) } == "a quantile's probability is nan; give numbers between 0 and 1")
        #expect(errorText { _ = try fits[0].sample(0) } == "cannot draw 0 samples; give at least 1")
        for lane in [2, -1] {
            let absent = "there is no lane \(lane); there are 2"
            #expect(errorText { _ = try fits[lane].median("x") } == absent)
            #expect(errorText { _ = try fits[lane].parameters() } == absent)
            #expect(errorText { _ = try fits.losses(lane: lane) } == absent)
            #expect(fits[lane].status == .noValidStart && fits[lane].loss.isNaN)
        }
    }

    @Test func devicesThatAreNotThereAreNamed() {
        let svi = SVI(Self.normal, guide: AutoNormal(Self.normal), optimizer: Adam())
        let text = errorText { _ = try svi.run(keys: [Key(0)], steps: 1, device: .named("abacus")) }
        #expect(text?.contains("no OpenCL device matches 'abacus'") == true)
    }
}
