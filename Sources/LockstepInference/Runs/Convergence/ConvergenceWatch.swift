import LockstepCompiler
import LockstepTensor

/// What a lane carries to see that it has converged, as expressions of one step.
protocol LaneWatch {
    var states: [LaneFunction.State] { get }
    /// Whether the lane stops after this step.
    var hasConverged: Tensor { get }
}

/// Compares windows of losses: see `Convergence.init(tolerance:window:)`.
struct WindowWatch: LaneWatch {
    let states: [LaneFunction.State]
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
