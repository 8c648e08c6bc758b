import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Functions of the step, which kernels take from tables over steps, at each step of launches of any length.
@Suite struct OpenCLStepTableTests {
    private static func step(advances: [Int]) -> StepCase {
        let origin = Origin()
        func scalar(_ name: String, _ dtype: DType = .real) -> Tensor {
            .input(Input(.scalar, name, origin: origin), shape: [], dtype: dtype)
        }
        let number = scalar(Input.step, .int)
        let step = number.asReal
        let decay = exp(step * -0.05) * scalar("rate")
        let x = Tensor.input(Input(.state, "x", origin: origin), shape: [40])
        // The step itself, what is made of it, and a function of that are used side by side, in a loop and outside.
        let values = [decay, step + 1, sin(step + 1), x * decay + log(step + 1)]
        var result = StepCase(
            LaneFunction(
                states: [.init("x", x * 0.5 + cos(step) * decay)],
                records: values.enumerated().map { .init("r\($0)", slots: 45, slot: number, value: $1) }))
        result.initial = ["x": (0..<19).map { lane in (0..<40).map { Double($0) * 0.01 - Double(lane) * 0.1 } }]
        result.scalars = ["rate": 0.7]
        result.lanes = 19
        result.advances = advances
        return result
    }

    @Test func interpreterAgreesWithTheDefinition() throws {
        let step = Self.step(advances: [45])
        #expect(Outcomes.disagreement(try step.interpreted(.double), try step.reference(), relative: 1e-12) == nil)
    }

    @Test(arguments: OpenCLSessions.variants, [[45], [1, 2, 5, 16, 17, 4]])
    func kernelsAgree(_ variant: OpenCLSessions.Variant, _ advances: [Int]) throws {
        let step = Self.step(advances: advances)
        let found = try step.openCL(variant.session, variant.precision, width: variant.width)
        let wanted = try step.interpreted(variant.precision)
        #expect(Outcomes.disagreement(found, wanted, relative: variant.precision == .double ? 1e-12 : 4e-6) == nil, "\(variant)")
    }

    /// Of the two kernels of schedule D, only the second one has tables.
    @Test(arguments: OpenCLSessions.variants) func slicesOfTheData(_ variant: OpenCLSessions.Variant) throws {
        let origin = Origin()
        func input(_ role: Input.Kind, _ name: String, _ shape: Shape, _ dtype: DType = .real) -> Tensor {
            .input(Input(role, name, origin: origin), shape: shape, dtype: dtype)
        }
        let x = input(.state, "x", [])
        let decay = exp(input(.scalar, Input.step, [], .int).asReal * -0.05)
        var step = StepCase(LaneFunction(states: [.init("x", x * 0.5 + sin(x + input(.data, "u", [500])).sum() * decay * 0.01)]))
        step.shared = ["u": (0..<500).map { Double($0) * 0.01 }]
        step.lanes = 5
        step.advances = [1, 20]
        let found = try step.openCL(variant.session, variant.precision, width: variant.width, schedule: .split(slices: 3, together: 1))
        let wanted = try step.interpreted(variant.precision)
        #expect(Outcomes.disagreement(found, wanted, relative: variant.precision == .double ? 1e-10 : 2e-5) == nil, "\(variant)")
    }
}
