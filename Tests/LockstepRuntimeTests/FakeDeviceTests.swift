import LockstepCompiler
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepRuntime

/// Devices too small for what would be best: they end in a schedule and waves that run within their limits, with the
/// interpreter's results, or in one clear error.
@Suite struct FakeDeviceTests {
    /// Two states of 2,000 elements, dealt out to the workers of each lane.
    private static func wide(lanes: Int) -> StepCase { RowSteps.keptRows(rows: 2000, lanes: lanes) }
    private static func logistic(lanes: Int) -> StepCase { RowSteps.regression(rows: 600, columns: 5, groups: 3, lanes: lanes) }
    /// Most of a lane is one array.
    private static func perLane(lanes: Int) -> StepCase { RowSteps.regression(rows: 600, columns: 2, groups: 3, lanes: lanes, perLane: true) }

    private static let steps = [wide(lanes: 1), wide(lanes: 16), wide(lanes: 32), logistic(lanes: 9), perLane(lanes: 70)]

    /// Compiles as a run does, runs in waves as a run does, and holds the result against the interpreter's.
    ///
    /// - Returns: the schedule, and the lanes of a wave.
    @discardableResult private static func run(
        _ step: StepCase, on session: OpenCLSession, _ precision: Precision = .float, schedule: Schedule = .automatic
    ) throws -> (schedule: OpenCLSchedule, wave: Int) {
        let device = ResolvedDevice.opencl(session)
        let made = try device.compile(Lowering.lower(step.function), precision: precision, lanes: step.lanes, schedule: schedule)
        let executable = try #require(made as? OpenCLExecutable)
        let wave = executable.mostLanes(budget: device.memoryBudget)
        let found = try step.run(executable, precision, wave: wave)
        let difference = Outcomes.disagreement(found, try step.interpreted(precision), relative: precision == .float ? 2e-5 : 1e-9)
        #expect(difference == nil, "\(executable.schedule.schedule), waves of \(wave)")
        return (executable.schedule, wave)
    }

    // MARK: Groups

    private static func card(_ launchedGroupSize: Int, _ refusal: OpenCLErrorCode) throws -> OpenCLSession? {
        try FakeDevices.card {
            $0.imposed?.launchedGroupSize = launchedGroupSize
            $0.imposed?.refusal = refusal
        }
    }

    /// Without limits: what the rule takes, so that the tests below are of something that is taken down.
    @Test func aCardThatCanDoAll() throws {
        guard let card = try FakeDevices.card() else { return }
        let schedules = try Self.steps.map { try Self.run($0, on: card).schedule }
        #expect(schedules.map(\.localSize) == [256, 256, 256, 144, 256])
    }

    /// Kernels of registers so many that groups of 1,024 cannot be launched.
    @Test(arguments: [OpenCLErrorCode.invalidWorkGroupSize, .outOfResources], [256, 64, 16])
    func largeGroupsAreRefused(_ refusal: OpenCLErrorCode, _ most: Int) throws {
        guard let card = try Self.card(most, refusal) else { return }
        for step in refusal == .outOfResources && most == 64 ? Self.steps : [Self.wide(lanes: 16)] {
            #expect(try Self.run(step, on: card).schedule.localSize <= most)
        }
    }

    /// Nothing but single work-items: schedule A is left, in groups of one.
    @Test func evenPlainGroupsAreRefused() throws {
        guard let card = try FakeDevices.card({ $0.imposed?.launchedGroupSize = 1 }) else { return }
        let schedule = try Self.run(Self.logistic(lanes: 3), on: card).schedule
        #expect(schedule.schedule == .lanes && schedule.localSize == 1)
        #expect(try Self.run(Self.logistic(lanes: 3), on: card, schedule: .lanes).schedule.localSize == 1)
    }

    /// NVIDIA says 256 of every kernel: the launch decides.
    @Test func whatIsSaidDoesNotCount() throws {
        guard let card = try FakeDevices.card({ $0.imposed?.reportedGroupSize = 256 }) else { return }
        let schedule = try Self.run(Self.logistic(lanes: 2), on: card, schedule: .group(vectors: 1, workers: 512)).schedule
        #expect(schedule.localSize == 512)
        // Unless the text leaves it open.
        let kernel = try card.build(source: ["__kernel void open(__global float *x) { x[get_global_id(0)] = 1; }"]).kernel("open")
        #expect(kernel.maxWorkGroupSize == 256)
    }

    /// A caller's own choice is not taken down.
    @Test(arguments: [OpenCLErrorCode.invalidWorkGroupSize, .outOfResources]) func aChoiceIsAnError(_ refusal: OpenCLErrorCode) throws {
        guard let card = try Self.card(256, refusal) else { return }
        let choice = Schedule.group(vectors: 2, workers: 256)
        let error = #expect(throws: ScheduleError.self) { try Self.run(Self.logistic(lanes: 2), on: card, schedule: choice) }
        for part in ["512 work-items", "a card", "fewer workers", refusal.name ?? ""] {
            #expect(error?.description.contains(part) == true, "\(error?.description ?? "") says nothing of \(part)")
        }
    }

