/// One step of the method of Dormand and Prince, of order 5 with an estimate of its error of order 4: RK5(4)7M of A family of embedded
/// Runge-Kutta formulae, Journal of Computational and Applied Mathematics 6 (1980), table 2.
struct DormandPrince: Sendable {
    /// Of a time, a state, and what the derivative has from elsewhere.
    let derivative: Region
    /// Tensors of the state.
    let count: Int

    private static let nodes: [Double] = [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1]
    /// The weights of the slopes before, at each stage; those of the last are those of the step.
    private static let stages: [[Double]] = [
        [],
        [1 / 5],
        [3 / 40, 9 / 40],
        [44 / 45, -56 / 15, 32 / 9],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ]
    /// What the step is beyond that of order 4.
    private static let errors: [Double] = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40]

    func slopes(_ time: Tensor, _ states: [Tensor], _ captured: [Tensor]) -> [Tensor] { derivative.applied(to: [time] + states + captured) }

    private static func sum(_ weights: [Double], _ slopes: [[Tensor]], _ place: Int) -> Tensor {
        let terms = zip(weights, slopes).filter { $0.0 != 0 }.map { Tensor($0.0) * $0.1[place] }
        return terms.dropFirst().reduce(terms[0], +)
    }

    /// The slopes at all stages but the last.
    private func stages(_ time: Tensor, _ size: Tensor, _ states: [Tensor], _ captured: [Tensor]) -> [[Tensor]] {
        var all: [[Tensor]] = []
        for stage in 0..<6 { all.append(slopes(time + Tensor(Self.nodes[stage]) * size, moved(stage, size, states, all), captured)) }
        return all
    }

    private func moved(_ stage: Int, _ size: Tensor, _ states: [Tensor], _ slopes: [[Tensor]]) -> [Tensor] {
        if stage == 0 { return states }
        return states.enumerated().map { $1 + size * Self.sum(Self.stages[stage], slopes, $0) }
    }

    /// The state after a step.
    func step(_ time: Tensor, _ size: Tensor, _ states: [Tensor], _ captured: [Tensor]) -> [Tensor] {
        moved(6, size, states, stages(time, size, states, captured))
    }

    /// The state after a step, an estimate of its error, and the slopes before it.
    func trial(
        _ time: Tensor, _ size: Tensor, _ states: [Tensor], _ captured: [Tensor]
    ) -> (next: [Tensor], errors: [Tensor], slopes: [Tensor]) {
        var all = stages(time, size, states, captured)
        let next = moved(6, size, states, all)
        all.append(slopes(time + size, next, captured))
        return (next, states.indices.map { size * Self.sum(Self.errors, all, $0) }, all[0])
    }
}

/// Steps of a size that each lane chooses for itself, from one time to another: an error of 1 in units of the tolerance is aimed at, by the
/// controller of Hairer and Wanner's DOPRI5 (Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, 2nd ed. (1993), section II.4
/// and appendix; Hairer and Wanner, II, section IV.2).
struct AdaptiveSteps: Sendable {
    let method: DormandPrince
    let relativeTolerance: Double
    let absoluteTolerance: Double
    /// Attempts between two times, whether or not they are accepted.
    let most: Int

    private func isFinite(_ tensors: [Tensor]) -> Tensor { tensors.map { $0.isFinite.all() }.reduce(Tensor(mask: true)) { $0 .& $1 } }

    /// The root of the mean square, in units of the tolerance.
    private func norm(_ errors: [Tensor], _ states: [Tensor], _ others: [Tensor]) -> Tensor {
        let elements = states.reduce(0) { $0 + $1.count }
        let squares = zip(errors, zip(states, others)).map { error, pair in
            square(error / (Tensor(absoluteTolerance) + Tensor(relativeTolerance) * pointwiseMax(abs(pair.0), abs(pair.1)))).sum()
        }
        return sqrt(squares.reduce(Tensor(0), +) / Tensor(max(elements, 1)))
    }

    /// The size of the first step: of an Euler step, by how much the slope changes in one (section II.4 of the book).
    ///
    /// - Parameter direction: 1 or -1.
    func firstSize(_ time: Tensor, _ direction: Tensor, _ states: [Tensor], _ captured: [Tensor]) -> Tensor {
        let slopes = method.slopes(time, states, captured)
        let (size, speed) = (norm(states, states, states), norm(slopes, states, states))
        let small = select((size .< 1e-5) .| (speed .< 1e-5), 1e-6, 0.01 * size / speed)
        let moved = zip(states, slopes).map { $0 + direction * small * $1 }
        let others = method.slopes(time + direction * small, moved, captured)
        let bend = norm(zip(slopes, others).map { $1 - $0 }, states, states) / small
        let fastest = pointwiseMax(speed, bend)
        let guess = pointwiseMin(100 * small, select(fastest .<= 1e-15, pointwiseMax(1e-6, 1e-3 * small), pow(0.01 / fastest, 0.2)))
        return select(guess.isFinite .& (0 .< guess), guess, select(small.isFinite .& (0 .< small), small, 1e-6))
    }

