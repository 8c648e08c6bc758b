import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Recurrences in segments, with their first and second derivatives, on every device.
@Suite struct SegmentDeviceTests {
    private static let lanes = 5

    /// Values to the bit, where they are computed apart from gradients.
    @Test(arguments: ScanCase.names) func valuesAreThoseOfTheWhole(_ name: String) throws {
        let one = try #require(ScanCase.named(name))
        let found = try [0, Int.max].map { try one.step(writtenOut: false, lanes: Self.lanes, order: 0, tapeBudget: $0).interpreted(.double) }
        #expect(Outcomes.disagreement(found[0], found[1], relative: 1e-13) == nil)
    }

    @Test(arguments: ScanCase.names) func interpreted(_ name: String) throws {
        let one = try #require(ScanCase.named(name))
        let step = one.step(writtenOut: false, lanes: Self.lanes, tapeBudget: 0)
        let wanted = try one.step(writtenOut: true, lanes: Self.lanes).reference()
        var rolled = LoweringOptions()
        (rolled.unrollLimit, rolled.innerUnrollLimit) = (0, 0)
        for options in [LoweringOptions(), rolled] {
            #expect(Outcomes.disagreement(try step.interpreted(.double, options: options), wanted, relative: 1e-9) == nil, "\(options)")
        }
        #expect(Outcomes.disagreement(try step.interpreted(.float), wanted, relative: 2e-3) == nil)
    }

    @Test(arguments: TestLevel.seeds(small: 5, medium: 20, full: 300)) func randomRecurrences(_ seed: UInt64) throws {
        let one = ScanCase.random(seed: seed)
        let found = try one.step(writtenOut: false, lanes: 2, tapeBudget: 0).interpreted(.double)
        let wanted = try one.step(writtenOut: false, lanes: 2, tapeBudget: .max).interpreted(.double)
        #expect(Outcomes.disagreement(found, wanted, relative: 1e-9) == nil)
    }

    @Test(arguments: OpenCLSessions.variants, ScanCase.names) func compiled(_ variant: OpenCLSessions.Variant, _ name: String) throws {
        let step = try #require(ScanCase.named(name)).step(writtenOut: false, lanes: Self.lanes, order: 1, tapeBudget: 0)
        let wanted = try step.interpreted(variant.precision)
        let found = try step.openCL(variant.session, variant.precision, width: variant.width)
        #expect(Outcomes.disagreement(found, wanted, relative: variant.precision == .double ? 1e-10 : 1e-4) == nil, "\(variant)")
    }

    // MARK: Memory

    /// A long recurrence of a vector, with its gradient: with respect to where it starts, and to what all steps read.
    private static func long(_ steps: Int, width: Int, tapeBudget: Int) -> StepCase {
        let origin = Origin()
        let a = Tensor.input(Input(.data, "a", origin: origin), shape: []), s = Tensor.input(Input(.data, "s", origin: origin), shape: [width])
        let end = scan(over: [.iota(steps)], from: [s], tapeBudget: tapeBudget) { carries, rows in
            ([tanh(a * carries[0] + sin(0.3 * rows[0].asReal) - 0.1 * carries[0].sum())], [])
        }.carries[0]
        var step = StepCase(values: [end] + Gradient.of(end.weightedSum, withRespectTo: [s, a]), perLane: ["a", "s"])
        step.lanes = 2
        step.perLane = ["a": [[0.9], [-0.7]], "s": [0.1, 0.4].map { start in (0..<width).map { start + 0.05 * Double($0) } }]
        return step
    }

    private static func bytes(_ step: StepCase) throws -> Int { try Lowering.lower(step.function).bytesPerLane(realBytes: 4) }

    @Test(arguments: [1_000, 1_009, 4_096]) func lanesTakeLessMemory(_ steps: Int) throws {
        let width = 20
        let (segments, whole) = (Self.long(steps, width: width, tapeBudget: 0), Self.long(steps, width: width, tapeBudget: .max))
        let (few, many) = try (Self.bytes(segments), Self.bytes(whole))
        // The tape is in it.
        #expect(many > 4 * steps * width)
        // Rows before segments and within one, and two vectors or so for each.
        let rows = 2.6 * Double(steps).squareRoot() + 40
        #expect(Double(few) < 4 * Double(width) * rows, "\(few) bytes of \(many)")
        #expect(Outcomes.disagreement(try segments.interpreted(.double), try whole.interpreted(.double), relative: 1e-12) == nil)
    }

    /// The usual budget is enough for usual recurrences, and long ones stay near it.
    @Test func theUsualBudget() throws {
        let (short, long) = (
            Self.long(1_000, width: 200, tapeBudget: Segments.tapeBudget), Self.long(20_000, width: 20, tapeBudget: Segments.tapeBudget)
        )
        #expect(try Self.bytes(short) > 800_000)
        #expect(try Self.bytes(long) < 100_000)
    }
}
