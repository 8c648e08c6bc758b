import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Rows sorted by group, in schedules A and B, against the interpreter, which goes through them as they are.
@Suite struct OpenCLGroupedRowsTests {
    static let schedules: [Schedule] = [.lanes, .group(vectors: 2, workers: 4)]

    private static func check(_ step: StepCase, _ variant: OpenCLSessions.Variant, _ schedule: Schedule) throws {
        let program = try Lowering.lower(step.function)
        #expect(GroupedRows.grouped(program, fewestRows: 1) != program, "nothing is grouped")
        let wanted = try step.interpreted(variant.precision)
        let found = try step.openCL(variant.session, variant.precision, width: variant.width, schedule: schedule, rowsOfGroup: 1)
        let difference = Outcomes.disagreement(found, wanted, relative: variant.precision == .double ? 1e-9 : 2e-5)
        #expect(difference == nil, "\(schedule) on \(variant)")
    }

    @Test(arguments: OpenCLSessions.variants, schedules) func regression(_ variant: OpenCLSessions.Variant, _ schedule: Schedule) throws {
        try Self.check(RowSteps.regression(rows: 403, columns: 3, groups: 5, lanes: 3), variant, schedule)
    }

    @Test(arguments: OpenCLSessions.variants, schedules) func dataOfEachLane(_ variant: OpenCLSessions.Variant, _ schedule: Schedule) throws {
        try Self.check(RowSteps.regression(rows: 300, columns: 3, groups: 4, lanes: 5, perLane: true), variant, schedule)
    }

    /// A group with most rows, whose sums are emptied on the way, some with few, and some with none.
    @Test(arguments: OpenCLSessions.variants, schedules) func unequalGroups(_ variant: OpenCLSessions.Variant, _ schedule: Schedule) throws {
        var step = RowSteps.regression(rows: 1029, columns: 3, groups: 40, lanes: 3)
        step.shared["group"] = (0..<1029).map { $0 < 1000 ? 7 : Double($0 % 30) }
        try Self.check(step, variant, schedule)
    }

    @Test(arguments: OpenCLSessions.variants) func oneGroup(_ variant: OpenCLSessions.Variant) throws {
        var step = RowSteps.regression(rows: 1029, columns: 3, groups: 17, lanes: 3)
        step.shared["group"] = Array(repeating: 16, count: 1029)
        try Self.check(step, variant, .lanes)
    }

    @Test(arguments: OpenCLSessions.variants.filter { $0.precision == .float }) func radon(_ variant: OpenCLSessions.Variant) throws {
        try Self.check(StatisticalModels.radon(), variant, .lanes)
    }

    /// Groups of which all, some or none of the shared arrays are in local memory, and some in registers.
    @Test(arguments: OpenCLSessions.variants.filter { $0.width == 1 }, [1 << 15, 3000, 0])
    func onChip(_ variant: OpenCLSessions.Variant, _ localBytes: Int) throws {
        for (step, tile, workers) in [
            (RowSteps.regression(rows: 403, columns: 3, groups: 20, lanes: 7), 4, 4),
            (RowSteps.regression(rows: 300, columns: 20, groups: 20, lanes: 3), 2, 8),
            (RowSteps.keptRows(rows: 50, lanes: 3), 1, 32), (RowSteps.descent(latents: 240, lanes: 3), 1, 32),
            (RowSteps.descent(latents: 256, lanes: 2), 1, 32), (StatisticalModels.radon(), 4, 2),
        ] {
            let wanted = try step.interpreted(variant.precision)
            let found = try step.openCL(
                variant.session, variant.precision, width: 1, schedule: .group(vectors: tile, workers: workers), rowsOfGroup: 1,
                localBytes: localBytes)
            let difference = Outcomes.disagreement(found, wanted, relative: variant.precision == .double ? 1e-9 : 2e-5)
            #expect(difference == nil, "\(tile) x \(workers) on \(variant)")
        }
    }

    /// The order of rows in the data does not matter but for rounding: here to nothing, since they are sorted alike.
    @Test(arguments: OpenCLSessions.variants) func rowsOfGroupsInAnotherOrder(_ variant: OpenCLSessions.Variant) throws {
        let step = RowSteps.regression(rows: 403, columns: 3, groups: 5, lanes: 3)
        let group = step.shared["group"] ?? []
        // Sorted already, rows of a group in their order.
        let order = (0..<403).sorted { (group[$0], $0) < (group[$1], $1) }
        var sorted = step
        sorted.shared["group"] = order.map { group[$0] }
        sorted.shared["y"] = order.map { step.shared["y"]?[$0] ?? 0 }
        sorted.shared["x"] = order.flatMap { step.shared["x"]?[($0 * 3)..<($0 * 3 + 3)] ?? [] }
        let one = try step.openCL(variant.session, variant.precision, width: variant.width, rowsOfGroup: 1)
        let other = try sorted.openCL(variant.session, variant.precision, width: variant.width, rowsOfGroup: 1)
        for (name, values) in one { #expect(values == other[name], "\(name) on \(variant)") }
    }
}
