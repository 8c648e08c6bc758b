import Foundation
import Lockstep
import TestSupport
import Testing

@testable import lockstep_bench

/// The devices that a run can ask for on this machine.
let deviceChoices = Device.whyNoOpenCL == nil ? ["cpu", "opencl"] : ["cpu"]

let dataFolder = Repository.benchmarks.appendingPathComponent("data").path

func withBench<Result>(_ body: (BuiltProgram) throws -> Result) throws -> Result { try withProgram("lockstep-bench", body) }

/// What `run` prints for a small run.
func smallReport(_ program: BuiltProgram, _ name: String = "eight-schools", device: String, _ more: [String] = []) throws -> BuiltProgram.Outcome {
    try program.run(["run", "--case", name, "--lanes", "8", "--steps", "60", "--device", device, "--data", dataFolder] + more)
}

extension RunReport {
    /// A report of a run that never was, with numbers of the test's choice.
    static func made(
        lanes: Int = 100, steps: Int = 10, trace: Double = 0.01, compile: Double = 0.1, firstLaunch: Double = 0.2, run: Double = 1,
        cpu: Double = 2
    ) throws -> RunReport {
        let text = """
            {"case": "wide", "device": "opencl", "device_name": "abacus", "lanes": \(lanes), "rows": 5, "latents": 3, "steps": \(steps),
            "trace_seconds": \(trace), "compile_seconds": \(compile), "first_launch_seconds": \(firstLaunch), "run_seconds": \(run),
            "cpu_seconds": \(cpu), "compile_cpu_seconds": \(compile), "first_launch_cpu_seconds": \(firstLaunch), "lane_steps_per_second": \(Double(lanes * steps) / run), "bytes_per_lane": 12,
            "peak_memory_bytes": 1048576, "schedule": "A", "lane_width": 16, "loss": {"mean": 1, "lost": 0}, "data_checksum": "0"}
            """
        return try ReportJSON.value(from: Data(text.utf8))
    }
}
