import LockstepCompiler
import LockstepRuntime
import LockstepTensor

/// What a fit is compiled to, as text for people.
public struct Explanation: Sendable {
    /// The device that it is compiled for.
    public let deviceName: String
    /// How lanes and data would be laid on it.
    public let layout: RunLayout
    /// One step as fused loops.
    public let laneProgram: String
    /// The OpenCL C of the fit, without the device functions that all kernels share: one kernel, or several that take
    /// turns at each step. Empty on the interpreter, which runs the lane program itself.
    public let kernels: [String]
    /// All that the driver is given, with the device functions and what its options define; empty on the interpreter.
    package let source: String
    /// Work-items of a work-group; 1 on the interpreter.
    package let groupSize: Int
    /// What the compiler chose, and why: which loops are unrolled, which scalars became arrays.
    public let remarks: [String]

    /// The compiler's passes, in order.
    public static let passes = Passes.names
}

extension LaneAlgorithm {
    /// One step as it is after one of the compiler's passes, as text for people.
    ///
    /// - Parameters:
    ///   - pass: one of `Explanation.passes`.
    ///   - steps: of the run.
    ///   - lanes: the number of lanes, against which per-lane data are checked.
    ///   - data: as for the run; their numbers are checked as there.
    ///   - options: as for the run.
    /// - Throws: `LockstepError` where there is no such pass, and as `explain(steps:lanes:data:device:options:)`.
    public func text(
        after pass: String, steps: Int, lanes: Int, data: [String: LaneData] = [:], options: RunOptions = RunOptions()
    ) throws -> String {
        try LockstepError.wrapping { try Passes.text(try checkedStep(steps, lanes, data, options).step, after: pass) }
    }

    /// Shows what `run` would compile for these data, without compiling or running it.
    ///
    /// - Parameters:
    ///   - steps: of the run.
    ///   - lanes: the number of lanes, against which per-lane data are checked, and on which the schedule depends.
    ///   - data: as for the run; their numbers are checked as there.
    ///   - device: whose kernels are shown.
    ///   - options: as for the run.
    /// - Throws: `LockstepError`, as `run` does for what it finds before it compiles.
    public func explain(
        steps: Int, lanes: Int, data: [String: LaneData] = [:], device: Device = .auto, options: RunOptions = RunOptions()
    ) throws -> Explanation {
        try LockstepError.wrapping {
            try explanation(steps: steps, lanes: lanes, data: data, device: device.choice().device, options: options)
        }
    }

    /// As `explain`, for a device that is there and may be described otherwise than its driver does.
    package func explanation(
        steps: Int, lanes: Int, data: [String: LaneData], device: ResolvedDevice, options: RunOptions
    ) throws -> Explanation {
        let (step, parameters) = try checkedStep(steps, lanes, data, options)
        let program = try Lowering.lower(step)
        try Outcome.checkRoom(for: lanes, parameters, steps: steps, options)
        let plan = try device.plan(program, precision: options.precision, lanes: lanes, schedule: options.schedule)
        return Explanation(
            deviceName: device.name,
            layout: RunLayout(
                schedule: plan?.schedule.schedule, laneWidth: plan?.schedule.width ?? 1,
                bytesPerLane: plan?.bytesPerLane ?? program.bytesPerLane(realBytes: options.realBytes)),
            laneProgram: program.description, kernels: plan?.texts.map(\.kernel) ?? [],
            source: plan?.source ?? "", groupSize: plan?.schedule.localSize ?? 1, remarks: program.remarks)
    }

    func checkedStep(
        _ steps: Int, _ lanes: Int, _ data: [String: LaneData], _ options: RunOptions
    ) throws -> (step: LaneFunction, parameters: [PreparedGuide.Parameter]) {
        try options.validate(lanes: lanes, steps: steps)
        let function = try DataError.naming {
            try StepFunction(
                self, slots: options.slots(steps), convergence: options.convergence, data: data.shapes(lanes: lanes),
                precision: options.precision)
        }
        let binding = try DataBinding(function.declarations, data, lanes: lanes)
        _ = try function.check(binding, lanes: lanes, options)
        return (function.laneFunction(perLane: binding.perLane), function.guide.parameters)
    }
}
