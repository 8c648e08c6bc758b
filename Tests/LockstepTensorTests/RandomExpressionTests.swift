import LockstepTensor
import TestSupport
import Testing

@Suite struct RandomExpressionTests {
    @Test(arguments: 0..<UInt64(24))
    func gradients(_ seed: UInt64) throws {
        let expression = RandomExpression(seed: seed)
        #expect(expression.value.failure == nil)
        let report = try FiniteDifferences.check(expression.value, withRespectTo: expression.inputs, at: expression.point)
        #expect(report.worst < 1e-8, "seed \(seed): \(report)")
    }

    @Test(arguments: 0..<UInt64(6))
    func secondDerivatives(_ seed: UInt64) throws {
        let expression = RandomExpression(seed: 1000 + seed, operations: 5)
        let first = Gradient.of(expression.value, withRespectTo: expression.inputs)
        let value = first.map(\.weightedSum).reduce(0, +)
        let report = try FiniteDifferences.check(value, withRespectTo: expression.inputs, at: expression.point)
        #expect(report.worst < 1e-7, "seed \(seed): \(report)")
    }

    @Test func seedsRepeat() throws {
        for seed in 0..<UInt64(5) {
            let a = RandomExpression(seed: seed), b = RandomExpression(seed: seed)
            #expect(a.point == b.point)
            #expect(try ReferenceEvaluator.evaluate(a.value, inputs: a.point) == ReferenceEvaluator.evaluate(b.value, inputs: b.point))
        }
    }
}
