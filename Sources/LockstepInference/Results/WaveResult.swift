import LockstepRuntime
import LockstepTensor

/// What the lanes of a wave hold between two steps, as far as results are made of it. What was read of a device is looked at
/// when somebody asks.
struct WaveResult: Sendable {
    let lanes: Int
    /// By the names of states and records.
    let arrays: [String: LaneArray]
    /// The lanes that found no start.
    let withoutStart: Set<Int>
    /// Steps that were run.
    let done: Int
    /// Entries of the history that the run has reached.
    let slots: Int
    /// Whether all lanes have done all that they were to do.
    let isFinished: Bool
    /// Steps of both kinds that had been refused before the last tenth.
    let refusedEarly: Deferred<[Int]>
    /// Of parameters that drifted to the end, by `ParameterDrift`; NaN where that was not looked into.
    let paces: Deferred<[Double]>
    /// The state that holds each parameter's result.
    let results: [String: String]

    subscript(name: StateName) -> LaneArray {
        arrays[name.text] ?? LaneArray(lanes: lanes, count: 1, elements: .int(Array(repeating: 0, count: lanes)))
    }

    /// The states and records that results are made of.
    ///
    /// - Parameters:
    ///   - names: all that the program has.
    ///   - results: the states that hold the parameters' results.
    static func needed(_ names: [String], _ results: [String: String]) -> [String] {
        let status: [StateName] = [
            .losses, .frozen, .refusedAt, .refusedLosses, .refusedGradients, .initialLoss, .tailSum, .tailCount, .stoppedAt, .lastLoss,
            .convergenceMean,
        ]
        let wanted = Set(status.map(\.text)).union(results.values).union(results.keys.map { StateName.parameter($0).text })
        return names.filter(wanted.contains)
    }

    /// Whether all lanes that found a start are on their way, or took all steps.
    static func allGoOn(_ frozen: LaneArray) -> Bool { !frozen.contains { $0 != Bookkeeping.Frozen.no } }

    /// Of some lanes, which have come to an end.
    func finished(_ chosen: [Int]) -> WaveResult {
        WaveResult(
            lanes: chosen.count, arrays: arrays.mapValues { $0.lanes(chosen) },
            withoutStart: Set(chosen.indices.filter { withoutStart.contains(chosen[$0]) }), done: done, slots: slots, isFinished: true,
            refusedEarly: Deferred { [refusedEarly] in chosen.map { refusedEarly.value[$0] } },
            paces: Deferred { [paces] in chosen.map { paces.value[$0] } }, results: results)
    }

    // MARK: What it comes to

    var status: Deferred<[FitStatus]> {
        let (frozen, refusedAt, stoppedAt) = (self[.frozen], self[.refusedAt], self[.stoppedAt])
        let others = isFinished ? FitStatus.finished : .running(step: done)
        return Deferred { [withoutStart] in
            var status = Array(repeating: others, count: frozen.lanes)
            // Nearly always all of them.
            if withoutStart.isEmpty && Self.allGoOn(frozen) { return status }
            let (frozen, refusedAt, stoppedAt) = (frozen.whole, refusedAt.whole, stoppedAt.whole)
            for lane in frozen.indices {
                switch frozen[lane] {
                case Bookkeeping.Frozen.no: break
                case Bookkeeping.Frozen.converged: status[lane] = .converged(step: stoppedAt[lane])
                case Bookkeeping.Frozen.stalled: status[lane] = .stalled(step: stoppedAt[lane])
                default: status[lane] = .diverged(step: refusedAt[lane])
                }
            }
            for lane in withoutStart { status[lane] = .noValidStart }
            return status
        }
    }

    /// Unconstrained, by parameter.
    var parameters: [String: LaneArray] {
        // A lane that diverged has no mean of its last steps: these led nowhere.
        let lost = withoutStart.isEmpty && Self.allGoOn(self[.frozen]) ? [] : status.value.indices.filter { status.value[$0].isLost }
        return Dictionary(
            uniqueKeysWithValues: results.compactMap { name, state in
                guard let result = arrays[state] else { return nil }
                guard !lost.isEmpty, let last = arrays[StateName.parameter(name).text] else { return (name, result) }
                return (name, result.replacing(lost, with: last.lanes(lost)))
            })
    }

    /// The mean of the last steps' finite losses, of the last window of a lane that converged by it, or the last loss where that is
    /// free of noise; NaN where there are none.
    var finalLoss: Deferred<[Double]> {
        let status = status
        let (tailSum, tailCount) = (self[.tailSum], self[.tailCount])
        let (last, windows) = (arrays[StateName.lastLoss.text], arrays[StateName.convergenceMean.text])
        return Deferred {
            let (status, windows, last) = (status.value, windows?.element(0), last?.element(0))
            let (sums, counts) = (tailSum.element(0), tailCount.element(0))
            return status.indices.map { lane in
                if status[lane].isLost { return .nan }
                if let last { return last[lane] }
                if case .converged = status[lane], let windows { return windows[lane] }
                return counts[lane] == 0 ? .nan : sums[lane] / counts[lane]
            }
        }
    }
}
