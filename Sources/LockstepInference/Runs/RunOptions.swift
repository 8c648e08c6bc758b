import LockstepRuntime

/// How a run is done; nothing in it changes a lane's result, except precision, convergence and, in the last digits,
/// the schedule.
public struct RunOptions: Sendable {
    /// The losses of this many steps are averaged into one entry of the history.
    public var lossInterval = 50
    /// Of all real numbers on the device.
    public var precision = Precision.float
    /// How lanes and data are laid on an OpenCL device. A lane's result is the same to the bit for one schedule.
    public var schedule = Schedule.automatic
    /// Bytes of device memory that one wave of lanes may take; nil leaves it to the device.
    public var memoryBudget: Int?
    /// Starts tried for a lane whose loss or gradient is not finite at its start.
    public var startAttempts = 100
    /// What is done about lanes whose own data are not what the model uses them for.
    public var badData = BadData.throw
    /// When a lane stops before the last step; nil lets all lanes run to the end.
    public var convergence: Convergence?
    /// Draws behind each lane's `Fits.elbo`, by which lanes are ranked; 0 for none, and a ranking by the noisy loss of
    /// the last steps.
    public var finalDraws = 200
    /// Called from time to time with the share of all steps that is done.
    public var onProgress: (@Sendable (Double) -> Void)?

    /// Called before a driver compiles the steps.
    public var onCompile: (@Sendable (CompilationSize) -> Void)?

    /// The defaults, to be changed one by one.
    public init() {}

    /// - Throws: `RunError` for a run that makes no sense.
    func validate(lanes: Int, steps: Int) throws {
        guard lanes >= 1 else { throw RunError("there are no lanes: give at least one key") }
        guard steps >= 1 else { throw RunError("cannot run \(steps) steps; give at least 1") }
        // Step numbers are reals to the optimiser and to the history, and must be exact with half a step to spare.
        guard steps <= 1 << 22 else { throw RunError("cannot run \(steps) steps; give at most \(1 << 22)") }
        guard lossInterval >= 1 else { throw RunError("the loss interval is \(lossInterval) steps; give at least 1") }
        guard finalDraws >= 0, finalDraws <= 1 << 22 else {
            throw RunError("the number of final draws is \(finalDraws); give 0 to \(1 << 22)")
        }
        if let memoryBudget, memoryBudget < 1 {
            throw RunError("the memory budget is \(memoryBudget) bytes; give at least 1, or nil to leave it to the device")
        }
        guard (1...Self.mostAttempts).contains(startAttempts) else {
            throw RunError("cannot try \(startAttempts) starts; give 1 to \(Self.mostAttempts)")
        }
        try convergence?.validate()
    }

    private static let mostAttempts = 100_000

    /// Entries of the history that so many steps fill.
    func slots(_ steps: Int) -> Int { steps < 1 ? 0 : (steps - 1) / lossInterval + 1 }

    /// What tells apart options that results depend on.
    var mark: String {
        "losses \(lossInterval), starts \(startAttempts), draws \(finalDraws), bad data \(badData), convergence "
            + (convergence?.mark ?? "none")
    }

    var realBytes: Int { precision == .float ? 4 : 8 }
}

/// A run that makes no sense.
public struct RunError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
