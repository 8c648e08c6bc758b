import LockstepCompiler
import TestSupport
import Testing

@testable import LockstepRuntime

/// The cost rule, on both sides of each of its thresholds.
@Suite struct ScheduleRuleTests {
    private static func cpu(
        cores: Int = 8, lanes: Int, rows: Int = 100_000, canSplit: Bool = true, canStandTogether: Bool = true
    ) -> Schedule {
        ScheduleRule.choose(
            .cpu(
                CPUQuestion(cores: cores, width: 16, lanes: lanes, rows: rows, canSplit: canSplit, canStandTogether: canStandTogether)))
    }

    /// - Parameter rows: iterations of a loop that is dealt out.
    private static func work(rows: Int, repeated: Int = 500, laneElements: Int = 0) -> StepWork {
        var work = StepWork()
        work.repeated.operations = repeated
        work.values = 100
        work.laneElements = laneElements
        guard rows > 0 else { return work }
        var row = StepWork.Amount()
        row.operations = 100
        row.accesses = laneElements / rows
        work.dealt = [StepWork.DealtLoop(iterations: rows, row)]
        (work.sums, work.reductions) = (16, 2)
        return work
    }

    private static func gpu(
        lanes: Int, _ work: StepWork, units: Int = 100, maxGroupSize: Int = 1024, vendor: GPUVendor = .nvidia, realBytes: Int = 4
    ) -> Schedule {
        ScheduleRule.choose(
            .gpu(
                GPUQuestion(
                    computeUnits: units, maxGroupSize: maxGroupSize, traits: vendor.traits, lanes: lanes, work: work, realBytes: realBytes)))
    }

    @Test func aCPUSplitsManyRowsOnly() {
        #expect(Self.cpu(lanes: 1, rows: ScheduleRule.splitRows - 1) == .lanes)
        #expect(Self.cpu(lanes: 1, rows: ScheduleRule.splitRows) == .split(slices: 64, together: 16))
        #expect(Self.cpu(lanes: 1, canSplit: false) == .lanes)
    }

    @Test func aCPUSplitsUntilLanesKeepItBusy() {
        #expect(Self.cpu(lanes: 16) == .split(slices: 64, together: 1))
        #expect(Self.cpu(lanes: 6 * 16) == .split(slices: 10, together: 1))
        // Seven of eight cores are a good share, nine turns in two rounds are not.
        #expect(Self.cpu(lanes: 7 * 16) == .lanes)
        #expect(Self.cpu(lanes: 9 * 16) == .split(slices: 7, together: 1))
        #expect(Self.cpu(lanes: 13 * 16) == .lanes)
        #expect(Self.cpu(lanes: 100_000) == .lanes)
    }

    @Test func aCPUFillsVectorsWithSlices() {
        #expect(Self.cpu(lanes: 1) == .split(slices: 64, together: 16))
        #expect(Self.cpu(lanes: 4) == .split(slices: 64, together: 4))
        #expect(Self.cpu(lanes: 8) == .split(slices: 64, together: 2))
        #expect(Self.cpu(lanes: 9) == .split(slices: 64, together: 1))
        #expect(Self.cpu(lanes: 4, canStandTogether: false) == .split(slices: 64, together: 1))
        // One core has only its vectors to fill.
        #expect(Self.cpu(cores: 1, lanes: 4) == .split(slices: 1, together: 4))
        #expect(Self.cpu(cores: 1, lanes: 16) == .lanes)
    }

    @Test func slicesAreEvenWhereTheyCanBe() {
        func schedule(iterations: [Int], lanes: Int = 16) -> Schedule {
            ScheduleRule.choose(
                .cpu(
                    CPUQuestion(
                        cores: 2, width: 16, lanes: lanes, rows: 100_000, canSplit: true, canStandTogether: true, iterations: iterations)))
        }
        #expect(schedule(iterations: [12_500]) == .split(slices: 20, together: 1))
        #expect(schedule(iterations: [16_000]) == .split(slices: 16, together: 1))
        #expect(schedule(iterations: [12_500, 19]) == .split(slices: 16, together: 1))
        #expect(schedule(iterations: [25_000], lanes: 8) == .split(slices: 20, together: 2))
    }

    /// The fewer lanes, the more workers each has.
    @Test func aGPUSharesLanesUntilItIsFull() {
        var before = 0
        for (lanes, expected) in [
            (100_000, Schedule.lanes), (51_200, .lanes), (12_800, .group(vectors: 32, workers: 8)), (1600, .group(vectors: 16, workers: 16)),
            (15, .group(vectors: 1, workers: 256)), (1, .group(vectors: 1, workers: 256)),
        ] {
            let schedule = Self.gpu(lanes: lanes, Self.work(rows: 1000))
            #expect(schedule == expected, "\(lanes) lanes")
            if case .group(_, let workers) = schedule {
                #expect(workers >= before)
                before = workers
            }
        }
    }

