import LockstepDistributions
import TestSupport
import Testing

@testable import LockstepTensor

/// A distribution with the shapes that it must have.
struct ShapeCase: Sendable, CustomTestStringConvertible {
    let distribution: any Distribution
    let batch: Shape
    let event: Shape
    var testDescription: String { "\(type(of: distribution)) \(batch) \(event)" }

    init(_ distribution: any Distribution, _ batch: Shape, _ event: Shape = []) {
        (self.distribution, self.batch, self.event) = (distribution, batch, event)
    }

    static let all: [ShapeCase] = {
        let three = Tensor([0.2, 0.3, 0.5])
        let column = Tensor([1, 2], shape: [2, 1])
        let factor = Tensor([1, 0, 0, 0.5, 2, 0, -1, 0.3, 0.7], shape: [3, 3])
        let factors = Tensor.stack([factor, 2 * factor])
        let weights = Tensor([0.2, 0.8, 0.5, 0.5, 0.1, 0.9], shape: [3, 2])
        return [
            ShapeCase(Normal(0, 5), []), ShapeCase(Normal(three, 1), [3]), ShapeCase(Normal(three, column), [2, 3]),
            ShapeCase(HalfNormal(three), [3]), ShapeCase(Cauchy(column, three), [2, 3]), ShapeCase(HalfCauchy(5), []),
            ShapeCase(StudentT(3, 0, three), [3]), ShapeCase(LogNormal(column, 1), [2, 1]), ShapeCase(Exponential(three), [3]),
            ShapeCase(Uniform(0, column), [2, 1]), ShapeCase(Gamma(2, three), [3]), ShapeCase(Beta(column, three), [2, 3]),
            ShapeCase(Dirichlet(three), [], [3]), ShapeCase(Dirichlet(three + column), [2], [3]),
            ShapeCase(MultivariateNormal(three, scaleTril: factor), [], [3]),
            ShapeCase(MultivariateNormal(three + column, scaleTril: factor), [2], [3]),
            ShapeCase(MultivariateNormal(three, scaleTril: factors), [2], [3]),
            ShapeCase(MultivariateNormal((three + column).expandingShape(at: 1), scaleTril: factors), [2, 2], [3]),
            ShapeCase(MultivariateNormal(three + column, covariance: matmul(factor, factor.transposed)), [2], [3]),
            ShapeCase(MultivariateNormal([1], scaleTril: Tensor([2], shape: [1, 1])), [], [1]),
            ShapeCase(MultivariateNormal(three, scaleTril: factors).toEvent(1), [], [2, 3]),
            ShapeCase(MixtureSameFamily(Categorical(probabilities: [0.5, 0.5]), MultivariateNormal(three + column, scaleTril: factors)), [], [3]),
            ShapeCase(Bernoulli(probabilities: three), [3]), ShapeCase(Bernoulli(logits: column), [2, 1]),
            ShapeCase(Categorical(probabilities: three), []), ShapeCase(Categorical(probabilities: weights), [3]),
            ShapeCase(Categorical(logits: column + three), [2]),
            ShapeCase(Poisson(three), [3]), ShapeCase(Poisson(logRate: 1), []),
            ShapeCase(Delta(three), [3]), ShapeCase(Delta(three, eventRank: 1), [], [3]),
            ShapeCase(Delta(three + column, logDensity: [1, 2], eventRank: 1), [2], [3]),
            ShapeCase(Independent(Normal(three, column), 1), [2], [3]), ShapeCase(Normal(three, column).toEvent(2), [], [2, 3]),
            ShapeCase(Dirichlet(three + column).toEvent(1), [], [2, 3]), ShapeCase(Normal(three, 1).toEvent(0), [3]),
            ShapeCase(TransformedDistribution(Normal(three, 1), ExpBijector()), [3]),
            ShapeCase(TransformedDistribution(Normal(0, 1), AffineBijector(three, 2)), [3]),
            ShapeCase(TransformedDistribution(Normal(three, column), StickBreakingBijector()), [2], [4]),
            ShapeCase(TransformedDistribution(Normal(three, column).toEvent(2), StickBreakingBijector()), [], [2, 4]),
            ShapeCase(TransformedDistribution(Normal(three, 1).toEvent(1), ExpBijector()), [], [3]),
            ShapeCase(MixtureSameFamily(Categorical(probabilities: three), Normal(three, 1)), []),
            ShapeCase(MixtureSameFamily(Categorical(probabilities: weights), Normal([0, 1], 1)), [3]),
            ShapeCase(MixtureSameFamily(Categorical(probabilities: [0.5, 0.5]), Normal(column, three).toEvent(1)), [], [3]),
            ShapeCase(MixtureSameFamily(Categorical(probabilities: three), Bernoulli(probabilities: three)), []),
        ]
    }()
}

