import LockstepRuntime

/// Graphics cards that are only described, and run on PoCL within the limits that they have.
package enum FakeDevices {
    /// A CPU device, which may be described as a GPU; nil where there is none.
    package static var cpu: OpenCLDeviceInfo? { OpenCLDriver.devices().first { $0.kind == .cpu || $0.imposed != nil } }

    /// A card of 132 units with groups of 1,024 work-items and 48 KB of local memory; nil on a machine without PoCL.
    package static func card(_ change: (inout OpenCLDeviceInfo) -> Void = { _ in }) throws -> OpenCLSession? {
        guard let info = OpenCLDriver.devices().first(where: { $0.platformName == "Portable Computing Language" }) else {
            print("No PoCL, so no fake device: \(OpenCLDriver.status)")
            return nil
        }
        return try OpenCLSession(
            info.described {
                ($0.name, $0.vendor, $0.platformName) = ("a card", "NVIDIA Corporation", "NVIDIA CUDA")
                ($0.kind, $0.computeUnits, $0.maxWorkGroupSize, $0.localMemoryBytes) = (.gpu, 132, 1024, 48 << 10)
                ($0.globalMemoryBytes, $0.maxAllocationBytes, $0.sharesHostMemory) = (1 << 30, 1 << 28, false)
                change(&$0)
            })
    }
}
