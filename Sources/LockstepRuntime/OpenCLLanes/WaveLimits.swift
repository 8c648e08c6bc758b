import LockstepCompiler

/// What bounds the lanes of one wave on a device: all arrays together, the largest of them, and the numbers of work-items.
package struct WaveLimits: Hashable, Sendable {
    /// Bytes of all arrays for each vector of lanes, and of the largest one.
    let perItem, largestPerItem: Double
    /// Bytes of the arrays that all lanes share.
    let shared: Double
    /// Work-items for each vector.
    let workItems: Int
    /// Vectors in a group.
    let itemsOfGroup: Int
    /// Lanes of a vector, and neighbouring ones that are the same.
    let width, copies: Int
    /// Bytes that arrays may take on the device: what its work-items have for themselves is left free.
    let memory: Double
    /// Bytes that one array may take.
    let largestAllocation: Double

    init(_ schedule: OpenCLSchedule, _ stages: [OpenCLStage], _ precision: Precision, on device: OpenCLDeviceInfo) {
        let arrays = schedule.arrays(stages, precision)
        perItem = arrays.reduce(schedule.keyBytes) { $0 + $1.perItem }
        largestPerItem = arrays.reduce(schedule.keyBytes) { max($0, $1.perItem) }
        shared = arrays.reduce(0) { $0 + $1.shared }
        workItems = schedule.workers * (stages.map(\.slices).max() ?? 1)
        itemsOfGroup = schedule.itemsOfGroup
        (width, copies) = (schedule.width, schedule.copies)
        let carried = stages.map(\.text.carriedBytes).max() ?? 0
        memory = Double(device.globalMemoryBytes) - device.privateBytes(carried: carried)
        largestAllocation = Double(device.maxAllocationBytes)
    }

    /// The most lanes of one wave: whole groups, and at least one of those.
    ///
    /// - Parameter budget: bytes that the arrays of a wave may take.
    package func lanes(budget: Int) -> Int {
        let bytes = min(Double(budget), memory) - shared
        let most = min(bytes / perItem, largestAllocation / largestPerItem, Double(Int32.max) / Double(workItems))
        let groups = max(Int(most / Double(itemsOfGroup)), 1)
        return max(groups * itemsOfGroup * width / copies, 1)
    }
}

extension OpenCLDeviceInfo {
    /// What the driver of a GPU sets aside for all the work-items that its units hold at once; at most half of the memory,
    /// as registers, which take none, are counted too.
    ///
    /// - Parameter carried: bytes of one work-item.
    func privateBytes(carried: Int) -> Double {
        guard kind != .cpu else { return 0 }
        return min(Double(carried) * Double(computeUnits) * Double(gpu.residentItems), Double(globalMemoryBytes) / 2)
    }
}

extension OpenCLExecutable {
    package var waveLimits: WaveLimits { WaveLimits(schedule, stages, precision, on: session.info) }

    package func mostLanes(budget: Int) -> Int { waveLimits.lanes(budget: budget) }
}
