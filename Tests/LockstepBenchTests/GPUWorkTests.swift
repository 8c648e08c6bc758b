import Foundation
import Lockstep
import LockstepCompiler
import LockstepRuntime
import TestSupport
import Testing

@testable import LockstepInference
@testable import lockstep_bench

/// What the rule for GPUs counts in the benchmark's cases: `gpu_work.json`, from which schedules are chosen without models.
/// `LOCKSTEP_RECORD=1` writes it anew.
@Suite struct GPUWorkTests {
    static let file = Repository.tests.appendingPathComponent("Goldens/gpu_work.json")

    @Test func countsAreThoseRecorded() throws {
        var found: [String: CaseWork] = [:]
        let schedule = OpenCLSchedule(width: 1, groupSize: 64, interleaves: true, privateBytes: 1 << 11)
        for one in BenchmarkCase.flat {
            let problem = try one.problem(dataFolder, 64)
            let step = try problem.svi.checkedStep(one.steps, 64, problem.data, RunOptions()).step
            let program = try Lowering.lower(step)
            found[one.name] = CaseWork(
                alone: try schedule.work(program, .float, isShared: false), shared: try schedule.work(program, .float, isShared: true))
        }
        #expect(found.count == 9)
        if ProcessInfo.processInfo.environment["LOCKSTEP_RECORD"] == "1" {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(found).write(to: Self.file)
        }
        let recorded = try JSONDecoder().decode([String: CaseWork].self, from: Data(contentsOf: Self.file))
        for (name, work) in found {
            #expect(work == recorded[name], "\(name): look, then record with LOCKSTEP_RECORD=1")
        }
        #expect(recorded.count == found.count)
    }
}
