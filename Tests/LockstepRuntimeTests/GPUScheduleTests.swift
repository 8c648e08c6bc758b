import LockstepCompiler
import TestSupport
import Testing

@testable import LockstepRuntime

/// What the rule takes for GPUs, run: on a CPU device that is described as a GPU so small that few lanes fill it.
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

    private static func kept(_ rows: Int, _ lanes: Int) -> StepCase { RowSteps.keptRows(rows: rows, lanes: lanes) }

    static let sides: [Side] = [
        Side(step: regression(400, 4096), group: 64, schedule: .lanes, description: "full"),
        Side(step: regression(4000, 128), group: 64, schedule: .group(vectors: 32, workers: 2), description: "half empty"),
        Side(step: regression(4000, 257), units: 8, group: 64, schedule: .group(vectors: 16, workers: 4), description: "of eight units"),
        Side(step: regression(4000, 40), group: 64, schedule: .group(vectors: 16, workers: 4), description: "nearly empty"),
        Side(step: regression(4000, 5), group: 64, schedule: .group(vectors: 5, workers: 8), description: "fewer lanes than a tile has"),
        Side(step: regression(4000, 1), group: 256, schedule: .group(vectors: 1, workers: 256), description: "one lane"),
        Side(step: regression(20_000, 1), units: 2, group: 64, schedule: .group(vectors: 1, workers: 64), description: "many rows"),
        Side(step: regression(31, 5), group: 64, schedule: .lanes, description: "too few rows to deal out"),
        Side(step: regression(64, 5), group: 64, schedule: .lanes, description: "not worth the barriers"),
        Side(step: kept(3000, 2), units: 2, group: 64, schedule: .group(vectors: 2, workers: 32), description: "large lanes"),
        Side(step: kept(300, 150), group: 64, schedule: .group(vectors: 32, workers: 2), description: "kept rows"),
    ]

    @Test(arguments: sides) func choices(_ side: Side) throws {
        try Self.check(side.step, units: side.units, group: side.group) { #expect($0 == side.schedule) }
    }

    /// Loops of 31 iterations are each worker's own, those of 32 are dealt out.
    @Test(arguments: [31, 32]) func shortLoops(_ extent: Int) throws {
        let step = RowSteps.regression(rows: 4000, columns: 3, groups: extent, lanes: 20)
        try Self.check(step, units: 1, group: 64) { schedule in
            #expect(schedule == .group(vectors: 16, workers: 4))
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
