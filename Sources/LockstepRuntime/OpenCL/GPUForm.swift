import Foundation

/// The numbers of a GPU by which a CPU device is described, so that what a GPU is given is written, and run, without one.
package struct GPUForm: Hashable, Sendable {
    /// Its text: `UNITS:GROUP` or `UNITS:GROUP:MAKER`.
    package let computeUnits: Int
    package let maxWorkGroupSize: Int
    let maker: GPUVendor

    package init(computeUnits: Int, maxWorkGroupSize: Int) {
        self.init(computeUnits: computeUnits, maxWorkGroupSize: maxWorkGroupSize, maker: .nvidia)
    }

    init(computeUnits: Int, maxWorkGroupSize: Int, maker: GPUVendor) {
        (self.computeUnits, self.maxWorkGroupSize, self.maker) = (computeUnits, maxWorkGroupSize, maker)
    }

    /// - Parameter text: compute units and the largest work-group, such as `132:1024`, and `nvidia`, `amd` or `intel` after them;
    ///   NVIDIA's without that.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), let units = Int(parts[0]), let group = Int(parts[1]), units > 0, group > 0,
            let maker = parts.count == 3 ? GPUVendor(rawValue: parts[2]) : .nvidia, maker.deviceVendor != nil
        else { return nil }
        self.init(computeUnits: units, maxWorkGroupSize: group, maker: maker)
    }

    /// Of tests: has all CPU devices described as such a GPU.
    static let variable = "LOCKSTEP_OPENCL_AS_GPU"

    /// What `variable` says; nil where it is not set.
    static func ofEnvironment(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws(OpenCLError) -> GPUForm? {
        guard let text = environment[variable], !text.isEmpty else { return nil }
        guard let form = GPUForm(text) else {
            throw .misuse(
                "\(variable) is \"\(text)\"; it is compute units, the largest work-group and maybe a maker, such as 132:1024 or 120:1024:amd")
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
            info.vendor = form.maker.deviceVendor ?? info.vendor
            info.computeUnits = form.computeUnits
            info.maxWorkGroupSize = min(maxWorkGroupSize, form.maxWorkGroupSize)
            info.localMemoryBytes = min(localMemoryBytes, 48 << 10)
            info.nativeFloatWidth = 1
            info.preferredFloatWidth = 1
            info.sharesHostMemory = false
        }
    }
}
