import LockstepCompiler
import LockstepTensor

/// What a driver would be given for a program.
package struct KernelPlan: Sendable {
    package let schedule: OpenCLSchedule
    /// In the order in which a step runs them.
    package let texts: [KernelText]
    package let bytesPerLane: Int

    /// The whole text as any compiler of OpenCL C takes it: what the options define, the device functions, the kernels.
    package var source: String {
        ([texts.first?.options.definitionLines ?? ""] + KernelText.sources(texts)).joined(separator: "\n")
    }
}

extension ResolvedDevice {
    /// What `compile` would give the driver, without compiling it; nil on the interpreter, which runs the program itself.
    ///
    /// - Throws: `ScheduleError` where device or program cannot have the schedule, `ExecutionError` where the device has
    ///   too little memory.
    package func plan(
        _ program: LaneProgram, precision: Precision, lanes: Int, schedule: Schedule = .automatic
    ) throws -> KernelPlan? {
        guard case .opencl(let session) = self else {
            try InterpreterExecutable(program, precision: precision).checkMemory()
            return nil
        }
        return try onLargeStack {
            try OpenCLSchedule.fitting(schedule, for: program, lanes: lanes, on: session.info, precision) { schedule in
                let stages = try OpenCLStage.all(schedule.programs(program), schedule.options(precision))
                try schedule.check(stages, precision, on: session.info)
                return KernelPlan(schedule: schedule, texts: stages.map(\.text), bytesPerLane: schedule.bytesPerLane(stages, precision))
            }
        }
    }
}
