import LockstepCompiler
import TestSupport
import Testing

@testable import LockstepRuntime

/// Both sides of each threshold of the rule for GPUs, run: on a CPU device that is described as a GPU so small that few lanes
/// fill it.
@Suite struct GPUScheduleTests {
    struct Side: Sendable, CustomTestStringConvertible {
        let step: StepCase
        var units = 1
        let group: Int
        let schedule: Schedule
        let description: String

        var testDescription: String { "\(description): \(schedule)" }
    }

    private static func regression(_ rows: Int, _ lanes: Int) -> StepCase {
        RowSteps.regression(rows: rows, columns: 2, groups: 3, lanes: lanes)
    }

    /// A step whose lane takes so many bytes, or as many more as it must.
    private static func bytes(_ least: Int, _ lanes: Int) throws -> StepCase {
        let perRow = try programBytes(101) - programBytes(100)
        let rows = try 100 + max(0, least - programBytes(100) + perRow - 1) / perRow
        return RowSteps.keptRows(rows: rows, lanes: lanes)
    }

    private static func programBytes(_ rows: Int) throws -> Int {
        try Lowering.lower(RowSteps.keptRows(rows: rows, lanes: 1).function).bytesPerLane(realBytes: 4)
    }

    static let sides: [Side] = [
        // A unit is full of 256 work-items: of 128 lanes with two workers each, of one more without.
        Side(step: regression(100, 129), group: 64, schedule: .lanes, description: "full"),
        Side(step: regression(100, 128), group: 64, schedule: .group(vectors: 32, workers: 2), description: "half empty"),
        Side(step: regression(100, 129), units: 2, group: 64, schedule: .group(vectors: 32, workers: 2), description: "of two units"),
        // A worker has 16 rows.
        Side(step: regression(31, 5), group: 64, schedule: .lanes, description: "too few rows for two"),
        Side(step: regression(32, 5), group: 64, schedule: .group(vectors: 5, workers: 2), description: "rows for two"),
        Side(step: regression(63, 33), group: 64, schedule: .group(vectors: 32, workers: 2), description: "too few rows for four"),
        Side(step: regression(64, 33), group: 64, schedule: .group(vectors: 16, workers: 4), description: "rows for four"),
        // A group is full.
        Side(step: regression(1024, 3), group: 64, schedule: .group(vectors: 1, workers: 64), description: "rows for a group of 64"),
        Side(step: regression(1023, 3), group: 64, schedule: .group(vectors: 2, workers: 32), description: "too few rows for a group of 64"),
        Side(step: regression(4096, 1), group: 256, schedule: .group(vectors: 1, workers: 256), description: "rows for a group of 256"),
        Side(step: regression(4095, 1), group: 256, schedule: .group(vectors: 1, workers: 128), description: "too few rows for a group of 256"),
        // Launches of their own.
        Side(step: regression(8192, 3), group: 64, schedule: .split(slices: 85, together: 1), description: "more slices than a group has workers"),
        Side(step: regression(8191, 3), group: 64, schedule: .group(vectors: 1, workers: 64), description: "too few rows for launches"),
        Side(step: regression(8192, 4), group: 64, schedule: .group(vectors: 1, workers: 64), description: "a group has as many workers"),
        Side(step: regression(8192, 1), units: 2, group: 256, schedule: .split(slices: 512, together: 1), description: "more than 256"),
        Side(step: regression(8192, 1), group: 256, schedule: .group(vectors: 1, workers: 256), description: "not more than 256"),
    ]

    @Test(arguments: sides) func bothSidesOfAThreshold(_ side: Side) throws {
        try Self.check(side.step, units: side.units, group: side.group) { #expect($0 == side.schedule) }
    }

    /// A lane that carries much has a group of its own, however few rows there are for each worker.
    @Test(arguments: [64, 256]) func largeLanes(_ group: Int) throws {
        let large = try Self.bytes(ScheduleRule.carriedBytes + 1, 2)
        try Self.check(large, units: 2, group: group) { #expect($0 == .group(vectors: 1, workers: group)) }
        let small = try Self.bytes(ScheduleRule.carriedBytes / 2, 2)
        try Self.check(small, units: 2, group: group) { #expect($0 != .group(vectors: 1, workers: group)) }
    }

    /// Loops of 31 iterations are each worker's own, those of 32 are dealt out.
    @Test(arguments: [31, 32]) func shortLoops(_ extent: Int) throws {
        let step = RowSteps.regression(rows: 400, columns: 3, groups: extent, lanes: 5)
        try Self.check(step, units: 1, group: 64) { schedule in
            #expect(schedule == .group(vectors: 4, workers: 16))
        }
    }

    private static func check(_ step: StepCase, units: Int, group: Int, _ expect: (Schedule) -> Void) throws {
        guard let info = OpenCLDriver.devices().first(where: { $0.kind == .cpu || $0.platformName == "Portable Computing Language" }) else {
            return OpenCLSessions.explainAbsence()
        }
        let session = try OpenCLSession(info.asGPU(GPUForm(computeUnits: units, maxWorkGroupSize: group)))
        let program = try Lowering.lower(step.function)
        // Groups of many items take drivers for CPUs long to compile: in float only, but at the full level.
        let isFull = TestLevel.count(small: 0, medium: 0, full: 1) == 1
        for precision in Precision.allCases where precision == .float || info.supportsDouble && isFull {
            let schedule = try OpenCLSchedule.resolve(.automatic, for: program, lanes: step.lanes, on: session.info, precision)
            if precision == .float { expect(schedule.schedule) }
            let executable = try OpenCLExecutable(program, on: session, precision: precision, schedule: schedule)
            let difference = Outcomes.disagreement(
                try step.run(executable, precision), try step.interpreted(precision), relative: precision == .double ? 1e-9 : 2e-5)
            #expect(difference == nil, "\(schedule.schedule) in \(precision)")
        }
    }
}
