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
        try ReportJSON.value(from: try output(["run", "--json", "--repeat", "\(repeats)"], settings))
    }

    /// Opens the device, which is tried in a child process at its first use, and compiles nothing.
    func opensDevice(settings: [String: String]) throws { _ = try output(["explain"], settings) }

    private func output(_ command: [String], _ settings: [String: String]) throws -> Data {
        let program = Bundle.main.executablePath ?? CommandLine.arguments[0]
        let problem = ["--case", item.name, "--lanes", "\(lanes)", "--steps", "\(steps)", "--data", files.data]
        return try ChildProcess.output(of: program, command + problem + devices.arguments, settings: settings)
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
