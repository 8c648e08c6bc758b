import Dispatch
import LockstepCompiler
import LockstepTensor

/// One of the kernels that make a step.
struct OpenCLStage: Sendable {
    let program: LaneProgram
    let text: KernelText

    /// Those of a step. All are in one text, which a driver compiles sooner than several.
    static func all(_ programs: [LaneProgram], _ options: KernelOptions) throws -> [OpenCLStage] {
        try programs.enumerated().map { number, program in
            let name = "lockstep_steps" + (programs.count > 1 ? "_\(number + 1)" : "")
            return OpenCLStage(program: program, text: try program.kernelText(options, name: name))
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
    let program: LaneProgram

    /// - Throws: `OpenCLError` when the driver refuses the text, or the device lacks the precision.
    package init(_ program: LaneProgram, on session: OpenCLSession, precision: Precision, schedule: OpenCLSchedule? = nil) throws {
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
        let recipe = ProgramRecipe(
            sources: KernelText.sources(stages.map(\.text)), options: schedule.options(precision).buildOptions,
            kernels: stages.map(\.text.name), groupSize: schedule.localSize)
        kernels = try session.kernels(recipe) { kernels in
            try schedule.check(kernels, on: session.info)
            // Some drivers finish compiling at the first launch only: one of no steps.
            for (stage, kernel) in zip(stages, kernels) {
                let memory = try OpenCLLaneMemory([stage], session, schedule, precision, keys: [Key(0)], data: [:])
                try memory.launch(0, kernel, first: 0, count: 0, scalars: [:])
                try session.finish()
            }
        }
        compileSeconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    }

    package var chosenSchedule: Schedule? { schedule.schedule }
    package var laneWidth: Int { schedule.width }
    package var bytesPerLane: Int { schedule.bytesPerLane(stages.map(\.program), realBytes: precision == .float ? 4 : 8) }

    package func start(_ inputs: LaneInputs, placed: PlacedData?) throws -> any LaneExecution {
        let completed = try inputs.completed(for: program)
        try completed.validate(for: program)
        let execution = try OpenCLExecution(self, completed, given: Set(inputs.data.keys), placed: placed as? OpenCLPlacedData)
        return PackedExecution.over(execution, program.packs)
    }
}

/// A batch of lanes on an OpenCL device.
final class OpenCLExecution: LaneExecution {
    private let executable: OpenCLExecutable
    private let memory: OpenCLLaneMemory
    /// Launches are long enough that launching costs nothing, and short enough that no watchdog minds. One reads and
    /// writes all states: on a CPU, which has no watchdog, it may be long, so that this costs many lanes no more than few.
    private var pace: LaunchPace

    /// - Parameter given: names of the data that are not the program's own.
    init(_ executable: OpenCLExecutable, _ inputs: LaneInputs, given: Set<String>, placed: OpenCLPlacedData?) throws {
        self.executable = executable
        pace = LaunchPace(seconds: executable.session.info.kind == .cpu ? 1 : 0.25)
        memory = try OpenCLLaneMemory(
            executable.stages, executable.session, executable.schedule, executable.precision,
            keys: inputs.keys, data: inputs.data, given: given, placed: placed)
    }

    func advance(from first: Int, count: Int, scalars: [String: Double]) throws {
        guard count >= 0 else { throw ExecutionError.negativeStepCount(count) }
        for scalar in executable.program.scalars where scalars[scalar.name] == nil {
            throw ExecutionError.missingScalar(name: scalar.name)
        }
        var done = 0
        while done < count {
            try Task.checkCancellation()
            let steps = min(pace.steps, count - done)
            let start = DispatchTime.now().uptimeNanoseconds
            try launch(from: first + done, count: steps, scalars: scalars)
            try executable.session.finish()
            done += steps
            pace.took(Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9, for: steps)
        }
    }

    /// One kernel runs all steps; several take turns at each of them.
    private func launch(from first: Int, count: Int, scalars: [String: Double]) throws {
        guard executable.kernels.count > 1 else {
            return try memory.launch(0, executable.kernels[0], first: first, count: count, scalars: scalars)
        }
        for step in first..<(first + count) {
            for (stage, kernel) in executable.kernels.enumerated() {
                try memory.launch(stage, kernel, first: step, count: 1, scalars: scalars)
            }
        }
    }

    var placedData: PlacedData? { memory.placedData }
    func read(_ name: String) throws -> LaneArray { try memory.read(name) }
    func write(_ name: String, _ values: LaneArray) throws { try memory.write(name, values) }
}
