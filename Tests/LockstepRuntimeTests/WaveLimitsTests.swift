import LockstepCompiler
import TestSupport
import Testing

@testable import LockstepRuntime

/// How many lanes a wave may have: by all of the memory, by one array, by the numbers of work-items.
@Suite(needsOpenCLDevice) struct WaveLimitsTests {
    /// A card with the memory of a description, and no group that another device's limit makes smaller.
    private static func card(gibibytes: Int, largest: Int, units: Int = 132) throws -> OpenCLDeviceInfo {
        try #require(OpenCLDriver.devices().first).described {
            ($0.kind, $0.vendor, $0.computeUnits, $0.maxWorkGroupSize) = (.gpu, "NVIDIA Corporation", units, 1024)
            ($0.globalMemoryBytes, $0.maxAllocationBytes, $0.localMemoryBytes) = (gibibytes << 30, largest, 48 << 10)
        }
    }

    private static func limits(
        _ step: StepCase, _ schedule: Schedule, on device: OpenCLDeviceInfo, _ precision: Precision = .float
    ) throws -> WaveLimits {
        let schedule = OpenCLSchedule.choose(device, precision, schedule: schedule)
        let stages = try OpenCLStage.all(schedule.programs(Lowering.lower(step.function)), schedule.options(precision))
        return WaveLimits(schedule, stages, precision, on: device)
    }

    /// 2,400 bytes of data in each lane, and little else.
    private static let regressions = RowSteps.regression(rows: 600, columns: 3, groups: 4, lanes: 2, perLane: true)

    /// A wave is as large as it can be: one more group is too many for one limit, and it is too many for none.
    private static func expectLargest(_ lanes: Int, _ bytesOfLane: Double, _ limit: Double) {
        #expect(lanes % 64 == 0)
        #expect(Double(lanes) * bytesOfLane <= limit)
        #expect(Double(lanes + 64) * bytesOfLane > limit)
    }

    @Test func oneArrayBoundsAWave() throws {
        // NVIDIA: a quarter of the memory; others: 4 GiB.
        for (gibibytes, largest) in [(80, 20 << 30), (80, 4 << 30), (4, 1 << 30), (4, 1 << 29)] {
            let card = try Self.card(gibibytes: gibibytes, largest: largest)
            let limits = try Self.limits(Self.regressions, .lanes, on: card)
            #expect(limits.largestPerItem == 2400)
            #expect(limits.perItem < 4800)
            Self.expectLargest(limits.lanes(budget: card.globalMemoryBytes / 2), 2400, Double(largest))
            // In double the array is twice as large.
            let doubles = try Self.limits(Self.regressions, .lanes, on: card, .double)
            Self.expectLargest(doubles.lanes(budget: card.globalMemoryBytes / 2), 4800, Double(largest))
        }
    }

    @Test func theBudgetBoundsAWave() throws {
        let card = try Self.card(gibibytes: 4, largest: 4 << 30)
        let limits = try Self.limits(Self.regressions, .lanes, on: card)
        for budget in [1 << 20, 100 << 20, 2 << 30] {
            Self.expectLargest(limits.lanes(budget: budget), limits.perItem, Double(budget) - limits.shared)
        }
        // Three columns and the groups of 600 rows are there once, and where each of four groups begins and the last ends.
        #expect(limits.shared == 600 * 4 * 4 + 5 * 4)
    }

    /// A wave has a group at least: what that takes is said where it is too much.
    @Test func aGroupIsTheLeast() throws {
        let card = try Self.card(gibibytes: 4, largest: 1 << 30)
        #expect(try Self.limits(Self.regressions, .lanes, on: card).lanes(budget: 1) == 64)
        #expect(try Self.limits(Self.regressions, .group(vectors: 4, workers: 8), on: card).lanes(budget: 1) == 4)
        #expect(try Self.limits(Self.regressions, .group(vectors: 1, workers: 8), on: card).lanes(budget: 1) == 1)
    }

    @Test func workItemsAreCounted() throws {
        let card = try Self.card(gibibytes: 4000, largest: 4000 << 30)
        let few = RowSteps.regression(rows: 40, columns: 2, groups: 2, lanes: 1)
        func lanes(_ schedule: Schedule) throws -> Int { try Self.limits(few, schedule, on: card).lanes(budget: .max) }
        #expect(try lanes(.lanes) == (Int(Int32.max) / 64) * 64)
        #expect(try lanes(.group(vectors: 1, workers: 256)) == Int(Int32.max) / 256)
        #expect(try lanes(.group(vectors: 4, workers: 256)) == Int(Int32.max) / 256 / 4 * 4)
    }

    /// What the workers of a lane have together is there once, what each has for itself as often as there are workers.
    @Test func sharedScratchIsThereOnce() throws {
        let card = try Self.card(gibibytes: 4, largest: 4 << 30)
        // Arrays of 2,000 elements: two states, the noise-free values kept for the second loop.
        let wide = RowSteps.keptRows(rows: 2000, lanes: 1)
        let alone = try Self.limits(wide, .lanes, on: card)
        let together = try Self.limits(wide, .group(vectors: 1, workers: 256), on: card)
        #expect(alone.perItem >= 2 * 8000)
        #expect(together.perItem <= alone.perItem + 256 * 64)
        #expect(together.lanes(budget: 1 << 30) * 2 >= alone.lanes(budget: 1 << 30))
        // Sums of 2,000 elements, to which each worker adds: of too few rows a group to be sorted.
        let own = RowSteps.regression(rows: 3999, columns: 2, groups: 2000, lanes: 1)
        let parts = try Self.limits(own, .group(vectors: 1, workers: 64), on: card)
        #expect(parts.perItem >= 64 * 8000)
    }

    /// What all the work-items that a card holds at once carry is not given to arrays.
    @Test func privateMemoryIsLeftFree() throws {
        let card = try Self.card(gibibytes: 4, largest: 4 << 30)
        let limits = try Self.limits(Self.regressions, .lanes, on: card)
        let left = Double(card.globalMemoryBytes) - limits.memory
        #expect(left > 0 && left <= Double(card.globalMemoryBytes) / 2)
        #expect(card.privateBytes(carried: 1000) == 1000 * 132 * 2048)
        #expect(card.privateBytes(carried: 1 << 20) == Double(2 << 30))
        #expect(card.described { $0.kind = .cpu }.privateBytes(carried: 1000) == 0)
        Self.expectLargest(limits.lanes(budget: .max), limits.perItem, limits.memory - limits.shared)
    }

    /// CPUs: whole vectors of lanes.
    @Test func vectorsAreWhole() throws {
        let device = try Self.card(gibibytes: 4, largest: 1 << 30).described { ($0.kind, $0.nativeFloatWidth) = (.cpu, 8) }
        let limits = try Self.limits(Self.regressions, .lanes, on: device)
        #expect(limits.lanes(budget: 1) == 16)
        #expect(limits.lanes(budget: .max) == (1 << 30) / 2400 / 16 * 16)
        let split = try Self.limits(
            RowSteps.regression(rows: 40_000, columns: 3, groups: 4, lanes: 1), .split(slices: 8, together: 4), on: device)
        #expect(split.lanes(budget: 1) == 4)
    }
}
