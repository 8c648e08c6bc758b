import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Functions of all rows at once, with their first and second derivatives, on every device.
@Suite struct BatchingDeviceTests {
    private static let lanes = 3

    @Test(arguments: BatchingCase.names) func interpreted(_ name: String) throws {
        let one = try #require(BatchingCase.named(name))
        let step = one.step(writtenOut: false, lanes: Self.lanes)
        let wanted = try one.step(writtenOut: true, lanes: Self.lanes).reference()
        var (apart, rolled) = (LoweringOptions(), LoweringOptions())
        (apart.fuses, rolled.unrollLimit, rolled.innerUnrollLimit) = (false, 0, 0)
        for options in [LoweringOptions(), apart, rolled] {
            let found = try step.interpreted(.double, options: options)
            #expect(Outcomes.disagreement(found, wanted, relative: 1e-9) == nil, "\(options)")
        }
    }

    @Test(arguments: OpenCLSessions.variants, BatchingCase.names) func compiled(_ variant: OpenCLSessions.Variant, _ name: String) throws {
        let step = try #require(BatchingCase.named(name)).step(writtenOut: false, lanes: Self.lanes, order: 1)
        let wanted = try step.interpreted(variant.precision)
        let found = try step.openCL(variant.session, variant.precision, width: variant.width)
        let difference = Outcomes.disagreement(found, wanted, relative: variant.precision == .double ? 1e-10 : 2e-4)
        #expect(difference == nil, "\(variant)")
    }

    @Test(arguments: UInt64(0)..<12) func randomFunctions(_ seed: UInt64) throws {
        let (found, wanted) = BatchingCase.random(seed: seed, rows: seed % 2 == 0 ? 3 : 20)
        #expect(Outcomes.disagreement(try found.interpreted(.double), try wanted.reference(), relative: 1e-9) == nil)
    }

    /// A computed index beyond the rows of one table is kept inside of that one.
    @Test func indicesStayWithTheirRow() throws {
        let tables = Tensor([[1.0, 2, 3], [10, 20, 30]])
        let index = Tensor.input(Input(.data, "i", origin: Origin()), shape: [2, 2])
        let found = batched(over: [tables, index]) { rows in
            let places = rows[1].asInt
            return [rows[0].gather(places), rows[0][..<2].segmentSum(places, count: 3)]
        }
        var step = StepCase(values: found, perLane: ["i"])
        (step.lanes, step.perLane) = (1, ["i": [[-4, 9, 7, 1]]])
        #expect(try step.interpreted(.double) == ["e0": [[1, 3, 30, 20]], "e1": [[1, 0, 2, 0, 20, 10]]])
    }
}
