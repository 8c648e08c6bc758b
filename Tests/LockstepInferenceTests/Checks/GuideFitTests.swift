import Lockstep
import Testing

@testable import LockstepInference

/// Sites of a guide that cannot stand for the model's latents, and starts that no fit can have.
@Suite struct GuideFitTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let model: Model
        let guide: Model
        /// In the text; empty where there is no error.
        let words: [String]

        init(
            _ testDescription: String, _ words: [String], _ model: @escaping @Sendable (inout ModelContext) -> Void,
            _ guide: @escaping @Sendable (inout ModelContext) -> Void
        ) {
            self.testDescription = testDescription
            self.words = words
            self.model = Model(model)
            self.guide = Model(guide)
        }
    }

    static let plated: @Sendable (inout ModelContext) -> Void = { m in
        m.plate("groups", 3) { m in
            let mu = m.sample("mu", Normal(0, 10))
            m.observe("y", Normal(mu, 1), [1, 5, 9])
        }
    }
    static let shapes = "the guide's site has shape"

    static let cases: [Case] = [
        Case("a scalar for a plate", ["site 'mu'", "\(shapes) []", "latent has shape [3]"], plated) { m in m.sample("mu", Normal(m.param("l", 0), 1))
        },
        Case("an axis of 1 for a plate", ["site 'mu'", "\(shapes) [1]", "latent has shape [3]"], plated) { m in
            m.plate("groups", 1) { m in m.sample("mu", Normal(m.param("l", 0), 1)) }
        },
        Case("another plate", ["site 'mu'", "\(shapes) [4]", "latent has shape [3]"], plated) { m in
            m.plate("groups", 4) { m in m.sample("mu", Normal(m.param("l", 0), 1)) }
        },
        Case("a plate for a scalar", ["site 'mu'", "\(shapes) [3]", "latent has shape []"], { m in m.sample("mu", Normal(0, 1)) }) { m in
            m.plate("groups", 3) { m in m.sample("mu", Normal(m.param("l", 0), 1)) }
        },
        Case("a scalar for a vector", ["site 'v'", "\(shapes) []", "latent has shape [2]"], { m in m.sample("v", Normal([0, 0], 1).toEvent(1)) }) {
            m in
            m.sample("v", Normal(m.param("l", 0), 1))
        },
        Case("a point of another shape", ["site 'mu'", "\(shapes) []", "latent has shape [3]"], plated) { m in m.sample("mu", Delta(m.param("l", 0)))
        },
        Case("one joint event for a plate", [], plated) { m in m.sample("mu", Normal(m.param("l", [0, 0, 0]), 1).toEvent(1)) },
        Case("the same plate", [], plated) { m in m.plate("groups", 3) { m in m.sample("mu", Normal(m.param("l", 0), 1)) } },
        Case(
            "continuous for discrete", ["site 'k'", "Normal is continuous", "Bernoulli discrete"],
            { m in m.sample("k", Bernoulli(probabilities: 0.5)) }
        ) { m in
            m.sample("k", Normal(m.param("l", 0), 1))
        },
        Case("discrete for continuous", ["site 'x'", "Poisson is discrete", "Normal continuous"], { m in m.sample("x", Normal(0, 1)) }) { m in
            m.sample("x", Poisson(3))
        },
        Case(
            "more classes", ["site 'k'", "an integer in [0, 4]", "an integer in [0, 2]"],
            { m in
                m.sample("k", Categorical(probabilities: [0.2, 0.3, 0.5]))
            }
        ) { m in m.sample("k", Categorical(probabilities: [0.2, 0.2, 0.2, 0.2, 0.2])) },
        Case("another interval", ["site 'u'", "in [2, 3]", "in [0, 1]"], { m in m.sample("u", Uniform(0, 1)) }) { m in m.sample("u", Uniform(2, 3)) },
        Case("positive for negative", ["site 'u'", "HalfNormal", "in [-2, -1]"], { m in m.sample("u", Uniform(-2, -1)) }) { m in
            m.sample("u", HalfNormal(m.param("s", 1, constraint: .positive)))
        },
        Case("vectors for a simplex", ["site 'p'", "real", "a simplex"], { m in m.sample("p", Dirichlet([1, 1])) }) { m in
            m.sample("p", Normal(m.param("l", [0.5, 0.5]), 0.1).toEvent(1))
        },
        // Some of its draws are in the support: their number is the user's affair.
        Case("a normal for a positive latent", [], { m in m.sample("s", HalfNormal(1)) }) { m in m.sample("s", Normal(m.param("l", 2), 0.01)) },
        Case("a point in a simplex", [], { m in m.sample("p", Dirichlet([1, 1])) }) { m in
            m.sample("p", Delta(m.param("l", [0.5, 0.5], constraint: .simplex), eventRank: 1))
        },
        Case(
            "a known value outside of the support", ["site 's': the given value of HalfNormal is -2; it must be positive"],
            { m in m.sample("s", HalfNormal(1)) }
        ) { m in
            m.param("l", 0)
            m.sample("s", Delta(Tensor([-2, 1]).min()))
        },
    ]

    @Test(arguments: cases)
    func text(_ test: Case) throws {
        for device in TestDevice.all {
            let text = errorText {
                let svi = SVI(test.model, guide: test.guide, optimizer: Adam())
                // What is right need not be compiled.
                if test.words.isEmpty {
                    _ = try svi.explain(steps: 2, lanes: 2, device: device.device)
                } else {
                    _ = try svi.run(keys: Key(0).split(2), steps: 2, device: device.device)
                }
            }
            #expect((text == nil) == test.words.isEmpty, "\(text ?? "nothing")")
            for word in test.words { #expect(text?.contains(word) == true, "'\(word)' is not in: \(text ?? "nothing")") }
        }
    }

    static let latents = Model { m in
        let p = m.sample("p", Beta(2, 2))
        let tau = m.sample("tau", HalfNormal(m.data("width", shape: [])))
        m.sample("u", Uniform(0, m.data("width", shape: [])))
        m.sample("q", Dirichlet([1, 1, 1]))
        m.plate("rows", 3) { m in m.observe("y", Normal(p, tau), 0) }
    }

    static let starts: [(values: [String: Tensor], text: String?)] = [
        (["p": 2], "site 'p': Initializer.value is 2; it must be in [0, 1], and not on the edge"),
        (["p": 1], "site 'p': Initializer.value is 1; it must be in [0, 1], and not on the edge"),
        (["p": Tensor(Double.nan)], "site 'p': Initializer.value is NaN; it must be in [0, 1], and not on the edge"),
        (["tau": 0], "site 'tau': Initializer.value is 0; it must be positive, and not on the edge"),
        (["tau": Tensor(Double.infinity)], "site 'tau': Initializer.value is inf; it must be positive, and not on the edge"),
        (["u": 3], "site 'u': Initializer.value is 3 (data 'width'); it must be in [0, upper bound], and not on the edge"),
        (
            ["q": [0.5, 0.5, 0]],
            "site 'q': Initializer.value is [0.5, 0.5, 0]; it must be a simplex (non-negative, with sum 1 along the last axis), and not on the edge"
        ),
        (["ta": 1], "Initializer.value of 'ta': the guide covers no such latent; did you mean 'tau'? It has 'tau', 'p', 'q', 'u'"),
        (["Tau": 1], "Initializer.value of 'Tau': the guide covers no such latent; did you mean 'tau'? It has 'tau', 'u', 'p', 'q'"),
        (["y": 1], "Initializer.value of 'y': this is no latent that the guide covers, but observed; did you mean 'p'? It has 'p', 'q', 'u', 'tau'"),
        (["p": [0.5, 0.5]], "site 'p': Initializer.value has shape [2], which does not broadcast to the latent's shape []"),
        (["p": 0.5, "tau": 2, "u": 1.5], nil),
        (["q": [0.2, 0.3, 0.5]], nil),
    ]

    @Test(arguments: starts.indices)
    func givenStarts(_ number: Int) {
        let (values, expected) = Self.starts[number]
        for precision in Precision.allCases {
            var options = RunOptions()
            options.precision = precision
            for guide in [AutoNormal(Self.latents, initializer: .value(values)), AutoDelta(Self.latents, initializer: .value(values))] as [any Guide]
            {
                let text = errorText {
                    _ = try SVI(Self.latents, guide: guide, optimizer: Adam())
                        .run(keys: Key(0).split(2), steps: 1, data: ["width": .shared(2)], device: .cpu, options: options)
                }
                #expect(text == expected)
            }
        }
    }

    /// A start that is right in some lanes only leaves out the others.
    @Test func startsMayDependOnData() throws {
        let guide = AutoDelta(Self.latents, initializer: .value(["u": 1.5]))
        var options = RunOptions()
        options.badData = .leaveOut
        let fits = try SVI(Self.latents, guide: guide, optimizer: Adam())
            .run(keys: Key(0).split(3), steps: 1, data: ["width": .perLane([2.0, 1, 3])], device: .cpu, options: options)
        #expect(fits.status == [.finished, .badData, .finished])
        #expect(
            fits.badData[1]?.description
                == "site 'u': Initializer.value is 1.5 in lane 1 (data 'width'); it must be in [0, upper bound], and not on the edge")
        #expect(fits.badData[1]?.name == "width")
    }

    @Test func startsOfNoRun() throws {
        let leaked = try #require(try Self.latents.trace()["tau"]?.value)
        for (initializer, words) in [
            (.value(["p": leaked]), "site 'p': Initializer.value uses a tensor of a model's run"),
            (.uniform(radius: .nan), "the radius is nan"), (.uniform(radius: .infinity), "the radius is inf"),
            (.uniform(radius: -1), "the radius is -1"),
        ] as [(Initializer, String)] {
            let text = errorText {
                _ = try SVI(Self.latents, guide: AutoNormal(Self.latents, initializer: initializer), optimizer: Adam())
                    .run(keys: [Key(0)], steps: 1, data: ["width": .shared(2)], device: .cpu)
            }
            #expect(text?.contains(words) == true, "\(text ?? "nothing")")
        }
    }

    @Test func distancesOfNames() {
        #expect(Spelling.distance("tau", "ta") == 1)
        #expect(Spelling.distance("kitten", "sitting") == 3)
        #expect(Spelling.distance("", "abc") == 3)
        #expect(Spelling.distance("flaw", "lawn") == 2)
        #expect(Spelling.hint("zzzzzz", among: ["a", "b"]) == "It has 'a', 'b'")
        #expect(Spelling.hint("x", among: []) == "it has none")
    }
}
