import LockstepCompiler

/// What the choice of a schedule depends on.
struct ScheduleQuestion: Hashable, Sendable {
    enum Hardware: Hashable, Sendable {
        /// Work-groups run one item after another.
        case cpu(cores: Int)
        case gpu(computeUnits: Int, maxGroupSize: Int, GPUTraits)
    }

    var hardware: Hardware
    /// Lanes of a vector.
    var width: Int
    var lanes: Int
    /// Rows of data that a step goes through.
    var rows: Int
    /// Whether the loops over rows do nothing but add up, so that they can be launches of their own.
    var canSplit: Bool
    /// Whether slices of the rows can share a vector.
    var canStandTogether: Bool
    var bytesPerLane: Int
    /// Iterations of each of the loops over rows.
    var iterations: [Int] = []
}

/// The cost rule. A step costs about rows x vectors of lanes / workers, plus what the sharing costs: barriers in
/// schedules B and C, launches in D.
enum ScheduleRule {
    /// Rows that make launches of their own, of some ten microseconds each, worth while.
    static let splitRows = 8192
    /// The share of a CPU that lanes alone must keep busy.
    static let goodShare = 0.8
    /// Slices for each core: drivers hand out half of what is left at a time, which is even for many only.
    static let slicesPerCore = 8
    /// Rows that make a worker's part of a loop worth its barriers.
    static let rowsPerWorker = 16
    /// Bytes that a work-item of a GPU may carry before its lane gets a group.
    static let carriedBytes = 16 << 10
    /// Work-items of a group, if the lanes suffice.
    static let groupSize = 64

    static func choose(_ question: ScheduleQuestion) -> Schedule {
        switch question.hardware {
        case .cpu(let cores): cpu(question, cores)
        case .gpu(let units, let maxGroupSize, let traits): gpu(question, units, maxGroupSize, traits)
        }
    }

    private static func cpu(_ question: ScheduleQuestion, _ cores: Int) -> Schedule {
        guard question.canSplit, question.rows >= splitRows else { return .lanes }
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

    private static func gpu(_ question: ScheduleQuestion, _ units: Int, _ maxGroupSize: Int, _ traits: GPUTraits) -> Schedule {
        let places = units * traits.itemsPerUnit
        let idle = places / max(question.lanes, 1)
        let isLarge = question.bytesPerLane > carriedBytes
        if question.canSplit, question.rows >= splitRows, idle > maxGroupSize {
            return .split(slices: even(min(idle, question.rows / rowsPerWorker), 1, question.iterations), together: 1)
        }
        let largest = min(maxGroupSize, traits.largestGroup)
        let workers = powerOfTwo(min(idle, isLarge ? largest : question.rows / rowsPerWorker, largest))
        guard workers > 1 else { return .lanes }
        return .group(vectors: isLarge ? 1 : max(1, min(min(groupSize, largest) / workers, question.lanes)), workers: workers)
    }

    /// The largest power of two that is not larger; at least 1.
    private static func powerOfTwo(_ number: Int) -> Int {
        number < 1 ? 1 : 1 << (Int.bitWidth - 1 - number.leadingZeroBitCount)
    }
}
