import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// Densities of sites in recurrences and their gradients on every device.
@Suite struct StepSiteDeviceTests {
    private static func step(_ one: StepSiteCase, writtenOut: Bool) throws -> StepCase {
        let tensors = try one.tensors(writtenOut ? one.writtenOut : one.scanned, writtenOut: writtenOut).values
        var step = StepCase(values: tensors, perLane: Set(one.point.keys))
        step.lanes = 3
        for (name, values) in one.point { step.perLane[name] = (0..<3).map { lane in values.map { $0 * (1 + 0.125 * Double(lane)) } } }
        return step
    }

    @Test(arguments: StepSiteCase.names) func interpreted(_ name: String) throws {
        let one = try #require(StepSiteCase.named(name))
        let wanted = try Self.step(one, writtenOut: true).reference()
        let step = try Self.step(one, writtenOut: false)
        let difference = Outcomes.disagreement(try step.interpreted(.double), wanted, relative: 1e-9)
        #expect(difference == nil)
        let single = Outcomes.disagreement(try step.interpreted(.float), wanted, relative: 2e-3)
        #expect(single == nil)
    }

    @Test(arguments: OpenCLSessions.variants, StepSiteCase.names) func compiled(_ variant: OpenCLSessions.Variant, _ name: String) throws {
        let step = try Self.step(try #require(StepSiteCase.named(name)), writtenOut: false)
        let found = try step.openCL(variant.session, variant.precision, width: variant.width)
        let wanted = try step.interpreted(variant.precision)
        let difference = Outcomes.disagreement(found, wanted, relative: variant.precision == .double ? 1e-10 : 1e-4)
        #expect(difference == nil, "\(variant)")
    }
}
