import LockstepTensor

/// A line search of one lane for the strong Wolfe conditions as it goes from evaluation to evaluation (Nocedal and Wright 2006, algorithms
/// 3.5 and 3.6, as one). All as expressions of one step.
///
/// The memory has the lowest point so far, and another: before a minimum is bracketed the point before it, then the other end of the bracket,
/// where the loss is higher or rises away from the lowest point.
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
        /// The lowest so far that decreases enough; the start of the search before there is one.
        var low: Point
        var other: Point
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
    ///   - start: at length 0, where the slope is negative.
    ///   - trial: at what is tried; its loss may be anything.
    ///   - isFinite: whether loss and slope of the trial are, and its gradient.
    ///   - old: before this trial.
    ///   - trials: evaluations of this search, with this one; an int.
    ///   - isSettling: whether this trial was to be the last.
    ///   - epsilon: the relative precision of numbers.
    init(
        _ method: LBFGS, start: Point, trial: Point, isFinite: Tensor, memory old: Memory, trials: Tensor, isSettling: Tensor, epsilon: Double
    ) {
        // Near a minimum differences of losses are rounding, and slopes are not: there the slopes alone decide (as in the approximate
        // conditions of Hager and Zhang 2005).
        let rounding = 2 * epsilon * pointwiseMax(abs(start.loss), 1)
        let decreases = isFinite .& (trial.loss .<= start.loss + method.decrease * trial.length * start.slope + rounding)
        let isFlat = abs(trial.slope) .<= -method.curvature * start.slope
        accepts = decreases .& (isFlat .| isSettling)

        let isHigh = .!decreases .| (old.low.loss + rounding .< trial.loss)
        let risesAway = 0 .<= trial.slope * select(old.isBracketed, old.other.length - old.low.length, 1)
        let low = Point.select(isHigh, old.low, trial)
        let other = Point.select(isHigh, trial, Point.select(risesAway .| .!old.isBracketed, old.low, old.other))
        let isBracketed = old.isBracketed .| isHigh .| risesAway
        memory = Memory(low: low, other: other, isBracketed: isBracketed)

        let length = Self.next(memory, after: old)
        let isLong = trials .>= Tensor(integer: method.mostTrials)
        // The interval is used up where its ends are neighbours.
        let isNarrow = isBracketed .& (abs(other.length - low.length) .<= 4 * epsilon * pointwiseMax(abs(low.length), abs(other.length)))
        let ends = (isLong .| isNarrow .| isSettling .| .!length.isFinite) .& .!accepts
        let isLower = (0 .< low.length) .& (low.loss .< start.loss) .& .!isSettling
        settles = ends .& isLower
        fails = ends .& .!isLower
        next = select(settles, low.length, length)
    }

    /// The minimum of the cubic through both points, kept away from them: within the bracket, or beyond the lowest point, while the loss falls.
    /// A bracket that a trial has hardly made smaller is halved (as Moré and Thuente 1994 do).
    private static func next(_ memory: Memory, after old: Memory) -> Tensor {
        let (low, other, isBracketed) = (memory.low, memory.other, memory.isBracketed)
        let width = other.length - low.length
        // As a share of the way from the lowest point to the other: away from that before there is a bracket.
        let share = minimum(low, other, width)
        let isSlow = old.isBracketed .& (2.0 / 3 * abs(old.other.length - old.low.length) .< abs(width))
        let isOfUse = share.isFinite .& select(isBracketed, .!isSlow, share .< 0)
        // Far beyond where the loss is finite, halves are too small.
        let isFar = .!other.loss.isFinite .& (low.length .<= 0)
        let blind = select(isBracketed, select(isFar, 0.1, 0.5), -4)
        return low.length + width * select(isOfUse, clip(share, select(isBracketed, 0.1, -4), select(isBracketed, 0.9, -1.1)), blind)
    }

    /// Where the cubic through two points has its minimum, as a share of the way from the first to the second (Nocedal and Wright, equation
    /// 3.59); not a number where it has none.
    private static func minimum(_ a: Point, _ b: Point, _ width: Tensor) -> Tensor {
        // Slopes in units of the way.
        let (slopeA, slopeB) = (a.slope * width, b.slope * width)
        let first = slopeA + slopeB - 3 * (b.loss - a.loss)
        let second = sqrt(first * first - slopeA * slopeB)
        return 1 - (slopeB + second - first) / (slopeB - slopeA + 2 * second)
    }
}
