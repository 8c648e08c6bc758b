import Foundation

/// The numbers of a GPU by which a CPU device is described, so that what a GPU is given is written, and run, without one.
package struct GPUForm: Hashable, Sendable {
    /// Its text: `UNITS:GROUP`.
    package let computeUnits: Int
    package let maxWorkGroupSize: Int

    package init(computeUnits: Int, maxWorkGroupSize: Int) {
        self.computeUnits = computeUnits
        self.maxWorkGroupSize = maxWorkGroupSize
    }

    /// - Parameter text: compute units and the largest work-group, such as `132:1024`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard parts.count == 2, parts[0] > 0, parts[1] > 0 else { return nil }
        self.init(computeUnits: parts[0], maxWorkGroupSize: parts[1])
    }

    /// Of tests: has all CPU devices described as such a GPU.
    static let variable = "LOCKSTEP_OPENCL_AS_GPU"

    /// What `variable` says; nil where it is not set.
    static func ofEnvironment(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws(OpenCLError) -> GPUForm? {
        guard let text = environment[variable], !text.isEmpty else { return nil }
        guard let form = GPUForm(text) else {
            throw .misuse("\(variable) is \"\(text)\"; it is compute units and the largest work-group, such as 132:1024")
        }
        return form
    }
}

extension OpenCLDeviceInfo {
    /// The device described as such a GPU, as far as it can run what that is given.
    package func asGPU(_ form: GPUForm) -> OpenCLDeviceInfo {
        described { info in
            info.kind = .gpu
            // Not the processor's, which makes GPUs of another kind.
            info.vendor = "NVIDIA Corporation"
            info.computeUnits = form.computeUnits
            info.maxWorkGroupSize = min(maxWorkGroupSize, form.maxWorkGroupSize)
            info.localMemoryBytes = min(localMemoryBytes, 48 << 10)
            info.nativeFloatWidth = 1
            info.preferredFloatWidth = 1
            info.sharesHostMemory = false
        }
    }
}
