/// The derivatives of a solution in steps of chosen sizes. Each step is that part of the way between two times which it was found to be: parts
/// are taken as constants. Steps between two times are found again, and gone back over, from the last; only what they were between these two
/// times is kept at a time.
struct AdaptiveGradient: Sendable {
    let steps: AdaptiveSteps
    /// Of what the derivative has from elsewhere: which are real.
    private let real: [Int]
    /// A step from a state, the times before and after, the part of the way behind, the part it goes, and what was captured.
    private let step: Region
    /// The derivatives with respect to a state, both times, and what is real of what was captured: of what the step is made of, and factors.
    private let back: Region

    private var count: Int { steps.method.count }

    init(_ steps: AdaptiveSteps) {
        self.steps = steps
        let method = steps.method
        let count = method.count
        let own = method.derivative.parameters
        let (shapes, captured) = (own[1..<(1 + count)].map(\.shape), Array(own[(1 + count)...]))
        func stand(_ shape: Shape, _ name: String) -> Tensor { Region.parameter(like: shape, .real, name) }
        let states = shapes.map { stand($0, "state") }
        let (first, last, behind, part) = (stand([], "time before"), stand([], "time after"), stand([], "part behind"), stand([], "part"))
        let others = captured.enumerated().map { Region.parameter(like: $1.shape, $1.dtype, "captured \($0)") }
        let length = last - first
        let moved = method.step(first + behind * length, part * length, states, others)
        // A step that was not accepted goes nowhere, whatever its slopes are.
        let next = zip(states, moved).map { select(part .== 0, $0, $1) }
        step = Region(parameters: states + [first, last, behind, part] + others, results: next)
        real = captured.indices.filter { captured[$0].dtype == .real }
        let factors = shapes.map { stand($0, "factor") }
        let targets = states + [first, last] + real.map { others[$0] }
        back = Region(
            parameters: step.parameters + factors, results: Gradient.of(zip(next, factors).map { ($0, $1) }, withRespectTo: targets))
    }

    /// The solution, whose derivatives are these: a row of the state for each time after the first.
    func solution(from start: [Tensor], at times: Tensor, _ captured: [Tensor]) -> [Tensor] {
        let results = withPullback(start + [times] + captured) { [self] operands in
            let (rows, sizes, errors) = steps.solution(
                from: Array(operands[..<count]), at: operands[count], Array(operands[(count + 1)...]))
            return rows + [sizes, errors]
        } pullback: { [self] operands, results, adjoints in
            pulledBack(
                Array(operands[..<count]), operands[count], Array(operands[(count + 1)...]), Array(results[..<count]),
                results[count].withoutGradient, results[count + 1].withoutGradient, Array(adjoints[..<count]))
        }
        return Array(results[..<count])
    }

    private func pulledBack(
        _ start: [Tensor], _ times: Tensor, _ captured: [Tensor], _ later: [Tensor], _ sizes: Tensor, _ errors: Tensor, _ adjoints: [Tensor]
    ) -> [Tensor?] {
        let (begins, ends) = AdaptiveSteps.intervals(times)
        let before = zip(start, later).map { start, later in
            Tensor.concatenate([start.expandingShape(at: 0), later.slice(axis: 0, 0..<(later.shape[0] - 1))])
        }
        let zeros = (start + real.map { captured[$0] }).map { Tensor(repeating: 0, shape: $0.shape) }
        let result = Recurrence([begins, ends, sizes, errors] + before + adjoints, zeros, isReversed: true) { carried, rows in
            let states = Array(rows[4..<(4 + count)])
            let factors = zip(carried, rows[(4 + count)...]).map { $0 + $1 }
            let derivatives = between(states, rows[0], rows[1], captured, factors, size: rows[2], error: rows[3])
            let sums = zip(carried[count...], derivatives[(count + 2)...]).map { $0 + $1 }
            return (Array(derivatives[..<count]) + sums, Array(derivatives[count..<(count + 2)]))
        }.result
        let zero = Tensor(repeating: 0, shape: [1])
        var all = [Tensor?](repeating: nil, count: count + 1 + captured.count)
        for place in 0..<count { all[place] = result.carries[place] }
        all[count] = Tensor.concatenate([result.outputs[0], zero]) + Tensor.concatenate([zero, result.outputs[1]])
        for (place, own) in real.enumerated() { all[count + 1 + own] = result.carries[count + place] }
        return all
    }

