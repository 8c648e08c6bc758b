import LockstepRuntime

/// Seconds that the parts of a run took.
public struct Timings: Sendable, Hashable {
    /// From closures to expressions.
    public let trace: Double
    /// Data held against what the model uses them for.
    public let check: Double
    /// From expressions to something that the device runs.
    public let compile: Double
    /// All steps of all lanes, transfers included.
    public let run: Double
    /// From the call to the end of the first launch of the step program, which is the first step of some or all lanes.
    public let firstLaunch: Double
    /// All final draws of all lanes, with what they waited for their program and for transfers. Not in `run`.
    public let final: Double
    /// From expressions to a program of the final draws, most of it on another thread while the steps run; 0 without
    /// final draws.
    public let finalCompile: Double
    /// Processor seconds that `run` took, of all threads of the process: what it costs on a machine that others share.
    /// `finalCompile` is in it, as far as it was done meanwhile.
    public let runProcessor: Double
    /// Of `compile`.
    public let compileProcessor: Double
    /// Of `firstLaunch`.
    public let firstLaunchProcessor: Double
    /// Of `final`.
    public let finalProcessor: Double
    /// Launches of the step program; on the interpreter, turns between two looks at whether to go on.
    public let launches: Int
    /// Seconds of the longest of them.
    public let longestLaunch: Double
    /// Steps that were computed, of all lanes together: also those of lanes that had stopped, until the others went on without them.
    public let laneSteps: Int

    init(
        trace: Double, check: Double, compile: Clock.Time, run: Clock.Time, firstLaunch: Clock.Time, final: Clock.Time,
        finalCompile: Double, launches: LaunchLog, laneSteps: Int
    ) {
        self.trace = trace
        self.check = check
        self.compile = compile.seconds
        self.run = run.seconds
        self.firstLaunch = firstLaunch.seconds
        self.final = final.seconds
        self.finalCompile = finalCompile
        runProcessor = run.processorSeconds
        compileProcessor = compile.processorSeconds
        firstLaunchProcessor = firstLaunch.processorSeconds
        finalProcessor = final.processorSeconds
        self.launches = launches.count
        longestLaunch = launches.longest
        self.laneSteps = laneSteps
    }
}

/// How a run was laid on its device.
public struct RunLayout: Sendable, Hashable {
    /// What `automatic` came to; nil on the interpreter.
    public let schedule: Schedule?
    /// Lanes that one work-item carries.
    public let laneWidth: Int
    /// Device memory that one lane takes.
    public let bytesPerLane: Int
}
