import LockstepCompiler
import TestSupport
import Testing

@testable import LockstepRuntime

/// Kernels say in which groups they run, where those are of more than one work-item.
@Suite(needsOpenCLDevice) struct KernelGroupTests {
    private static func texts(_ schedule: Schedule, kind: OpenCLDeviceInfo.Kind) throws -> [String] {
        let device = try #require(OpenCLDriver.devices().first).described { ($0.kind, $0.maxWorkGroupSize, $0.nativeFloatWidth) = (kind, 1024, 8) }
        let schedule = OpenCLSchedule.choose(device, .float, schedule: schedule)
        let step = RowSteps.regression(rows: 20_000, columns: 3, groups: 4, lanes: 1)
        return try OpenCLStage.all(schedule.programs(Lowering.lower(step.function)), schedule.options(.float)).map(\.text.kernel)
    }

    private static func attribute(_ size: Int) -> String {
        "__kernel __attribute__((reqd_work_group_size(\(size), 1, 1))) void lockstep_steps"
    }

    @Test(arguments: [
        (Schedule.lanes, 64), (.group(vectors: 4, workers: 32), 128), (.group(vectors: 1, workers: 8), 8), (.split(slices: 4, together: 1), 64),
    ])
    func ofAGPU(_ schedule: Schedule, _ size: Int) throws {
        for text in try Self.texts(schedule, kind: .gpu) { #expect(text.contains(Self.attribute(size))) }
    }

    @Test func ofACPU() throws {
        for schedule in [Schedule.lanes, .split(slices: 4, together: 2)] {
            for text in try Self.texts(schedule, kind: .cpu) { #expect(text.contains("__kernel void lockstep_steps")) }
        }
        #expect(try Self.texts(.group(vectors: 1, workers: 8), kind: .cpu)[0].contains(Self.attribute(8)))
    }
}
