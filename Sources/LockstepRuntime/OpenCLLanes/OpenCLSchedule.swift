import LockstepCompiler

/// Schedule A: a work-item owns `width` lanes and runs all their steps.
package struct OpenCLSchedule: Hashable, Sendable {
    package let width: Int
    /// Work-items of a work-group.
    package let groupSize: Int
    package let interleaves: Bool
    /// Arrays of a work-item up to this size are private.
    package let privateBytes: Int

    package init(width: Int, groupSize: Int, interleaves: Bool, privateBytes: Int) {
        self.width = width
        self.groupSize = groupSize
        self.interleaves = interleaves
        self.privateBytes = privateBytes
    }

    /// Lanes fill the vector registers of a CPU; a GPU's own hardware does that for scalar text.
    ///
    /// - Parameter width: overrides the width.
    package static func choose(_ device: OpenCLDeviceInfo, _ precision: Precision, width: Int? = nil) -> OpenCLSchedule {
        let native = max(device.nativeFloatWidth, device.preferredFloatWidth)
        if device.kind == .cpu || (width ?? 1) > 1 {
            // 16 floats are one AVX-512 register, two AVX ones or four of SSE: independent work either way.
            let lanes = width ?? (native >= 4 ? 16 : 1)
            return OpenCLSchedule(width: lanes, groupSize: 1, interleaves: false, privateBytes: 1 << 16)
        }
        return OpenCLSchedule(
            width: 1, groupSize: min(64, max(device.maxWorkGroupSize, 1)), interleaves: true, privateBytes: 1 << 11)
    }

    func options(_ precision: Precision) -> KernelOptions {
        KernelOptions(width: width, isDouble: precision == .double, interleaves: interleaves, privateBytes: privateBytes)
    }

    /// Work-items for a number of lanes: whole vectors and whole groups.
    func items(lanes: Int) -> Int {
        let vectors = (lanes + width - 1) / width
        return max((vectors + groupSize - 1) / groupSize, 1) * groupSize
    }

    func layout(lanes: Int) -> LaneLayout {
        LaneLayout(lanes: lanes, width: interleaves ? items(lanes: lanes) : width)
    }
}