@Suite struct ShapeTests {
    static let source = RandomSource.forTests

    @Test(arguments: ShapeCase.all)
    func shapesAreThoseDeclared(_ item: ShapeCase) throws {
        let (distribution, batch, event) = (item.distribution, item.batch, item.event)
        #expect(distribution.failure == nil)
        #expect(distribution.batchShape == batch && distribution.eventShape == event)
        #expect(distribution.support.eventRank == event.count)
        #expect(distribution.mean.shape == batch + event && distribution.variance.shape == batch + event)
        for lead in [[], [1], [4, 2]] as [Shape] {
            let sample = distribution.sample(Self.source, sampleShape: lead)
            #expect(sample.failure == nil && sample.shape == lead + batch + event)
            #expect(distribution.logProb(sample).shape == lead + batch)
            #expect(distribution.support.check(sample).shape == lead + batch)
            #expect(try ReferenceEvaluator.evaluate(distribution.logProb(sample)).allSatisfy { $0.isFinite })
        }
    }

    /// Expanding repeats the density, and draws anew for each element.
    @Test(arguments: ShapeCase.all)
    func expandedRepeatsTheDensity(_ item: ShapeCase) throws {
        let distribution = item.distribution
        let target = [3] + item.batch.map { $0 == 1 ? 2 : $0 }
        let expanded = distribution.expanded(to: target)
        #expect(expanded.failure == nil && expanded.batchShape == target && expanded.eventShape == item.event)
        #expect(expanded.mean.shape == target + item.event)
        let sample = expanded.sample(Self.source)
        #expect(sample.shape == target + item.event)
        let logProb = expanded.logProb(sample)
        #expect(logProb.shape == target)
        let plain = distribution.logProb(sample)
        let same = try ReferenceEvaluator.evaluate([logProb, plain.broadcast(to: target)])
        #expect(same[0] == same[1])
        if !distribution.isDiscrete, !(distribution is Delta) {
            #expect(Set(try ReferenceEvaluator.evaluate(sample)).count > sample.count / 2)
        }
        // One event for the whole batch.
        let single = Tensor(repeating: 0.5, shape: item.event)
        #expect(expanded.logProb(single).shape == target)
        if !item.batch.isEmpty { #expect(distribution.expanded(to: [7] + item.batch + [11]).failure != nil) }
    }

    @Test func mistakesAreCarriedNotTrapped() {
        let two = Tensor([1, 2])
        let three = Tensor([0.2, 0.3, 0.5])
        let wrong = two + three
        let mistakes: [any Distribution] = [
            Normal(two, three), Cauchy(two, three), StudentT(two, three), LogNormal(two, three), Uniform(two, three),
            Gamma(two, three), Beta(two, three), HalfNormal(wrong), HalfCauchy(wrong), Exponential(wrong), Poisson(wrong),
            Poisson(logRate: wrong), Bernoulli(probabilities: wrong), Bernoulli(logits: wrong), Dirichlet(1), Dirichlet(wrong), Dirichlet([]),
            Categorical(logits: []), MultivariateNormal(three, scaleTril: .identity(2)), MultivariateNormal(wrong, scaleTril: .identity(3)),
            MultivariateNormal(three, scaleTril: wrong), MultivariateNormal(1, scaleTril: .identity(1)), MultivariateNormal(three, scaleTril: three),
            MultivariateNormal([], scaleTril: .identity(0)), MultivariateNormal(three, covariance: Tensor(repeating: 1, shape: [3, 2])),
            MultivariateNormal(Tensor(repeating: 0, shape: [4, 3]), scaleTril: Tensor(repeating: 1, shape: [2, 3, 3])),
            MultivariateNormal(two, scaleTril: .identity(2)).expanded(to: [2]).expanded(to: [3]),
            Categorical(probabilities: 1), Categorical(logits: wrong), Delta(wrong), Delta(two, eventRank: 2),
            Delta(two, logDensity: three), Independent(Normal(0, 1), 1), Independent(Normal(two, three), 0), Normal(two, 1).toEvent(-1),
            TransformedDistribution(Normal(two, three), ExpBijector()), TransformedDistribution(Poisson(1), ExpBijector()),
            MixtureSameFamily(Categorical(probabilities: three), Normal(two, 1)),
            MixtureSameFamily(Categorical(probabilities: three), Normal(0, 1)),
            MixtureSameFamily(Categorical(logits: 1), Normal(two, 1)),
            Normal(two, 1).expanded(to: [3]), Dirichlet(three).expanded(to: [2]).expanded(to: [3]),
        ]
        for distribution in mistakes {
            #expect(distribution.failure != nil, "\(distribution)")
            #expect(distribution.logProb(1).failure != nil, "\(distribution)")
            #expect(distribution.logProb(three).failure != nil, "\(distribution)")
            #expect(distribution.sample(Self.source).failure != nil, "\(distribution)")
            #expect(distribution.mean.failure != nil && distribution.variance.failure != nil, "\(distribution)")
            #expect(distribution.expanded(to: [5]).failure != nil, "\(distribution)")
            _ = (distribution.support, distribution.parameters, distribution.enumeratedSupport)
            _ = (distribution.cdf(three), distribution.icdf(three))
        }
    }

    @Test func mistakesInValuesAreCarried() {
        let wrong = Tensor([1, 2]) + Tensor([1, 2, 3])
        for item in ShapeCase.all { #expect(item.distribution.logProb(wrong).failure != nil, "\(item.testDescription)") }
        #expect(Normal([1, 2], 1).logProb([1, 2, 3]).failure != nil)
        #expect(Normal(0, 1).expanded(to: [2]).logProb([1, 2, 3]).failure != nil)
        #expect(Dirichlet([1, 1, 1]).logProb([0.5, 0.5]).failure != nil)
        #expect(Dirichlet([1, 1, 1]).logProb(1).failure != nil)
        for value in [1, [1, 2], Tensor(repeating: 0, shape: [2, 1])] as [Tensor] {
            #expect(MultivariateNormal([1, 1, 1], scaleTril: .identity(3)).logProb(value).failure != nil)
        }
        let batch = MultivariateNormal([1, 1, 1], scaleTril: Tensor.stack([.identity(3), .identity(3)]))
        #expect(batch.logProb(Tensor(repeating: 0, shape: [4, 3])).failure != nil)
        #expect(TransformedDistribution(Normal([0, 0], 1), StickBreakingBijector()).logProb(1).failure != nil)
        #expect(Delta([1, 2], eventRank: 1).logProb([1, 2, 3]).failure != nil)
        #expect(Delta([1, 2], eventRank: 1).logProb(1).failure == nil)
    }

    /// Numbers of axes and extents that no tensor has are carried mistakes, or saturate.
    @Test func extremeRanksAndExtents() {
        for rank in [-1, .min, 2, 1 << 40, .max] {
            #expect(Batch(of: "Own", [Tensor([1, 2])], eventRank: rank).failure != nil)
            #expect(Delta([1, 2], eventRank: rank).failure != nil)
            #expect(Normal([1, 2], 1).toEvent(rank).failure != nil)
        }
        for axes in [1 << 40, .max] {
            let nested = Constraint.independent(.independent(.simplex, axes: axes), axes: axes)
            #expect(nested.eventRank > 1 << 31 && nested.check([1, 2]).failure != nil)
            let bijector = IndependentBijector(IndependentBijector(StickBreakingBijector(), axes: axes), axes: axes)
            #expect(bijector.domainEventRank > 1 << 31 && bijector.logAbsDetJacobian([1, 2], bijector.forward([1, 2])).failure != nil)
            #expect(TransformedDistribution(Normal([1, 2], 1), bijector).failure != nil)
        }
        #expect(IndependentBijector(ExpBijector(), axes: .min).domainEventRank == 0)
        let bijector = StickBreakingBijector()
        #expect(bijector.forwardShape([.max]) == [.max] && bijector.forwardShape([2, 3]) == [2, 4])
        #expect(bijector.inverseShape([.min]) == [0] && bijector.inverseShape([2, 3]) == [2, 2])
    }
}

extension RandomSource {
    static let forTests = RandomSource(site: "x", purpose: "test", origin: Origin())
}
