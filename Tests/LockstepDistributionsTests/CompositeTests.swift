import LockstepDistributions
import TestSupport
import Testing

@testable import LockstepTensor

@Suite struct CompositeTests {
    private func evaluate(_ x: Tensor, _ inputs: [String: [Double]] = [:]) throws -> [Double] {
        try ReferenceEvaluator.evaluate(x, inputs: inputs)
    }

    @Test func deltaIsAllOnItsPoint() throws {
        #expect(try evaluate(Delta(2).logProb([1.9, 2, 3])) == [-.infinity, 0, -.infinity])
        #expect(try evaluate(Delta(2, logDensity: -0.5).logProb(2)) == [-0.5])
        let vector = Delta([1, 2], eventRank: 1)
        #expect(try evaluate(vector.logProb(Tensor([1, 2, 1, 3], shape: [2, 2]))) == [0, -.infinity])
        #expect(try evaluate(vector.sample(.forTests, sampleShape: [2])) == [1, 2, 1, 2])
        // Gradients flow through the point itself.
        let point = Tensor.named("point")
        let gradient = Gradient.of(square(Delta(point).sample(.forTests)), withRespectTo: [point])[0]
        #expect(try evaluate(gradient, ["point": [3]]) == [6])
    }

    @Test func independentSumsItsEvent() throws {
        let base = Normal([0, 1, 2], [1, 2, 3])
        let value = Tensor([0.3, -1, 4, 2, 2, 2], shape: [2, 3])
        let each = try evaluate(base.logProb(value))
        let sums = try evaluate(base.toEvent(1).logProb(value))
        #expect(sums.count == 2)
        for row in 0..<2 { #expect(agree(sums[row], each[row * 3..<row * 3 + 3].reduce(0, +), relative: 1e-14)) }
        // Also where parameters are shared by the whole event.
        let expanded = Normal(0, 1).expanded(to: [3]).toEvent(1)
        #expect(agree(try evaluate(expanded.logProb(0))[0], 3 * (try evaluate(Normal(0, 1).logProb(0))[0]), relative: 1e-14))
    }

    @Test func transformedNormalIsLogNormal() throws {
        let values = Tensor([0.01, 0.4, 1, 3, 80])
        let transformed = TransformedDistribution(Normal(0.3, 0.7), ExpBijector())
        let pairs = zip(try evaluate(transformed.logProb(values)), try evaluate(LogNormal(0.3, 0.7).logProb(values)))
        for (a, b) in pairs { #expect(agree(a, b, relative: 1e-13, absolute: 1e-13)) }
        #expect(try evaluate(transformed.logProb([0, -2])) == [-.infinity, -.infinity])
        #expect(transformed.support.description == "positive")
    }

    @Test func affineTransformationsKeepFamilies() throws {
        let values = Tensor([2.2, 2.9, 7])
        let normal = TransformedDistribution(Normal(0.5, 2), AffineBijector(1, 3))
        for (a, b) in zip(try evaluate(normal.logProb(values)), try evaluate(Normal(2.5, 6).logProb(values))) {
            #expect(agree(a, b, relative: 1e-13))
        }
        #expect(try evaluate(normal.mean) == [2.5] && evaluate(normal.variance) == [36])
        let uniform = TransformedDistribution(Uniform(0, 1), AffineBijector(2, 4))
        for (a, b) in zip(try evaluate(uniform.logProb([1, 2.5, 7])), try evaluate(Uniform(2, 6).logProb([1, 2.5, 7]))) {
            #expect(agree(a, b, relative: 1e-13))
        }
        #expect("\(uniform.support)" == "in [2, 6]")
    }

    /// The density of a logistic-normal vector, by summing over the determinant by hand for two classes.
    @Test func stickBreakingTransforms() throws {
        let distribution = TransformedDistribution(Normal([0.3], 1.2), StickBreakingBijector())
        for share in [0.1, 0.5, 0.93] {
            let x = logit(Tensor(share))
            let expected = Normal(0.3, 1.2).logProb(x) - log(Tensor(share)) - log(Tensor(1 - share))
            let actual = distribution.logProb([share, 1 - share].tensor)
            #expect(agree(try evaluate(actual)[0], try evaluate(expected)[0], relative: 1e-12))
        }
    }

    @Test func transformedGradients() throws {
        let (loc, scale, value) = (Tensor.named("loc", [2]), Tensor.named("scale", [2]), Tensor.named("value", [3]))
        let simplex = TransformedDistribution(Normal(loc, scale), StickBreakingBijector())
        let report = try FiniteDifferences.check(
            simplex.logProb(value), withRespectTo: [loc, scale, value],
            at: ["loc": [0.2, -0.4], "scale": [0.8, 1.5], "value": [0.3, 0.45, 0.25]])
        #expect(report.worst < 1e-7, "\(report)")
    }

    @Test func mixtureOfVectors() throws {
        let loc = Tensor([0, 1, 5, 6], shape: [2, 2])
        let mixture = MixtureSameFamily(Categorical(logits: [0, 1]), Normal(loc, 1).toEvent(1))
        let value = Tensor([0.2, 0.7])
        let weights = try evaluate(Categorical(logits: [0, 1]).probabilities)
        let parts = try (0..<2).map { k in try evaluate(exp(Normal(loc[k], 1).toEvent(1).logProb(value)))[0] }
        let expected = try evaluate(log(Tensor(weights[0] * parts[0] + weights[1] * parts[1])))[0]
        #expect(agree(try evaluate(mixture.logProb(value))[0], expected, relative: 1e-12))
        #expect(try evaluate(mixture.mean).count == 2)
        #expect(agree(try evaluate(mixture.mean)[0], weights[1] * 5, relative: 1e-13))
    }

    @Test func mixtureFarFromAllComponentsStaysFinite() throws {
        let (loc, value) = (Tensor.named("loc", [2]), Tensor.named("value"))
        let logProb = MixtureSameFamily(Categorical(probabilities: [1, 0]), Normal(loc, 1)).logProb(value)
        let point: [String: [Double]] = ["loc": [0, 5], "value": [1e4]]
        let all = try ReferenceEvaluator.evaluate([logProb] + Gradient.of(logProb, withRespectTo: [loc, value]), inputs: point)
        #expect(all.allSatisfy { $0.allSatisfy { $0.isFinite } })
    }

    @Test func mixturesOfCountsStayIntegers() {
        let mixture = MixtureSameFamily(Categorical(probabilities: [0.5, 0.5]), Bernoulli(probabilities: [0.1, 0.9]))
        #expect(mixture.isDiscrete && mixture.sample(.forTests).dtype == .int)
    }

    @Test func finiteSupportsAreEnumerated() throws {
        #expect(try evaluate(try #require(Bernoulli(logits: 0).enumeratedSupport)) == [0, 1])
        #expect(try evaluate(try #require(Categorical(logits: [0, 1, 2]).enumeratedSupport)) == [0, 1, 2])
        #expect(Poisson(1).enumeratedSupport == nil && Normal(0, 1).enumeratedSupport == nil)
        for distribution in [Bernoulli(logits: 0.7), Categorical(logits: [0, 1, 2])] as [any Distribution] {
            let support = try #require(distribution.enumeratedSupport)
            #expect(support.dtype == .int && distribution.sample(.forTests).dtype == .int)
            let total = try evaluate(exp(distribution.logProb(support)).sum())
            #expect(agree(total[0], 1, relative: 1e-14))
        }
    }
}

extension [Double] {
    fileprivate var tensor: Tensor { Tensor(self) }
}
