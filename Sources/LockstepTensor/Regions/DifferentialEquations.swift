/// The solution of an ordinary differential equation at some times, in fixed steps of the classical method of Runge and Kutta.
///
/// ```swift
/// // Prey and predators.
/// let numbers = odeSolve(from: [prey, predators], at: years, stepsBetween: 20) { _, state in
///     let (u, v) = (state[0], state[1])
///     return [(alpha - beta * v) * u, (delta * u - gamma) * v]
/// }
/// ```
///
/// The steps are a loop of the kernel, as of `scan(over:from:isReversed:_:)`, and gradients go back through it: to the start, to the times, and
/// to all that the derivative is made of. The error shrinks with the fourth power of the step; take twice as many and compare. The method is
/// explicit: stiff equations ask for many steps. After Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I,
/// 2nd ed. (1993), section II.1. What becomes NaN, or infinite, remains so at all later times.
///
/// - Parameters:
///   - start: the state at the first time, of any shapes; ints become reals.
///   - times: a vector, in ascending or descending order; the first is that of the start, and equal ones repeat the state.
///   - stepsBetween: steps from each time to the next, of equal length.
///   - derivative: the derivative of the state by time, of its shapes. It is called with stand-ins for a time, a scalar, and a state; draws
///     in it would be the same at all times.
/// - Returns: for each tensor of the state `[times] + shape`, whose first row is the start. Tensors that carry a mistake where times are no
///   vector or there are none, where there is no step, or derivatives have other shapes than the state.
public func odeSolve(
    from start: [Tensor], at times: Tensor, stepsBetween: Int = 10, _ derivative: (_ time: Tensor, _ state: [Tensor]) -> [Tensor]
) -> [Tensor] {
    RungeKutta.solution(from: start, at: times, stepsBetween, { scan(over: $0, from: $1, isReversed: $2, $3) }, derivative)
}

/// The solution of an ordinary differential equation of one tensor: shape `[times] + shape`; see `odeSolve(from:at:stepsBetween:_:)` of several.
public func odeSolve(
    from start: Tensor, at times: Tensor, stepsBetween: Int = 10, _ derivative: (_ time: Tensor, _ state: Tensor) -> Tensor
) -> Tensor {
    odeSolve(from: [start], at: times, stepsBetween: stepsBetween) { [derivative($0, $1[0])] }[0]
}

/// The solution of an ordinary differential equation at some times, in steps that each lane chooses for itself: the method of Dormand and Prince
/// of order 5, with an error estimate of order 4 (1980).
///
/// ```swift
/// let heights = odeSolve(from: [height, speed], at: seconds, relativeTolerance: 1e-6) { _, state in [state[1], -9.81 - drag * state[1]] }
/// ```
///
/// A step is accepted where the root mean square, over all elements of the state, of error / (absolute + relative * |state|) is 1 or less. The
/// error at a time is that of all steps before, which may be some times the tolerance of one; rounding bounds it too, and in single precision
/// tolerances below some 1e-6 are not met. The loop ends when no lane of a group has steps left. The method is explicit: stiff equations ask for
/// more steps than the bound. A lane that takes more steps between two times than `mostSteps`, refused ones counted, or whose slopes are not
/// finite, has NaN from the next time on; others are not touched.
///
/// Gradients, to the start, the times, and all that the derivative is made of, are those of the accepted steps, as parts of the way between two
/// times: how the parts depend on the state is left out, an effect of the size of the tolerance. They go back over the steps that were taken,
/// which are found again between each two times; no more than `mostSteps` states are kept for a lane. Second derivatives are of a recurrence of
/// `mostSteps` steps between each two times: give a bound that is not far too large where they are wanted.
///
/// - Parameters:
///   - start: the state at the first time, of any shapes; ints become reals.
///   - times: a vector, in ascending or descending order; the first is that of the start, and equal ones repeat the state.
///   - relativeTolerance: positive.
///   - absoluteTolerance: positive, in the unit of the state; nil for the number that the relative one is.
///   - mostSteps: the most steps from each time to the next.
///   - derivative: the derivative of the state by time, of its shapes. It is called with stand-ins for a time, a scalar, and a state; draws
///     in it would be the same at all times.
/// - Returns: for each tensor of the state `[times] + shape`, whose first row is the start. Tensors that carry a mistake where times are no
///   vector or there are none, where there is no step or a tolerance is not positive, or derivatives have other shapes than the state.
public func odeSolve(
    from start: [Tensor], at times: Tensor, relativeTolerance: Double, absoluteTolerance: Double? = nil, mostSteps: Int = 500,
    _ derivative: (_ time: Tensor, _ state: [Tensor]) -> [Tensor]
) -> [Tensor] {
    func failed(_ reason: String) -> [Tensor] { DifferentialEquation.failed(start, times, reason) }
    if let reason = DifferentialEquation.mistake(start, times, steps: mostSteps) { return failed(reason) }
    let absolute = absoluteTolerance ?? relativeTolerance
    guard relativeTolerance > 0, absolute > 0, relativeTolerance.isFinite, absolute.isFinite else {
        return failed("the tolerances \(relativeTolerance) and \(absolute) must be positive")
    }
    let (start, times) = (start.map(\.asReal), times.asReal)
    let first = start.map { $0.expandingShape(at: 0) }
    if times.count == 1 || start.isEmpty { return first }
    let time = Region.parameter(like: [], .real, "time")
    let states = start.enumerated().map { Region.parameter(like: $1.shape, .real, "state \($0)") }
    let slopes = DifferentialEquation.slopes(time, states, derivative)
    if let failure = slopes.lazy.compactMap(\.failure).first { return start.map { _ in .failed(failure) } }
    let (region, captured) = Region.closed([time] + states, slopes.map(\.asReal))
    let steps = AdaptiveSteps(
        method: DormandPrince(derivative: region, count: start.count), relativeTolerance: relativeTolerance, absoluteTolerance: absolute,
        most: mostSteps)
    return zip(first, AdaptiveGradient(steps).solution(from: start, at: times, captured)).map { .concatenate([$0, $1]) }
}

