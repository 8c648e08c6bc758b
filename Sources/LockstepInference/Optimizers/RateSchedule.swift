import LockstepTensor

/// A hyperparameter that changes from step to step. Its own numbers are hyperparameters too.
///
/// A schedule spans a number of steps, all of the run unless it says otherwise: it has its first value at the first step,
/// and its last after the last step, and from there on.
enum RateSchedule: Sendable, Hashable {
    case exponential(from: Hyperparameter, to: Hyperparameter, over: Int?)
    case polynomial(from: Hyperparameter, to: Hyperparameter, power: Double, over: Int?)
    case cosine(from: Hyperparameter, to: Hyperparameter, over: Int?)
    case oneCycle(peak: Hyperparameter, rise: Double, start: Double, end: Double, over: Int?)
    case warmUp(steps: Int, from: Hyperparameter, then: Hyperparameter)
    case piecewise([Piece])

    struct Piece: Sendable, Hashable {
        let start: Int
        let value: Hyperparameter
    }
}

extension HyperparameterConvertible where Self == Hyperparameter {
    /// from * (to / from)^(t / T): the same ratio from each step to the next (Optax: `exponential_decay`).
    ///
    /// - Parameters:
    ///   - from: the first value.
    ///   - to: the value after T steps, and from there on.
    ///   - over: the number of steps T; nil for all of the run, or of the piece of it that the schedule has.
    public static func exponentialDecay(
        from: some HyperparameterConvertible, to: some HyperparameterConvertible, over: Int? = nil
    ) -> Self {
        Hyperparameter(.schedule(.exponential(from: from.hyperparameter, to: to.hyperparameter, over: over)))
    }

    /// to + (from - to) * (1 - t / T)^power; linear unless a power is given (Optax: `polynomial_schedule`).
    public static func polynomialDecay(
        from: some HyperparameterConvertible, to: some HyperparameterConvertible, power: Double = 1, over: Int? = nil
    ) -> Self {
        Hyperparameter(.schedule(.polynomial(from: from.hyperparameter, to: to.hyperparameter, power: power, over: over)))
    }

    /// to + (from - to) * (1 + cos(pi t / T)) / 2 (Optax: `cosine_decay_schedule`).
    public static func cosine(
        from: some HyperparameterConvertible, to: some HyperparameterConvertible = 0, over: Int? = nil
    ) -> Self {
        Hyperparameter(.schedule(.cosine(from: from.hyperparameter, to: to.hyperparameter, over: over)))
    }

    /// Up and down along half waves of a cosine (Optax: `cosine_onecycle_schedule`).
    ///
    /// - Parameters:
    ///   - peak: the largest value.
    ///   - rise: the share of the steps in which the peak is reached, rounded to whole steps.
    ///   - startDivisor: the first value is the peak divided by this.
    ///   - endDivisor: the last value is the first divided by this.
    ///   - over: the number of steps; nil for all of the run, or of the piece of it that the schedule has.
    public static func oneCycle(
        peak: some HyperparameterConvertible, rise: Double = 0.3, startDivisor: Double = 25, endDivisor: Double = 1e4,
        over: Int? = nil
    ) -> Self {
        Hyperparameter(
            .schedule(.oneCycle(peak: peak.hyperparameter, rise: rise, start: startDivisor, end: endDivisor, over: over)))
    }

    /// In a straight line up to the first value of what follows, which then spans the remaining steps.
    public static func warmUp(
        steps: Int, from: some HyperparameterConvertible = 0, then: some HyperparameterConvertible
    ) -> Self {
        Hyperparameter(.schedule(.warmUp(steps: steps, from: from.hyperparameter, then: then.hyperparameter)))
    }

    /// One value, and others from given steps on, counted from 0. Each may be a schedule: it spans its piece (Optax:
    /// `join_schedules`; `piecewise_constant_schedule`, whose numbers are factors, though).
    public static func piecewise(_ first: some HyperparameterConvertible, then: [Int: Hyperparameter]) -> Self {
        let pieces = then.sorted { $0.key < $1.key }.map { RateSchedule.Piece(start: $0.key, value: $0.value) }
        return Hyperparameter(.schedule(.piecewise([.init(start: 0, value: first.hyperparameter)] + pieces)))
    }
}

