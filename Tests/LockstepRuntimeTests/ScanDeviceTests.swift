import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Recurrences, with their first and second derivatives, on every device.
@Suite struct ScanDeviceTests {
    private static let lanes = 5

    private static func wanted(_ one: ScanCase) throws -> StepCase.Outcome { try one.step(writtenOut: true, lanes: lanes).reference() }

    @Test(arguments: ScanCase.names) func interpreted(_ name: String) throws {
        let one = try #require(ScanCase.named(name))
        let step = one.step(writtenOut: false, lanes: Self.lanes)
        let wanted = try Self.wanted(one)
        var (apart, rolled) = (LoweringOptions(), LoweringOptions())
        (apart.fuses, rolled.unrollLimit, rolled.innerUnrollLimit) = (false, 0, 0)
        for options in [LoweringOptions(), apart, rolled] {
            let found = try step.interpreted(.double, options: options)
            #expect(Outcomes.disagreement(found, wanted, relative: 1e-9) == nil, "\(options)")
        }
        let difference = Outcomes.disagreement(try step.interpreted(.float), wanted, relative: 2e-3)
        #expect(difference == nil)
    }

    @Test(arguments: OpenCLSessions.variants, ScanCase.names) func compiled(_ variant: OpenCLSessions.Variant, _ name: String) throws {
        let one = try #require(ScanCase.named(name))
        let step = one.step(writtenOut: false, lanes: Self.lanes)
        let wanted = try step.interpreted(variant.precision)
        let relative = variant.precision == .double ? 1e-10 : 1e-4
        let found = try step.openCL(variant.session, variant.precision, width: variant.width)
        let difference = Outcomes.disagreement(found, wanted, relative: relative)
        #expect(difference == nil, "\(variant)")
    }

    /// With arrays in global memory, and by the workers of a group.
    @Test(arguments: OpenCLSessions.variants, ["hidden Markov model", "neighbours", "long", "one within another"])
    func elsewhere(_ variant: OpenCLSessions.Variant, _ name: String) throws {
        let step = try #require(ScanCase.named(name)).step(writtenOut: false, lanes: Self.lanes, order: 1)
        let wanted = try step.interpreted(variant.precision)
        for schedule in [Schedule.lanes, .group(vectors: 2, workers: 4)] {
            let found = try step.openCL(variant.session, variant.precision, width: variant.width, privateBytes: 0, schedule: schedule)
            let difference = Outcomes.disagreement(found, wanted, relative: variant.precision == .double ? 1e-10 : 1e-4)
            #expect(difference == nil, "\(schedule) on \(variant)")
        }
    }

    /// A lane has the same bits whatever is beside it.
    @Test(arguments: OpenCLSessions.variants) func lanesAreIndependent(_ variant: OpenCLSessions.Variant) throws {
        let one = try #require(ScanCase.named("garch"))
        let all = try one.step(writtenOut: false, lanes: 19).openCL(variant.session, variant.precision, width: variant.width)
        let some = try one.step(writtenOut: false, lanes: 3).openCL(variant.session, variant.precision, width: variant.width)
        for (name, lanes) in some { #expect(Array(all[name]?.prefix(3) ?? []) == lanes, "\(name) on \(variant)") }
    }
}
