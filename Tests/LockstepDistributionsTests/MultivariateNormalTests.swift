import Foundation
import LockstepDistributions
import TestSupport
import Testing

@testable import LockstepTensor

/// The normal distribution of vectors beyond what all families are tested for: batches, covariance matrices, and draws together.
@Suite struct MultivariateNormalTests {
    static let cases = GoldenCase.all.filter { $0.distribution == "MultivariateNormal" }
    static let factor = Tensor([1.5, 0, 0, -0.75, 0.5, 0, 2, 0.25, 1.25], shape: [3, 3])

    static func evaluate(_ tensor: Tensor, _ inputs: [String: [Double]] = [:]) throws -> [Double] {
        try ReferenceEvaluator.evaluate(tensor, inputs: inputs)
    }

    /// L L^T of the lower triangle.
    static func covariance(_ golden: GoldenCase) -> [Double] {
        let n = golden.mean.count
        let factor = golden.parameters["scaleTril"] ?? []
        return (0..<(n * n)).map { place in
            let (i, j) = (place / n, place % n)
            return (0...min(i, j)).reduce(0) { $0 + factor[i * n + $1] * factor[j * n + $1] }
        }
    }

    @Test func goldensAreThere() { #expect(Set(Self.cases.map(\.mean.count)) == [2, 3, 4]) }

    @Test(arguments: cases) func byCovariance(_ golden: GoldenCase) throws {
        let n = golden.mean.count
        var covariance = Self.covariance(golden)
        // What is above the diagonal is not read.
        for place in covariance.indices where place % n > place / n { covariance[place] = .nan }
        let distribution = MultivariateNormal(Tensor(golden.mean), covariance: Tensor(covariance, shape: [n, n]))
        let values = golden.points
        let found = try Self.evaluate(distribution.logProb(Tensor(values.flatMap(\.value), shape: [values.count, n])))
        for (point, x) in zip(values, found) { #expect(agree(x, point.logProb, relative: 1e-11, absolute: 1e-11), "\(x), not \(point.logProb)") }
        for (a, b) in zip(try Self.evaluate(distribution.variance), golden.variance) { #expect(agree(a, b, relative: 1e-12)) }
        let (loc, matrix) = (Tensor.named("loc", [n]), Tensor.named("matrix", [n, n]))
        let density = MultivariateNormal(loc, covariance: matrix).logProb(Tensor(values[1].value))
        let report = try FiniteDifferences.check(
            density, withRespectTo: [loc, matrix], at: ["loc": golden.mean, "matrix": Self.covariance(golden)])
        #expect(report.worst < 1e-5, "\(report)")
    }

    /// With one axis it is the normal distribution, with a diagonal factor several of them.
    @Test func normalDistributions() throws {
        let scales = Tensor([0.5, 2, 3]), loc = Tensor([1, -2, 0.25])
        let values = Tensor([0.3, -1, 4, 2, 2, 2], shape: [2, 3])
        let together = MultivariateNormal(loc, scaleTril: scales.asDiagonal), apart = Normal(loc, scales).toEvent(1)
        for (a, b) in zip(try Self.evaluate(together.logProb(values)), try Self.evaluate(apart.logProb(values))) {
            #expect(agree(a, b, relative: 1e-14))
        }
        let one = MultivariateNormal([1.5], scaleTril: Tensor([2], shape: [1, 1]))
        let line = Tensor([-3, 0, 1.5, 7])
        let pairs = zip(try Self.evaluate(one.logProb(line.reshape([4, 1]))), try Self.evaluate(Normal(1.5, 2).logProb(line)))
        for (a, b) in pairs { #expect(agree(a, b, relative: 1e-14)) }
        #expect("\(together.support)" == "real" && together.hasReparameterizedSample && !together.isDiscrete)
        #expect(together.parameters.map(\.name) == ["loc", "scaleTril"])
    }

    /// Means and factors of batches, as one by one.
    @Test func batches() throws {
        let factors = [Self.factor, 2 * Self.factor, Tensor.identity(3)]
        let means = [Tensor([1, 2, 3]), Tensor([-1, 0, 0.5])]
        let values = [Tensor([0.5, 2, -1]), Tensor([3, 3, 3])]
        func one(_ mean: Int, _ factor: Int, _ value: Int) throws -> Double {
            try Self.evaluate(MultivariateNormal(means[mean], scaleTril: factors[factor]).logProb(values[value]))[0]
        }
        func expect(_ found: Tensor, _ shape: Shape, _ wanted: [Double]) throws {
            #expect(found.shape == shape)
            for (a, b) in zip(try Self.evaluate(found), wanted) { #expect(agree(a, b, relative: 1e-14), "\(a), not \(b)") }
        }
        let (allFactors, allMeans, allValues) = (Tensor.stack(factors), Tensor.stack(means), Tensor.stack(values))
        let ofFactors = MultivariateNormal(means[0], scaleTril: allFactors)
        try expect(ofFactors.logProb(values[0]), [3], (0..<3).map { try one(0, $0, 0) })
        try expect(
            ofFactors.logProb(allValues.expandingShape(at: 1)), [2, 3], (0..<2).flatMap { value in try (0..<3).map { try one(0, $0, value) } })
        let ofMeans = MultivariateNormal(allMeans, scaleTril: factors[0])
        try expect(ofMeans.logProb(values[1]), [2], (0..<2).map { try one($0, 0, 1) })
        try expect(ofMeans.logProb(allValues), [2], (0..<2).map { try one($0, 0, $0) })
        let ofBoth = MultivariateNormal(allMeans.expandingShape(at: 1), scaleTril: allFactors)
        #expect(ofBoth.batchShape == [2, 3])
        try expect(ofBoth.logProb(values[0]), [2, 3], (0..<2).flatMap { mean in try (0..<3).map { try one(mean, $0, 0) } })
        // Draws: the same normal variates through each factor.
        let sample = try Self.evaluate(ofFactors.sample(.forTests)), plain = try Self.evaluate(RandomSource.forTests.normal([3, 3]))
        for batch in 0..<3 {
            let moved = means[0] + matmul(factors[batch], Tensor(Array(plain[(3 * batch)..<(3 * batch + 3)])))
            for (a, b) in zip(sample[(3 * batch)..<(3 * batch + 3)], try Self.evaluate(moved)) { #expect(agree(a, b, relative: 1e-13)) }
        }
    }

    @Test(arguments: cases) func drawsHaveTheCovariance(_ golden: GoldenCase) throws {
        let count = 4000
        let n = golden.mean.count
        let values = try Self.evaluate(golden.literal.sample(.forTests, sampleShape: [count]))
        let covariance = Self.covariance(golden)
        for i in 0..<n {
            for j in 0...i {
                let products = (0..<count).map { (values[$0 * n + i] - golden.mean[i]) * (values[$0 * n + j] - golden.mean[j]) }
                let error = (Statistics.variance(products) / Double(count)).squareRoot()
                #expect(abs(Statistics.mean(products) - covariance[i * n + j]) < 5 * error, "covariance of \(i) and \(j)")
            }
        }
        // What is left by the factor is normal.
        let z = try Self.evaluate(
            triangularSolve(
                Tensor(golden.parameters["scaleTril"] ?? [], shape: [n, n]),
                (Tensor(values, shape: [count, n]) - Tensor(golden.mean)).transposed))
        let distance = Statistics.kolmogorovSmirnov(z) { 0.5 * Foundation.erfc(-$0 / 2.0.squareRoot()) }
        #expect(distance < 1.95, "\(distance)")
    }

    @Test func gradientsOfBatches() throws {
        let (loc, factor, value) = (Tensor.named("loc", [2, 1, 3]), Tensor.named("factor", [2, 3, 3]), Tensor.named("value", [2, 3]))
        var random = SplitMix64(seed: 9)
        let numbers = (0..<12).map { _ in Double.random(in: -1...1, using: &random) }
        let point = [
            "loc": Array(numbers[..<6]), "factor": try Self.evaluate(Tensor.stack([Self.factor, Tensor.identity(3)])), "value": Array(numbers[6...]),
        ]
        let distribution = MultivariateNormal(loc, scaleTril: factor)
        for scalar in [distribution.logProb(value).weightedSum, distribution.sample(.forTests, sampleShape: [2]).weightedSum] {
            let report = try FiniteDifferences.check(scalar, withRespectTo: [loc, factor, value], at: point)
            #expect(report.worst < 1e-6, "\(report)")
        }
    }

    @Test func valuesThatAreNotFinite() throws {
        let distribution = MultivariateNormal([0, 0, 0], scaleTril: Self.factor)
        for place in 0..<3 {
            for edge in [Double.infinity, -.infinity, .nan] {
                var value = [0.5, 1, -1]
                value[place] = edge
                let density = try Self.evaluate(distribution.logProb(Tensor(value)))[0]
                #expect(density.isNaN || (density == -.infinity && !edge.isNaN), "\(value): \(density)")
            }
        }
        // Nothing is taken from the last element.
        #expect(try Self.evaluate(distribution.logProb([0, 1, .infinity])) == [-.infinity])
        #expect(try Self.evaluate(distribution.logProb([1e200, 0, 0])) == [-.infinity])
        #expect(try Self.evaluate(distribution.support.check([[0, 1, .infinity], [0, .nan, 1], [1, 2, 3]].matrix)) == [0, 0, 1])
    }

    /// Of a batch, that one alone.
    @Test func notPositiveDefinite() throws {
        let bad = Tensor([1, 2, 0, 2, 1, 0, 0, 0, 1], shape: [3, 3])
        let distribution = MultivariateNormal([0, 0, 0], covariance: Tensor.stack([.identity(3), bad, 4 * .identity(3)]))
        let found = try Self.evaluate(distribution.logProb([1, 0, 0]))
        let wanted = -1.5 * Foundation.log(2 * Double.pi)
        #expect(
            agree(found[0], wanted - 0.5, relative: 1e-14) && found[1].isNaN
                && agree(found[2], wanted - 0.125 - 3 * Foundation.log(2), relative: 1e-14))
    }
}

extension [[Double]] {
    fileprivate var matrix: Tensor { Tensor(flatMap { $0 }, shape: [count, self[0].count]) }
}