    /// What is known between steps.
    struct State {
        var states: [Tensor]
        /// The size of the next step, and the error of the last accepted one.
        var size, error: Tensor
    }

    /// Attempts from one time to another.
    struct Course {
        /// The state in the end; NaN where the other time is not reached.
        let end: State
        /// Whether it is.
        let isReached: Tensor
        let attempts: Tensor
        /// For each attempt, rows of the state before it, of the part of the way that is behind, and of the part that it goes: 0 where it is
        /// not accepted. They are something only for as many as there are attempts.
        let rows: [Tensor]
    }

    /// - Parameter records: whether rows are wanted.
    func course(_ start: State, from first: Tensor, to last: Tensor, _ captured: [Tensor], records: Bool = false) -> Course {
        let count = start.states.count
        let direction = select(last .< first, -1, 1)
        func isRunning(_ time: Tensor, _ size: Tensor) -> Tensor { (time .!= last) .& (0 .< size) }
        let begun = isRunning(first, start.size)
        let carries = start.states + [first, start.size, start.error, Tensor(integer: 0), begun]
        let result = Recurrence([.iota(most)], carries, stops: true) { carried, _ in
            let states = Array(carried[..<count])
            let (time, size, error, attempts, isOn) = (carried[count], carried[count + 1], carried[count + 2], carried[count + 3], carried[count + 4])
            let isLast = abs(last - time) .<= 1.01 * size
            let step = select(isLast, last - time, direction * size)
            let trial = method.trial(time, step, states, captured)
            let found = norm(trial.errors, states, trial.next)
            let isGood = (found .<= 1) .& isFinite(trial.next)
            // Of the book: beta = 0.04, a safety of 0.9, and between 0.2 and 10.
            let plain = pow(pointwiseMax(found, 1e-10), 0.17)
            let growth = pointwiseMin(pointwiseMax(0.9 * pow(error, 0.04) / plain, 0.2), 10)
            let shrinkage = select(found.isFinite, pointwiseMax(0.9 / plain, 0.2), 0.2)
            let grown = abs(step) * growth
            let next = select(isGood, select(isLast, pointwiseMax(size, grown), grown), abs(step) * shrinkage)
            // Smaller steps help neither where there is no slope, nor beyond the roundings of the time.
            let isLost = .!isFinite(trial.slopes) .| (.!isLast .& (time + step .== time))
            let after =
                zip(states, trial.next).map { select(isGood, $1, $0) } + [
                    select(isGood, select(isLast, last, time + step), time), select(isLost .& .!isGood, 0, next),
                    select(isGood, pointwiseMax(found, 1e-4), error), attempts + Tensor(integer: 1),
                ]
            let kept = zip(after, carried).map { select(isOn, $0, $1) }
            let length = last - first
            let rows = records ? states + [(time - first) / length, select(isGood .& isOn, step / length, 0)] : []
            return (kept + [isOn .& isRunning(kept[count], kept[count + 1])], rows)
        }.result
        let ends = result.carries
        let isReached = ends[count] .== last
        return Course(
            end: State(states: ends[..<count].map { select(isReached, $0, Tensor(.nan)) }, size: ends[count + 1], error: ends[count + 2]),
            isReached: isReached, attempts: ends[count + 3], rows: result.outputs)
    }

    /// A row of the state for each time after the first.
    func solution(from start: [Tensor], at times: Tensor, _ captured: [Tensor]) -> (rows: [Tensor], sizes: Tensor, errors: Tensor) {
        let count = start.count
        let (begins, ends) = Self.intervals(times)
        let direction = select(ends.element(0) .< begins.element(0), -1, 1)
        let size = firstSize(begins.element(0), direction, start, captured)
        let results = Recurrence([begins, ends], start + [size, 1e-4], tapeBudget: .max) { carried, ends in
            let start = State(states: Array(carried[..<count]), size: carried[count], error: carried[count + 1])
            let end = course(start, from: ends[0], to: ends[1], captured).end
            return (end.states + [end.size, end.error], end.states + [start.size, start.error])
        }.result.outputs
        return (Array(results[..<count]), results[count], results[count + 1])
    }

    static func intervals(_ times: Tensor) -> (begins: Tensor, ends: Tensor) {
        (times.slice(axis: 0, 0..<(times.count - 1)), times.slice(axis: 0, 1..<times.count))
    }
}
