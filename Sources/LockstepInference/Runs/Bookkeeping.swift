import LockstepCompiler
import LockstepTensor

/// What a lane carries beside its parameters: how it is doing, and its losses. All as expressions of one step.
struct Bookkeeping {
    /// Numbers given at each launch.
    enum Setting {
        /// 0 for a trial step, which changes nothing but `isFinite`.
        static let commit = "commit"
        static let interval = "interval"
        /// The first step whose loss counts for the final loss.
        static let tailStart = "tailStart"
        /// Of the run.
        static let steps = "steps"
    }

    /// Why a lane is frozen; zero while it is not.
    enum Frozen {
        static let no = 0
        static let lost = 1
        static let converged = 2
        static let stalled = 3
    }

    /// Refused steps in a row after which a lane is frozen.
    static let patience = 10

    private let origin: Origin
    private let loss: Tensor
    private let hasFiniteLoss: Tensor
    private let hasFiniteGradient: Tensor
    /// Whether the lane moves at all.
    let isLive: Tensor
    /// Whether the step's update is taken.
    let accepts: Tensor
    private let slots: Int
    private let watch: (any LaneWatch)?
    private let stop: LanePlan.Stop?

    /// What all updates are multiplied by; nil for 1.
    let rate: Tensor?
    /// What its states begin with, where that is not zero.
    let starts: [LaneFunction.State]

    /// - Parameter parameters: before the step, by name.
    init(
        loss: Tensor, gradients: [Tensor], parameters: [(name: String, value: Tensor)] = [], slots: Int, convergence: Convergence? = nil,
        stop: LanePlan.Stop? = nil, origin: Origin
    ) {
        self.origin = origin
        self.loss = loss
        self.slots = slots
        self.stop = stop
        hasFiniteLoss = loss.isFinite
        // Its square too: optimisers carry that, and once infinite it would hold the lane still without a word.
        // A sum is finite only if all its terms are: one addition an element instead of a test.
        hasFiniteGradient = gradients.reduce(Tensor(0.0)) { $0 + ($1 * $1).sum() }.isFinite
        let commit = Tensor.input(Input(.scalar, Setting.commit, origin: origin), shape: [], dtype: .int)
        isLive = (StateName.frozen.before(origin, dtype: .int) .== Tensor(integer: 0)) .& (commit .== Tensor(integer: 1))
        accepts = isLive .& hasFiniteLoss .& hasFiniteGradient
        let step = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int)
        let counts = isLive .& hasFiniteLoss
        if let rule = convergence?.stationarity {
            // An algorithm that stops by itself has no noise to see through.
            let steps = Tensor.input(Input(.scalar, Setting.steps, origin: origin), shape: [])
            let watch =
                stop == nil
                ? StationaryWatch(
                    rule, parameters: parameters, loss: loss, step: step, steps: steps, isLive: isLive, counts: counts, origin: origin) : nil
            (self.watch, rate, starts) = (watch, watch?.rate, watch?.starts ?? [])
        } else {
            watch = convergence.map { [isLive] in WindowWatch($0, loss: loss, step: step, isLive: isLive, counts: counts, origin: origin) }
            (rate, starts) = (nil, [])
        }
    }

    private func int(_ name: StateName) -> Tensor { name.before(origin, dtype: .int) }
    private func real(_ name: StateName) -> Tensor { name.before(origin) }
    private func setting(_ name: String) -> Tensor { .input(Input(.scalar, name, origin: origin), shape: []) }

    var states: [LaneFunction.State] { status + losses + stops + (watch?.states ?? []) }

    /// Of lanes that may stop before the last step.
    private var stops: [LaneFunction.State] {
        guard watch != nil || stop != nil else { return [] }
        var masks: [Tensor] = []
        if let watch { masks.append(watch.hasConverged) }
        if let stop { masks += [stop.converged, stop.stalled] }
        let hasStopped = masks.dropFirst().reduce(masks[0], .|) .& accepts
        let step = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int)
        return [.init(StateName.stoppedAt, select(hasStopped, step + Tensor(integer: 1), int(.stoppedAt)))]
            + (stop == nil ? [] : [.init(StateName.lastLoss, select(accepts, loss, real(.lastLoss)))])
    }

    private var status: [LaneFunction.State] {
        let one = Tensor(integer: 1)
        let zero = Tensor(integer: 0)
        let step = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int)
        let isFinite = hasFiniteLoss .& hasFiniteGradient
        let refuses = isLive .& .!accepts
        let trailing = int(.trailing)
        let hasConverged = (watch?.hasConverged ?? Tensor(mask: false)) .& accepts
        var kept = select(hasConverged, Tensor(integer: Frozen.converged), int(.frozen))
        if let stop {
            kept = select(accepts .& stop.stalled, Tensor(integer: Frozen.stalled), kept)
            kept = select(accepts .& stop.converged, Tensor(integer: Frozen.converged), kept)
        }
        let nextTrailing = select(isLive, select(accepts, zero, trailing + one), trailing)
        return [
            .init(StateName.isFinite, select(isFinite, one, zero)),
            .init(StateName.refusedLosses, int(.refusedLosses) + select(refuses .& .!hasFiniteLoss, one, zero)),
            .init(StateName.refusedGradients, int(.refusedGradients) + select(refuses .& hasFiniteLoss, one, zero)),
            .init(StateName.refusedAt, select(refuses .& (trailing .== zero), step, int(.refusedAt))),
            .init(StateName.trailing, nextTrailing),
            .init(StateName.frozen, select(refuses .& (Tensor(integer: Self.patience) .<= nextTrailing), one, kept)),
        ]
    }

    /// Means over windows of the history and over the last steps, of finite losses only.
    private var losses: [LaneFunction.State] {
        let step = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int).asReal
        let counts = isLive .& hasFiniteLoss
        let added = select(counts, loss, 0)
        let one = select(counts, Tensor(1.0), 0)
        let interval = setting(Setting.interval)
        let startsWindow = (step - windowNumber * interval) .< Tensor(0.5)
        let isTail = setting(Setting.tailStart) .<= step
        return [
            .init(StateName.initialLoss, select(accepts .& (step .< Tensor(0.5)), loss, real(.initialLoss))),
            .init(StateName.windowSum, select(startsWindow, 0, real(.windowSum)) + added),
            .init(StateName.windowCount, select(startsWindow, 0, real(.windowCount)) + one),
            .init(StateName.tailSum, real(.tailSum) + select(isTail, added, 0)),
            .init(StateName.tailCount, real(.tailCount) + select(isTail, one, 0)),
        ]
    }

    /// The window of the history that the step falls into, a real.
    private var windowNumber: Tensor {
        let step = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int).asReal
        // Half a step more, so that rounding cannot move a boundary.
        return floor((step + Tensor(0.5)) / setting(Setting.interval))
    }

    /// The history: each step writes its window's mean so far.
    var records: [LaneFunction.Record] {
        let byName = Dictionary(uniqueKeysWithValues: losses.map { ($0.name, $0.value) })
        guard let sum = byName[StateName.windowSum.text], let count = byName[StateName.windowCount.text] else { return [] }
        let mean = select(0 .< count, sum / pointwiseMax(count, 1), Tensor(Double.nan))
        // The step of a trial may lie beyond the history.
        let slot = windowNumber.asInt * Tensor.input(Input(.scalar, Setting.commit, origin: origin), shape: [], dtype: .int)
        return [.init(StateName.losses.text, slots: slots, slot: slot, value: mean)]
    }
}
