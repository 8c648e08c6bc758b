import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Schedules B, C and D compute what A does: held against the interpreter, on CPU drivers too.
@Suite struct OpenCLScheduleTests {
    static let groups: [Schedule] =
        [.group(vectors: 1, workers: 8), .group(vectors: 3, workers: 4), .group(vectors: 2, workers: 2)]
        // As large as GPUs get them.
        + (OpenCLSessions.all.contains { $0.info.kind == .gpu }
            ? [.group(vectors: 4, workers: 16), .group(vectors: 1, workers: 64), .group(vectors: 16, workers: 16), .group(vectors: 1, workers: 256)]
            : [])
    static let splits: [Schedule] = [
        .split(slices: 1, together: 1), .split(slices: 3, together: 1), .split(slices: 2, together: 4), .split(slices: 1, together: 16),
        .split(slices: 5, together: 8),
    ]

    /// Row counts that leave some over for each schedule, and lanes that leave parts of vectors and groups empty.
    @Test(arguments: OpenCLSessions.variants.indices, groups + splits) func regression(_ number: Int, _ schedule: Schedule) throws {
        let variant = OpenCLSessions.variants[number]
        if case .split(_, let together) = schedule, together > variant.width { return }
        // Compiling takes long: two variants see the small step, the others the large one.
        let step =
            number % 3 == 0
            ? RowSteps.regression(rows: 1029, columns: 20, groups: 20, lanes: 17)
            : RowSteps.regression(rows: 403, columns: 3, groups: 5, lanes: 3)
        try Self.check(step, variant, schedule)
    }

    @Test(arguments: OpenCLSessions.variants, groups) func everyKindOfMemory(_ variant: OpenCLSessions.Variant, _ schedule: Schedule) throws {
        for step in [RowSteps.keptRows(rows: 300, lanes: 5), RowSteps.regression(rows: 300, columns: 20, groups: 20, lanes: 5, perLane: true)] {
            for privateBytes in [nil, 0] { try Self.check(step, variant, schedule, privateBytes: privateBytes) }
        }
    }

    @Test(arguments: OpenCLSessions.variants) func dataOfEachLane(_ variant: OpenCLSessions.Variant) throws {
        let step = RowSteps.regression(rows: 500, columns: 3, groups: 4, lanes: 5, perLane: true)
        try Self.check(step, variant, .split(slices: 3, together: 1))
        // Lanes that have data of their own have nothing that parts of a vector could share.
        #expect(SlicedStep(try Lowering.lower(step.function), slices: 1, together: 4, minimumRows: 2) == nil)
    }

    /// The named three lose stores behind barriers on PoCL if nothing stands between: see groups.cl.
    static let seeds = Set(TestLevel.seeds(small: 12, medium: 50, full: 600)).union([57, 78, 486]).sorted()

    @Test(arguments: seeds) func randomSteps(_ seed: UInt64) throws {
        OpenCLSessions.explainAbsence()
        let step = RandomStep.make(seed: 40_000 + seed)
        // More loops, all of them shared out.
        var options = LoweringOptions()
        options.unrollLimit = 2
        let wanted = try step.interpreted(.double, options: options)
        for variant in OpenCLSessions.variants(turn: seed, where: { $0.precision == .double }) {
            let schedule = Self.groups[Int(seed) % Self.groups.count]
            let found = try step.openCL(
                variant.session, .double, width: variant.width, privateBytes: seed % 3 == 0 ? 0 : nil, options: options, schedule: schedule)
            if let difference = Outcomes.disagreement(found, wanted, relative: 1e-9) {
                Issue.record("seed \(40_000 + seed), \(schedule) on \(variant): \(difference)")
            }
            let split = Schedule.split(slices: 3, together: 1)
            guard SlicedStep(try Lowering.lower(step.function, options: options), slices: 3, minimumRows: 2) != nil else { continue }
            let sliced = try step.openCL(variant.session, .double, width: variant.width, options: options, schedule: split)
            if let difference = Outcomes.disagreement(sliced, wanted, relative: 1e-9) {
                Issue.record("seed \(40_000 + seed), \(split) on \(variant): \(difference)")
            }
        }
    }

    /// The random steps above do try schedule D: enough of them can be split.
    @Test func manyRandomStepsCanBeSplit() throws {
        var options = LoweringOptions()
        options.unrollLimit = 2
        let count = try (0..<60).filter {
            SlicedStep(try Lowering.lower(RandomStep.make(seed: 40_000 + UInt64($0)).function, options: options), slices: 3, minimumRows: 2) != nil
        }.count
        #expect(count >= 10, "only \(count) of 60")
    }

    /// Within one schedule a lane's result is its own, whatever the batch; and a run is the same each time.
    @Test(
        arguments: OpenCLSessions.variants, [Schedule.group(vectors: 2, workers: 8), .split(slices: 3, together: 1), .split(slices: 2, together: 4)])
    func anyBatch(_ variant: OpenCLSessions.Variant, _ schedule: Schedule) throws {
        if case .split(_, let together) = schedule, together > variant.width { return }
        func run(_ lanes: Int, _ advances: [Int]) throws -> StepCase.Outcome {
            var step = RowSteps.regression(rows: 403, columns: 3, groups: 5, lanes: lanes)
            step.advances = advances
            return try step.openCL(variant.session, variant.precision, width: variant.width, schedule: schedule)
        }
        let wanted = try run(50, [4])
        for (lanes, advances) in [(50, [1, 3]), (1, [4]), (4, [4]), (17, [2, 2])] {
            for (name, values) in try run(lanes, advances) {
                for lane in 0..<lanes {
                    #expect(
                        values[lane].map(\.bitPattern) == wanted[name]?[lane].map(\.bitPattern),
                        "\(name) of lane \(lane) of \(lanes), \(schedule) on \(variant)")
                }
            }
        }
    }

    private static func check(
        _ step: StepCase, _ variant: OpenCLSessions.Variant, _ schedule: Schedule, privateBytes: Int? = nil
    ) throws {
        let isDouble = variant.precision == .double
        let wanted = try step.interpreted(variant.precision)
        let found = try step.openCL(
            variant.session, variant.precision, width: variant.width, privateBytes: privateBytes, schedule: schedule)
        let difference = Outcomes.disagreement(found, wanted, relative: isDouble ? 1e-9 : 2e-5)
        #expect(difference == nil, "\(schedule) on \(variant)")
    }
}