    /// Work that every worker would repeat is not shared, whether or not a little could be dealt out besides.
    @Test func aGPUDoesNotRepeatWork() {
        for lanes in [1, 100, 10_000, 1_000_000] {
            #expect(Self.gpu(lanes: lanes, Self.work(rows: 0)) == .lanes)
            #expect(Self.gpu(lanes: lanes, Self.work(rows: 32, repeated: 100_000)) == .lanes)
            if lanes < 10_000 { #expect(Self.gpu(lanes: lanes, Self.work(rows: 10_000, repeated: 100_000)) != .lanes) }
        }
    }

    /// What a worker has is worth its barriers.
    @Test func aGPUFeedsItsWorkers() {
        #expect(Self.gpu(lanes: 1000, Self.work(rows: 16)) == .lanes)
        #expect(Self.gpu(lanes: 1000, Self.work(rows: 1000)) == .group(vectors: 16, workers: 16))
        var barriers = Self.work(rows: 1000)
        barriers.reductions = 2000
        #expect(Self.gpu(lanes: 1000, barriers) == .lanes)
    }

    /// Lanes whose data do not fit beside each other have workers, however many they are.
    @Test func aGPUKeepsDataOfLanesNear() {
        func work(_ elements: Int) -> StepWork {
            var work = Self.work(rows: 200, laneElements: elements)
            work.dealt[0].amount.operations = 20
            return work
        }
        #expect(Self.gpu(lanes: 1_000_000, work(800)) == .group(vectors: 32, workers: 8))
        #expect(Self.gpu(lanes: 1_000_000, work(80)) == .lanes)
    }

    /// No group is larger than the device's, or than what pays on any; and none is a launch of slices.
    @Test func aGPUHasGroupsThatCanBeLaunched() {
        for vendor in GPUVendor.allCases {
            for lanes in [1, 7, 100, 1000, 20_000] {
                for work in [Self.work(rows: 1000), Self.work(rows: 100_000), Self.work(rows: 2000, laneElements: 20_000)] {
                    for most in [1, 16, 64, 256, 512, 1024] {
                        let schedule = Self.gpu(lanes: lanes, work, maxGroupSize: most, vendor: vendor)
                        #expect(schedule.localSize <= min(most, 256), "\(schedule) of \(most) on \(vendor)")
                        if case .split = schedule { Issue.record("\(schedule) on \(vendor)") }
                    }
                }
            }
        }
    }

    /// How many lanes keep a GPU busy is its vendor's.
    @Test func anotherVendorIsFullSooner() {
        #expect(Self.gpu(lanes: 6400, Self.work(rows: 1000), vendor: .intel) == .lanes)
        #expect(Self.gpu(lanes: 6400, Self.work(rows: 1000), vendor: .nvidia) != .lanes)
        #expect(Self.gpu(lanes: 6400, Self.work(rows: 1000), units: 20, vendor: .nvidia) == .lanes)
    }

    @Test(arguments: [Schedule.automatic, .lanes, .group(vectors: 4, workers: 16), .group(vectors: 1, workers: 64), .split(slices: 8, together: 2)])
    func textGoesThereAndBack(_ schedule: Schedule) {
        #expect(Schedule(schedule.description) == schedule)
    }

    @Test(arguments: ["", "a", "A:1", "B:4", "C:", "C:x", "D:1:2:3", "E:1"]) func otherTextIsRefused(_ text: String) {
        #expect(Schedule(text) == nil)
    }

    /// What cannot be had is said before anything is compiled.
    @Test func impossibleSchedulesAreErrors() throws {
        guard let device = OpenCLDriver.devices().first else { return OpenCLSessions.explainAbsence() }
        let program = try Lowering.lower(RowSteps.keptRows(rows: 100, lanes: 1).function)
        for schedule: Schedule in [
            .group(vectors: 1, workers: 3), .group(vectors: 4, workers: 1), .group(vectors: 0, workers: 4), .group(vectors: 1 << 20, workers: 4),
            .split(slices: 0, together: 1), .split(slices: 2, together: 3), .split(slices: 2, together: 32), .split(slices: 2, together: 1),
        ] {
            #expect(throws: ScheduleError.self, "\(schedule)") {
                try OpenCLSchedule.resolve(schedule, for: program, lanes: 4, on: device, .float)
            }
        }
    }

    /// A program with many rows is looked at as the rule expects.
    @Test func programsAreAsked() throws {
        guard let device = OpenCLDriver.devices().first(where: { $0.kind == .cpu }) else { return OpenCLSessions.explainAbsence() }
        func schedule(rows: Int, lanes: Int) throws -> Schedule {
            let program = try Lowering.lower(RowSteps.regression(rows: rows, columns: 3, groups: 4, lanes: 1).function)
            return try OpenCLSchedule.resolve(.automatic, for: program, lanes: lanes, on: device, .float).schedule
        }
        #expect(try schedule(rows: ScheduleRule.splitRows, lanes: 1).description.hasPrefix("D:"))
        #expect(try schedule(rows: ScheduleRule.splitRows / 2, lanes: 1) == .lanes)
        #expect(try schedule(rows: ScheduleRule.splitRows, lanes: 1 << 16) == .lanes)
    }
}
