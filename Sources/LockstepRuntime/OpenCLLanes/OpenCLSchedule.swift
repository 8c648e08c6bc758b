import LockstepCompiler

/// A schedule with the numbers that a device gives it.
package struct OpenCLSchedule: Hashable, Sendable {
    /// Never `automatic`.
    package internal(set) var schedule: Schedule
    /// Lanes of a vector, which a work-item holds.
    package let width: Int
    /// Work-items of a work-group, where they have nothing to do with each other.
    package internal(set) var groupSize: Int
    package let interleaves: Bool
    /// Arrays of a work-item up to this size are private.
    package let privateBytes: Int
    /// Rows of a group, on average, from which on rows are gone through group by group. Vectors gather quickly: what they gain must
    /// make up for shorter loops.
    package var rowsOfGroup: Int
    /// Groups from which on they are: fewer would leave most of the workers that share them without any.
    package var fewestGroups = 32
    /// Loops with fewer iterations are not dealt out to the workers of a group.
    package var minimumExtent: Int
    /// Of the local memory of a group: where arrays that its workers share are worth it.
    package var localBytes = 0
    /// Loops over fewer rows are not split.
    package var minimumRows = 1024
    /// Whether rows of shared data are kept in registers, in text for GPUs.
    package var keepsRows = true
    /// Registers to which work-items are held where wide rows dominate; nil where no driver can be told.
    package var registersOfRows: Int?
    /// Statements of a step that one function has.
    package var longest = 3_000

    package init(_ schedule: Schedule = .lanes, width: Int, groupSize: Int, interleaves: Bool, privateBytes: Int) {
        self.schedule = schedule
        self.width = width
        self.groupSize = groupSize
        self.interleaves = interleaves
        self.privateBytes = privateBytes
        rowsOfGroup = width > 1 ? 32 : 2
        minimumExtent = interleaves ? 8 : 32
    }

    /// Lanes fill the vector registers of a CPU; a GPU's own hardware does that for scalar text.
    ///
    /// - Parameter width: overrides the width.
    package static func choose(
        _ device: OpenCLDeviceInfo, _ precision: Precision, width: Int? = nil, schedule: Schedule = .lanes
    ) -> OpenCLSchedule {
        let native = max(device.nativeFloatWidth, device.preferredFloatWidth)
        if device.kind == .cpu || (width ?? 1) > 1 {
            // 16 floats are one AVX-512 register, two AVX ones or four of SSE: independent work either way.
            let lanes = width ?? (native >= 4 ? 16 : 1)
            return OpenCLSchedule(schedule, width: lanes, groupSize: 1, interleaves: false, privateBytes: 1 << 16)
        }
        var schedule = OpenCLSchedule(
            schedule, width: 1, groupSize: min(64, max(device.maxWorkGroupSize, 1)), interleaves: true, privateBytes: 1 << 11)
        schedule.localBytes = min(device.localMemoryBytes, device.gpu.localBytesOfUnit, 48 << 10)
        (schedule.keepsRows, schedule.registersOfRows) = (device.gpu.keepsRows, device.registersOfRows)
        return schedule
    }

    /// What this kind of schedule makes of programs and work-groups.
    var form: any ScheduleForm {
        switch schedule {
        case .automatic, .lanes: LanesForm(rowsOfGroup: rowsOfGroup)
        case .group(let vectors, let workers):
            GroupForm(
                vectors: vectors, workers: workers, minimumExtent: minimumExtent, rowsOfGroup: rowsOfGroup, fewestGroups: fewestGroups,
                localBytes: localBytes)
        case .split(let slices, let together): SplitForm(slices: slices, together: together, minimumRows: minimumRows)
        }
    }

    func options(_ precision: Precision) -> KernelOptions {
        var options = KernelOptions(
            width: width, isDouble: precision == .double, interleaves: interleaves, privateBytes: privateBytes)
        options.longest = longest
        options.groupSize = localSize
        (options.keepsRows, options.registersOfRows) = (keepsRows, registersOfRows)
        form.change(&options)
        return options
    }

    var copies: Int { form.copies }
    var workers: Int { form.workers }

    /// Vectors for a number of lanes: whole groups.
    func items(lanes: Int) -> Int {
        let vectors = (lanes * copies + width - 1) / width
        return max((vectors + itemsOfGroup - 1) / itemsOfGroup, 1) * itemsOfGroup
    }

    /// Vectors of lanes of a work-group.
    var itemsOfGroup: Int { form.tile ?? groupSize }
    /// Work-items of a work-group.
    package var localSize: Int { itemsOfGroup * workers }

    /// Vectors of lanes that keep a device busy.
    func busyItems(_ device: OpenCLDeviceInfo) -> Int {
        let places = device.computeUnits * (device.kind == .cpu ? 1 : device.gpu.itemsPerUnit)
        return (places / workers + itemsOfGroup - 1) / itemsOfGroup * itemsOfGroup
    }

    func layout(lanes: Int) -> LaneLayout {
        let items = items(lanes: lanes)
        return LaneLayout(lanes: lanes, width: interleaves ? items : width, copies: copies, blocks: interleaves ? 1 : items)
    }
}
