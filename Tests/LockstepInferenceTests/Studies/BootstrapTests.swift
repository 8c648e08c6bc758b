import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Fits of rows drawn with replacement, against means that are known.
@Suite struct BootstrapTests {
    /// As of no distribution: 40 numbers of standard deviation about 1.2.
    static let y: [Double] = (0..<40).map { (row: Int) -> Double in
        let tenths = (row * 37) % 40 - 20 + (row % 8 == 0 ? 15 : 0)
        return Double(tenths) / 10
    }

    @Test(arguments: TestDevice.all)
    func replicatesAreFitsOfTheirRows(_ device: TestDevice) throws {
        let replicates = TestLevel.choose(small: 300, medium: 1000, full: 4000)
        let result = try StudyCases.fitted(priorSD: 10, rows: 40).bootstrap(
            replicates: replicates, steps: 1000, data: ["y": .shared(Self.y)], key: Key(8), device: device.device, options: StudyCases.options())
        let row = try #require(result["mean"].first)
        #expect(row.replicates.count == replicates && result.lost.isEmpty && result.rows.map(\.name) == ["mean", "twice"])
        let counts = try #require(result.fits.fits.binding.data[StudyData.counts]?.values.doubles)
        #expect(counts.count == (replicates + 1) * 40)
        #expect(Array(counts[..<40]) == Array(repeating: 1, count: 40))
        #expect(abs(row.estimate - StudyCases.posterior(Self.y, priorSD: 10).mean) < 0.02)
        var squares: Double = 0
        for (number, value) in row.replicates.enumerated() {
            let own = Array(counts[((number + 1) * 40)..<((number + 2) * 40)])
            #expect(own.reduce(0, +) == 40)
            for count in own { squares += (count - 1) * (count - 1) }
            let expected = StudyCases.posterior(Self.y, priorSD: 10, weights: own).mean
            let distance: Double = abs(value - expected)
            #expect(distance < 0.03, "\(number)")
        }
        // Multinomial counts of n rows have variance 1 - 1/n.
        #expect(abs(squares / Double(40 * replicates) - 39.0 / 40) < 0.05)
        // The standard error of a mean, that of a sample of its own rows.
        let error = (Statistics.variance(Self.y) * 39 / 40 / 40).squareRoot()
        let allowed: Double = 5 / (2 * Double(replicates)).squareRoot()
        let ratio: Double = row.error / error
        #expect(abs(ratio - 1) < allowed, "\(row.error), \(error)")
        let interval = row.interval()
        let width: Double = (interval.high - interval.low) / (2 * 1.96 * error)
        #expect(abs(width - 1) < 0.2)
        #expect(interval.low < row.estimate && row.estimate < interval.high && row.interval(0.5).high < interval.high)
        #expect(result.description.hasPrefix("site") && result.description.contains("97.5%"))
    }

    @Test func mistakesAreNamed() {
        let model = StudyCases.model(priorSD: 2, rows: 4)
        func text(_ replicates: Int, plate: String? = nil, _ data: [String: LaneData] = ["y": .shared([1, 2, 3, 4])]) -> String? {
            errorText {
                _ = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01)).bootstrap(
                    replicates: replicates, plate: plate, steps: 2, data: data, device: .cpu, options: StudyCases.options())
            }
        }
        #expect(text(2) == nil && text(2, plate: "rows") == nil)
        #expect(text(1)?.contains("cannot bootstrap with 1 replicates; give 2") == true)
        #expect(text(2, plate: "homes")?.contains("nothing is observed in a plate 'homes'") == true)
        #expect(text(2, ["y": .perLane([[1, 2, 3, 4], [1, 2, 3, 4]])])?.contains("data 'y' differ by lane") == true)
        #expect(text(2, [:])?.contains("data 'y'") == true)
    }
}
