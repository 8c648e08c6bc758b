import LockstepCompiler

/// What a step of all lanes costs on a GPU, as far as counts tell: within a factor of 1.3 of what an H100 takes.
///
/// A unit holds as many groups at once as it has registers for; further groups wait. Meanwhile a step takes as long as one
/// work-item needs for it, or as long as the unit needs for all of theirs, whichever is longer.
struct GPUStepCost {
    /// The share of the work-items which registers allow at 255 each that keeps a unit busy. Of ours, 130 work-items of 256
    /// do on an H100 (eight schools, 4,096 to 33,792 lanes); operations are counted somewhat high.
    private static let busyShare = 0.65
    /// Clocks of an access to what the cache has, and to what it has not besides.
    private static let cacheClocks = 10.0
    private static let memoryClocks = 75.0
    /// Clocks of a barrier, with the level of a tree that goes before it: what groups lose to alike kernels without them.
    private static let barrierClocks = 400.0
    /// Of the lesser of both times, the share that does not hide behind the greater.
    private static let unhidden = 0.25
    /// Work-items that go to memory together, and bytes that it then moves at least for one of them alone.
    private static let together = 32
    private static let sectorBytes = 32
    /// Registers beside values: addresses and counters.
    private static let otherRegisters = 16

    private let work: StepWork
    private let traits: GPUTraits
    private let lanes: Int
    private let units: Int
    private let realBytes: Int
    /// Work-items that a unit has registers for.
    private let itemsOfUnit: Int

    /// - Parameter work: if it is not the question's.
    init(_ question: GPUQuestion, of work: StepWork? = nil) {
        let work = work ?? question.work
        (self.work, traits, lanes, units) = (work, question.traits, max(question.lanes, 1), max(question.computeUnits, 1))
        realBytes = question.realBytes
        // Drivers unroll loops over arrays of a work-item until its registers are used up.
        let values = work.values * realBytes / 4 + Self.otherRegisters
        let registers = work.ownElements > 0 ? traits.mostRegisters : min(values, traits.mostRegisters)
        itemsOfUnit = min(traits.registersOfUnit / registers, traits.residentItems)
    }

    /// Clocks of a step.
    ///
    /// - Parameter workers: of a lane; one, where every work-item has a lane of its own.
    func clocks(tile: Int, workers: Int) -> Double {
        let groups = (lanes + tile - 1) / tile
        let groupsOfUnit = (groups + units - 1) / units
        let resident = max(itemsOfUnit / (tile * workers), 1)
        let (rounds, rest) = groupsOfUnit.quotientAndRemainder(dividingBy: resident)
        let group = GroupWork(work, tile: tile, workers: workers)
        return Double(rounds) * (rounds > 0 ? clocks(group, groups: resident) : 0) + (rest > 0 ? clocks(group, groups: rest) : 0)
    }

    /// - Parameter groups: those that a unit has at once.
    private func clocks(_ group: GroupWork, groups: Int) -> Double {
        let items = Double(groups * group.tile * group.workers)
        let sectorShare = max(1, Double(Self.sectorBytes / realBytes) / Double(group.tile))
        let spread = group.workers > 1 ? sectorShare : 1
        let bytes =
            Double(realBytes)
            * (Double(min(groups * group.tile, lanes) * work.laneElements) * spread + items * Double(work.ownElements))
        let missing = max(0, 1 - Double(traits.cacheBytes) / max(bytes, 1))
        let ofItem =
            group.operations * Self.busyShare * Double(traits.itemsPerUnit) / Double(traits.lanesOfUnit)
            + group.accesses * (Self.cacheClocks + missing * Self.memoryClocks) + group.barriers * Self.barrierClocks
        // Neighbours that are workers of other rows read elements that lie apart.
        let apart = group.workers > 1 ? max(1, min(Double(group.workers), Double(Self.together) / Double(group.tile))) : 1
        let ofUnit = max(
            items * group.operations / Double(traits.lanesOfUnit),
            items * (group.alikeLoads + group.dealtLoads * apart) / (Double(traits.lanesOfUnit) / 4),
            items * group.accesses * missing * Double(realBytes) * spread / traits.memoryBytesPerClock)
        return max(ofItem, ofUnit) + Self.unhidden * min(ofItem, ofUnit)
    }
}

/// What a work-item of a group does in a step.
private struct GroupWork {
    let tile: Int
    let workers: Int
    let operations: Double
    /// Loads and stores of what is a lane's own.
    let accesses: Double
    /// Loads and stores that all workers of a lane do alike, and those of which each has its own.
    let alikeLoads, dealtLoads: Double
    let barriers: Double

    init(_ work: StepWork, tile: Int, workers: Int) {
        var dealt = StepWork.Amount()
        for loop in work.dealt { dealt.add(loop.amount, times: (loop.iterations + workers - 1) / workers) }
        (self.tile, self.workers) = (tile, workers)
        operations = Double(work.repeated.operations + dealt.operations)
        accesses = Double(work.repeated.accesses + dealt.accesses)
        alikeLoads = Double(work.repeated.accesses + work.repeated.sharedLoads)
        dealtLoads = Double(dealt.accesses + dealt.sharedLoads)
        let levels = Int.bitWidth - 1 - workers.leadingZeroBitCount
        barriers = workers > 1 ? Double(work.trees * (levels + 2) + work.fences) : 0
    }
}
