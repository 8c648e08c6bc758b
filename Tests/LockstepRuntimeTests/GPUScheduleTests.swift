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
        let situation: @Sendable (Int) -> Situation
    }

    static let axes = [rows, lanes, units, largestGroup, iterations, secondTable]

    private static let rows = Axis(testDescription: "rows", numbers: 16...10_000, kinds: ["A", "B"]) {
        Situation(step: regression($0, lanes: 3))
    }
    private static let lanes = Axis(testDescription: "lanes", numbers: 1...300, kinds: ["C", "B", "A"]) {
        Situation(step: regression(1024, lanes: $0))
    }
    private static let units = Axis(testDescription: "compute units", numbers: 1...4, kinds: ["A", "B"]) {
        Situation(step: regression(300, lanes: 129), units: $0)
    }
    private static let largestGroup = Axis(testDescription: "the largest group", numbers: 1...300, kinds: ["A", "C"]) {
        Situation(step: regression(600, lanes: 1), group: $0)
    }
    private static let iterations = Axis(testDescription: "iterations of a loop", numbers: 8...64, kinds: ["B", "B"]) {
        Situation(step: RowSteps.regression(rows: 4000, columns: 3, groups: $0, lanes: 20))
    }
    private static let secondTable = Axis(testDescription: "rows of a second table", numbers: 8...2048, kinds: ["B", "B"]) {
        Situation(step: RowSteps.twoTables(rows: 10_000, others: $0, lanes: 2))
    }

    private static func regression(_ rows: Int, lanes: Int) -> StepCase { RowSteps.regression(rows: rows, columns: 2, groups: 3, lanes: lanes) }

    struct Side: Sendable, CustomTestStringConvertible {
        let situation: Situation
        let schedule: Schedule
        let testDescription: String

        init(_ testDescription: String, _ step: StepCase, units: Int = 1, group: Int = 64, _ schedule: Schedule) {
            (self.testDescription, self.schedule) = (testDescription, schedule)
            situation = Situation(step: step, units: units, group: group)
        }
    }

    static let sides: [Side] = [
        Side("full", regression(400, lanes: 4096), .lanes),
        Side("half empty", regression(4000, lanes: 128), .group(vectors: 32, workers: 2)),
        Side("of eight units", regression(4000, lanes: 257), units: 8, .group(vectors: 16, workers: 4)),
        Side("nearly empty", regression(4000, lanes: 40), .group(vectors: 16, workers: 4)),
        Side("fewer lanes than a tile has", regression(4000, lanes: 5), .group(vectors: 5, workers: 8)),
        Side("one lane", regression(4000, lanes: 1), group: 256, .group(vectors: 1, workers: 256)),
        Side("many rows", regression(20_000, lanes: 1), units: 2, .group(vectors: 1, workers: 64)),
        Side("too few rows to deal out", regression(31, lanes: 5), .lanes),
        Side("not worth the barriers", regression(64, lanes: 5), .lanes),
        Side("large lanes", RowSteps.keptRows(rows: 3000, lanes: 2), units: 2, .group(vectors: 2, workers: 32)),
        Side("kept rows", RowSteps.keptRows(rows: 300, lanes: 150), .group(vectors: 32, workers: 2)),
    ]

    @Test(arguments: sides) func choices(_ side: Side) throws {
        guard let info = FakeDevices.cpu else { return TestSupport.OpenCLSessions.explainAbsence() }
        #expect(try Choice(side.situation, on: info).schedule == side.schedule)
    }

    @Test(arguments: axes) func bothSidesOfEachThreshold(_ axis: Axis) throws {
        guard let info = FakeDevices.cpu else { return TestSupport.OpenCLSessions.explainAbsence() }
        var choices: [Int: Choice] = [:]
        func choice(_ number: Int) throws -> Choice {
            if let known = choices[number] { return known }
            let made = try Choice(axis.situation(number), on: info)
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
            try run(axis.situation(number), on: info)
        }
        #expect(seen == axis.kinds)
    }

    /// What counts as one and the same choice.
    private struct Choice: Hashable, CustomStringConvertible {
        let schedule: Schedule
        /// Loops that are dealt out to workers.
        let dealt: Int
        let rowsAreSorted: Bool

        init(_ situation: Situation, on info: OpenCLDeviceInfo) throws {
            let device = situation.device(info)
            let program = try Lowering.lower(situation.step.function)
            let schedule = try OpenCLSchedule.resolve(.automatic, for: program, lanes: situation.step.lanes, on: device, .float)
            let programs = try schedule.programs(program)
            let texts = try OpenCLStage.all(programs, schedule.options(.float)).map(\.text.kernel)
            self.schedule = schedule.schedule
            rowsAreSorted = programs != [program]
            dealt = texts.reduce(0) { $0 + $1.components(separatedBy: "= ls_worker;").count - 1 }
        }

        var kind: String { String(schedule.description.prefix(1)) }

        var description: String { "\(schedule), \(dealt) dealt\(rowsAreSorted ? ", rows sorted" : "")" }
    }

    /// In groups of many items, which drivers for CPUs compile for long: in double at the full level, or where that is asked for.
    private func run(_ situation: Situation, on info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(situation.device(info))
        let program = try Lowering.lower(situation.step.function)
        let isFull = TestLevel.count(small: 0, medium: 0, full: 1) == 1
        for precision in isFull && info.supportsDouble ? Precision.allCases : [.float] {
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
