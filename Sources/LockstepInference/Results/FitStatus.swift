/// How a fit ended.
public enum FitStatus: Hashable, Sendable, CustomStringConvertible {
    /// All steps were run.
    case finished
    /// After this many steps `RunOptions.convergence` was fulfilled, and the lane stopped.
    case converged(step: Int)
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
        case .diverged(let step): "diverged at step \(step)"
        case .noValidStart: "no valid start"
        case .badData: "bad data"
        }
    }

    /// Whether the lane has no result to report.
    public var isLost: Bool {
        switch self {
        case .finished, .converged: false
        case .diverged, .noValidStart, .badData: true
        }
    }

    /// Whether the lane took a step.
    package var hasStarted: Bool {
        switch self {
        case .finished, .converged, .diverged: true
        case .noValidStart, .badData: false
        }
    }
}
