import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

@Suite struct TensorOperationTests {
    @Test(arguments: TensorCases.extents) func interpreterAgreesWithPlainEvaluation(_ extent: Int) throws {
        try check(TensorCases.all(extent: extent), extent)
    }

    @Test(arguments: TensorCases.extents) func functionsAgreeWithPlainEvaluation(_ extent: Int) throws {
        try check(TensorCases.functions(extent: extent), extent)
    }

    private func check(_ step: StepCase, _ extent: Int) throws {
        for state in step.function.states { #expect(state.value.failure == nil, "\(state.name)") }
        let wanted = try step.reference()
        for (name, options) in RandomStepTests.variants {
            let difference = Outcomes.disagreement(try step.interpreted(.double, options: options), wanted, relative: 1e-12)
            #expect(difference == nil, "extent \(extent), \(name)")
        }
    }
}
