import LockstepCompiler
import LockstepTensor

/// How `Convergence.automatic` judges a lane.
package struct Stationarity: Hashable, Sendable {
    /// Steps of a lane before the first look.
    package var first = 50.0
    /// Each look is after so many times the steps of the one before.
    package var growth = 1.5
    /// A stretch whose mean loss is lower than that of the one before by more than so many standard errors still falls.
    package var notableFall = 1.0
    /// A parameter moves where its means in two stretches differ by more than so many of its standard deviations in the later one, squared.
    package var notableWay = 1.0
    /// The rate decays over so many times the steps that the lane has taken ...
    package var cooling = 1.0
    /// ... and at least over so many steps for each parameter. What the noise of gradients leaves of the loss above its minimum falls with
    /// the number of gradients that went into a parameter, and grows with the number of parameters: about 1.5 nats over this.
    package var coolingOfParameter = 40.0

    package init() {}
}

/// What a lane carries to see that it only wanders, as expressions of one step, and the decay of its rate after that.
///
/// Looks are ever farther apart, so that the stretches between two of them become longer than what the lane takes to forget where it
/// was, however long that is.
struct StationaryWatch: LaneWatch {
    let states: [LaneFunction.State]
    /// What the states begin with, where that is not zero.
    let starts: [LaneFunction.State]
    let hasConverged: Tensor
    /// What the update of this step is multiplied by.
    let rate: Tensor

    private static let fewestLooks = 3

    /// - Parameters:
    ///   - parameters: before the step, by name.
    ///   - step: the number of the step, an int.
    ///   - steps: of the run, a real.
    ///   - isLive: whether the lane moves at all.
    ///   - counts: whether the loss of this step counts.
    init(
        _ rule: Stationarity, parameters: [(name: String, value: Tensor)], loss: Tensor, step: Tensor, steps: Tensor, isLive: Tensor, counts: Tensor,
        origin: Origin
    ) {
        func real(_ name: StateName) -> Tensor { name.before(origin) }
        func int(_ name: StateName) -> Tensor { name.before(origin, dtype: .int) }
        let (before, done) = (step.asReal, step.asReal + 1)
        let (began, length) = (real(.coolingStart), real(.coolingLength))
        let isCooling = 0.5 .< began
        let way = pointwiseMin((before - began) / pointwiseMax(length, 1), 1)
        rate = select(isCooling, 0.5 + 0.5 * cos(Tensor(Double.pi) * way), 1)

        // The stretch since the last look, measured from the means of the one before.
        let stretch = done - real(.stretchStart)
        let closes = isLive .& .!isCooling .& (real(.nextLook) .< done + 0.5)
        let mean = real(.convergenceMean)
        let away = select(counts, loss - mean, 0)
        let (sum, squares) = (real(.convergenceSum) + away, real(.convergenceSquares) + away * away)
        let count = real(.convergenceCount) + select(counts, Tensor(1.0), 0)
        let change = sum / pointwiseMax(count, 1)
        let error = pointwiseMax(squares / pointwiseMax(count, 1) - change * change, 0) / pointwiseMax(count, 1)
        let isLevel = (0 .<= change) .| (change * change .<= Tensor(rule.notableFall * rule.notableFall) * (error + real(.convergenceError)))

        var isSettled = Tensor(mask: true)
        var moved: [(name: String, mean: Tensor, sum: Tensor, squares: Tensor, shape: Shape)] = []
        for (name, value) in parameters {
            func own(_ state: StateName) -> Tensor { state.before(origin, shape: value.shape) }
            let mean = own(.stretchMean(name))
            let away = value - mean
            let (sum, squares) = (own(.stretchSum(name)) + away, own(.stretchSquares(name)) + away * away)
            // (sum / n)^2 <= c (squares / n - (sum / n)^2)
            let settled = Tensor(1 + rule.notableWay) * sum * sum .<= Tensor(rule.notableWay) * squares * stretch
            isSettled = isSettled .& settled.all()
            moved.append((name, mean, sum, squares, value.shape))
        }

        // The last step that leaves room for the decay; where there is little room at all, half of it.
        let shortest = Tensor(rule.coolingOfParameter * Double(parameters.reduce(0) { $0 + $1.value.count }))
        let latest = floor(pointwiseMin(steps / Tensor(1 + rule.cooling), pointwiseMax(steps - shortest, 0.5 * steps)))

        let passes = closes .& isLevel .& isSettled .& (Tensor(integer: Self.fewestLooks - 1) .<= int(.looks))
        let isLate = isLive .& .!isCooling .& (latest .< done + 0.5)
        let decay = pointwiseMin(pointwiseMax(floor(Tensor(rule.cooling) * done), shortest), steps - done)
        let cools = passes .| isLate
        // The loss of a lane that stops is the mean over the second half of the decay.
        let isHalfway = isCooling .& (abs(before - began - floor(0.5 * length)) .< 0.5)
        let restarts = closes .| cools .| (isLive .& isHalfway)
        func restarting(_ value: Tensor, with start: Tensor) -> Tensor { select(restarts, start, value) }
        let isLast = isLive .& isCooling .& (began + length .< done + 0.5)
        hasConverged = isLast .& (int(.isStationary) .== Tensor(integer: 1))

        let one = Tensor(integer: 1)
        states =
            [
                .init(StateName.coolingStart, select(cools, done, began)),
                .init(StateName.coolingLength, select(cools, select(passes, decay, steps - done), length)),
                .init(StateName.isStationary, select(passes, one, int(.isStationary))),
                .init(StateName.looks, int(.looks) + select(closes, one, Tensor(integer: 0))),
                .init(StateName.nextLook, select(closes, floor(Tensor(rule.growth) * done), real(.nextLook))),
                .init(StateName.stretchStart, restarting(real(.stretchStart), with: done)),
                .init(StateName.convergenceSum, restarting(sum, with: 0)),
                .init(StateName.convergenceSquares, restarting(squares, with: 0)),
                .init(StateName.convergenceCount, restarting(count, with: 0)),
                .init(StateName.convergenceMean, select(restarts .| isLast, mean + change, mean)),
                .init(StateName.convergenceError, restarting(real(.convergenceError), with: error)),
            ]
            + moved.flatMap { parameter -> [LaneFunction.State] in
                func restarting(_ value: Tensor, with start: Tensor) -> Tensor {
                    select(restarts.broadcast(to: parameter.shape), start.broadcast(to: parameter.shape), value)
                }
                return [
                    .init(StateName.stretchSum(parameter.name), restarting(parameter.sum, with: 0)),
                    .init(StateName.stretchSquares(parameter.name), restarting(parameter.squares, with: 0)),
                    .init(
                        StateName.stretchMean(parameter.name),
                        restarting(parameter.mean, with: parameter.mean + parameter.sum / stretch)),
                ]
            }
        starts = [.init(StateName.nextLook, Tensor(rule.first))]
    }
}
