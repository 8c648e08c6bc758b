import Foundation

/// `run` in a process of its own: nothing that an earlier run compiled, allocated or left in a cache helps or hinders it.
struct OwnRun {
    let item: BenchmarkCase
    let lanes, steps: Int
    var repeats = 1
    let devices: DeviceOptions
    let files: DataOptions

    /// - Parameter settings: of its environment, beside this process's.
    func report(settings: [String: String] = [:]) throws -> RunReport {
        let program = Bundle.main.executablePath ?? CommandLine.arguments[0]
        let arguments = ["run", "--json", "--case", item.name, "--lanes", "\(lanes)", "--steps", "\(steps)", "--repeat", "\(repeats)"]
        return try ReportJSON.value(from: try ChildProcess.output(
            of: program, arguments + devices.arguments + ["--data", files.data], settings: settings))
    }
}

/// Settings of a process that say what compiled kernels it finds.
enum Caches {
    /// Neither ours nor those that drivers keep.
    static let none = ["LOCKSTEP_CACHE": "none", "POCL_KERNEL_CACHE": "0", "CUDA_CACHE_DISABLE": "1"]

    /// Those of earlier processes with the same folder. NVIDIA's own stays off: it is ours that is measured there.
    static func kept(in folder: URL) -> [String: String] {
        [
            "LOCKSTEP_CACHE": folder.appendingPathComponent("lockstep").path, "POCL_KERNEL_CACHE": "1",
            "POCL_CACHE_DIR": folder.appendingPathComponent("pocl").path, "CUDA_CACHE_DISABLE": "1",
        ]
    }
}

/// What is said while it goes on, beside the results.
func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