    @Test func aSmallDeviceHasSmallGroups() throws {
        guard let card = try FakeDevices.card({ $0.maxWorkGroupSize = 32 }) else { return }
        for step in [Self.wide(lanes: 16), Self.logistic(lanes: 9)] { #expect(try Self.run(step, on: card).schedule.localSize <= 32) }
        #expect(throws: ScheduleError.self) {
            try Self.run(Self.logistic(lanes: 2), on: card, schedule: .group(vectors: 1, workers: 64))
        }
    }

    // MARK: Local memory

    /// A sum of 4 bytes for each work-item.
    @Test(arguments: [(16 << 10, 256), (1 << 10, 256), (512, 128), (128, 32), (4, 64)]) func localMemory(_ bytes: Int, _ most: Int) throws {
        guard let card = try FakeDevices.card({ $0.localMemoryBytes = bytes }) else { return }
        let schedule = try Self.run(Self.wide(lanes: 16), on: card).schedule
        #expect(schedule.localSize == most)
        #expect((schedule.schedule == .lanes) == (bytes < 8))
        // What is too large is not even compiled.
        #expect(card.programs.counts.compiled == 1)
    }

    @Test func localMemoryOfOtherModels() throws {
        guard let card = try FakeDevices.card({ $0.localMemoryBytes = 16 << 10 }) else { return }
        for step in Self.steps { try Self.run(step, on: card) }
        // In double all is twice as large.
        if card.info.supportsDouble {
            try Self.run(Self.wide(lanes: 16), on: card, .double)
            let error = #expect(throws: ScheduleError.self) {
                try Self.run(Self.logistic(lanes: 1), on: card, .double, schedule: .group(vectors: 1, workers: 512))
            }
            #expect(error?.description.contains("bytes of local memory") == true, "\(String(describing: error))")
        }
    }

    /// What is computed beforehand is what the driver counts.
    @Test(arguments: [Precision.float, .double]) func localMemoryIsKnown(_ precision: Precision) throws {
        guard let card = try FakeDevices.card(), precision == .float || card.info.supportsDouble else { return }
        for (step, schedule) in [
            (Self.logistic(lanes: 1), Schedule.group(vectors: 2, workers: 8)), (Self.wide(lanes: 1), .group(vectors: 1, workers: 64)),
            (Self.logistic(lanes: 1), .lanes), (StatisticalModels.logisticRegression(columns: 12), .lanes),
            (StatisticalModels.logisticRegression(columns: 12), .group(vectors: 16, workers: 4)),
        ] {
            let executable = try OpenCLExecutable(
                Lowering.lower(step.function), on: card, precision: precision, schedule: .choose(card.info, precision, schedule: schedule))
            #expect(executable.texts[0].localBytes == executable.kernels[0].localMemoryBytes)
            // Sums of workers, and dense rows.
            #expect((executable.texts[0].localBytes > 0) == (schedule != .lanes || step.initial["w"] != nil))
        }
    }

    // MARK: Memory

    /// A card of 4 GB, a thousandth of it, whose largest array is a quarter: several waves, none of them too large.
    @Test func arraysOfAQuarter() throws {
        func card(_ memory: Int) throws -> OpenCLSession? {
            try FakeDevices.card { ($0.globalMemoryBytes, $0.maxAllocationBytes) = (memory, memory / 4) }
        }
        guard let session = try card(4 << 20) else { return }
        let (schedule, wave) = try Self.run(Self.perLane(lanes: 600), on: session)
        #expect(wave == (1 << 20) / 2400 / schedule.itemsOfGroup * schedule.itemsOfGroup)
        guard let small = try card(2 << 20) else { return }
        #expect(try Self.run(Self.wide(lanes: 100), on: small).wave < 100)
        #expect(try Self.run(Self.logistic(lanes: 1000), on: small).wave >= 64)
    }

    /// Where one lane is too much, the error says of what.
    @Test func tooLittleForOneLane() throws {
        guard let card = try FakeDevices.card({ ($0.globalMemoryBytes, $0.maxAllocationBytes) = (12_000, 12_000) }) else { return }
        let error = #expect(throws: ExecutionError.self) { try Self.run(Self.wide(lanes: 4), on: card) }
        #expect(error?.description.contains("one lane needs") == true)
        guard let narrow = try FakeDevices.card({ $0.maxAllocationBytes = 4000 }) else { return }
        #expect(throws: OpenCLError.self) { try Self.run(Self.wide(lanes: 4), on: narrow) }
    }

    /// The driver of such a card gives out no more than there is.
    @Test func memoryIsCounted() throws {
        guard let card = try FakeDevices.card({ ($0.globalMemoryBytes, $0.maxAllocationBytes) = (1000, 800) }) else { return }
        var first: OpenCLBuffer? = try card.allocate(bytes: 600)
        let error = #expect(throws: OpenCLError.self) { try card.beside().allocate(bytes: 401) }
        #expect(error?.kind == .memory)
        #expect(error?.description.contains("CL_MEM_OBJECT_ALLOCATION_FAILURE") == true)
        let second = try card.beside().allocate(bytes: 400)
        #expect(second.byteCount == 400 && first?.byteCount == 600)
        first = nil
        #expect(try card.allocate(bytes: 600).byteCount == 600)
    }
}
