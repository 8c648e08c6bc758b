import LockstepRuntime
import LockstepTensor

/// One evaluation of L-BFGS in a lane, as expressions. The point is that of the last step that was taken; the loss is evaluated
/// at a trial, the length of the line search along the direction.
struct LBFGSIteration {
    private let method: LBFGS
    private let precision: Precision
    private let point: Tensor
    private let evaluations: Tensor
    private let trials: Tensor
    private let isSettling: Tensor
    private let start: LineSearch.Point
    private let memory: LineSearch.Memory
    private let length: Tensor
    private let gradient: Tensor
    private let direction: Tensor
    private let pairs: CurvaturePairs
    /// Evaluations in a row that brought nothing.
    private let idle: Tensor

    /// So many of them, and the lane has converged.
    private static let mostIdle = 3

    /// What the lane carries, by name.
    private enum Name {
        static let (evaluations, trials, settling, idle) = ("evaluations", "trials", "settling", "idle")
        static let (loss, slope, length) = ("loss", "slope", "length")
        static let (gradient, direction) = ("gradient", "direction")
        static let (lowLength, lowLoss, lowSlope) = ("low length", "low loss", "low slope")
        static let (otherLength, otherLoss, otherSlope, bracketed) = ("other length", "other loss", "other slope", "bracketed")
        static let (steps, changes, weights, scale) = ("steps", "changes", "weights", "scale")
    }

    /// - Parameters:
    ///   - problem: whose lanes carry the states.
    ///   - point: a vector.
    init(_ method: LBFGS, _ problem: LaneProblem, at point: Tensor) {
        self.method = method
        self.point = point
        precision = problem.precision
        func int(_ name: String) -> Tensor { problem.state(name, dtype: .int) }
        func real(_ name: String, _ shape: Shape = []) -> Tensor { problem.state(name, shape: shape) }
        let count = point.count
        evaluations = int(Name.evaluations)
        trials = int(Name.trials)
        isSettling = int(Name.settling) .== Tensor(integer: 1)
        idle = int(Name.idle)
        length = real(Name.length)
        start = LineSearch.Point(length: 0, loss: real(Name.loss), slope: real(Name.slope))
        memory = LineSearch.Memory(
            low: .init(length: real(Name.lowLength), loss: real(Name.lowLoss), slope: real(Name.lowSlope)),
            other: .init(length: real(Name.otherLength), loss: real(Name.otherLoss), slope: real(Name.otherSlope)),
            isBracketed: int(Name.bracketed) .== Tensor(integer: 1))
        gradient = real(Name.gradient, [count])
        direction = real(Name.direction, [count])
        pairs = CurvaturePairs(
            steps: real(Name.steps, [method.memory, count]), changes: real(Name.changes, [method.memory, count]),
            weights: real(Name.weights, [method.memory]), scale: real(Name.scale))
    }

    /// Whether a lane has evaluated nothing yet, a mask.
    static func isFirst(_ problem: LaneProblem) -> Tensor { problem.state(Name.evaluations, dtype: .int) .== Tensor(integer: 0) }

    /// Where the loss is evaluated, a vector; in the first step the start.
    var trial: Tensor { point + length * direction }

    /// What an evaluation comes to.
    struct Outcome {
        /// Where the lane stands after it, and what it found there.
        let loss, gradient: Tensor
        /// Whether the trial is the lane's new point, a mask; of the start it is not.
        let accepts: Tensor
        /// Whether the lane stands where the loss was evaluated, a mask: there, or at the start.
        let moves: Tensor
        /// Of the step to the trial.
        let pair: CurvaturePairs.Pair
        /// With that pair.
        let pairs: CurvaturePairs
        let states: [LanePlan.State]
        /// When the lane needs no further steps, as masks.
        let converged, stalled: Tensor
    }