/// The solution of an ordinary differential equation of one tensor, in steps that each lane chooses: shape `[times] + shape`; see
/// `odeSolve(from:at:relativeTolerance:absoluteTolerance:mostSteps:_:)` of several.
public func odeSolve(
    from start: Tensor, at times: Tensor, relativeTolerance: Double, absoluteTolerance: Double? = nil, mostSteps: Int = 500,
    _ derivative: (_ time: Tensor, _ state: Tensor) -> Tensor
) -> Tensor {
    odeSolve(
        from: [start], at: times, relativeTolerance: relativeTolerance, absoluteTolerance: absoluteTolerance, mostSteps: mostSteps
    ) { [derivative($0, $1[0])] }[0]
}

private enum DifferentialEquation {
    static func failed(_ start: [Tensor], _ times: Tensor, _ reason: String) -> [Tensor] {
        let error = (start + [times]).lazy.compactMap(\.failure).first ?? TensorError("odeSolve", [times.shape] + start.map(\.shape), reason)
        return start.map { _ in .failed(error) }
    }

    static func mistake(_ start: [Tensor], _ times: Tensor, steps: Int) -> String? {
        guard (start + [times]).allSatisfy({ $0.failure == nil }), times.rank == 1, times.count > 0 else {
            return "the times must be a vector, the first of which is that of the start"
        }
        guard steps >= 1, steps <= Shapes.mostElements else { return "there cannot be \(steps) steps between two times; give 1 or more" }
        return nil
    }

    static func slopes(_ time: Tensor, _ states: [Tensor], _ derivative: (Tensor, [Tensor]) -> [Tensor]) -> [Tensor] {
        let slopes = derivative(time, states)
        if slopes.map(\.shape) == states.map(\.shape), slopes.allSatisfy({ $0.failure == nil }) { return slopes }
        let error =
            (states + slopes).lazy.compactMap(\.failure).first
            ?? TensorError("odeSolve", states.map(\.shape), "the derivative has shapes \(slopes.map(\.shape)); give it those of the state")
        return states.map { _ in .failed(error) }
    }
}

package enum RungeKutta {
    /// `scan(over:from:isReversed:_:)`, or what does the same.
    package typealias Loop = (
        _ rows: [Tensor], _ carries: [Tensor], _ isReversed: Bool, _ step: ([Tensor], [Tensor]) -> ([Tensor], [Tensor])
    ) -> ScanResult

    /// `odeSolve(from:at:stepsBetween:_:)` with a loop of the caller's.
    package static func solution(
        from start: [Tensor], at times: Tensor, _ stepsBetween: Int, _ loop: @escaping Loop, _ derivative: (Tensor, [Tensor]) -> [Tensor]
    ) -> [Tensor] {
        if let reason = DifferentialEquation.mistake(start, times, steps: stepsBetween) {
            return DifferentialEquation.failed(start, times, reason)
        }
        let (start, times) = (start.map(\.asReal), times.asReal)
        let first = start.map { $0.expandingShape(at: 0) }
        let count = times.count
        if count == 1 { return first }
        let ends = [times.slice(axis: 0, 0..<(count - 1)), times.slice(axis: 0, 1..<count)]
        let later = loop(ends, start, false) { states, ends in
            let size = (ends[1] - ends[0]) / Tensor(stepsBetween)
            let next = loop([.iota(stepsBetween)], states, false) { states, number in
                (step(ends[0] + number[0].asReal * size, size, states, derivative), [])
            }.carries
            return (next, next)
        }.outputs
        return zip(first, later).map { .concatenate([$0, $1]) }
    }

    private static func step(_ time: Tensor, _ size: Tensor, _ states: [Tensor], _ derivative: (Tensor, [Tensor]) -> [Tensor]) -> [Tensor] {
        func slopes(_ time: Tensor, _ states: [Tensor]) -> [Tensor] { DifferentialEquation.slopes(time, states, derivative) }
        func moved(_ slopes: [Tensor], _ length: Tensor) -> [Tensor] { zip(states, slopes).map { $0 + length * $1 } }
        let half = 0.5 * size
        let one = slopes(time, states)
        let two = slopes(time + half, moved(one, half))
        let three = slopes(time + half, moved(two, half))
        let four = slopes(time + size, moved(three, size))
        let mean = states.indices.map { (one[$0] + 2 * (two[$0] + three[$0]) + four[$0]) / 6 }
        return moved(mean, size)
    }
}
