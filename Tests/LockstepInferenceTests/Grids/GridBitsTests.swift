import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// A fit of a grid is the fit by itself, whatever else is in the grid.
@Suite struct GridBitsTests {
    @Test(arguments: TestDevice.all) func fitsAreSoloFits(_ device: TestDevice) throws {
        let grid = try GridCases.run(GridCases.datasets(), device: device.device)
        #expect(grid.fits.lanes == 4 * 2 * 2 * 3)
        let options = GridCases.options(as: grid)
        for (dataset, spread, rate, start) in [(0, 0.5, 0.05, 0), (1, 0.5, 0.01, 2), (2, 2.0, 0.05, 1), (3, 2.0, 0.01, 2)] {
            let alone = try GridCases.algorithm.run(
                keys: [Key(4).fold(dataset).fold(start)], steps: 60,
                data: [
                    "x": .shared(GridCases.x), "y": .perLane([GridCases.tables[dataset]]), "width": .perLane([GridCases.widths[dataset]]),
                    "spread": .perLane([spread]), "rate": .perLane([rate]),
                ], device: device.device, options: options)
            let fit = try grid[dataset: dataset, settings: ["spread": spread, "rate": rate], start: start]
            #expect(grid.fits.keys[fit.lane] == Key(4).fold(dataset).split(3)[start])
            #expect(grid.fits.bits(fit.lane) == alone.bits(0), "dataset \(dataset), spread \(spread), rate \(rate), start \(start)")
        }
        #expect(Set(grid.fits.loss).count == grid.fits.lanes)
    }

    /// Rows of each dataset's own number, and whole numbers among the data.
    @Test(arguments: [0, 3], TestDevice.all) func raggedFitsAreSoloFits(_ number: Int, _ device: TestDevice) throws {
        let test = RaggedCase.all[number]
        // 1,500, 0, 1 and 17 rows.
        let lanes = [6, 3, 1, 9]
        let svi = SVI(test.model, guide: AutoNormal(test.model), optimizer: Adam(learningRate: 0.03))
        let grid = try svi.run(
            starts: 2, datasets: Datasets(test.ragged(lanes)), steps: 30, key: Key(2), device: device.device, options: GridCases.options)
        #expect(grid.fits.lanes == 8)
        for (dataset, lane) in lanes.enumerated() {
            let alone = try svi.run(
                keys: Key(2).fold(dataset).split(2), steps: 30, data: test.ragged([lane, lane]), device: device.device,
                options: GridCases.options(as: grid))
            for start in 0..<2 { #expect(grid.fits.bits(2 * dataset + start) == alone.bits(start), "dataset \(dataset), start \(start)") }
        }
    }

    @Test(arguments: TestDevice.all) func moreOfItChangesNoFit(_ device: TestDevice) throws {
        let grid = try GridCases.run(GridCases.datasets(), device: device.device)
        let fewer = try GridCases.datasets(Array(GridCases.tables.prefix(2)), Array(GridCases.labels.prefix(2)))
        let settings: Settings = ["rate": [0.2, 0.05], "spread": [2]]
        let more = try GridCases.run(fewer, starts: 5, settings: settings, device: device.device, options: GridCases.options(as: grid))
        #expect(more.fits.lanes == 2 * 2 * 5)
        for dataset in 0..<2 {
            for start in 0..<3 {
                let same = try more[dataset: dataset, settings: ["rate": 0.05], start: start]
                let old = try grid[dataset: dataset, settings: ["rate": 0.05, "spread": 2], start: start]
                #expect(more.fits.bits(same.lane) == grid.fits.bits(old.lane))
                // Settings are compared with the same draws.
                let other = try more[dataset: dataset, settings: ["rate": 0.2], start: start]
                #expect(more.fits.keys[other.lane] == more.fits.keys[same.lane] && more.fits.loss[other.lane] != more.fits.loss[same.lane])
                #expect(more.fits.initialLoss[other.lane] == more.fits.initialLoss[same.lane])
            }
        }
        #expect(Set(more.fits.keys).count == 10)
    }

    /// Another program goes on from the file, with a grid of the same datasets.
    @Test(arguments: TestDevice.all) func resumedIsUndisturbed(_ device: TestDevice) throws {
        let test = RaggedCase.all[0]
        let svi = SVI(test.model, guide: AutoNormal(test.model), optimizer: Adam(learningRate: 0.03))
        let datasets = try Datasets(test.ragged([9, 1, 6]))
        let whole = try svi.run(starts: 2, datasets: datasets, steps: 30, device: device.device, options: GridCases.options)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("grid-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        // In several waves, of which some have come to an end when the run is resumed.
        var options = GridCases.options
        options.memoryBudget = whole.fits.layout.bytesPerLane * 2
        var run = try svi.startGrid(starts: 2, datasets: datasets, steps: 30, device: device.device, options: options)
        #expect(run.progress == 0)
        var (pieces, laneSteps) = (0, 0)
        while !run.isFinished {
            try run.advance(7)
            laneSteps += try run.fits().fits.timings.laneSteps
            try run.state().write(to: file)
            run = try svi.resumeGrid(RunState(contentsOf: file), datasets: datasets, device: device.device, options: options)
            pieces += 1
        }
        #expect(pieces > 1 && run.progress == 1)
        // No step is taken again.
        #expect(laneSteps == whole.fits.timings.laneSteps && laneSteps == 6 * 30)
        let fits = try run.fits()
        #expect(fits.fits.bits == whole.fits.bits && fits.axes == whole.axes)
    }

    @Test func otherGridsAreNotResumed() throws {
        let datasets = try GridCases.datasets()
        let run = try GridCases.algorithm.startGrid(
            starts: 2, datasets: datasets, settings: GridCases.settings, steps: 20, device: .cpu, options: GridCases.options)
        try run.advance(3)
        let state = try run.state()
        func resumed(_ datasets: Datasets, _ settings: Settings) -> String? {
            errorText {
                _ = try GridCases.algorithm.resumeGrid(state, datasets: datasets, settings: settings, device: .cpu, options: GridCases.options)
            }
        }
        #expect(resumed(datasets, GridCases.settings) == nil)
        // In another order, and of other values: the same number of lanes.
        #expect(resumed(datasets, ["rate": [0.05, 0.01], "spread": [0.5, 2]])?.contains("another state of the data") == true)
        #expect(resumed(datasets, ["spread": [0.5, 3], "rate": [0.05, 0.01]])?.contains("another state of the data") == true)
        #expect(
            resumed(datasets, ["spread": [0.5, 1, 2], "rate": [0.05]])?.contains("has 32 lanes, which are not as many for each of the 12") == true)
    }
}
