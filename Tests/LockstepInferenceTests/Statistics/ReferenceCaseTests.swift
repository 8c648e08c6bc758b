import Lockstep
import LockstepExamples
import TestSupport
import Testing

@testable import LockstepInference

/// The four benchmark cases against what NumPyro reaches (`Benchmarks/peers/README.md`): AutoNormal, Adam(0.01), one
/// particle, the loss of a lane being the mean of its last 50 steps. Draws differ between libraries, so
/// distributions over lanes are compared.
@Suite(.serialized) struct ReferenceCaseTests {
    struct Reference: Sendable, CustomTestStringConvertible {
        let name: String
        let lanes: Int
        let steps: Int
        let mean: Double
        let sd: Double
        let min: Double
        let q10: Double
        let q50: Double
        /// Of the mean: sampling error apart, how far draws alone move it (several optima, early stages of a fit).
        let slack: Double
        /// Lanes that tell something, on a machine that is in a hurry.
        let few: Int

        var testDescription: String { name }

        static let all = [
            Reference(
                name: "eight-schools", lanes: 4096, steps: 2000, mean: 31.6576, sd: 0.1829, min: 31.2852, q10: 31.4974,
                q50: 31.6378, slack: 0.01, few: 512),
            Reference(
                name: "logistic", lanes: 256, steps: 1000, mean: 180.6895, sd: 1.2617, min: 178.9627, q10: 179.4513,
                q50: 180.2296, slack: 0.1, few: 64),
            Reference(
                name: "gmm", lanes: 256, steps: 1000, mean: 1209.7177, sd: 81.854, min: 1094.041, q10: 1094.3186,
                q50: 1192.1255, slack: 5, few: 64),
            Reference(
                name: "radon", lanes: 256, steps: 1000, mean: 1191.8145, sd: 64.2601, min: 1152.2196, q10: 1152.813,
                q50: 1155.2808, slack: 4, few: 64),
        ]
    }

    @Test(arguments: Reference.all, TestDevice.all)
    func lossesAreThoseOfNumPyro(_ reference: Reference, on device: TestDevice) throws {
        // The interpreter is many times slower.
        let lanes = TestLevel.choose(
            small: device.isInterpreter ? reference.few / 4 : reference.few, medium: reference.few * 2, full: reference.lanes)
        let problem = try NumPyroGoldens.problem(reference.name)
        let fits = try SVI(problem.model, guide: AutoNormal(problem.guided), optimizer: Adam(learningRate: 0.01))
            .run(keys: Key(0).split(lanes), steps: reference.steps, data: problem.data, device: device.device)
        let losses = fits.loss.filter { !$0.isNaN }.sorted()
        #expect(losses.count == lanes)
        let mean = Statistics.mean(losses)
        let q10 = losses.quantile(0.1)
        let q50 = losses.quantile(0.5)
        print(
            "\(reference.name) on \(device.testDescription): \(lanes) lanes, \(fits.timings.run) s, mean \(mean), min \(losses[0]), q10 \(q10), q50 \(q50)"
        )

        // The reference's own error and this run's, four sigma.
        let error = 4 * reference.sd * (1 / Double(lanes) + 1 / Double(reference.lanes)).squareRoot()
        #expect(abs(mean - reference.mean) < error + reference.slack, "mean \(mean)")
        // Of few lanes the smallest is not as small; none can be far below the best of many.
        #expect(losses[0] > reference.min - 0.3 * (reference.q10 - reference.min) - 0.15)
        #expect(losses[0] < reference.q10 + 0.25 * (reference.q50 - reference.q10))
        if lanes >= 64 {
            let below = Double(losses.filter { $0 <= reference.q10 }.count) / Double(lanes)
            #expect(below > 0.005 && below < 0.1 + 4.5 * (0.09 / Double(lanes)).squareRoot() + 0.05, "share below q10: \(below)")
        }
        // The share of lanes below the reference's median is a half.
        let half = Double(losses.filter { $0 <= reference.q50 }.count) / Double(lanes)
        let binomial = 4.5 * 0.5 * (1 / Double(lanes) + 1 / Double(reference.lanes)).squareRoot()
        #expect(abs(half - 0.5) < binomial + 0.05, "share below the median: \(half)")
    }
}
