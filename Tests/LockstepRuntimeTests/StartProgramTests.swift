import LockstepCompiler
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepRuntime

/// Lanes begin where their program says, on every device, and move from there.
@Suite struct StartProgramTests {
    /// Drivers take a second for each: in float only, but at the full level.
    static let variants = TestSupport.OpenCLSessions.variants.filter {
        $0.precision == .float || TestLevel.count(small: 0, medium: 0, full: 1) == 1
    }

    /// States of all kinds: drawn, moved, computed of data, of each lane and of all, ints, some of which nothing is said.
    static func step(rows: Int = 300, lanes: Int = 19, attempt: Int = 3) -> StepCase {
        var step = RowSteps.regression(rows: rows, columns: 5, groups: 6, lanes: lanes, perLane: true)
        let origin = Origin()
        func data(_ name: String, _ shape: Shape, _ dtype: DType = .real) -> Tensor {
            .input(Input(.data, name, origin: origin), shape: shape, dtype: dtype)
        }
        func draws(_ kind: RandomOp.Kind, _ stream: UInt32, _ shape: Shape) -> Tensor {
            .random(RandomOp(kind, stream: stream, particle: 0, site: "start", origin: origin), shape: shape)
        }
        let number = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int)
        let counter = Tensor.input(Input(.state, "counter", origin: origin), shape: [], dtype: .int)
        let scale = draws(.normal, 22, []) * data("y", [rows]).slice(axis: 0, 0..<1).reshape([])
        step.function = LaneFunction(
            states: step.function.states + [
                .init("counter", counter + Tensor(integer: 1)),
                .init("scale", Tensor.input(Input(.state, "scale", origin: origin), shape: []) * 1.5),
            ], records: step.function.records,
            starts: [
                .init("weights", (draws(.uniform, 21, [5]) * 2 - 1) * scale),
                // The same for all lanes, and so computed beforehand.
                .init("offsets", exp(data("x", [rows, 5])).sum() * 1e-4 + Tensor.iota(6).asReal),
                .init("counter", number * Tensor(integer: 10) + data("group", [rows], .int).element(2)), .init("scale", scale),
                .init("least", .init(Double.nan)),
            ], perLane: ["y"])
        step.attempt = attempt
        return step
    }

    /// Scalars that become elements of arrays, some of which begin with nothing.
    static func packedStep() -> StepCase {
        let origin = Origin()
        let names = (0..<24).map { "p\($0)" }
        let states = names.map { name -> LaneFunction.State in
            let x = Tensor.input(Input(.state, name, origin: origin), shape: [])
            let stream = UInt32(name.utf8.reduce(0) { $0 * 7 + Int($1) })
            let noise = Tensor.random(RandomOp(.normal, stream: stream, particle: 0, site: name, origin: origin), shape: [])
            return .init(name, x * 0.9 + tanh(noise))
        }
        let starts = names.dropLast(3).enumerated().map { place, name -> LaneFunction.State in
            let draw = Tensor.random(RandomOp(.uniform, stream: UInt32(1000 + place), particle: 0, site: name, origin: origin), shape: [])
            return .init(name, draw * 4 - 2)
        }
        var step = StepCase(LaneFunction(states: states, starts: starts))
        step.lanes = 7
        step.advances = [2]
        step.attempt = 5
        return step
    }

    static var packing: LoweringOptions {
        var options = LoweringOptions()
        options.packingGain = 1
        return options
    }

    @Test(arguments: Precision.allCases) func interpreter(_ precision: Precision) throws {
        for (step, options) in [(Self.step(), LoweringOptions()), (Self.packedStep(), Self.packing), (Self.packedStep(), LoweringOptions())] {
            let wanted = try step.reference()
            for width in [nil, 4, 64] {
                let program = try Lowering.lower(step.function, options: options)
                let found = try step.run(InterpreterExecutable(program, precision: precision, blockWidth: width), precision)
                let difference = Outcomes.disagreement(found, wanted, relative: precision == .float ? 2e-4 : 1e-9)
                #expect(difference == nil, "blocks of \(width ?? 0): \(difference ?? "")")
            }
        }
        let packs = try Lowering.lower(Self.packedStep().function, options: Self.packing).packs
        #expect(packs.contains { $0.kind == .states && $0.members.count == 24 })
    }

    /// In the step's own kernel, in one of its own, and after slices.
    @Test(arguments: Self.variants, [Schedule.lanes, .group(vectors: 3, workers: 4), .split(slices: 3, together: 1)])
    func kernels(_ variant: TestSupport.OpenCLSessions.Variant, _ schedule: Schedule) throws {
        let tolerance = variant.precision == .float ? 2e-4 : 1e-9
        let step = Self.step()
        let found = try step.openCL(variant.session, variant.precision, width: variant.width, schedule: schedule)
        let difference = Outcomes.disagreement(found, try step.reference(), relative: tolerance)
        #expect(difference == nil, "\(difference ?? "")")
        guard schedule == .lanes else { return }
        for interleaves in [false, true] where variant.width == 1 || !interleaves {
            let packed = Self.packedStep()
            let own = OpenCLSchedule(width: variant.width, groupSize: interleaves ? 4 : 1, interleaves: interleaves, privateBytes: 1 << 11)
            let executable = try OpenCLExecutable(
                Lowering.lower(packed.function, options: Self.packing), on: variant.session, precision: variant.precision, schedule: own)
            #expect((executable.texts[0].start?.kernel == nil) == !interleaves)
            let difference = Outcomes.disagreement(try packed.run(executable, variant.precision), try packed.reference(), relative: tolerance)
            #expect(difference == nil, "interleaved \(interleaves): \(difference ?? "")")
        }
    }

    /// A kernel's launches may begin at any group of lanes: so they do where a step of all is too long for one.
    @Test(arguments: Self.variants, [Schedule.lanes, .group(vectors: 2, workers: 4), .split(slices: 3, together: 1)])
    func lanesInTurns(_ variant: TestSupport.OpenCLSessions.Variant, _ schedule: Schedule) throws {
        let step = Self.step(rows: 120, lanes: 150)
        var own = OpenCLSchedule.choose(variant.session.info, variant.precision, width: variant.width, schedule: schedule)
        own.minimumExtent = 2
        own.minimumRows = 2
        let executable = try OpenCLExecutable(Lowering.lower(step.function), on: variant.session, precision: variant.precision, schedule: own)
        func outcome(seconds: Double) throws -> (values: [Double], launches: Int) {
            let execution = try #require(try executable.start(step.inputs) as? OpenCLExecution)
            execution.pace = LaunchPace(seconds: seconds, items: execution.pace.items, unit: own.itemsOfGroup, fewest: own.itemsOfGroup)
            try execution.begin(attempt: 1)
            try execution.advance(from: 0, count: 4, scalars: step.scalars)
            return (try execution.read("weights").values + execution.read("loss").values, execution.launches.count)
        }
        let (whole, parts) = (try outcome(seconds: 1000), try outcome(seconds: 0))
        #expect(parts.values.map(\.bitPattern) == whole.values.map(\.bitPattern))
        let groups = own.items(lanes: 150) / own.itemsOfGroup
        #expect(parts.launches == 1 + 4 * groups && (groups == 1 || whole.launches < parts.launches))
    }

    /// Steps are taken for a time, at least one.
    @Test(arguments: TestExecutables.all) func stepsForATime(_ executable: TestExecutables) throws {
        let step = Self.step()
        let execution = try executable.make(Lowering.lower(step.function), .float).start(step.inputs)
        try execution.begin(attempt: 0)
        #expect(try execution.advance(from: 0, count: 100, for: 0, scalars: [:]) == 1)
        #expect(try execution.advance(from: 1, count: 3, for: .infinity, scalars: [:]) == 3)
        #expect(execution.launches.count >= 2 && execution.launches.longest > 0)
    }

    /// Whether an int is zero somewhere, found by the host or, as on a device with memory of its own, by a kernel.
    @Test(arguments: TestExecutables.all, [true, false]) func zerosAreFound(_ executable: TestExecutables, _ sharesHostMemory: Bool) throws {
        let step = Self.step(lanes: 45)
        let made = try executable.make(Lowering.lower(step.function), .float, sharesHostMemory: sharesHostMemory)
        let execution = try made.start(step.inputs)
        try execution.begin(attempt: 0)
        func write(_ values: [Int32]) throws { try execution.write("counter", LaneArray(lanes: 45, count: 1, elements: .int(values))) }
        try write(Array(repeating: 3, count: 45))
        // What fills up vectors and groups is no lane.
        #expect(try !execution.hasZero("counter", element: 0))
        for lane in [0, 17, 44] {
            try write((0..<45).map { $0 == lane ? 0 : -1 })
            #expect(try execution.hasZero("counter", element: 0))
        }
        let weights = try execution.read("weights").values
        #expect(try weights == execution.read("weights").values && weights.contains { $0 != 0 })
    }

    /// What was read stays as it was, though it is looked at after the next steps.
    @Test(arguments: TestExecutables.all) func readingsKeep(_ executable: TestExecutables) throws {
        let step = Self.step()
        let made = try executable.make(Lowering.lower(step.function), .float)
        var execution: (any LaneExecution)? = try made.start(step.inputs)
        try execution?.begin(attempt: 0)
        let first = try #require(try execution?.read("weights"))
        try execution?.advance(from: 0, count: 2, scalars: [:])
        let second = try #require(try execution?.read("weights"))
        let loss = try #require(try execution?.read("loss").column(1))
        try execution?.write("weights", LaneArray(lanes: 19, count: 5, elements: .float(Array(repeating: 7, count: 95))))
        let third = try #require(try execution?.read("weights"))
        try execution?.begin(attempt: 0)
        let fourth = try #require(try execution?.read("weights"))
        // Memory is kept as long as somebody may look.
        execution = nil
        #expect(first.values == fourth.values && first.values != second.values && third.values.allSatisfy { $0 == 7 })
        #expect(loss.values.allSatisfy { $0 > 0 })
    }

    /// Lanes of one batch take the place of others in another, with all that they carry.
    @Test(arguments: TestExecutables.all) func lanesAreReplaced(_ executable: TestExecutables) throws {
        for (step, options) in [(Self.step(), LoweringOptions()), (Self.packedStep(), Self.packing)] {
            let made = try executable.make(Lowering.lower(step.function, options: options), .double)
            func begun(_ lanes: [Int], attempt: Int) throws -> any LaneExecution {
                var inputs = step.inputs
                inputs = LaneInputs(
                    keys: lanes.map { inputs.keys[$0] },
                    data: inputs.data.mapValues { data in
                        guard case .perLane(let numbers) = data else { return data }
                        return .perLane(numbers.runs(lanes, count: numbers.count / step.lanes))
                    })
                let execution = try made.start(inputs)
                try execution.begin(attempt: attempt)
                try execution.advance(from: 0, count: 1, scalars: [:])
                return execution
            }
            let all = Array(0..<step.lanes)
            let (execution, few) = (try begun(all, attempt: 0), try begun([5, 2, 6], attempt: 1))
            let other = try begun(all, attempt: 1)
            let names = step.function.states.map(\.name) + step.function.records.map(\.name)
            let before = try names.map { try execution.read($0) }
            // Written values count, too, though they have not reached the device.
            try execution.replace([(from: 0, to: 5), (from: 2, to: 6)], by: few)
            let stranger = try InterpreterExecutable(Lowering.lower(step.function, options: options), precision: .float).start(step.inputs)
            #expect(throws: ExecutionError.otherProgram) { try execution.replace([(from: 0, to: 1)], by: stranger) }
            for (name, before) in zip(names, before) {
                let (after, other) = (try execution.read(name), try other.read(name))
                for lane in all {
                    let wanted = [5, 6].contains(lane) ? other.lane(lane) : before.lane(lane)
                    // Of a record, only what steps have written.
                    let count = name == "loss" ? 1 : wanted.count
                    #expect(after.lane(lane).prefix(count).map(\.bitPattern) == wanted.prefix(count).map(\.bitPattern), "\(name), lane \(lane)")
                }
            }
        }
    }
}

/// The interpreter, and OpenCL in the forms of a CPU and of a GPU.
enum TestExecutables: CaseIterable, CustomStringConvertible {
    case interpreter, cpu, gpu

    static var all: [TestExecutables] { TestSupport.OpenCLSessions.all.isEmpty ? [.interpreter] : allCases }

    var description: String {
        switch self {
        case .interpreter: "interpreter"
        case .cpu: "OpenCL"
        case .gpu: "OpenCL in the form of a GPU"
        }
    }

    func make(_ program: LaneProgram, _ precision: Precision, sharesHostMemory: Bool = true) throws -> any LaneExecutable {
        guard self != .interpreter else { return InterpreterExecutable(program, precision: precision) }
        let own = TestSupport.OpenCLSessions.all[0]
        let session = sharesHostMemory ? own : try OpenCLSession(own.info.described { $0.sharesHostMemory = false })
        let schedule =
            self == .cpu
            ? OpenCLSchedule.choose(session.info, precision)
            : OpenCLSchedule(width: 1, groupSize: 4, interleaves: true, privateBytes: 1 << 11)
        return try OpenCLExecutable(program, on: session, precision: precision, schedule: schedule)
    }
}
