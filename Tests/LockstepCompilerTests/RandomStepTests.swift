import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Fused programs equal unfused ones, and both equal the plain evaluation, for steps that nobody thought of.
@Suite struct RandomStepTests {
    static let seeds = TestLevel.seeds(small: 40, medium: 150, full: 3000)

    static let variants: [(String, LoweringOptions)] = {
        var unfused = LoweringOptions()
        unfused.fuses = false
        var rolled = LoweringOptions()
        rolled.unrollLimit = 0
        var neither = unfused
        neither.unrollLimit = 0
        neither.longSum = .max
        var tight = PackingTests.eager
        tight.unrollBudget = 50
        tight.innerUnrollBudget = 50
        return [
            ("as usual", LoweringOptions()), ("not fused", unfused), ("not unrolled", rolled), ("neither", neither), ("packed", PackingTests.eager),
            ("tight", tight),
        ]
    }()

    @Test(arguments: seeds) func interpreterAgreesWithPlainEvaluation(_ seed: UInt64) throws {
        let step = RandomStep.make(seed: seed)
        let wanted = try step.reference()
        for (name, options) in Self.variants {
            if let difference = Outcomes.disagreement(try step.interpreted(.double, options: options), wanted, relative: 1e-9) {
                Issue.record("seed \(seed), \(name): \(difference)")
            }
        }
    }
}
