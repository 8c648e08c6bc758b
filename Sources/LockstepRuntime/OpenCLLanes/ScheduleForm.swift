import LockstepCompiler

/// One kind of schedule: how it lays lanes and data on work-items, and what it makes of a program.
protocol ScheduleForm: Sendable {
    /// Neighbouring lanes of the layout that are one and the same: each has slices of its own.
    var copies: Int { get }
    /// Work-items that share a vector of lanes inside a group.
    var workers: Int { get }
    /// Vectors of lanes in a group; nil: as many as the device likes.
    var tile: Int? { get }

    func change(_ options: inout KernelOptions)

    /// The programs that make a step.
    ///
    /// - Throws: `ScheduleError` where the schedule does not suit the program.
    func programs(_ program: LaneProgram) throws(ScheduleError) -> [LaneProgram]

    /// - Parameter width: lanes of a vector of the device.
    /// - Throws: `ScheduleError` where no program can have the schedule on the device.
    func check(_ device: OpenCLDeviceInfo, width: Int) throws(ScheduleError)
}

extension ScheduleForm {
    var copies: Int { 1 }
    var workers: Int { 1 }
    var tile: Int? { nil }
    func change(_ options: inout KernelOptions) {}
    func programs(_ program: LaneProgram) throws(ScheduleError) -> [LaneProgram] { [program] }
    func check(_ device: OpenCLDeviceInfo, width: Int) throws(ScheduleError) {}
}

/// A: each work-item has a vector of lanes, and has nothing to do with the others.
struct LanesForm: ScheduleForm {
    let rowsOfGroup: Int

    func programs(_ program: LaneProgram) throws(ScheduleError) -> [LaneProgram] {
        [GroupedRows.grouped(program, fewestRows: rowsOfGroup)]
    }
}

/// B, and C with one vector: work-items of a group share vectors of lanes.
struct GroupForm: ScheduleForm {
    let vectors: Int
    let workers: Int
    let minimumExtent: Int
    let rowsOfGroup: Int
    let fewestGroups: Int
    let localBytes: Int

    var tile: Int? { vectors }

    func programs(_ program: LaneProgram) throws(ScheduleError) -> [LaneProgram] {
        [ReusedArrays.reused(RolledDraws.rolled(GroupedRows.grouped(program, fewestRows: rowsOfGroup, fewestGroups: fewestGroups)))]
    }

    func change(_ options: inout KernelOptions) {
        options.group = KernelOptions.Group(tile: vectors, workers: workers, minimumExtent: minimumExtent, localBytes: localBytes)
    }

    func check(_ device: OpenCLDeviceInfo, width: Int) throws(ScheduleError) {
        let (size, overflows) = vectors.multipliedReportingOverflow(by: workers)
        guard vectors >= 1, workers >= 2, workers.nonzeroBitCount == 1, !overflows, size <= device.maxWorkGroupSize else {
            throw ScheduleError(
                "a group of \(vectors) x \(workers) work-items is not possible: workers must be a power of two "
                    + "from 2 on, and \(device.name) has at most \(device.maxWorkGroupSize) work-items in a group")
        }
    }
}

/// D: slices of the data side by side, and a second launch that adds them up.
struct SplitForm: ScheduleForm {
    let slices: Int
    let together: Int
    let minimumRows: Int

    var copies: Int { together }

    func change(_ options: inout KernelOptions) { options.together = together }

    func programs(_ program: LaneProgram) throws(ScheduleError) -> [LaneProgram] {
        guard let step = SlicedStep(program, slices: slices, together: together, minimumRows: minimumRows) else {
            throw ScheduleError(
                "the data of this model cannot be split in \(slices) x \(together) slices: it has too few rows, or rows "
                    + "that are kept, or that lanes do not share; use .automatic or another schedule")
        }
        return step.programs
    }

    func check(_ device: OpenCLDeviceInfo, width: Int) throws(ScheduleError) {
        guard slices >= 1, together >= 1, together.nonzeroBitCount == 1, together <= width else {
            throw ScheduleError(
                "data cannot be split in \(slices) x \(together) slices: together must be a power of two up to the "
                    + "\(width) lanes that a vector of \(device.name) has")
        }
    }
}
