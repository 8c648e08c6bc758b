import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Checkpoints will hold the names of states: two that met would overwrite each other.
@Suite struct StateNameTests {
    @Test func allOfAFitDiffer() throws {
        let model = Model { m in
            // Sites that are called as states are.
            for name in ["frozen", "losses", "mean/squares", "x"] { m.observe("y \(name)", Normal(m.sample(name, Normal(0, 1)), 1), 0.5) }
        }
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Averaged(Adam(), over: 0.5))
        let function = try StepFunction(svi, slots: 10, convergence: Convergence(window: 5), data: [String: LaneData]().shapes(lanes: 1))
        let names = function.step.states.map(\.name) + function.step.records.map(\.name)
        #expect(Set(names).count == names.count)
        // Value, mean and two slots of Adam for each of eight parameters; eleven of bookkeeping, five of convergence, losses.
        #expect(names.count == 8 * 4 + 11 + 5 + 1, "\(names.sorted())")
        #expect(names.allSatisfy { $0.contains("/") })
    }

    @Test func textsDiffer() {
        let names: [StateName] = [
            .parameter("x"), .average("x"), .slot("m", of: "x"), .constant(1), .query(1), .losses, .frozen, .trailing, .refusedAt, .refusedLosses,
            .refusedGradients, .isFinite, .initialLoss, .windowSum, .windowCount, .tailSum, .tailCount, .convergenceSum, .convergenceCount,
            .convergenceWindows, .convergenceMean, .stoppedAt, .lastLoss, .own("x"), .estimateCount,
            .estimateReference, .estimateMean, .estimateSquares, .logWeights, .drawn, .prediction(1), .logLikelihood(1), .counted(1),
        ]
        #expect(Set(names.map(\.text)).count == names.count)
    }
}
