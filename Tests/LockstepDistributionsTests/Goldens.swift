import Foundation
import LockstepDistributions
import LockstepTensor
import TestSupport
import Testing

/// A family under test, and how it is built from named parameters.
struct Family: Hashable, Sendable, Decodable, ExpressibleByStringLiteral, CustomStringConvertible {
    struct Parameters {
        let byName: [String: Tensor]
        subscript(name: String) -> Tensor { byName[name] ?? Tensor(.nan) }
    }

    /// One row for each family: its goldens are found by its name.
    private static let table: [(name: String, make: @Sendable (Parameters) -> any Distribution)] = [
        ("Normal", { p in Normal(p["loc"], p["scale"]) }),
        ("HalfNormal", { p in HalfNormal(p["scale"]) }),
        ("LogNormal", { p in LogNormal(p["loc"], p["scale"]) }),
        ("Cauchy", { p in Cauchy(p["loc"], p["scale"]) }),
        ("HalfCauchy", { p in HalfCauchy(p["scale"]) }),
        ("StudentT", { p in StudentT(p["degreesOfFreedom"], p["loc"], p["scale"]) }),
        ("Exponential", { p in Exponential(p["rate"]) }),
        ("Uniform", { p in Uniform(p["low"], p["high"]) }),
        ("Gamma", { p in Gamma(p["concentration"], p["rate"]) }),
        ("Beta", { p in Beta(p["concentration1"], p["concentration0"]) }),
        ("MultivariateNormal", { p in MultivariateNormal(p["loc"], scaleTril: p["scaleTril"].squareMatrices) }),
        ("Dirichlet", { p in Dirichlet(p["concentration"]) }),
        ("BernoulliProbabilities", { p in Bernoulli(probabilities: p["probabilities"]) }),
        ("BernoulliLogits", { p in Bernoulli(logits: p["logits"]) }),
        ("CategoricalProbabilities", { p in Categorical(probabilities: p["probabilities"]) }),
        ("CategoricalLogits", { p in Categorical(logits: p["logits"]) }),
        ("Poisson", { p in Poisson(p["rate"]) }),
        ("PoissonLogRate", { p in Poisson(logRate: p["logRate"]) }),
        ("NormalMixture", { p in MixtureSameFamily(Categorical(probabilities: p["probabilities"]), Normal(p["loc"], p["scale"])) }),
    ]

    let name: String

    static let all = table.map { Family(name: $0.name) }

    private init(name: String) { self.name = name }

    init(stringLiteral name: String) { self.name = name }

    init(from decoder: any Decoder) throws { name = try decoder.singleValueContainer().decode(String.self) }

    var description: String { name }

    func make(_ parameters: [String: Tensor]) -> any Distribution {
        // Goldens of a family that is not in the table fail their tests.
        Self.table.first { $0.name == name }?.make(Parameters(byName: parameters)) ?? Normal(Tensor(.nan), Tensor(.nan))
    }
}

/// One distribution with fixed parameters, from `Tests/Goldens/distributions.json`.
struct GoldenCase: Sendable, Decodable, CustomTestStringConvertible {
    struct Point: Sendable, Decodable {
        let value: [Double]
        let logProb: Double
        let interior: Bool
        let cdf: Double?
    }

    let distribution: Family
    let parameters: [String: [Double]]
    let mean: [Double]
    let variance: [Double]
    let points: [Point]

    var testDescription: String { "\(distribution)\(parameters)" }

    static let all: [GoldenCase] = {
        struct File: Decodable { let cases: [GoldenCase] }
        let url = Repository.tests.appendingPathComponent("Goldens/distributions.json")
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        guard let data = try? Data(contentsOf: url), let file = try? decoder.decode(File.self, from: data) else { return [] }
        return file.cases
    }()

    /// How parameters and values are laid out.
    enum Layout: CaseIterable, Sendable {
        /// One set of parameters for all values.
        case shared
        /// Parameters of their own for each value.
        case batched
    }

    /// The parameters as inputs, and what to bind to them.
    func inputs(_ layout: Layout, count: Int) -> (tensors: [String: Tensor], bindings: [String: [Double]]) {
        let lead = layout == .shared ? [] : [count]
        var tensors: [String: Tensor] = [:]
        var bindings: [String: [Double]] = [:]
        for (name, values) in parameters {
            tensors[name] = .named(name, lead + (values.count > 1 ? [values.count] : []))
            bindings[name] = layout == .shared ? values : Array(repeating: values, count: count).flatMap { $0 }
        }
        return (tensors, bindings)
    }

    /// With the parameters written as literals.
    var literal: any Distribution {
        distribution.make(
            parameters.mapValues { $0.count > 1 ? Tensor($0) : Tensor($0[0]) })
    }

    /// The shape of a stack of `count` values.
    func valueShape(_ count: Int) -> Shape {
        let extent = points.first?.value.count ?? 1
        return extent > 1 ? [count, extent] : [count]
    }
}

extension Tensor {
    /// Matrices from their elements along the last axis.
    fileprivate var squareMatrices: Tensor {
        let n = Int(Double(shape.last ?? 0).squareRoot())
        return reshape(shape.dropLast() + [n, n])
    }
}

/// Whether two numbers agree, infinities and NaN included.
func agree(_ a: Double, _ b: Double, relative: Double, absolute: Double = 0) -> Bool {
    if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
    if a.isInfinite || b.isInfinite { return a == b }
    return (a - b).magnitude <= Swift.max(relative * Swift.max(a.magnitude, b.magnitude), absolute)
}
