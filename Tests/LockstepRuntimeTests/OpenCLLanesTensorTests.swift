import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Every tensor operation on every device, with arrays in private and in global memory.
@Suite struct OpenCLLanesTensorTests {
    @Test(arguments: OpenCLSessions.variants, TensorCases.extents)
    func agreesWithTheInterpreter(_ variant: OpenCLSessions.Variant, _ extent: Int) throws {
        var step = TensorCases.all(extent: extent)
        // Draws by rejection turn on the last place, and one of float turns differently: sums of them are not compared.
        if variant.precision == .float {
            step.function = LaneFunction(
                states: step.function.states.filter { !$0.name.hasPrefix("gamma") && !$0.name.hasPrefix("poisson") }, perLane: step.function.perLane)
        }
        try check(step, variant, extent)
    }

    @Test(arguments: OpenCLSessions.variants, TensorCases.extents)
    func functionsAgreeWithTheInterpreter(_ variant: OpenCLSessions.Variant, _ extent: Int) throws {
        try check(TensorCases.functions(extent: extent), variant, extent)
    }

    private func check(_ step: StepCase, _ variant: OpenCLSessions.Variant, _ extent: Int) throws {
        let isDouble = variant.precision == .double
        let wanted = try step.interpreted(variant.precision)
        // Arrays that are written out have no place in memory.
        for privateBytes in extent > 16 ? [nil, 0] : [nil] {
            let found = try step.openCL(variant.session, variant.precision, width: variant.width, privateBytes: privateBytes)
            let difference = Outcomes.disagreement(found, wanted, relative: isDouble ? 1e-12 : 1e-5)
            #expect(difference == nil, "extent \(extent), \(privateBytes == nil ? "private" : "global") arrays, \(variant)")
        }
    }
}
