import Dispatch
import LockstepCompiler
import LockstepTensor

/// A lane program compiled for one OpenCL device.
package struct OpenCLExecutable: LaneExecutable {
    package let compileSeconds: Double
    package let precision: Precision
    package let text: KernelText
    let session: OpenCLSession
    let kernel: OpenCLKernel
    let program: LaneProgram
    let schedule: OpenCLSchedule

    /// - Throws: `OpenCLError` when the driver refuses the text, or the device lacks the precision.
    package init(_ program: LaneProgram, on session: OpenCLSession, precision: Precision, schedule: OpenCLSchedule? = nil) throws {
        guard precision == .float || session.info.supportsDouble else {
            throw OpenCLError.misuse("\(session.info.name) has no double precision: use the cpu device, or float")
        }
        let start = DispatchTime.now().uptimeNanoseconds
        self.session = session
        self.precision = precision
        self.program = program
        self.schedule = schedule ?? .choose(session.info, precision)
        text = program.kernelText(self.schedule.options(precision))
        let (text, schedule) = (self.text, self.schedule)
        let recipe = ProgramRecipe(
            sources: text.sources, options: text.options.buildOptions, kernel: text.name, groupSize: schedule.groupSize)
        kernel = try session.kernel(recipe) { kernel in
            // Some drivers finish compiling at the first launch only: one of no steps.
            let memory = try OpenCLLaneMemory(program, text, session, schedule, precision, keys: [Key(0)], data: [:])
            try memory.launch(kernel, first: 0, count: 0, scalars: [:])
            try session.finish()
        }
        compileSeconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    }

    package func start(_ inputs: LaneInputs) throws -> any LaneExecution {
        let inputs = try inputs.completed(for: program)
        try inputs.validate(for: program)
        return try OpenCLExecution(self, inputs)
    }
}

/// A batch of lanes on an OpenCL device.
final class OpenCLExecution: LaneExecution {
    private let executable: OpenCLExecutable
    private let memory: OpenCLLaneMemory
    /// Steps of one launch: enough that launching costs nothing, few enough that no watchdog minds.
    private var stepsPerLaunch = 32
    private let launchSeconds = 0.25

    init(_ executable: OpenCLExecutable, _ inputs: LaneInputs) throws {
        self.executable = executable
        memory = try OpenCLLaneMemory(
            executable.program, executable.text, executable.session, executable.schedule, executable.precision,
            keys: inputs.keys, data: inputs.data)
    }

    func advance(from first: Int, count: Int, scalars: [String: Double]) throws {
        guard count >= 0 else { throw ExecutionError.negativeStepCount(count) }
        for scalar in executable.program.scalars where scalars[scalar.name] == nil {
            throw ExecutionError.missingScalar(name: scalar.name)
        }
        var done = 0
        while done < count {
            let steps = min(stepsPerLaunch, count - done)
            let start = DispatchTime.now().uptimeNanoseconds
            try memory.launch(executable.kernel, first: first + done, count: steps, scalars: scalars)
            try executable.session.finish()
            done += steps
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
            if steps == stepsPerLaunch {
                let ideal = Double(steps) * launchSeconds / max(seconds, 1e-6)
                stepsPerLaunch = max(1, min(Int(ideal), 4 * steps, 1 << 16))
            }
        }
    }

    func read(_ name: String) throws -> LaneArray { try memory.read(name) }
    func write(_ name: String, _ values: LaneArray) throws { try memory.write(name, values) }
}
