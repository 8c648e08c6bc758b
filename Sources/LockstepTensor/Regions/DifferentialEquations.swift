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

package enum RungeKutta {
    /// `scan(over:from:isReversed:_:)`, or what does the same.
    package typealias Loop = (
        _ rows: [Tensor], _ carries: [Tensor], _ isReversed: Bool, _ step: ([Tensor], [Tensor]) -> ([Tensor], [Tensor])
    ) -> ScanResult

    /// `odeSolve(from:at:stepsBetween:_:)` with a loop of the caller's.
    package static func solution(
        from start: [Tensor], at times: Tensor, _ stepsBetween: Int, _ loop: @escaping Loop, _ derivative: (Tensor, [Tensor]) -> [Tensor]
    ) -> [Tensor] {
        func failed(_ reason: String) -> [Tensor] {
            let error = (start + [times]).lazy.compactMap(\.failure).first ?? TensorError("odeSolve", [times.shape] + start.map(\.shape), reason)
            return start.map { _ in .failed(error) }
        }
        guard (start + [times]).allSatisfy({ $0.failure == nil }), times.rank == 1, times.count > 0 else {
            return failed("the times must be a vector, the first of which is that of the start")
        }
        guard stepsBetween >= 1, stepsBetween <= Shapes.mostElements else {
            return failed("there cannot be \(stepsBetween) steps between two times; give 1 or more")
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
        func slopes(_ time: Tensor, _ states: [Tensor]) -> [Tensor] {
            let slopes = derivative(time, states)
            if slopes.map(\.shape) == states.map(\.shape), slopes.allSatisfy({ $0.failure == nil }) { return slopes }
            let error =
                (states + slopes).lazy.compactMap(\.failure).first
                ?? TensorError("odeSolve", states.map(\.shape), "the derivative has shapes \(slopes.map(\.shape)); give it those of the state")
            return states.map { _ in .failed(error) }
        }
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
