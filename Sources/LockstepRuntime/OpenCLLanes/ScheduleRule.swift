import LockstepCompiler

/// What the choice of a schedule depends on.
enum ScheduleQuestion: Hashable, Sendable {
    /// Work-groups run one item after another.
    case cpu(CPUQuestion)
    case gpu(GPUQuestion)
}

struct CPUQuestion: Hashable, Sendable {
    var cores: Int
    /// Lanes of a vector.
    var width: Int
    var lanes: Int
    /// Rows of data that a step goes through.
    var rows: Int
    /// Whether the loops over rows do nothing but add up, so that they can be launches of their own.
    var canSplit: Bool
    /// Whether slices of the rows can share a vector.
    var canStandTogether: Bool
    /// Iterations of each of the loops over rows.
    var iterations: [Int] = []
}

struct GPUQuestion: Hashable, Sendable {
    var computeUnits: Int
    var maxGroupSize: Int
    var traits: GPUTraits
    var lanes: Int
    var work: StepWork
    /// What schedule A has to do, if that is something else.
    var alone: StepWork?
    var realBytes = 4
    /// Of local memory, what a group may have.
    var localBytes = 0
}

/// The cost rule. On a CPU a step costs about rows x vectors of lanes / workers, plus the launches of schedule D; on a GPU
/// it is the schedule for which `GPUStepCost` says the least, or one that is hardly dearer and less of a risk. Schedule D is
/// none for GPUs: its parts are added up by one work-item for each lane.
enum ScheduleRule {
    /// Rows that make launches of their own, of some ten microseconds each, worth while.
    static let splitRows = 8192
    /// The share of a CPU that lanes alone must keep busy.
    static let goodShare = 0.8
    /// Slices for each core: drivers hand out half of what is left at a time, which is even for many only.
    static let slicesPerCore = 8
    /// Work-items of a GPU's group, if the device allows them: two warps, or one wavefront.
    static let leastGroup = 64
    /// Lanes of a group, if there are as many: a GPU reads memory in pieces of at least eight numbers, and on an H100 groups
    /// of 16 x 16 are never slower than those of 4 x 16.
    static let leastTile = 16
    /// What schedule A, which has no barriers, may cost beside the least; and any other, as `GPUStepCost` is no more exact.
    static let (aloneMargin, sharedMargin) = (1.1, 1.3)

    static func choose(_ question: ScheduleQuestion) -> Schedule {
        switch question {
        case .cpu(let question): cpu(question)
        case .gpu(let question): gpu(question)
        }
    }

    private static func cpu(_ question: CPUQuestion) -> Schedule {
        guard question.canSplit, question.rows >= splitRows else { return .lanes }
        let cores = question.cores
        let together = question.canStandTogether ? powerOfTwo(question.width / max(question.lanes, 1)) : 1
        let vectors = (question.lanes * together + question.width - 1) / question.width
        let turns = (vectors + cores - 1) / cores
        let share = Double(vectors) / Double(turns * cores)
        if share >= goodShare, together == 1 { return .lanes }
        let slices = share >= goodShare ? 1 : max(1, slicesPerCore * cores / vectors)
        return .split(slices: even(slices, together, question.iterations), together: together)
    }

    /// A number of slices, not much larger, that leaves no iterations over: those are text of their own to compile.
    private static func even(_ slices: Int, _ together: Int, _ iterations: [Int]) -> Int {
        (slices...(slices + slices / 2)).first { number in iterations.allSatisfy { $0 % (number * together) == 0 } } ?? slices
    }

    private static func gpu(_ question: GPUQuestion) -> Schedule {
        let (cost, costAlone) = (GPUStepCost(question), GPUStepCost(question, of: question.alone))
        let largest = max(1, min(question.maxGroupSize, question.traits.largestGroup))
        let alone = costAlone.clocks(tile: min(leastGroup, largest), workers: 1)
        let shared = shapes(lanes: question.lanes, largest: largest).map { ($0, cost.clocks(tile: $0.tile, workers: $0.workers)) }
        let least = shared.reduce(alone) { min($0, $1.1) }
        let good = shared.filter { $0.1 <= least * sharedMargin }.map {
            (shape: $0.0, onChip: cost.elementsOnChip(tile: $0.0.tile, workers: $0.0.workers))
        }
        // The first of those that have most of their arrays on the chip.
        guard alone > least * aloneMargin, let most = good.map(\.onChip).max(), let choice = good.first(where: { $0.onChip == most })?.shape
        else { return .lanes }
        return .group(vectors: choice.tile, workers: choice.workers)
    }

    /// Groups in which lanes are shared, in the order of preference: those whose neighbours read the same or what lies side by
    /// side first, then the fuller ones.
    private static func shapes(lanes: Int, largest: Int) -> [(tile: Int, workers: Int)] {
        let tiles = lanes < leastTile ? (lanes > 1 ? [lanes] : []) : [32, 16, 64, 128].filter { $0 <= lanes }
        let workers = [256, 128, 64, 32, 16, 8, 4, 2]
        let sizes = min(leastGroup, largest / 2 + 1)...largest
        let tiled = tiles.flatMap { tile in workers.filter { sizes.contains(tile * $0) }.map { (tile: tile, workers: $0) } }
        return tiled + workers.filter { $0 >= leastGroup && $0 <= largest }.map { (tile: 1, workers: $0) }
    }

    /// The largest power of two that is not larger; at least 1.
    private static func powerOfTwo(_ number: Int) -> Int {
        number < 1 ? 1 : 1 << (Int.bitWidth - 1 - number.leadingZeroBitCount)
    }
}
