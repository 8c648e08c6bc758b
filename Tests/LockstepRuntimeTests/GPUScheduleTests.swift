import LockstepCompiler
import TestSupport
import Testing

@testable import LockstepRuntime

/// Both sides of each threshold of the rule for GPUs, run: on a CPU device that is described as a GPU so small that few lanes
/// fill it. Where the thresholds are, the rule itself is asked.
@Suite struct GPUScheduleTests {
    /// A step on such a GPU.
    struct Situation: Sendable {
        let step: StepCase
        var units = 1
        var group = 64
    }

    /// One number that goes up while all else stays.
    struct Axis: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let numbers: ClosedRange<Int>
        /// What must be seen along it, in this order.
        let kinds: [String]
        var precision = Precision.float
        let situation: @Sendable (Int) -> Situation
    }

    static let axes = [
        rows, rowsOfLargeGroups, lanes, lanesOfManyRows, units, unitsOfManyRows, largestGroup, carried, carriedInDouble, iterations, secondTable,
    ]

    private static let rows = Axis(testDescription: "rows", numbers: 16...10_000, kinds: ["A", "B", "C", "D"]) {
        Situation(step: regression($0, lanes: 3))
    }
    private static let rowsOfLargeGroups = Axis(testDescription: "rows, large groups", numbers: 1500...5000, kinds: ["C", "C"]) {
        Situation(step: regression($0, lanes: 1), group: 256)
    }
    private static let lanes = Axis(testDescription: "lanes", numbers: 1...300, kinds: ["C", "B", "A"]) {
        Situation(step: regression(1024, lanes: $0))
    }
    private static let lanesOfManyRows = Axis(testDescription: "lanes, many rows", numbers: 1...8, kinds: ["D", "C"]) {
        Situation(step: regression(8192, lanes: $0))
    }
    private static let units = Axis(testDescription: "compute units", numbers: 1...4, kinds: ["A", "B"]) {
        Situation(step: regression(100, lanes: 129), units: $0)
    }
    private static let unitsOfManyRows = Axis(testDescription: "compute units, many rows", numbers: 1...4, kinds: ["C", "D"]) {
        Situation(step: regression(8192, lanes: 1), units: $0, group: 256)
    }
    private static let largestGroup = Axis(testDescription: "the largest group", numbers: 1...300, kinds: ["A", "C"]) {
        Situation(step: regression(600, lanes: 1), group: $0)
    }
    private static let carried = Axis(testDescription: "what a lane carries", numbers: 1200...2040, kinds: ["C", "C"]) { carrying($0) }
    private static let carriedInDouble = Axis(
        testDescription: "what a lane carries in double", numbers: 550...1000, kinds: ["B", "C"], precision: .double
    ) { carrying($0) }
    private static let iterations = Axis(testDescription: "iterations of a loop", numbers: 8...64, kinds: ["B", "B"]) {
        Situation(step: RowSteps.regression(rows: 400, columns: 3, groups: $0, lanes: 5))
    }
    private static let secondTable = Axis(testDescription: "rows of a second table", numbers: 512...2048, kinds: ["D", "D"]) {
        Situation(step: RowSteps.twoTables(rows: 10_000, others: $0, lanes: 2))
    }

    private static func regression(_ rows: Int, lanes: Int) -> StepCase { RowSteps.regression(rows: rows, columns: 2, groups: 3, lanes: lanes) }

    /// Lanes that carry arrays of so many elements.
    private static func carrying(_ rows: Int) -> Situation {
        Situation(step: RowSteps.keptRows(rows: rows, lanes: 2), units: 2, group: 256)
    }

    @Test(arguments: axes) func bothSidesOfEachThreshold(_ axis: Axis) throws {
        guard let info = FakeDevices.cpu else { return TestSupport.OpenCLSessions.explainAbsence() }
        guard axis.precision == .float || info.supportsDouble else { return }
        var choices: [Int: Choice] = [:]
        func choice(_ number: Int) throws -> Choice {
            if let known = choices[number] { return known }
            let made = try Choice(axis.situation(number), axis.precision, on: info)
            choices[number] = made
            return made
        }
        /// Neighbours that are scheduled differently.
        func thresholds(_ low: Int, _ high: Int) throws -> [(Int, Int)] {
            guard try choice(low) != choice(high) else { return [] }
            guard high - low > 1 else { return [(low, high)] }
            let middle = low + (high - low) / 2
            return try thresholds(low, middle) + thresholds(middle, high)
        }
        // At each power of two first: a choice may come back.
        let (first, last) = (axis.numbers.lowerBound, axis.numbers.upperBound)
        let powers = (0..<20).map { 1 << $0 }
        let stations = [first] + powers.filter { first < $0 && $0 < last } + [last]
        let found = try zip(stations, stations.dropFirst()).flatMap { try thresholds($0, $1) }
        let numbers = Array(Set(found.flatMap { [$0.0, $0.1] })).sorted()
        let texts = try numbers.map { "\($0) \(try choice($0))" }
        print("\(axis.testDescription): \(texts.joined(separator: ", "))")

        var seen: [String] = []
        for number in numbers {
            let kind = try choice(number).kind
            // A kind is looked for once, or as often as it is named.
            if axis.kinds.dropFirst(seen.count).first == kind { seen.append(kind) }
            try run(axis.situation(number), axis.precision, on: info)
        }
        #expect(seen == axis.kinds)
    }

    /// What counts as one and the same choice.
    private struct Choice: Hashable, CustomStringConvertible {
        let schedule: Schedule
        /// Loops that are dealt out to workers.
        let dealt: Int
        let launches: Int

        init(_ situation: Situation, _ precision: Precision, on info: OpenCLDeviceInfo) throws {
            let device = situation.device(info)
            let program = try Lowering.lower(situation.step.function)
            let schedule = try OpenCLSchedule.resolve(.automatic, for: program, lanes: situation.step.lanes, on: device, precision)
            let texts = try OpenCLStage.all(schedule.programs(program), schedule.options(precision)).map(\.text.kernel)
            // The number of slices goes up with each row: no threshold.
            if case .split(_, let together) = schedule.schedule {
                self.schedule = .split(slices: 0, together: together)
            } else {
                self.schedule = schedule.schedule
            }
            dealt = texts.reduce(0) { $0 + $1.components(separatedBy: "= ls_worker;").count - 1 }
            launches = texts.count
        }

        var kind: String { String(schedule.description.prefix(1)) }

        var description: String { "\(schedule), \(dealt) dealt, \(launches) launches" }
    }

    /// In groups of many items, which drivers for CPUs compile for long: in double at the full level, or where that is asked for.
    private func run(_ situation: Situation, _ precision: Precision, on info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(situation.device(info))
        let program = try Lowering.lower(situation.step.function)
        let isFull = TestLevel.count(small: 0, medium: 0, full: 1) == 1
        for precision in isFull && info.supportsDouble ? Precision.allCases : [precision] {
            let schedule = try OpenCLSchedule.resolve(.automatic, for: program, lanes: situation.step.lanes, on: session.info, precision)
            let executable = try OpenCLExecutable(program, on: session, precision: precision, schedule: schedule)
            let difference = Outcomes.disagreement(
                try situation.step.run(executable, precision), try situation.step.interpreted(precision),
                relative: precision == .double ? 1e-9 : 2e-5)
            #expect(difference == nil, "\(schedule.schedule) in \(precision)")
        }
    }
}

extension GPUScheduleTests.Situation {
    fileprivate func device(_ info: OpenCLDeviceInfo) -> OpenCLDeviceInfo {
        info.asGPU(GPUForm(computeUnits: units, maxWorkGroupSize: group))
    }
}
