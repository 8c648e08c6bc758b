import Lockstep
import LockstepRuntime
import LockstepTensor
import Testing

@testable import LockstepInference

/// A lane that its device lost, and in which the host finds nothing wrong.
@Suite struct FiniteOnHostTests {
    /// What a device says of a run in which it refused steps of lane 1 from step 3 on.
    private final class Claim: LaneExecution {
        private let outcome: Outcome

        init(_ outcome: Outcome) { self.outcome = outcome }

        var placedData: PlacedData? { nil }

        let launches = LaunchLog()

        func begin(attempt: Int) throws {}
        func advance(from first: Int, count: Int, for seconds: Double, scalars: [String: Double]) throws -> Int { count }
        func hasZero(_ name: String, element: Int) throws -> Bool { false }
        func replace(_ pairs: [(from: Int, to: Int)], by other: any LaneExecution) throws {}
        func write(_ name: String, _ values: LaneArray) throws {}
        func read(_ name: String) throws -> LaneArray {
            if name == StateName.losses.text { return outcome.losses }
            if let parameter = outcome.parameters[String(name.dropFirst(StateName.parameter("").text.count))] { return parameter }
            let values: [Int32] = name == StateName.frozen.text ? [0, Int32(Bookkeeping.Frozen.lost)] : [0, 3]
            return LaneArray(lanes: 2, count: 1, elements: .int(values))
        }
    }

    @Test(arguments: [true, false]) func theReasonSaysSo(_ hasStart: Bool) throws {
        let model = Model { m in m.observe("y", Normal(m.sample("a", Normal(0, 1)), 1), 2) }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam()).run(keys: Key(1).split(2), steps: 20, device: .cpu)
        let parameters = fits.outcome.parameters
        let outcome = try Outcome(
            Claim(fits.outcome), results: Dictionary(uniqueKeysWithValues: parameters.keys.map { ($0, StateName.parameter($0).text) }),
            withoutStart: hasStart ? [] : [1], slots: 1, refusedEarly: Deferred(value: [0, 0]), paces: Deferred(value: [.nan, .nan]), convergence: nil
        )
        let claimed = Fits(
            svi: fits.svi, guide: fits.guide, keys: fits.keys, binding: fits.binding, outcome: outcome, estimate: fits.estimate,
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
