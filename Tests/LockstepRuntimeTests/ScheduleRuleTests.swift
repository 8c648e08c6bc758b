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
            ScheduleQuestion(
                hardware: .cpu(cores: cores), width: 16, lanes: lanes, rows: rows, canSplit: canSplit, canStandTogether: canStandTogether,
                bytesPerLane: 1000))
    }

    private static func gpu(
        lanes: Int, rows: Int, canSplit: Bool = true, bytesPerLane: Int = 1000, maxGroupSize: Int = 1024, vendor: GPUVendor = .nvidia
    ) -> Schedule {
        ScheduleRule.choose(
            ScheduleQuestion(
                hardware: .gpu(computeUnits: 100, maxGroupSize: maxGroupSize, vendor.traits), width: 1, lanes: lanes, rows: rows, canSplit: canSplit,
                canStandTogether: false, bytesPerLane: bytesPerLane))
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
            var question = ScheduleQuestion(
                hardware: .cpu(cores: 2), width: 16, lanes: lanes, rows: 100_000, canSplit: true, canStandTogether: true, bytesPerLane: 1000)
            question.iterations = iterations
            return ScheduleRule.choose(question)
        }
        #expect(schedule(iterations: [12_500]) == .split(slices: 20, together: 1))
        #expect(schedule(iterations: [16_000]) == .split(slices: 16, together: 1))
        #expect(schedule(iterations: [12_500, 19]) == .split(slices: 16, together: 1))
        #expect(schedule(iterations: [25_000], lanes: 8) == .split(slices: 20, together: 2))
    }

    @Test func aGPUSharesLanesUntilItIsFull() {
        // 100 units x 256 work-items.
        #expect(Self.gpu(lanes: 25_600, rows: 1000) == .lanes)
        #expect(Self.gpu(lanes: 12_801, rows: 1000) == .lanes)
        #expect(Self.gpu(lanes: 12_800, rows: 1000) == .group(vectors: 32, workers: 2))
        #expect(Self.gpu(lanes: 1000, rows: 1000) == .group(vectors: 4, workers: 16))
        #expect(Self.gpu(lanes: 100, rows: 1000) == .group(vectors: 2, workers: 32))
        #expect(Self.gpu(lanes: 100, rows: 2000) == .group(vectors: 1, workers: 64))
    }

    @Test func aGPUFeedsItsWorkers() {
        #expect(Self.gpu(lanes: 1000, rows: 31) == .lanes)
        #expect(Self.gpu(lanes: 1000, rows: 32) == .group(vectors: 32, workers: 2))
    }

    @Test func aGPUGivesALargeLaneAGroup() {
        #expect(Self.gpu(lanes: 100, rows: 16, bytesPerLane: ScheduleRule.carriedBytes) == .lanes)
        #expect(Self.gpu(lanes: 100, rows: 16, bytesPerLane: ScheduleRule.carriedBytes + 1) == .group(vectors: 1, workers: 256))
    }

    @Test func aGPUSplitsBeyondOneGroup() {
        #expect(Self.gpu(lanes: 10, rows: 100_000) == .split(slices: 2560, together: 1))
        #expect(Self.gpu(lanes: 25, rows: 100_000) == .group(vectors: 1, workers: 256))
        #expect(Self.gpu(lanes: 10, rows: ScheduleRule.splitRows - 1) == .group(vectors: 1, workers: 256))
        #expect(Self.gpu(lanes: 10, rows: 100_000, canSplit: false) == .group(vectors: 1, workers: 256))
    }

    /// No group is larger than the device's, or than what pays on any.
    @Test func aGPUHasGroupsThatCanBeLaunched() {
        for vendor in GPUVendor.allCases {
            for lanes in [1, 7, 100, 1000, 20_000] {
                for (rows, bytes) in [(1000, 1000), (100_000, 1000), (16, 1 << 20)] {
                    for most in [1, 16, 64, 256, 512, 1024] {
                        let schedule = Self.gpu(lanes: lanes, rows: rows, canSplit: false, bytesPerLane: bytes, maxGroupSize: most, vendor: vendor)
                        guard case .group(let vectors, let workers) = schedule else { continue }
                        #expect(vectors * workers <= min(most, 256), "\(schedule) of \(most) on \(vendor)")
                    }
                }
            }
        }
    }

    /// How many lanes keep a GPU busy is its vendor's.
    @Test func anotherVendorIsFullSooner() {
        #expect(Self.gpu(lanes: 6400, rows: 1000, vendor: .intel) == .lanes)
        #expect(Self.gpu(lanes: 6400, rows: 1000, vendor: .nvidia) == .group(vectors: 16, workers: 4))
        #expect(Self.gpu(lanes: 6400, rows: 1000, vendor: .apple) == .group(vectors: 4, workers: 16))
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
