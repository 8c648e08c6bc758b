import LockstepDistributions
import LockstepTensor
import TestSupport
import Testing

/// Every family: densities against SciPy, and their gradients against finite differences.
@Suite struct DensityTests {
    @Test func goldensCoverEveryFamily() {
        #expect(Set(GoldenCase.all.map(\.distribution)) == Set(Family.all))
    }

    @Test(arguments: GoldenCase.all, GoldenCase.Layout.allCases)
    func logProbAgreesWithSciPy(_ golden: GoldenCase, _ layout: GoldenCase.Layout) throws {
        let count = golden.points.count
        let (tensors, bindings) = golden.inputs(layout, count: count)
        let value = Tensor(golden.points.flatMap(\.value), shape: golden.valueShape(count))
        let logProb = golden.distribution.make(tensors).logProb(value)
        #expect(logProb.shape == [count])
        let result = try ReferenceEvaluator.evaluate(logProb, inputs: bindings)
        for (point, x) in zip(golden.points, result) {
            #expect(agree(x, point.logProb, relative: 1e-11, absolute: 1e-11), "at \(point.value): \(x), SciPy \(point.logProb)")
        }
    }

    @Test(arguments: GoldenCase.all)
    func cdfAgreesWithSciPyAndWithItsInverse(_ golden: GoldenCase) throws {
        let points = golden.points.filter { $0.cdf != nil }
        guard !points.isEmpty else { return }
        let distribution = golden.literal
        let value = Tensor(points.flatMap(\.value))
        let cdf = try #require(distribution.cdf(value))
        for (point, x) in zip(points, try ReferenceEvaluator.evaluate(cdf)) {
            #expect(agree(x, point.cdf ?? .nan, relative: 1e-9, absolute: 1e-300), "at \(point.value)")
        }
        guard let inverse = distribution.icdf(Tensor(points.map { $0.cdf ?? .nan })) else {
            #expect(golden.distribution == "NormalMixture")
            return
        }
        for (point, x) in zip(points, try ReferenceEvaluator.evaluate(inverse)) {
            guard let p = point.cdf, (1e-3..<0.999).contains(p) else { continue }
            #expect(agree(x, point.value[0], relative: 1e-9, absolute: 1e-11), "at \(point.value): \(x)")
        }
    }

    /// With respect to the parameters, and to the value through the bijector to its support.
    @Test(arguments: GoldenCase.all, GoldenCase.Layout.allCases)
    func gradientAgreesWithDifferences(_ golden: GoldenCase, _ layout: GoldenCase.Layout) throws {
        let points = golden.points.filter(\.interior)
        // Steps of the differences would leave an interval as narrow as this one.
        let isNarrow = golden.distribution == "Uniform" && golden.parameters["low"] == [10]
        guard !points.isEmpty, !isNarrow else { return }
        var (tensors, bindings) = golden.inputs(layout, count: points.count)
        let distribution = golden.distribution.make(tensors)
        var value = Tensor(points.flatMap(\.value), shape: golden.valueShape(points.count))
        if !distribution.isDiscrete, golden.distribution != "Uniform" {
            let bijector = try bijector(to: distribution.support)
            let free = bijector.inverse(value)
            bindings["free"] = try ReferenceEvaluator.evaluate(free)
            let input = Tensor.named("free", free.shape)
            tensors["free"] = input
            value = bijector.forward(input)
        }
        let report = try FiniteDifferences.check(
            distribution.logProb(value).weightedSum, withRespectTo: Array(tensors.values), at: bindings)
        #expect(report.worst < 1e-6, "\(report)")
    }

    /// On the edges of the support and outside, no gradient is NaN or infinite.
    @Test(arguments: GoldenCase.all)
    func gradientIsFiniteEverywhere(_ golden: GoldenCase) throws {
        let points = golden.points
        var (tensors, bindings) = golden.inputs(.batched, count: points.count)
        // A rate or probability of zero is a point where the gradient does not exist.
        guard !golden.parameters.values.contains(where: { $0.contains(0) && golden.points.allSatisfy { !$0.interior } }),
            golden.parameters["probabilities"] != [1]
        else { return }
        let distribution = golden.distribution.make(tensors)
        let shape = golden.valueShape(points.count)
        tensors["value"] = .named("value", shape)
        bindings["value"] = points.flatMap(\.value)
        let value = tensors["value"] ?? 0
        let targets = Array(tensors.values)
        let gradients = Gradient.of(distribution.logProb(value).weightedSum, withRespectTo: targets)
        for (target, gradient) in zip(targets, try ReferenceEvaluator.evaluate(gradients, inputs: bindings)) {
            #expect(gradient.allSatisfy { $0.isFinite }, "\(target.node.op): \(gradient)")
        }
    }

    @Test func valuesMayBeIntegersAndMasks() throws {
        let evaluate = { (x: Tensor) in try ReferenceEvaluator.evaluate(x) }
        let logits = Tensor([-1, 0.5, 2])
        let bernoulli = Bernoulli(logits: logits)
        let reals = try evaluate(bernoulli.logProb([1, 0, 1]))
        #expect(try evaluate(bernoulli.logProb(Tensor(integers: [1, 0, 1]))) == reals)
        #expect(try evaluate(bernoulli.logProb(Tensor([1, 0, 1]) .== 1)) == reals)
        for distribution in [Categorical(logits: logits), Poisson(3)] as [any Distribution] {
            let reals = try evaluate(distribution.logProb([2, 0]))
            #expect(try evaluate(distribution.logProb(Tensor(integers: [2, 0]))) == reals)
        }
    }

    @Test func notANumberIsNotTakenForOutside() throws {
        let densities: [any Distribution] = [HalfNormal(1), HalfCauchy(1), LogNormal(0, 1), Exponential(1), Gamma(2, 1), Beta(2, 2)]
        for distribution in densities {
            #expect(try ReferenceEvaluator.evaluate(distribution.logProb(Tensor(.nan)))[0].isNaN, "\(distribution)")
        }
    }
}
