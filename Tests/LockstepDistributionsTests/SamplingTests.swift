import Foundation
import LockstepDistributions
import TestSupport
import Testing

@testable import LockstepTensor

@Suite struct SamplingTests {
    static let source = RandomSource.forTests
    static let count = 4000

    /// Not those with all mass on one point.
    static let cases = GoldenCase.all.filter { !$0.points.allSatisfy { !$0.interior } }

    @Test(arguments: GoldenCase.all)
    func samplesLieInTheSupport(_ golden: GoldenCase) throws {
        let distribution = golden.literal
        let sample = distribution.sample(Self.source, sampleShape: [500])
        #expect(sample.shape == distribution.shape(sampleShape: [500]))
        let inside = try ReferenceEvaluator.evaluate(distribution.support.check(sample))
        #expect(inside.allSatisfy { $0 == 1 })
        let densities = try ReferenceEvaluator.evaluate(distribution.logProb(sample))
        #expect(densities.allSatisfy { $0.isFinite })
    }

    @Test(arguments: GoldenCase.all)
    func momentsAgreeWithSciPy(_ golden: GoldenCase) throws {
        let distribution = golden.literal
        let moments = try ReferenceEvaluator.evaluate([distribution.mean, distribution.variance])
        for (values, expected) in [(moments[0], golden.mean), (moments[1], golden.variance)] {
            #expect(values.count == expected.count)
            for (a, b) in zip(values, expected) { #expect(agree(a, b, relative: 1e-11)) }
        }
    }

    /// The distance of Kolmogorov and Smirnov where there is a distribution function, else five standard errors.
    @Test(arguments: cases)
    func samplesFollowTheDistribution(_ golden: GoldenCase) throws {
        let distribution = golden.literal
        let sample = distribution.sample(Self.source, sampleShape: [Self.count])
        let n = Double(Self.count)
        if !distribution.isDiscrete, let cdf = distribution.cdf(sample) {
            let levels = try ReferenceEvaluator.evaluate(cdf).sorted()
            let distance = levels.enumerated().map { i, p in Swift.max(p - Double(i) / n, Double(i + 1) / n - p) }.max() ?? 1
            #expect(distance * n.squareRoot() < 1.95, "\(distance)")
            return
        }
        let values = try ReferenceEvaluator.evaluate(sample)
        if ["CategoricalLogits", "CategoricalProbabilities"].contains(golden.distribution) {
            let probabilities = golden.points.map { Foundation.exp($0.logProb) }
            for (index, p) in probabilities.enumerated() {
                let share = Double(values.count { $0 == Double(index) }) / n
                #expect((share - p).magnitude <= 5 * (p * (1 - p) / n).squareRoot() + 1e-12, "class \(index): \(share)")
            }
            return
        }
        let extent = golden.mean.count
        for (k, (mean, variance)) in zip(golden.mean, golden.variance).enumerated() where variance.isFinite {
            let column = stride(from: k, to: values.count, by: extent).map { values[$0] }
            let average = column.reduce(0, +) / n
            #expect((average - mean).magnitude < 5 * (variance / n).squareRoot() + 1e-12, "\(average), not \(mean)")
            let squares = column.map { ($0 - mean) * ($0 - mean) }
            let spread = squares.reduce(0, +) / n
            let deviation = (squares.map { ($0 - spread) * ($0 - spread) }.reduce(0, +) / n / n).squareRoot()
            #expect((spread - variance).magnitude < 5 * deviation + 0.02 * variance + 1e-12, "\(spread), not \(variance)")
        }
    }

    /// Student's t is left out of the moments above where its variance is infinite: its tails by their median.
    @Test func studentTQuartiles() throws {
        let sample = try ReferenceEvaluator.evaluate(StudentT(1).sample(Self.source, sampleShape: [Self.count]))
        // With one degree of freedom it is the Cauchy distribution, with quartiles -1 and 1.
        let inner = Double(sample.count { $0.magnitude < 1 }) / Double(Self.count)
        #expect((inner - 0.5).magnitude < 0.03)
    }

    @Test(arguments: cases)
    func reparameterisedSamplesHaveGradients(_ golden: GoldenCase) throws {
        let (inputs, bindings) = golden.inputs(.shared, count: 1)
        var tensors = inputs
        let distribution = golden.distribution.make(tensors)
        guard distribution.hasReparameterizedSample else { return }
        if golden.distribution == "StudentT" {
            // No gradient reaches the degrees of freedom.
            let sample = distribution.sample(Self.source).sum()
            let degrees = try #require(tensors["degreesOfFreedom"])
            #expect(Gradient.of(sample, withRespectTo: [degrees])[0].failure != nil)
            tensors["degreesOfFreedom"] = nil
        }
        let sample = distribution.sample(Self.source, sampleShape: [3])
        let report = try FiniteDifferences.check(sample.weightedSum, withRespectTo: Array(tensors.values), at: bindings)
        #expect(report.worst < 1e-6, "\(report)")
    }

    /// Concentrations so small that gamma variates underflow still give draws inside the support.
    @Test func smallConcentrations() throws {
        let origin = RandomSource(site: "small", purpose: "test", origin: Origin())
        let draws = [
            Gamma(1e-3, 1).sample(origin, sampleShape: [200]), Beta(1e-3, 1e-3).sample(origin, sampleShape: [200]),
            Dirichlet(Tensor(repeating: 1e-3, shape: [4])).sample(origin, sampleShape: [50]),
        ]
        for values in try ReferenceEvaluator.evaluate(draws) {
            #expect(values.allSatisfy { Float($0) >= .leastNormalMagnitude && $0.isFinite })
        }
        let beta = try ReferenceEvaluator.evaluate(draws[1])
        #expect(beta.allSatisfy { Float($0) < 1 })
        // Half of the mass is at each end.
        #expect((0.35..<0.65).contains(Double(beta.count { $0 < 0.5 }) / 200))
    }

    @Test func drawsAreAFunctionOfTheSource() throws {
        let normal = Normal(0, 1)
        let other = RandomSource(site: "y", purpose: "test", origin: Origin())
        let first = try ReferenceEvaluator.evaluate(normal.sample(Self.source, sampleShape: [4]))
        #expect(try ReferenceEvaluator.evaluate(normal.sample(Self.source, sampleShape: [4])) == first)
        #expect(try ReferenceEvaluator.evaluate(normal.sample(other, sampleShape: [4])) != first)
    }
}
