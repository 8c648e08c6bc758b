import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// Coverage and errors of posteriors that are known.
@Suite struct RecoveryTests {
    @Test(arguments: TestDevice.all)
    func intervalsOfTheExactPosteriorCover(_ device: TestDevice) throws {
        let datasets = TestLevel.choose(small: 300, medium: 1000, full: 2000)
        let result = try StudyCases.exact(priorSD: 2, rows: 2).recover(
            datasets: datasets, sites: ["mean", "twice"], steps: 1, key: Key(9), device: device.device, options: StudyCases.options())
        #expect(result.datasets == datasets && result.lost.isEmpty && result.rows.map(\.name) == ["mean", "twice"])
        let sd = StudyCases.posterior([0, 0], priorSD: 2).sd
        for (site, scale) in [("mean", 1.0), ("twice", 2.0)] {
            let row = try #require(result[site].first)
            let root = Double(datasets).squareRoot()
            for (coverage, nominal) in [(row.coverage50, 0.5), (row.coverage80, 0.8), (row.coverage95, 0.95)] {
                #expect(abs(coverage - nominal) < 5 * (nominal * (1 - nominal)).squareRoot() / root, "\(site): \(coverage)")
            }
            #expect(abs(row.bias) < 5 * scale * sd / root)
            #expect(abs(row.rootMeanSquaredError / (scale * sd) - 1) < 5 / (2.0.squareRoot() * root))
            #expect(abs(row.meanSD / (scale * sd) - 1) < 0.01)
        }
    }

    /// From one truth, a posterior mean is drawn to the prior by a known share.
    @Test(arguments: TestDevice.all)
    func biasOfOneTruth(_ device: TestDevice) throws {
        let result = try StudyCases.exact(priorSD: 2, rows: 2).recover(
            parameters: ["mean": [3]], datasets: 400, steps: 1, key: Key(9), device: device.device, options: StudyCases.options())
        #expect(result.truth["mean"]?.values == Array(repeating: 3, count: 400))
        let share = 2 / 2.25
        let row = try #require(result["mean"].first)
        let error = share / 2.0.squareRoot() / 20
        #expect(abs(row.bias - 3 * (share - 1)) < 5 * error, "\(row.bias)")
        #expect(abs(row.rootMeanSquaredError - (row.bias * row.bias + share * share / 2).squareRoot()) < 0.15)
    }

    @Test func rowsAndTables() {
        let cases = [
            Recovery.Row.Case(truth: 1, mean: 2, sd: 1, quantiles: [0, 1.5, 1.8, 2.2, 2.5, 4]),
            Recovery.Row.Case(truth: 0, mean: -1, sd: 3, quantiles: [-3, -2, -1.5, 0, 1, 2]),
        ]
        let row = Recovery.Row("w", [0, 2], cases)
        #expect(row.name == "w[0,2]" && row.bias == 0 && row.rootMeanSquaredError == 1 && row.meanSD == 2)
        #expect(row.coverage50 == 0.5 && row.coverage80 == 0.5 && row.coverage95 == 1)
    }

    @Test func mistakesAreNamed() throws {
        func text(_ parameters: [String: [Double]]) -> String? {
            errorText {
                _ = try StudyCases.exact(priorSD: 2, rows: 2).recover(
                    parameters: parameters, datasets: 2, steps: 1, device: .cpu, options: StudyCases.options())
            }
        }
        #expect(text(["mean": [1]]) == nil)
        #expect(text(["men": [1]])?.contains("parameters give 'men', which is no latent; did you mean 'mean'?") == true)
        #expect(text(["twice": [1]])?.contains("parameters give 'twice', which is no latent") == true)
        #expect(text(["obs": [1]])?.contains("'obs', which is no latent") == true)
        #expect(text(["mean": [1, 2]])?.contains("parameters give 'mean' 2 numbers; its shape is []") == true)
        let table = try StudyCases.exact(priorSD: 2, rows: 2).recover(datasets: 5, steps: 1, device: .cpu, options: StudyCases.options())
        #expect(table.description.contains("RMSE") && table.description.contains("5 datasets."))
    }
}
