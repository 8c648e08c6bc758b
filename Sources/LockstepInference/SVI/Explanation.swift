import LockstepCompiler
import LockstepRuntime
import LockstepTensor

/// What a fit is compiled to, as text for people.
public struct Explanation: Sendable {
    /// One step as fused loops.
    public let laneProgram: String
    /// The OpenCL C of the whole fit.
    public let kernel: String
}

extension SVI {
    /// Shows what `run` would compile for these data, without running it.
    ///
    /// - Parameter lanes: the number of lanes, against which per-lane data are checked.
    public func explain(steps: Int, lanes: Int, data: [String: LaneData], options: RunOptions = RunOptions()) throws -> Explanation {
        let function = try StepFunction(self, slots: (steps + options.lossInterval - 1) / max(options.lossInterval, 1))
        let binding = try DataBinding(function.declarations, data, lanes: lanes)
        let program = try Lowering.lower(
            LaneFunction(states: function.step.states, records: function.step.records, perLane: binding.perLane))
        let text = program.kernelText(
            KernelOptions(width: 16, isDouble: options.precision == .double, interleaves: false, privateBytes: 1 << 16))
        return Explanation(laneProgram: program.description, kernel: text.kernel)
    }
}
