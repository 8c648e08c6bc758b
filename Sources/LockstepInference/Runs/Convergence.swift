import LockstepCompiler
import LockstepTensor

/// When a lane has gone far enough to stop: the mean losses of two windows of steps in a row differ by no more than a
/// share of the earlier one. Each lane is judged by its own losses alone.
///
/// Losses of one draw are noisy: a window should be long enough that its mean is not, or a lane stops by chance.
public struct Convergence: Hashable, Sendable {
    /// The share.
    public var tolerance: Double
    /// Steps of a window.
    public var window: Int

    /// A tolerance that is negative or not finite, and a window without steps, are errors of the run.
    public init(tolerance: Double = 1e-4, window: Int = 500) {
        self.tolerance = tolerance
        self.window = window
    }

    func validate() throws {
        guard tolerance >= 0, tolerance.isFinite else {
            throw RunError("the tolerance of convergence is \(tolerance); give a number that is not negative")
        }
        guard window >= 1 else { throw RunError("the window of convergence is \(window) steps; give at least 1") }
    }
}

/// What a lane carries to see that it has converged, as expressions of one step.
struct ConvergenceWatch {
    let states: [LaneFunction.State]
    /// Whether the lane stops after this step.
    let hasConverged: Tensor

    /// - Parameters:
    ///   - step: the number of the step, an int.
    ///   - isLive: whether the lane moves at all.
    ///   - counts: whether the loss of this step counts.
    init(_ convergence: Convergence, loss: Tensor, step: Tensor, isLive: Tensor, counts: Tensor, origin: Origin) {
        func real(_ name: StateName) -> Tensor { name.before(origin) }
        func int(_ name: StateName) -> Tensor { name.before(origin, dtype: .int) }
        let length = Tensor(Double(convergence.window))
        // Half a step more, so that rounding cannot move a boundary.
        let place = step.asReal - floor((step.asReal + 0.5) / length) * length
        let starts = place .< 0.5
        let ends = (length - 1.5) .< place
        let sum = select(starts, 0, real(.convergenceSum)) + select(counts, loss, 0)
        let count = select(starts, 0, real(.convergenceCount)) + select(counts, Tensor(1.0), 0)
        let closes = isLive .& ends .& (0 .< count)
        let mean = sum / pointwiseMax(count, 1)
        let previous = real(.convergenceMean)
        let isClose = abs(mean - previous) .<= Tensor(convergence.tolerance) * abs(previous)
        hasConverged = closes .& (Tensor(integer: 1) .<= int(.convergenceWindows)) .& isClose
        states = [
            .init(StateName.convergenceSum, sum),
            .init(StateName.convergenceCount, count),
            .init(StateName.convergenceWindows, int(.convergenceWindows) + select(closes, Tensor(integer: 1), Tensor(integer: 0))),
            .init(StateName.convergenceMean, select(closes, mean, previous)),
        ]
    }
}
