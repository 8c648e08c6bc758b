/// How a fit ended.
public enum FitStatus: Hashable, Sendable, CustomStringConvertible {
    /// All steps were run.
    case finished
    /// After this many steps `RunOptions.convergence` was fulfilled, or the algorithm was where it was to go, and the lane stopped.
    case converged(step: Int)
    /// After this many steps the algorithm could not go on, and the lane stopped: no lower loss was found.
    case stalled(step: Int)
    /// The lane is still on its way, after this many steps.
    case running(step: Int)
    /// The lane's turn has not come.
    case waiting
    /// From this step on, loss or gradient was not finite, and the lane was frozen at its last finite parameters.
    case diverged(step: Int)
    /// No start was found at which loss and gradient are finite.
    case noValidStart
    /// The lane's own data are not what the model uses them for, and `RunOptions.badData` left it out.
    case badData

    public var description: String {
        switch self {
        case .finished: "finished"
        case .converged(let step): "converged at step \(step)"
        case .stalled(let step): "stalled at step \(step)"
        case .running(let step): "running, after step \(step)"
        case .waiting: "waiting"
        case .diverged(let step): "diverged at step \(step)"
        case .noValidStart: "no valid start"
        case .badData: "bad data"
        }
    }

    /// Whether the lane has no result to report.
    public var isLost: Bool {
        switch self {
        case .finished, .converged, .stalled, .running: false
        case .diverged, .noValidStart, .badData, .waiting: true
        }
    }

    /// The step after which a lane with a result stands still, or was looked at; nil for the last of the run.
    var lastStep: Int? {
        switch self {
        case .converged(let step), .stalled(let step), .running(let step): step
        case .finished, .diverged, .noValidStart, .badData, .waiting: nil
        }
    }

    /// Whether the lane took a step.
    package var hasStarted: Bool {
        switch self {
        case .finished, .converged, .stalled, .running, .diverged: true
        case .noValidStart, .badData, .waiting: false
        }
    }
}