    /// - Parameters:
    ///   - loss: at the trial.
    ///   - gradient: at the trial, a vector.
    func outcome(loss: Tensor, gradient found: Tensor) -> Outcome {
        let isFirst = evaluations .== Tensor(integer: 0)
        let isFinite = loss.isFinite .& (found * found).sum().isFinite
        let search = LineSearch(
            method, start: start, trial: .init(length: length, loss: loss, slope: (found * direction).sum()), isFinite: isFinite,
            memory: memory, trials: trials + Tensor(integer: 1), isSettling: isSettling, epsilon: precision.epsilon)
        let accepts = search.accepts .& .!isFirst
        let moves = accepts .| isFirst
        let fails = search.fails .& .!isFirst

        // What the lane stands on after this.
        let newLoss = select(moves, loss, start.loss)
        let newGradient = select(moves, found, gradient)
        let pair = CurvaturePairs.Pair(
            step: length * direction, change: found - gradient, accepts: accepts, epsilon: precision.epsilon)
        let proposed = pairs.direction(newGradient, with: pair)
        let proposedSlope = (proposed * newGradient).sum()
        // Rounding can turn a direction uphill: then it goes down the gradient, as after a search for nothing, and pairs are forgotten.
        let isDescent = accepts .& (proposedSlope .< 0) .& proposedSlope.isFinite
        let turns = moves .| fails
        let newPairs = pairs.adding(pair, keeps: isDescent .| .!turns)
        let newDirection = select(turns, select(isDescent, proposed, -newGradient), direction)
        let newSlope = select(turns, select(isDescent, proposedSlope, -(newGradient * newGradient).sum()), start.slope)
        let isSteepest = newPairs.weights.max() .<= 0
        let reach = select(isSteepest, pointwiseMin(1, 1 / abs(newGradient).sum()), 1)
        let newLength = select(turns, reach, search.next)

        // Where it ends.
        let one = Tensor(integer: 1)
        let zero = Tensor(integer: 0)
        let tolerance = method.lossTolerance(precision)
        let little = tolerance * pointwiseMax(pointwiseMax(abs(start.loss), abs(newLoss)), 1)
        // Half the slope is what the quadratic model promises of a step. Near a saddle it grows from step to step.
        let promisesLittle = -0.5 * start.slope .<= little
        let bringsLittle = (start.loss - loss .<= little) .& (2 * start.slope .<= newSlope)
        let isIdle = select(accepts, bringsLittle, promisesLittle .& search.memory.isBracketed .& .!isFirst)
        let newIdle = select(isIdle, idle + one, select(accepts, zero, idle))
        let isFlat = moves .& (abs(newGradient).max() .<= method.gradientTolerance(precision))
        let converged = isFlat .| (Tensor(integer: Self.mostIdle) .<= newIdle) .| (fails .& promisesLittle)
        let stalled = fails .& (pairs.weights.max() .<= 0)

        func flag(_ mask: Tensor) -> Tensor { select(mask, one, zero) }
        let begun = LineSearch.Point(length: 0, loss: newLoss, slope: newSlope)
        let low = LineSearch.Point.select(turns, begun, search.memory.low)
        let other = LineSearch.Point.select(turns, begun, search.memory.other)
        return Outcome(
            loss: newLoss, gradient: newGradient, accepts: accepts, moves: moves, pair: pair, pairs: newPairs,
            states: [
                .init(Name.evaluations, next: evaluations + one),
                .init(Name.trials, next: select(turns, zero, trials + one)),
                .init(Name.settling, next: flag(search.settles .& .!turns)),
                .init(Name.idle, next: newIdle),
                .init(Name.loss, next: newLoss), .init(Name.slope, next: newSlope), .init(Name.length, next: newLength),
                .init(Name.gradient, next: newGradient), .init(Name.direction, next: newDirection),
                .init(Name.lowLength, next: low.length), .init(Name.lowLoss, next: low.loss), .init(Name.lowSlope, next: low.slope),
                .init(Name.otherLength, next: other.length), .init(Name.otherLoss, next: other.loss), .init(Name.otherSlope, next: other.slope),
                .init(Name.bracketed, next: flag(search.memory.isBracketed .& .!turns)),
                .init(Name.steps, next: newPairs.steps), .init(Name.changes, next: newPairs.changes),
                .init(Name.weights, next: newPairs.weights), .init(Name.scale, next: newPairs.scale),
            ], converged: converged, stalled: stalled)
    }
}
