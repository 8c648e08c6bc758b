import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Random steps on OpenCL devices, held against the interpreter: in double closely, in float as closely as the
/// interpreter's own floats come to its doubles.
@Suite struct OpenCLLanesRandomStepTests {
    static let seeds = TestLevel.seeds(small: 8, medium: 48, full: 600)

    @Test(arguments: seeds) func agreesWithTheInterpreter(_ seed: UInt64) throws {
        OpenCLSessions.explainAbsence()
        let step = RandomStep.make(seed: 10_000 + seed)
        let double = try step.interpreted(.double)
        let float = try step.interpreted(.float)
        let slack = 2e-5 + 50 * Self.largestDifference(float, double)
        // Each seed goes through one variant per device, one in three through global scratch memory, one in four in parts.
        for (number, variant) in OpenCLSessions.variants.enumerated() where (number + Int(seed)) % 2 == 0 {
            let found = try step.openCL(
                variant.session, variant.precision, width: variant.width, privateBytes: seed % 3 == 0 ? 0 : nil,
                longest: seed % 4 == 1 ? 60 : 3_000)
            let isDouble = variant.precision == .double
            if let difference = Outcomes.disagreement(found, isDouble ? double : float, relative: isDouble ? 1e-9 : slack) {
                Issue.record("seed \(10_000 + seed) on \(variant): \(difference)")
            }
        }
    }

    static let siteSeeds = TestLevel.seeds(small: 4, medium: 16, full: 200)

    /// Scalars that are packed, as many as there are or only where it is worth it, and steps of more than one function.
    @Test(arguments: siteSeeds) func manySitesAgreeWithTheInterpreter(_ seed: UInt64) throws {
        OpenCLSessions.explainAbsence()
        let step = RandomSites.make(seed: 20_000 + seed, sites: seed % 2 == 0 ? nil : 20)
        var options = LoweringOptions()
        if seed % 3 > 0 { (options.fewestPacked, options.packingGain) = (2, 0) }
        let double = try step.interpreted(.double, options: options)
        let float = try step.interpreted(.float, options: options)
        let slack = 2e-5 + 50 * Self.largestDifference(float, double)
        for variant in OpenCLSessions.variants(turn: seed) {
            let found = try step.openCL(
                variant.session, variant.precision, width: variant.width, options: options, longest: seed % 4 == 1 ? 60 : 3_000)
            let isDouble = variant.precision == .double
            if let difference = Outcomes.disagreement(found, isDouble ? double : float, relative: isDouble ? 1e-9 : slack) {
                Issue.record("seed \(20_000 + seed) on \(variant): \(difference)")
            }
        }
    }

    private static func largestDifference(_ a: StepCase.Outcome, _ b: StepCase.Outcome) -> Double {
        var largest = 0.0
        for (name, lanes) in a {
            for (lane, values) in lanes.enumerated() {
                for (x, y) in zip(values, b[name]?[lane] ?? []) where x.isFinite && y.isFinite {
                    largest = max(largest, (x - y).magnitude / max(x.magnitude, y.magnitude, 1))
                }
            }
        }
        return largest
    }
}
