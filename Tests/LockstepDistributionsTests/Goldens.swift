import Foundation
import LockstepDistributions
import LockstepTensor
import TestSupport
import Testing

/// The families under test, and how each is built from named parameters.
enum Family: String, CaseIterable, Sendable, Decodable {
    case Normal, HalfNormal, LogNormal, Cauchy, HalfCauchy, StudentT, Exponential, Uniform, Gamma, Beta, Dirichlet
    case BernoulliProbabilities, BernoulliLogits, CategoricalProbabilities, CategoricalLogits
    case Poisson, PoissonLogRate, NormalMixture

    func make(_ p: [String: Tensor]) -> any Distribution {
        func get(_ name: String) -> Tensor { p[name] ?? Tensor(.nan) }
        let (loc, scale) = (get("loc"), get("scale"))
        switch self {
        case .Normal: return LockstepDistributions.Normal(loc, scale)
        case .HalfNormal: return LockstepDistributions.HalfNormal(scale)
        case .LogNormal: return LockstepDistributions.LogNormal(loc, scale)
        case .Cauchy: return LockstepDistributions.Cauchy(loc, scale)
        case .HalfCauchy: return LockstepDistributions.HalfCauchy(scale)
        case .StudentT: return LockstepDistributions.StudentT(get("degreesOfFreedom"), loc, scale)
        case .Exponential: return LockstepDistributions.Exponential(get("rate"))
        case .Uniform: return LockstepDistributions.Uniform(get("low"), get("high"))
        case .Gamma: return LockstepDistributions.Gamma(get("concentration"), get("rate"))
        case .Beta: return LockstepDistributions.Beta(get("concentration1"), get("concentration0"))
        case .Dirichlet: return LockstepDistributions.Dirichlet(get("concentration"))
        case .BernoulliProbabilities: return Bernoulli(probabilities: get("probabilities"))
        case .BernoulliLogits: return Bernoulli(logits: get("logits"))
        case .CategoricalProbabilities: return Categorical(probabilities: get("probabilities"))
        case .CategoricalLogits: return Categorical(logits: get("logits"))
        case .Poisson: return LockstepDistributions.Poisson(get("rate"))
        case .PoissonLogRate: return LockstepDistributions.Poisson(logRate: get("logRate"))
        case .NormalMixture:
            return MixtureSameFamily(Categorical(probabilities: get("probabilities")), LockstepDistributions.Normal(loc, scale))
        }
    }

    /// Whether a parameter is a vector for each element of the batch.
    var hasVectorParameters: Bool {
        [.Dirichlet, .CategoricalProbabilities, .CategoricalLogits, .NormalMixture].contains(self)
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
            tensors[name] = .named(name, lead + (distribution.hasVectorParameters ? [values.count] : []))
            bindings[name] = layout == .shared ? values : Array(repeating: values, count: count).flatMap { $0 }
        }
        return (tensors, bindings)
    }

    /// With the parameters written as literals.
    var literal: any Distribution {
        distribution.make(
            parameters.mapValues {
                distribution.hasVectorParameters ? Tensor($0) : Tensor($0[0])
            })
    }

    /// The shape of a stack of `count` values.
    func valueShape(_ count: Int) -> Shape { distribution == .Dirichlet ? [count, parameters["concentration"]?.count ?? 0] : [count] }
}

/// Whether two numbers agree, infinities and NaN included.
func agree(_ a: Double, _ b: Double, relative: Double, absolute: Double = 0) -> Bool {
    if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
    if a.isInfinite || b.isInfinite { return a == b }
    return (a - b).magnitude <= Swift.max(relative * Swift.max(a.magnitude, b.magnitude), absolute)
}