// MARK: As expressions of one step

/// The steps that a schedule spans.
struct ScheduleSpan {
    /// Steps done of it, a real from 0 on.
    let done: Tensor
    /// Its number of steps.
    let length: Tensor

    /// From 0 to 1.
    var progress: Tensor { pointwiseMin(done / length, 1) }
    /// From 1 to 0.
    var rest: Tensor { pointwiseMax(length - done, 0) / length }

    /// With a number of steps of its own, where it has one.
    func over(_ steps: Int?) -> ScheduleSpan { ScheduleSpan(done: done, length: steps.map { Tensor(Double($0)) } ?? length) }

    /// What is left from a step on.
    func from(_ step: Tensor) -> ScheduleSpan {
        ScheduleSpan(done: pointwiseMax(done - step, 0), length: pointwiseMax(length - step, 1))
    }

    /// 1 from a step on, 0 before it.
    func hasReached(_ step: Tensor) -> Tensor { pointwiseMin(pointwiseMax(done - (step - 1), 0), 1) }
}

extension Hyperparameter {
    /// - Parameter data: reads scalar data.
    func value(in span: ScheduleSpan, _ data: (String) -> Tensor) -> Tensor {
        switch form {
        case .constant(let value): Tensor(value)
        case .data(let name): data(name)
        case .schedule(let schedule): schedule.value(in: span, data)
        }
    }
}

/// Without branches on the step, of which kernels would make no tables: weights that are exactly 0 or 1 choose instead.
/// No value is a difference of large ones, so that a small last value is exact in float.
extension RateSchedule {
    fileprivate func value(in span: ScheduleSpan, _ data: (String) -> Tensor) -> Tensor {
        func read(_ hyperparameter: Hyperparameter) -> Tensor { hyperparameter.value(in: span, data) }
        switch self {
        case .exponential(let from, let to, let over):
            return read(from) * exp(span.over(over).progress * (log(read(to)) - log(read(from))))
        case .polynomial(let from, let to, let power, let over):
            let rest = span.over(over).rest
            let weight = power == 1 ? rest : pow(rest, Tensor(power))
            return read(from) * weight + read(to) * (1 - weight)
        case .cosine(let from, let to, let over):
            return Self.halfWave(from: read(from), to: read(to), span.over(over))
        case .oneCycle(let peak, let rise, let start, let end, let over):
            let cycle = span.over(over)
            let top = pointwiseMax(floor(cycle.length * Tensor(rise) + 0.5), 1)
            let high = read(peak)
            let falls = span.hasReached(top)
            let up = Self.halfWave(from: high * Tensor(1 / start), to: high, ScheduleSpan(done: span.done, length: top))
            let down = Self.halfWave(from: high, to: high * Tensor(1 / start / end), cycle.from(top))
            return up * (1 - falls) + down * falls
        case .warmUp(let steps, let from, let then):
            let ramp = span.over(steps)
            return read(from) * ramp.rest + then.value(in: span.from(ramp.length), data) * ramp.progress
        case .piecewise(let pieces):
            var total: Tensor = 0
            for (number, piece) in pieces.enumerated() {
                let start = Tensor(Double(piece.start))
                let next = number + 1 < pieces.count ? Tensor(Double(pieces[number + 1].start)) : nil
                let begun = number == 0 ? 1 : span.hasReached(start)
                let isNow = next.map { begun - span.hasReached($0) } ?? begun
                let own = ScheduleSpan(done: span.done, length: next ?? span.length).from(start)
                total = total + piece.value.value(in: own, data) * isNow
            }
            return total
        }
    }

    /// sin^2 and cos^2 of half the angle, which are (1 + cos) / 2 and (1 - cos) / 2 without the cancellation.
    private static func halfWave(from: Tensor, to: Tensor, _ span: ScheduleSpan) -> Tensor {
        let quarter = Tensor(Double.pi / 2)
        return from * square(sin(span.rest * quarter)) + to * square(sin(span.progress * quarter))
    }
}
