import Lockstep
import LockstepRuntime
import LockstepTensor
import Testing

@testable import LockstepInference

/// A lane that its device lost, and in which the host finds nothing wrong.
@Suite struct FiniteOnHostTests {
    /// What a device says of a run in which it refused steps of lane 1 from step 3 on.
    private static func claim(_ outcome: Outcome, hasStart: Bool) -> WaveResult {
        let parameters = outcome.parameters
        func ints(_ values: [Int32]) -> LaneArray { LaneArray(lanes: 2, count: 1, elements: .int(values)) }
        let status: [(StateName, LaneArray)] =
            [StateName.refusedAt, .refusedLosses, .refusedGradients, .initialLoss, .tailSum, .tailCount].map { ($0, ints([0, 3])) }
            + [(.frozen, ints([0, Int32(Bookkeeping.Frozen.lost)])), (.losses, outcome.losses)]
        let arrays = status.map { ($0.text, $1) } + parameters.map { (StateName.parameter($0).text, $1) }
        return WaveResult(
            lanes: 2, arrays: Dictionary(uniqueKeysWithValues: arrays), withoutStart: hasStart ? [] : [1], done: 20, slots: 1, isFinished: true,
            refusedEarly: Deferred(value: [0, 0]), paces: Deferred(value: [.nan, .nan]),
            results: Dictionary(uniqueKeysWithValues: parameters.keys.map { ($0, StateName.parameter($0).text) }))
    }

    @Test(arguments: [true, false]) func theReasonSaysSo(_ hasStart: Bool) throws {
        let model = Model { m in m.observe("y", Normal(m.sample("a", Normal(0, 1)), 1), 2) }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam()).run(keys: Key(1).split(2), steps: 20, device: .cpu)
        let outcome = Outcome(Self.claim(fits.outcome, hasStart: hasStart))
        let claimed = Fits(
            algorithm: fits.algorithm, guide: fits.guide, keys: fits.keys, binding: fits.binding, outcome: outcome, estimate: fits.estimate,
            device: try Device.cpu.choice(), options: fits.options, steps: 20, timings: fits.timings, layout: fits.layout)
        #expect(claimed.status == [.finished, hasStart ? .diverged(step: 3) : .noValidStart])
        #expect(claimed[0].reason == nil)
        let reason = try #require(claimed[1].reason)
        #expect(reason.kind == .finiteOnHost && reason.site.isEmpty && reason.element.isEmpty && reason.operation == nil)
        // The numbers are those of that step: the loss of draw 3, not of another.
        let loss = try #require(reason.numbers.first { $0.name == "loss" }?.value)
        #expect(loss.isFinite && reason.numbers.map(\.name) == ["loss", "largest gradient"])
        #expect(reason.description.hasPrefix("evaluated on the host, loss and gradient are finite (loss "), "\(reason)")
        #expect(reason.advice == "the device rounds otherwise than the host: use double precision, or the cpu device")
    }
}
