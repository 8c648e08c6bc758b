import LockstepTensor

/// A line search of one lane as it goes from evaluation to evaluation: between the lowest point that it has found, and one beyond
/// which the loss is higher or the slope rises. All as expressions of one step.
struct LineSearch {
    /// The loss along the direction, at a step length.
    struct Point {
        var length: Tensor
        var loss: Tensor
        var slope: Tensor

        static func select(_ condition: Tensor, _ a: Point, _ b: Point) -> Point {
            Point(
                length: LockstepTensor.select(condition, a.length, b.length), loss: LockstepTensor.select(condition, a.loss, b.loss),
                slope: LockstepTensor.select(condition, a.slope, b.slope))
        }
    }

    /// What a lane remembers.
    struct Memory {
        /// The lowest so far that decreases enough.
        var low: Point
        /// The other end, where there is one.
        var high: Point
        /// A mask.
        var isBracketed: Tensor
    }

    /// Whether the trial is a step to take.
    let accepts: Tensor
    /// Whether nothing lower was found.
    let fails: Tensor
    /// Whether the lowest point is what the next trial comes to, whatever it is.
    let settles: Tensor
    /// After this trial.
    let memory: Memory
    /// The step length of the next trial.
    let next: Tensor

    /// - Parameters:
    ///   - start: at length 0.
    ///   - trial: at what is tried; its loss may be anything.
    ///   - isFinite: whether loss and slope of the trial are, and its gradient.
    ///   - trials: evaluations of this search, with this one; an int.
    ///   - isSettling: whether this trial was to be the last.
    ///   - epsilon: what losses may be off by.
    init(
        _ method: LBFGS, start: Point, trial: Point, isFinite: Tensor, memory old: Memory, trials: Tensor, isSettling: Tensor, epsilon: Double
    ) {
        let rounding = epsilon * pointwiseMax(abs(start.loss), 1)
        let decreases = isFinite .& (trial.loss .<= start.loss + method.decrease * trial.length * start.slope)
        let isFlat = abs(trial.slope) .<= -method.curvature * start.slope
        // Near a minimum differences of losses are rounding, and slopes are not.
        let isNearlyFlat =
            isFinite .& (trial.loss .<= start.loss + rounding) .& (trial.slope .<= (2 * method.decrease - 1) * start.slope)
            .& (method.curvature * start.slope .<= trial.slope)
        let accepted = (decreases .& isFlat) .| isNearlyFlat .| (isSettling .& isFinite .& (trial.loss .<= start.loss))

        let isHigh = .!decreases .| (old.low.loss .<= trial.loss)
        // Before there is a bracket, a rising slope closes it with the point before.
        let turns = select(
            old.isBracketed, 0 .<= trial.slope * (old.high.length - old.low.length), 0 .<= trial.slope)
        let high = Point.select(isHigh, trial, Point.select(turns, old.low, old.high))
        let low = Point.select(isHigh, old.low, trial)
        let isBracketed = old.isBracketed .| isHigh .| turns
        memory = Memory(low: low, high: high, isBracketed: isBracketed)

        let within = Self.within(low, high, highIsFinite: high.loss.isFinite .& high.slope.isFinite)
        let beyond = Self.beyond(old.low, trial)
        let length = select(isBracketed, within, beyond)

        let isLong = trials .>= Tensor(integer: method.mostTrials)
        // The interval is used up where its ends are neighbours.
        let isNarrow = isBracketed .& (abs(high.length - low.length) .<= 4 * epsilon * pointwiseMax(abs(low.length), abs(high.length)))
        let ends = (isLong .| isNarrow .| isSettling .| .!length.isFinite) .& .!accepted
        let isLower = (0 .< low.length) .& (low.loss .< start.loss) .& .!isSettling
        accepts = accepted
        settles = ends .& isLower
        fails = ends .& .!isLower
        next = select(settles, low.length, length)
    }

    /// The minimum of the cubic through both ends (Nocedal and Wright, equation 3.59), kept away from them.
    private static func within(_ low: Point, _ high: Point, highIsFinite: Tensor) -> Tensor {
        let width = high.length - low.length
        let cubic = minimum(low, high)
        let (near, far) = (low.length + 0.1 * width, low.length + 0.9 * width)
        let clipped = pointwiseMax(pointwiseMin(cubic, pointwiseMax(near, far)), pointwiseMin(near, far))
        let middle = low.length + 0.5 * width
        return select(highIsFinite, select(cubic.isFinite, clipped, middle), low.length + 0.1 * width)
    }

    /// Farther on, while the loss falls.
    private static func beyond(_ before: Point, _ last: Point) -> Tensor {
        let width = last.length - before.length
        let cubic = minimum(before, last)
        let (near, far) = (last.length + 1.1 * width, last.length + 4 * width)
        return select(cubic.isFinite .& (last.length .< cubic), pointwiseMax(pointwiseMin(cubic, far), near), far)
    }

    private static func minimum(_ a: Point, _ b: Point) -> Tensor {
        let width = b.length - a.length
        let first = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
        let root = sqrt(first * first - a.slope * b.slope)
        let second = select(0 .<= width, root, -root)
        return b.length - width * (b.slope + second - first) / (b.slope - a.slope + 2 * second)
    }
}
