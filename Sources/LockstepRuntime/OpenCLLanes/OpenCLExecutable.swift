import Dispatch
import LockstepCompiler
import LockstepTensor

/// One of the kernels that make a step.
struct OpenCLStage: Sendable {
    let text: KernelText
    var program: LaneProgram { text.program }

    /// Those of a step. All are in one text, which a driver compiles sooner than several.
    static func all(_ programs: [LaneProgram], _ options: KernelOptions) throws -> [OpenCLStage] {
        try programs.enumerated().map { number, program in
            let name = "lockstep_steps" + (programs.count > 1 ? "_\(number + 1)" : "")
            return OpenCLStage(text: try program.kernelText(options, name: name))
        }
    }

    /// Work-items for each one that the schedule has.
    var slices: Int { program.slice?.extent ?? 1 }
}

/// A lane program compiled for one OpenCL device.
package struct OpenCLExecutable: LaneExecutable {
    package let compileSeconds: Double
    package let precision: Precision
    /// In the order in which a step runs them.
    package var texts: [KernelText] { stages.map(\.text) }
    package let schedule: OpenCLSchedule
    let session: OpenCLSession
    let stages: [OpenCLStage]
    let kernels: [OpenCLKernel]
    /// Gives lanes what they begin with.
    let startKernel: OpenCLKernel?
    let program: LaneProgram
    /// Nil where nobody said what is going to run.
    private let ahead: OpenCLMemoryAhead?

    /// - Parameter first: the batch whose memory is filled meanwhile.
    /// - Throws: `OpenCLError` when the driver refuses the text, or the device lacks the precision.
    package init(
        _ program: LaneProgram, on session: OpenCLSession, precision: Precision, schedule: OpenCLSchedule? = nil, first: FirstBatch? = nil
    ) throws {
        guard precision == .float || session.info.supportsDouble else {
            throw OpenCLError.misuse("\(session.info.name) has no double precision: use the cpu device, or float")
        }
        let start = DispatchTime.now().uptimeNanoseconds
        self.session = session
        self.precision = precision
        self.program = program
        let schedule = schedule ?? .choose(session.info, precision)
        self.schedule = schedule
        let stages = try OpenCLStage.all(schedule.programs(program), schedule.options(precision))
        self.stages = stages
        try schedule.check(stages, precision, on: session.info)
        ahead = first.flatMap { OpenCLMemoryAhead($0, program, stages, session, schedule, precision) }
        let opening = stages.last?.text.start
        let recipe = ProgramRecipe(
            sources: KernelText.sources(stages.map(\.text)), options: Self.buildOptions(stages, session.info),
            kernels: stages.map(\.text.name) + (opening?.kernel.map { [$0] } ?? []), groupSize: schedule.localSize)
        let all = try session.kernels(recipe) { kernels in
            for (number, kernel) in kernels.enumerated() {
                let isStart = number >= stages.count
                try schedule.check(kernel, groupSize: isStart ? schedule.itemsOfGroup : schedule.localSize, on: session.info)
            }
            // Some drivers finish compiling at the first launch only: one of no steps.
            for (stage, kernel) in zip(stages, kernels) {
                let memory = try OpenCLLaneMemory([stage], session, schedule, precision, keys: [Key(0)], data: [:])
                try memory.launch(0, kernel, first: 0, count: 0, scalars: [:])
                if stage.text.start?.kernel != nil, let start = kernels.last { try memory.begin(start, attempt: 0, isRehearsal: true) }
                try session.finish()
            }
        }
        kernels = Array(all.prefix(stages.count))
        startKernel = opening == nil ? nil : all.last
        compileSeconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    }

    /// What all kernels are compiled with.
    private static func buildOptions(_ stages: [OpenCLStage], _ device: OpenCLDeviceInfo) -> String {
        let options = stages.first?.text.options.buildOptions ?? ""
        guard let registers = stages.compactMap(\.text.registers).min(), device.extensions.contains("cl_nv_compiler_options") else {
            return options
        }
        return options + " -cl-nv-maxrregcount=\(registers)"
    }

    package var chosenSchedule: Schedule? { schedule.schedule }
    package var laneWidth: Int { schedule.width }
    package var bytesPerLane: Int { schedule.bytesPerLane(stages, precision) }

    package func start(_ inputs: LaneInputs, placed: PlacedData?) throws -> any LaneExecution {
        let memory =
            try ahead?.take(inputs)
            ?? OpenCLLaneMemory(program, stages, session, schedule, precision, inputs, placed: placed as? OpenCLPlacedData)
        return PackedExecution.over(OpenCLExecution(self, memory), program.packs)
    }
}

