import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Small programs that touch every kind of memory, few lanes and few steps, so that the Oclgrind simulator can watch
/// each access: `Tests/oclgrind` runs this suite, and only this one, under it. Each program has a session
/// of its own, since the simulator loses count of values when a context sees a second program.
@Suite(.serialized) struct OclgrindTests {
    static let programs: [(name: String, step: StepCase)] = [
        ("small", StatisticalModels.small()), ("logistic", StatisticalModels.logisticRegression(rows: 20, columns: 3)),
        ("tensors", withoutRejection(TensorCases.all(extent: 3))), ("rotation", StateSteps.rotation()),
        ("longer tensors", withoutRejection(TensorCases.all(extent: 17))),
    ]

    @Test(arguments: OpenCLSessions.variants.filter { $0.precision == .float }, 0..<programs.count)
    func runs(_ variant: OpenCLSessions.Variant, _ number: Int) throws {
        try Self.check(variant, Self.programs[number].name, Self.programs[number].step)
    }

    private static func check(_ variant: OpenCLSessions.Variant, _ name: String, _ own: StepCase) throws {
        let wanted = try own.interpreted(.float)
        for privateBytes in [nil, 0] {
            let found = try own.openCL(OpenCLSession(variant.session.info), .float, width: variant.width, privateBytes: privateBytes)
            #expect(Outcomes.disagreement(found, wanted, relative: 2e-5) == nil, "\(name), \(variant)")
        }
    }

    /// Draws by rejection turn on the last place in float.
    private static func withoutRejection(_ step: StepCase) -> StepCase {
        var result = step
        let kept = step.function.states.filter { !$0.name.hasPrefix("gamma") && !$0.name.hasPrefix("poisson") }
        result.function = LaneFunction(states: kept, perLane: step.function.perLane)
        return result
    }
}

private enum StateSteps {
    /// Two states that read each other in another order, one of them by an index of each lane.
    static func rotation() -> StepCase {
        let origin = Origin()
        func input(_ kind: Input.Kind, _ name: String, _ dtype: DType = .real) -> Tensor {
            .input(Input(kind, name, origin: origin), shape: [20], dtype: dtype)
        }
        let a = input(.state, "a"), b = input(.state, "b"), own = input(.data, "own", .int)
        var step = StepCase(
            LaneFunction(
                states: [
                    .init("a", b.gather(Tensor(integers: (0..<20).reversed())) + 0.5), .init("b", a.gather(own) + b.segmentSum(own, count: 20)),
                ],
                perLane: ["own"]))
        step.lanes = 5
        step.advances = [1, 2]
        step.perLane["own"] = (0..<5).map { lane in (0..<20).map { Double(($0 * 3 + lane) % 20) } }
        return step
    }
}
