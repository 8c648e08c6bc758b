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
    /// Clocks of a barrier: what groups lose to alike kernels without them.
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
    /// Of local memory, what a group may have.
    private let localBytes: Int

    /// - Parameter work: if it is not the question's.
    init(_ question: GPUQuestion, of work: StepWork? = nil) {
        let work = work ?? question.work
        (self.work, traits, lanes, units) = (work, question.traits, max(question.lanes, 1), max(question.computeUnits, 1))
        realBytes = question.realBytes
        localBytes = question.localBytes
    }

    /// Clocks of a step.
    ///
    /// - Parameter workers: of a lane; one, where every work-item has a lane of its own.
    func clocks(tile: Int, workers: Int) -> Double {
        let group = group(tile: tile, workers: workers)
        let resident = resident(group)
        let (rounds, rest) = groupsOfUnit(tile).quotientAndRemainder(dividingBy: resident)
        return Double(rounds) * (rounds > 0 ? clocks(group, groups: resident) : 0) + (rest > 0 ? clocks(group, groups: rest) : 0)
    }

    /// Elements of a lane that are in local memory or its workers' registers.
    func elementsOnChip(tile: Int, workers: Int) -> Int { group(tile: tile, workers: workers).elementsOnChip }

    private func group(tile: Int, workers: Int) -> GroupWork {
        GroupWork(work, tile: tile, workers: workers, realBytes: realBytes, localBytes: localBytes)
    }

    private func groupsOfUnit(_ tile: Int) -> Int { ((lanes + tile - 1) / tile + units - 1) / units }

    /// Groups that a unit has at once, at most.
    private func resident(_ group: GroupWork) -> Int {
        // Drivers unroll loops over arrays of a work-item until its registers are used up.
        let values = (work.values + group.elementsOfItem) * realBytes / 4 + Self.otherRegisters
        let registers = work.ownElements > 0 ? traits.mostRegisters : min(values, traits.mostRegisters)
        let itemsOfUnit = min(traits.registersOfUnit / registers, traits.residentItems)
        return max(min(itemsOfUnit / (group.tile * group.workers), traits.localBytesOfUnit / max(group.localBytes, 1)), 1)
    }

    /// Bytes that go to memory and back for one that is wanted.
    private func spread(_ group: GroupWork) -> Double {
        group.workers > 1 ? max(1, Double(Self.sectorBytes / realBytes) / Double(group.tile)) : 1
    }

    /// The share of what groups go to that the cache has no room for.
    private func missing(_ group: GroupWork, groups: Int) -> Double {
        let ofLanes = Double(min(groups * group.tile, lanes) * (work.laneElements - group.elementsOnChip)) * spread(group)
        let ofItems = Double(groups * group.tile * group.workers * work.ownElements)
        // A group may have more of local memory than is a unit's share.
        let cacheBytes = max(traits.cacheBytes - (traits.isLocalMemoryOfCache ? groups * group.localBytes : 0), 0)
        let bytes = Double(realBytes) * (ofLanes + ofItems)
        return bytes > 0 ? max(0, 1 - Double(cacheBytes) / bytes) : 0
    }

    /// - Parameter groups: those that a unit has at once.
    private func clocks(_ group: GroupWork, groups: Int) -> Double {
        let items = Double(groups * group.tile * group.workers)
        let missing = missing(group, groups: groups)
        let ofItem =
            group.operations * Self.busyShare * Double(traits.itemsPerUnit) / Double(traits.lanesOfUnit)
            + group.accesses * Self.cacheClocks + group.farAccesses * missing * Self.memoryClocks + group.barriers * Self.barrierClocks
        // Neighbours that are workers of other rows read elements that lie apart.
        let apart = group.workers > 1 ? max(1, min(Double(group.workers), Double(Self.together) / Double(group.tile))) : 1
        let ofUnit = max(
            items * group.operations / Double(traits.lanesOfUnit),
            items * (group.alikeLoads + group.dealtLoads * apart) / (Double(traits.lanesOfUnit) / 4),
            items * group.farAccesses * missing * Double(realBytes) * spread(group) / traits.memoryBytesPerClock)
        return max(ofItem, ofUnit) + Self.unhidden * min(ofItem, ofUnit)
    }
}

/// What a work-item of a group does in a step.
private struct GroupWork {
    /// Of a worker's part of a sum, to load and to add.
    private static let operationsOfPart = 2

    let tile: Int
    let workers: Int
    let operations: Double
    /// Loads and stores of what is a lane's own, and those of them that do not go to local memory.
    let accesses, farAccesses: Double
    /// Loads and stores that all workers of a lane do alike, and those of which each has its own.
    let alikeLoads, dealtLoads: Double
    let barriers: Double
    /// Elements of a lane that are in local memory or registers, and those of them that a worker has in registers.
    let elementsOnChip, elementsOfItem: Int
    /// What a group has of local memory altogether.
    let localBytes: Int

    init(_ work: StepWork, tile: Int, workers: Int, realBytes: Int, localBytes: Int) {
        var dealt = StepWork.Amount()
        for loop in work.dealt { dealt.add(loop.amount, times: (loop.iterations + workers - 1) / workers) }
        (self.tile, self.workers) = (tile, workers)
        let parts = workers > 1 ? min(workers, Cooperation.partsAtOnce) + workers / Cooperation.partsAtOnce : 0
        operations = Double(work.repeated.operations + dealt.operations + Self.operationsOfPart * work.sums * parts)
        let room = localBytes / realBytes / tile - min(work.sums, Cooperation.mostSums) * workers
        let arrays = workers > 1 ? work.arrays : []
        let placement = SharedArray.placed(arrays, tile: tile, workers: workers, room: room) { arrays[$0].elements }
        func elements(_ places: Set<Int>) -> Int { places.reduce(0) { $0 + arrays[$1].elements } }
        let (local, distributed) = (elements(placement.onChip), elements(placement.distributed))
        (elementsOnChip, elementsOfItem) = (local + distributed, placement.registers)
        self.localBytes = workers > 1 ? (local + min(work.sums, Cooperation.mostSums) * workers) * tile * realBytes : 0
        // Each array has its share of what arrays are gone to for.
        let all = Double(max(arrays.reduce(0) { $0 + $1.elements }, 1))
        let (near, kept) = (Double(local) / all, Double(distributed) / all)
        let arrayAccesses = Double(work.repeated.arrayAccesses + dealt.arrayAccesses)
        accesses = Double(work.repeated.accesses + dealt.accesses) - kept * arrayAccesses
        farAccesses = accesses - near * arrayAccesses
        // Neighbours in local memory are neighbours.
        alikeLoads = Double(work.repeated.accesses + work.repeated.sharedLoads) + near * Double(dealt.arrayAccesses)
        dealtLoads = Double(dealt.accesses + dealt.sharedLoads) - (near + kept) * Double(dealt.arrayAccesses)
        let barriersOfReduction = workers > Cooperation.partsAtOnce ? 3 : 2
        barriers = workers > 1 ? Double(work.reductions * barriersOfReduction + work.fences) : 0
    }
}