/// A batch of lanes on an OpenCL device.
final class OpenCLExecution: LaneExecution {
    private let executable: OpenCLExecutable
    private let memory: OpenCLLaneMemory
    /// Launches are long enough that launching costs nothing, and short enough that no watchdog minds.
    var pace: LaunchPace
    private(set) var launches = LaunchLog()
    private let reads = OutstandingReads()

    init(_ executable: OpenCLExecutable, _ memory: OpenCLLaneMemory) {
        self.executable = executable
        self.memory = memory
        pace = LaunchPace(
            seconds: LaunchPace.margin * executable.session.info.launchSeconds, items: memory.items, unit: executable.schedule.itemsOfGroup,
            fewest: executable.schedule.busyItems(executable.session.info))
    }

    func begin(attempt: Int) throws {
        guard let kernel = executable.startKernel else { return }
        reads.settle()
        let start = DispatchTime.now().uptimeNanoseconds
        try memory.begin(kernel, attempt: attempt)
        try executable.session.finish()
        launches.add(Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9)
    }

    func advance(from first: Int, count: Int, for seconds: Double, scalars: [String: Double]) throws -> Int {
        reads.settle()
        guard count >= 0 else { throw ExecutionError.negativeStepCount(count) }
        for scalar in executable.program.scalars where scalars[scalar.name] == nil {
            throw ExecutionError.missingScalar(name: scalar.name)
        }
        let end = DispatchTime.now().uptimeNanoseconds + UInt64(min(seconds, 1e9) * 1e9)
        var done = 0
        while done < count, done == 0 || DispatchTime.now().uptimeNanoseconds < end {
            let steps = min(pace.steps, count - done)
            var next = 0
            while next < memory.items {
                try Task.checkCancellation()
                let items = next..<min(next + pace.launchItems, memory.items)
                try launch(items, from: first + done, count: steps, scalars: scalars)
                next = items.upperBound
            }
            done += steps
        }
        return done
    }

    private func launch(_ items: Range<Int>, from first: Int, count: Int, scalars: [String: Double]) throws {
        let start = DispatchTime.now().uptimeNanoseconds
        // One kernel runs all steps; several take turns at each of them.
        if executable.kernels.count == 1 {
            try memory.launch(0, executable.kernels[0], items: items, first: first, count: count, scalars: scalars)
        } else {
            for step in first..<(first + count) {
                for (stage, kernel) in executable.kernels.enumerated() {
                    try memory.launch(stage, kernel, items: items, first: step, count: 1, scalars: scalars)
                }
            }
        }
        try executable.session.finish()
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
        launches.add(seconds)
        pace.took(seconds, items: items.count, steps: count)
    }

    var placedData: PlacedData? { memory.placedData }
    func write(_ name: String, _ values: LaneArray) throws {
        reads.settle()
        try memory.write(name, values)
    }

    func read(_ name: String) throws -> LaneArray {
        let (count, numbers) = try memory.read(name)
        reads.add(numbers)
        return LaneArray(lanes: memory.layout.lanes, count: count, numbers)
    }

    func hasZero(_ name: String, element: Int) throws -> Bool { try memory.hasZero(name, element: element) }

    func replace(_ pairs: [(from: Int, to: Int)], by other: any LaneExecution) throws {
        guard let other = other as? OpenCLExecution else { throw ExecutionError.otherProgram }
        reads.settle()
        try memory.replace(pairs, by: other.memory)
    }
}