    /// The derivatives with respect to the state at a time, that time and the next, and what is real of what was captured.
    ///
    /// - Parameter factors: those with respect to the state at the next.
    private func between(
        _ states: [Tensor], _ first: Tensor, _ last: Tensor, _ captured: [Tensor], _ factors: [Tensor], size: Tensor, error: Tensor
    ) -> [Tensor] {
        withPullback(states + [first, last, size, error] + captured + factors) { [self] operands in
            stepByStep(parts(operands))
        } pullback: { [self] operands, _, adjoints in
            // Of the same as a recurrence of all steps that there may be.
            let parameters = operands.enumerated().map { Region.parameter(like: $1.shape, $1.dtype, "operand \($0)") }
            let whole = written(parts(parameters))
            let isReal = operands.indices.map { operands[$0].dtype == .real && $0 != count + 2 && $0 != count + 3 }
            let others = whole.enumerated().map { Region.parameter(like: $1.shape, .real, "adjoint \($0)") }
            let targets = zip(parameters, isReal).filter(\.1).map(\.0)
            let region = Region(
                parameters: parameters + others, results: Gradient.of(zip(whole, others).map { ($0, $1) }, withRespectTo: targets))
            var found = region.applied(to: operands + adjoints)[...]
            return isReal.map { $0 ? found.popFirst() : nil }
        }
    }

    /// What steps between two times are made of.
    private struct Parts {
        let start: AdaptiveSteps.State
        let first, last: Tensor
        let captured, factors: [Tensor]
    }

    private func parts(_ operands: [Tensor]) -> Parts {
        Parts(
            start: AdaptiveSteps.State(states: Array(operands[..<count]), size: operands[count + 2], error: operands[count + 3]),
            first: operands[count], last: operands[count + 1], captured: Array(operands[(count + 4)..<(operands.count - count)]),
            factors: Array(operands[(operands.count - count)...]))
    }

    private func course(_ parts: Parts) -> AdaptiveSteps.Course {
        steps.course(parts.start, from: parts.first, to: parts.last, parts.captured, records: true)
    }

    /// Back over the steps that were taken, and no others.
    private func stepByStep(_ parts: Parts) -> [Tensor] {
        let course = course(parts)
        // A solution that is NaN has no derivatives, unless nobody asks for them.
        let factors = parts.factors.map { select(course.isReached .| ($0 .== 0), $0, Tensor(.nan)) }
        let sums = ([parts.first, parts.last] + real.map { parts.captured[$0] }).map { Tensor(repeating: 0, shape: $0.shape) }
        let last = course.attempts - Tensor(integer: 1)
        let carries = factors + sums + [last, Tensor(integer: 0) .<= last]
        let result = Recurrence([.iota(steps.most)], carries, stops: true) { carried, _ in
            let (number, isOn) = (carried[carried.count - 2], carried[carried.count - 1])
            let rows = course.rows.map { $0.gather(pointwiseMax(number, Tensor(integer: 0))) }
            let given = Array(rows[..<count]) + [parts.first, parts.last] + rows[count...] + parts.captured + carried[..<count]
            let derivatives = back.applied(to: given)
            let next = derivatives.enumerated().map { $0 < count ? $1 : carried[$0] + $1 } + [number - Tensor(integer: 1)]
            let kept = zip(next, carried).map { select(isOn, $0, $1) }
            return (kept + [isOn .& (Tensor(integer: 0) .<= kept[kept.count - 1])], [])
        }.result
        return Array(result.carries.dropLast(2))
    }

    /// The same derivatives, of a recurrence over the steps: they can be differentiated.
    private func written(_ parts: Parts) -> [Tensor] {
        let course = course(parts)
        let isTaken = Tensor.iota(steps.most) .< course.attempts
        let ways = course.rows[count...].map { select(isTaken, $0, 0).withoutGradient }
        let end = Recurrence(Array(ways), parts.start.states) { states, ways in
            (step.applied(to: states + [parts.first, parts.last] + ways + parts.captured), [])
        }.result.carries
        let factors = zip(parts.factors, end).map { factor, end in
            select(course.isReached .| (factor .== 0), factor, Tensor(.nan)).broadcast(to: end.shape)
        }
        let targets = parts.start.states + [parts.first, parts.last] + real.map { parts.captured[$0] }
        return Gradient.of(zip(end, factors).map { ($0, $1) }, withRespectTo: targets)
    }
}
