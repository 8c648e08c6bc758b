import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// How a known posterior moves with the scale of its prior.
@Suite struct SensitivityTests {
    static let y: [Double] = [2, 4]
    static let model = Model { m in
        let (y, width) = (m.data("y", shape: [2]), m.data("width", shape: []))
        let mean = m.sample("mean", Normal(0, width))
        m.plate("rows", 2) { m in m.observe("obs", Normal(mean, m.data("noise", shape: [])), y) }
    }
    static let algorithm = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: .cosine(from: 0.1)), loss: TraceELBO(particles: 16))

    static func posterior(_ width: Double, _ noise: Double) -> (mean: Double, sd: Double) {
        let precision = 1 / (width * width) + 2 / (noise * noise)
        return (y.reduce(0, +) / (noise * noise) / precision, 1 / precision.squareRoot())
    }

    @Test(arguments: TestDevice.all)
    func shiftsAreThoseOfThePosterior(_ device: TestDevice) throws {
        let results = try Self.algorithm.sensitivity(
            settings: ["width": [1, 0.5, 4], "noise": [1, 2]], starts: 2, steps: 2500, data: ["y": .shared(Self.y)], device: device.device,
            options: StudyCases.options())
        #expect(results.map(\.setting) == ["width", "noise"] && results.map(\.reference) == [1, 1])
        let own = Self.posterior(1, 1)
        for (result, values) in zip(results, [[1, 0.5, 4], [1, 2]]) {
            let rows = result["mean"]
            #expect(rows.map(\.value) == values)
            for (row, value) in zip(rows, values) {
                let expected = result.setting == "width" ? Self.posterior(value, 1) : Self.posterior(1, value)
                #expect(abs(row.mean - expected.mean) < 0.05 && abs(row.sd - expected.sd) < 0.05, "\(row)")
                #expect(abs(row.shift - (expected.mean - own.mean) / own.sd) < 0.1, "\(row)")
                #expect(abs(row.ratio - expected.sd / own.sd) < 0.06, "\(row)")
            }
            #expect(rows[0].shift == 0 && rows[0].ratio == 1)
            #expect(result.description.contains("Shifts are from \(result.setting) = 1"))
        }
    }

    @Test func ofGrids() throws {
        let datasets = try Datasets(["y": .perLane([[2, 4], [-2, -4]])], labels: ["up", "down"])
        let grid = try Self.algorithm.run(
            starts: 1, datasets: datasets, settings: ["width": [1, 4], "noise": [1, 2]], steps: 1500, device: .cpu, options: StudyCases.options())
        let down = try grid.sensitivity(to: "width", reference: 4, dataset: "down", settings: ["noise": 2])
        let (own, other) = (Self.posterior(4, 2), Self.posterior(1, 2))
        #expect(down.reference == 4 && down.rows.map(\.value) == [1, 4])
        #expect(abs(down.rows[0].shift + (other.mean - own.mean) / own.sd) < 0.1 && down.rows[1].shift == 0)
        func text(
            _ setting: String, _ reference: Double? = nil, dataset: (any DatasetReference)? = "up", settings: [String: Double] = [:]
        ) -> String? {
            errorText { _ = try grid.sensitivity(to: setting, reference: reference, dataset: dataset, settings: settings) }
        }
        #expect(text("width") == nil)
        #expect(text("wide")?.contains("no axis 'wide'") == true && text("start")?.contains("'start' is no setting") == true)
        #expect(text("width", 3)?.contains("setting 'width' has no value 3") == true)
        #expect(text("width", dataset: nil)?.contains("the grid has 2 datasets; say which one") == true)
        #expect(text("width", settings: ["width": 1])?.contains("'width' is the one that is changed") == true)
        let none = errorText { _ = try Self.algorithm.sensitivity(settings: [:], steps: 2, device: .cpu) }
        #expect(none?.contains("there are no settings to change") == true)
        let lanes = errorText {
            _ = try Self.algorithm.sensitivity(settings: ["width": [1, 2]], steps: 2, data: ["y": .perLane([[1, 2]])], device: .cpu)
        }
        #expect(lanes?.contains("data 'y' differ by lane") == true)
    }
}
