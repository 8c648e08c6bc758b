import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Sites of one element have a block of draws for four steps, whatever the launches.
@Suite struct SharedDrawTests {
    static let steps = 11

    private static func step(advances: [Int]) -> StepCase {
        let origin = Origin()
        func draw(_ kind: RandomOp.Kind, _ stream: UInt32, _ shape: Shape) -> Tensor {
            .random(RandomOp(kind, stream: stream, particle: 3, site: "z", origin: origin), shape: shape)
        }
        let number = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int)
        let values = [draw(.normal, 5, []), draw(.uniform, 6, [1, 1]), draw(.normal, 7, [9]), draw(.normal, 8, [2])]
        var step = StepCase(
            LaneFunction(
                states: [.init("last", values[0])],
                records: values.enumerated().map { .init("r\($0)", slots: steps, slot: number, value: $1) }))
        step.lanes = 19
        step.advances = advances
        return step
    }

    @Test(arguments: [[11], [1, 2, 5, 3], [3, 8]]) func interpreterAgreesWithTheDefinition(_ advances: [Int]) throws {
        let step = Self.step(advances: advances)
        #expect(Outcomes.disagreement(try step.interpreted(.double), try step.reference(), relative: 1e-12) == nil)
    }

    @Test(arguments: OpenCLSessions.variants, [[11], [1, 2, 5, 3]]) func kernelsAgree(_ variant: OpenCLSessions.Variant, _ advances: [Int]) throws {
        let step = Self.step(advances: advances)
        let found = try step.openCL(variant.session, variant.precision, width: variant.width)
        let wanted = try step.interpreted(variant.precision)
        #expect(Outcomes.disagreement(found, wanted, relative: variant.precision == .double ? 1e-12 : 2e-6) == nil, "\(variant)")
    }

    /// No step repeats what another drew.
    @Test func stepsDiffer() throws {
        let outcome = try Self.step(advances: [Self.steps]).interpreted(.double)
        for name in ["r0", "r1"] {
            for lane in outcome[name] ?? [] { #expect(Set(lane).count == Self.steps, "\(name)") }
        }
    }
}
