import Lockstep
import Testing

@testable import LockstepInference

/// Data are held against what a model uses them for, before a run: on every device, in both precisions.
@Suite struct DataUseTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let model: Model
        let guide: (any Guide)?
        let data: [String: LaneData]
        /// The text of the error; nil where there is none.
        let text: String?

        init(
            _ testDescription: String, _ data: [String: LaneData], _ text: String?, guide: (any Guide)? = nil,
            _ body: @escaping @Sendable (inout ModelContext) -> Void
        ) {
            self.testDescription = testDescription
            self.data = data
            self.text = text
            self.guide = guide
            model = Model(body)
        }

        private var svi: SVI { SVI(model, guide: guide ?? AutoNormal(model), optimizer: Adam()) }

        func run(lanes: Int, _ options: RunOptions, _ device: Device) throws {
            _ = try svi.run(keys: Key(0).split(lanes), steps: 2, data: data, device: device, options: options)
        }

        func explain(_ options: RunOptions, _ device: Device) throws {
            _ = try svi.explain(steps: 2, lanes: 2, data: data, device: device, options: options)
        }
    }

    /// Rows of one distribution, observed at data 'y'.
    static func rows(
        _ name: String, _ y: [Double], _ text: String?, _ distribution: @escaping @Sendable (Tensor) -> any Distribution
    ) -> Case {
        Case(name, ["y": .shared(y)], text) { m in
            let a = m.sample("a", Normal(0, 1))
            let y = m.data("y", shape: [y.count])
            m.plate("rows", y.count) { m in m.observe("obs", distribution(a), y) }
        }
    }

    static let observed: [Case] = [
        rows(
            "class too large", [1, 3], "site 'obs': the observed value of Categorical is 3 at position 1 (data 'y'); it must be an integer in [0, 2]"
        ) {
            Categorical(logits: Tensor([0, 1, 2]) * $0)
        },
        rows(
            "negative class", [-1, 0], "site 'obs': the observed value of Categorical is -1 at position 0 (data 'y'); it must be an integer in [0, 2]"
        ) {
            Categorical(probabilities: (Tensor([0, 1, 2]) * $0).softmax)
        },
        rows("classes", [2, 0], nil) { Categorical(logits: Tensor([0, 1, 2]) * $0) },
        rows("half a coin", [0.5, 1], "site 'obs': the observed value of Bernoulli is 0.5 at position 0 (data 'y'); it must be 0 or 1") {
            Bernoulli(logits: $0)
        },
        rows("two coins", [1, 2], "site 'obs': the observed value of Bernoulli is 2 at position 1 (data 'y'); it must be 0 or 1") {
            Bernoulli(probabilities: sigmoid($0))
        },
        rows(
            "negative count", [3, -1], "site 'obs': the observed value of Poisson is -1 at position 1 (data 'y'); it must be a non-negative integer"
        ) {
            Poisson(logRate: $0)
        },
        rows(
            "half a count", [2.5, 1], "site 'obs': the observed value of Poisson is 2.5 at position 0 (data 'y'); it must be a non-negative integer"
        ) {
            Poisson(exp($0))
        },
        rows("large counts", [0, 100_000], nil) { Poisson(logRate: $0) },
        rows("negative in LogNormal", [1, -1], "site 'obs': the observed value of LogNormal is -1 at position 1 (data 'y'); it must be positive") {
            LogNormal($0, 1)
        },
        rows(
            "negative in HalfNormal", [-0.5, 1], "site 'obs': the observed value of HalfNormal is -0.5 at position 0 (data 'y'); it must be positive"
        ) {
            HalfNormal(exp($0))
        },
        rows(
            "negative in Exponential", [-2, 1],
            "site 'obs': the observed value of Exponential is -2 at position 0 (data 'y'); it must be non-negative"
        ) {
            Exponential(exp($0))
        },
        rows("outside of Uniform", [1, 4.5], "site 'obs': the observed value of Uniform is 4.5 at position 1 (data 'y'); it must be in [0, 4]") { _ in
            Uniform(0, 4)
        },
        rows("outside of Beta", [0.5, 1.5], "site 'obs': the observed value of Beta is 1.5 at position 1 (data 'y'); it must be in [0, 1]") {
            Beta(exp($0), 2)
        },
        rows("infinite", [1, .infinity], "site 'obs': the observed value of Normal is inf at position 1 (data 'y'); it must be real, and finite") {
            Normal($0, 1)
        },
        rows(
            "infinite and positive", [.infinity, 1],
            "site 'obs': the observed value of Gamma is inf at position 0 (data 'y'); it must be positive, and finite"
        ) {
            Gamma(exp($0), 1)
        },
        rows(
            "outside of a mixture's uniforms", [0.5, 7],
            "site 'obs': the observed value of MixtureSameFamily is 7 at position 1 (data 'y'); it must be in [lower bound, upper bound]"
        ) { a in
            MixtureSameFamily(Categorical(logits: Tensor([0, 1]) * a), Uniform([0, 2], [3, 6]))
        },
        rows("in a mixture's uniforms", [0.5, 5], nil) { a in
            MixtureSameFamily(Categorical(logits: Tensor([0, 1]) * a), Uniform([0, 2], [3, 6]))
        },
        rows(
            "outside of a transformed normal", [2, -3],
            "site 'obs': the observed value of TransformedDistribution is -3 at position 1 (data 'y'); it must be positive"
        ) { a in
            TransformedDistribution(Normal(a, 1), ExpBijector())
        },
        Case(
            "events of several axes", ["y": .shared([0, 1, 1, 2, 0, 1])],
            "site 'obs': the observed value of Bernoulli is 2 at position [1, 1] (data 'y'); it must be 0 or 1"
        ) { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 3) { m in m.observe("obs", Bernoulli(logits: a).expanded(to: [2]).toEvent(1), m.data("y", shape: [3, 2])) }
        },
        Case(
            "no simplex", ["y": .shared([0.5, 0.5, 0.5, 0.6])],
            "site 'obs': the observed value of Dirichlet is [0.5, 0.6] at position 1 (data 'y'); it must be a simplex (non-negative, with sum 1 along the last axis)"
        ) { m in
            let a = m.sample("a", LogNormal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Dirichlet(a * Tensor([1, 2])), m.data("y", shape: [2, 2])) }
        },
        Case(
            "an expression of two data", ["n": .shared([3, 4]), "k": .shared([1, 5])],
            "site 'obs': the observed value of Poisson is -1 at position 1 (data 'k', 'n'); it must be a non-negative integer"
        ) { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Poisson(logRate: a), m.data("n", shape: [2]) - m.data("k", shape: [2])) }
        },
        Case("constants alone", [:], "site 'obs': the observed value of Poisson is -1 at position 1; it must be a non-negative integer") { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Poisson(logRate: a), Tensor([3, 4]) - Tensor([1, 5])) }
        },
        Case("conditioned", ["b": .shared(-1)], "site 's': the observed value of HalfNormal is -1 (data 'b'); it must be positive") { m in
            m.sample("a", Normal(0, 1))
            m.sample("s", HalfNormal(1), observed: m.data("b"))
        },
        Case(
            "integer data", ["y": .shared([0, 1, 5])],
            "site 'obs': the observed value of Categorical is 5 at position 2 (data 'y'); it must be an integer in [0, 1]"
        ) { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 3) { m in m.observe("obs", Categorical(logits: Tensor([0, 1]) * a), m.indices("y", shape: [3])) }
        },
    ]

    /// Values on the end of a support: an error only where the density is not finite.
    static let edges: [Case] = [
        rows(
            "0 in LogNormal", [1, 0],
            "site 'obs': the observed value of LogNormal is 0 at position 1 (data 'y'); the density there is 0 or infinite, whatever its parameters are; it must be positive, and not on the edge"
        ) {
            LogNormal($0, 1)
        },
        rows(
            "0 in Gamma", [0, 1],
            "site 'obs': the observed value of Gamma is 0 at position 0 (data 'y'); the density there is 0 or infinite, whatever its parameters are; it must be positive, and not on the edge"
        ) {
            Gamma(exp($0), 1)
        },
        rows(
            "1 in Beta", [0.5, 1],
            "site 'obs': the observed value of Beta is 1 at position 1 (data 'y'); the density there is 0 or infinite, whatever its parameters are; it must be in [0, 1], and not on the edge"
        ) {
            Beta(2, exp($0))
        },
        rows("1 in Beta whose second parameter is 1", [0.5, 1], nil) { Beta(exp($0), 1) },
        rows("0 in Gamma that is exponential", [0, 1], nil) { Gamma(1, exp($0)) },
        rows("0 in HalfNormal", [0, 1], nil) { HalfNormal(exp($0)) },
        rows("0 in HalfCauchy", [0, 1], nil) { HalfCauchy(exp($0)) },
        rows("0 in Exponential", [0, 1], nil) { Exponential(exp($0)) },
        rows("ends of Uniform", [0, 4], nil) { _ in Uniform(0, 4) },
        Case(
            "0 in Dirichlet", ["y": .shared([0, 1])],
            "site 'obs': the observed value of Dirichlet is [0, 1] (data 'y'); the density there is 0 or infinite, whatever its parameters are; it must be a simplex (non-negative, with sum 1 along the last axis), and not on the edge"
        ) { m in
            let a = m.sample("a", LogNormal(0, 1))
            m.observe("obs", Dirichlet(a * Tensor([1, 2])), m.data("y", shape: [2]))
        },
    ]

    static let others: [Case] = [
        Case("negative scale", ["s": .shared([1, -1])], "site 'obs': scale of Normal is -1 at position 1 (data 's'); it must be positive") { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Normal(a, m.data("s", shape: [2])), 0) }
        },
        Case("scale 0", ["s": .shared(0)], "site 'a': scale of HalfCauchy is 0 (data 's'); it must be positive") { m in
            m.sample("a", HalfCauchy(m.data("s")))
        },
        Case("infinite location", ["x": .shared(-.infinity)], "site 'a': loc of Normal is -inf (data 'x'); it must be real, and finite") { m in
            m.sample("a", Normal(m.data("x"), 1))
        },
        Case(
            "concentration in an event", ["c": .shared([1, 0, 2])],
            "site 'p': concentration of Dirichlet is 0 at position 1 (data 'c'); it must be positive"
        ) { m in
            m.sample("p", Dirichlet(m.data("c", shape: [3])))
        },
        Case(
            "in a component of a mixture", ["s": .shared([1, -2])],
            "site 'obs': scale of MixtureSameFamily is -2 at position 1 (data 's'); it must be positive"
        ) { m in
            let a = m.sample("a", Normal(0, 1))
            m.observe("obs", MixtureSameFamily(Categorical(probabilities: [0.5, 0.5]), Normal(a, m.data("s", shape: [2]))), 0)
        },
        Case(
            "infinite logits", ["l": .shared([0, .infinity])],
            "site 'obs': logits of Bernoulli is inf at position 1 (data 'l'); it must be real, and finite"
        ) { m in
            m.sample("a", Normal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Bernoulli(logits: m.data("l", shape: [2])), 1) }
        },
        Case(
            "logits of certain outcomes", ["p": .shared([0, 0.5])],
            "site 'obs': logits of Bernoulli is -inf at position 0 (data 'p'); it must be real, and finite"
        ) { m in
            m.sample("a", Normal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Bernoulli(logits: logit(m.data("p", shape: [2]))), 0) }
        },
        Case(
            "infinite logits of classes", ["l": .shared([0, .infinity])],
            "site 'obs': logits of Categorical is inf at position 1 (data 'l'); it must be real, or -inf"
        ) { m in
            m.sample("a", Normal(0, 1))
            m.observe("obs", Categorical(logits: m.data("l", shape: [2])), 0)
        },
        Case(
            "infinite weights of a mixture", ["l": .shared([.infinity, 0])],
            "site 'obs': logits of MixtureSameFamily is inf at position 0 (data 'l'); it must be real, or -inf"
        ) { m in
            let a = m.sample("a", Normal(0, 1))
            m.observe("obs", MixtureSameFamily(Categorical(logits: m.data("l", shape: [2])), Normal(Tensor.stack([a, a + 1]), 1)), 0)
        },
        Case("classes that cannot be", ["l": .shared([0, -.infinity])], nil) { m in
            m.sample("a", Normal(0, 1))
            m.observe("obs", Categorical(logits: m.data("l", shape: [2])), 0)
        },
        Case(
            "probabilities", ["p": .shared([0.5, 0.6])],
            "site 'obs': probabilities of Categorical is [0.5, 0.6] (data 'p'); it must be a simplex (non-negative, with sum 1 along the last axis)"
        ) { m in
            let a = m.sample("a", Normal(0, 1))
            m.factor("f", -a * a)
            m.observe("obs", Categorical(probabilities: m.data("p", shape: [2])), 0)
        },
        Case("an impossible class", ["l": .shared([0, -.infinity])], nil) { m in
            let a = m.sample("a", Normal(0, 1))
            m.factor("f", -a * a)
            m.observe("obs", Categorical(logits: m.data("l", shape: [2])), 0)
        },
        Case("an end without bound", ["high": .shared(.infinity)], nil) { m in
            let a = m.sample("a", Normal(0, 1))
            m.factor("f", select(a .< m.data("high"), -a * a, 0))
        },
        Case("a bound below another", ["low": .shared(2)], "site 'u': high of Uniform is 1 (data 'low'); it must be greater than its lower bound") {
            m in
            m.sample("u", Uniform(m.data("low"), 1))
        },
        Case("parameter of a hidden latent", ["s": .shared(-1)], "site 'h': scale of Normal is -1 (data 's'); it must be positive", guide: hiding.1) {
            m in
            hiding.0(&m)
        },
        Case("negative weight", ["w": .shared([1, -1])], "site 'obs': the scale is -1 at position 1 (data 'w'); it must be non-negative") { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 2) { m in m.scale(m.data("w", shape: [2])) { m in m.observe("obs", Normal(a, 1), 0) } }
        },
        Case("infinite weight of a factor", ["w": .shared(.infinity)], "site 'f': the scale is inf (data 'w'); it must be non-negative, and finite") {
            m in
            let a = m.sample("a", Normal(0, 1))
            m.scale(m.data("w")) { m in m.factor("f", -a * a) }
        },
        Case("infinite factor", ["f": .shared(-.infinity)], "site 'f': the factor is -inf (data 'f'); it must be real, and finite") { m in
            m.sample("a", Normal(0, 1))
            m.factor("f", m.data("f"))
        },
        Case("computed index", ["g": .shared([1, 2, 3])], "site 'obs': an index is 3 at position 2 (data 'g'); it must lie in 0 ..< 3") { m in
            let level = m.plate("groups", 3) { m in m.sample("level", Normal(0, 1)) }
            m.plate("rows", 3) { m in m.observe("obs", Normal(level[m.data("g", shape: [3]).asInt], 1), 0) }
        },
        Case("index from 1", ["g": .shared([0, 1, 2])], "site 'obs': an index is -1 at position 0 (data 'g'); it must lie in 0 ..< 3") { m in
            let level = m.plate("groups", 3) { m in m.sample("level", Normal(0, 1)) }
            m.plate("rows", 3) { m in m.observe("obs", Normal(level[m.indices("g", shape: [3]) - Tensor(integers: [1])], 1), 0) }
        },
        Case("index of a sum", ["g": .shared([0, 2])], "site 'obs': an index is 2 at position 1 (data 'g'); it must lie in 0 ..< 2") { m in
            let a = m.sample("a", Normal(0, 1).expanded(to: [2]).toEvent(1))
            m.plate("rows", 2) { m in m.observe("obs", Normal(a.segmentSum(m.indices("g", shape: [2]), count: 2), 1), 0) }
        },
        Case("constant index", [:], "site 'obs': an index is 5 at position 1; it must lie in 0 ..< 3") { m in
            let level = m.plate("groups", 3) { m in m.sample("level", Normal(0, 1)) }
            m.plate("rows", 2) { m in m.observe("obs", Normal(level[Tensor(integers: [0, 5])], 1), 0) }
        },
        Case("start of a param", ["p": .shared(-1)], "site 'w': the initial value is -1 (data 'p'); it must be positive, and not on the edge") { m in
            let w = m.param("w", m.data("p"), constraint: .positive)
            m.sample("a", Normal(0, w))
        },
        Case(
            "start of a param on the edge", ["p": .shared(1)],
            "site 'w': the initial value is 1 (data 'p'); it must be in [0, 1], and not on the edge"
        ) { m in
            let w = m.param("w", m.data("p"), constraint: .unitInterval)
            m.sample("a", Normal(0, w))
        },
        Case(
            "parameter in the guide", ["s": .shared(-2)], "site 'a': scale of Normal is -2 (data 's'); it must be positive",
            guide: Model { m in m.sample("a", Normal(m.param("loc", 0), m.data("s"))) }
        ) { m in m.sample("a", Normal(0, 1)) },
        Case("a latent's bounds are not known", ["y": .shared([1, 2])], nil) { m in
            let high = m.sample("high", LogNormal(3, 0.1))
            m.plate("rows", 2) { m in m.observe("obs", Uniform(0, high), m.data("y", shape: [2])) }
        },
    ]

    static let hiding: (@Sendable (inout ModelContext) -> Void, any Guide) = {
        let body: @Sendable (inout ModelContext) -> Void = { m in
            m.sample("a", Normal(0, 1))
            m.sample("h", Normal(0, m.data("s")))
        }
        return (body, AutoNormal(Model(body).block(hide: ["h"])))
    }()

    @Test(arguments: observed + edges + others)
    func text(_ test: Case) throws {
        for device in TestDevice.all {
            for precision in Precision.allCases where precision == .float || device.hasDouble {
                var options = RunOptions()
                options.precision = precision
                let text = errorText {
                    // What is right need not be compiled.
                    if test.text == nil { try test.explain(options, device.device) } else { try test.run(lanes: 2, options, device.device) }
                }
                #expect(text == test.text, "\(device.testDescription), \(precision)")
            }
        }
    }

    /// What only single precision makes wrong is said, and is right in double precision.
    @Test func roundingIsTold() throws {
        func text(_ data: [String: LaneData], _ precision: Precision, _ body: @escaping @Sendable (inout ModelContext) -> Void) -> String? {
            var options = RunOptions()
            options.precision = precision
            return errorText { try Case("", data, nil, body).run(lanes: 1, options, .cpu) }
        }
        let scale: @Sendable (inout ModelContext) -> Void = { m in m.sample("a", Normal(0, m.data("s"))) }
        #expect(
            text(["s": .shared(1e-60)], .float, scale)
                == "site 'a': scale of Normal is 1e-60, which single precision rounds to 0 (data 's'); it must be positive")
        #expect(text(["s": .shared(1e-60)], .double, scale) == nil)
        let beta: @Sendable (inout ModelContext) -> Void = { m in m.observe("y", Beta(m.sample("a", LogNormal(0, 1)), 2), m.data("y")) }
        let found = text(["y": .shared(1 - 1e-12)], .float, beta)
        #expect(found?.contains("0.999999999999, which single precision rounds to 1") == true, "\(found ?? "nothing")")
        #expect(text(["y": .shared(1 - 1e-12)], .double, beta) == nil)
        let huge = text(["y": .shared(1e39)], .float) { m in m.observe("y", Normal(m.sample("a", Normal(0, 1)), 1), m.data("y")) }
        #expect(huge?.contains("is 1e+39, which single precision rounds to inf") == true, "\(huge ?? "nothing")")
    }

    /// A user's own distribution is checked by its own support and parameters.
    @Test func distributionsOfTheUser() {
        struct Degrees: BatchedDistribution {
            let spread: Tensor
            var batch: Batch
            init(_ spread: Tensor) {
                self.spread = spread
                batch = Batch(of: "Degrees", [spread])
            }
            var support: Constraint { .interval(0, 360) }
            var parameters: [DistributionParameter] { [.init("spread", spread, .greaterThan(1))] }
            func logProb(_ value: Tensor) -> Tensor { batch.complete(-value / spread - log(spread)) }
            func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor { batch.complete(source.uniform(shape(sampleShape: sampleShape))) }
            var mean: Tensor { batch.complete(0) }
            var variance: Tensor { batch.complete(0) }
        }
        func text(_ y: Double, _ spread: Double) -> String? {
            let test = Case("", ["y": .shared(y), "s": .shared(spread)], nil) { m in
                m.sample("a", Normal(0, 1))
                m.observe("obs", Degrees(m.data("s")), m.data("y"))
            }
            return errorText { try test.run(lanes: 1, RunOptions(), .cpu) }
        }
        #expect(text(361, 2) == "site 'obs': the observed value of Degrees is 361 (data 'y'); it must be in [0, 360]")
        #expect(text(90, 1) == "site 'obs': spread of Degrees is 1 (data 's'); it must be greater than 1")
        #expect(text(360, 2) == nil)
    }

    /// Masks and weights of 0 exclude from the check what they exclude from the density.
    @Test func whatIsExcludedIsNotChecked() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 3) { m in
                m.mask(0 .< m.data("ok", shape: [3])) { m in
                    m.observe("count", Poisson(logRate: a), m.data("y", shape: [3]))
                    m.observe("normal", Normal(a, m.data("s", shape: [3])), 0)
                }
                m.scale(m.data("w", shape: [3])) { m in m.observe("weighed", Bernoulli(logits: a), m.data("z", shape: [3])) }
            }
        }
        let good: [String: LaneData] = [
            "ok": .shared([1, 0, 1]), "y": .shared([1, -3, 2]), "s": .shared([1, 0, 2]), "w": .shared([1, 1, 0]), "z": .shared([0, 1, 7]),
        ]
        func text(_ name: String, _ data: [Double]) -> String? {
            errorText {
                _ = try SVI(model, guide: AutoNormal(model), optimizer: Adam())
                    .run(keys: [Key(0)], steps: 1, data: good.merging([name: .shared(data)]) { $1 }, device: .cpu)
            }
        }
        #expect(text("ok", [1, 0, 1]) == nil)
        #expect(text("y", [1, -3, -4])?.contains("'count': the observed value of Poisson is -4 at position 2 (data 'y')") == true)
        #expect(text("s", [1, 0, 0])?.contains("'normal': scale of Normal is 0 at position 2 (data 's')") == true)
        #expect(text("z", [0, 3, 7])?.contains("'weighed': the observed value of Bernoulli is 3 at position 1 (data 'z')") == true)
    }
}

extension Tensor {
    fileprivate var softmax: Tensor { exp(logSoftmax()) }
}
