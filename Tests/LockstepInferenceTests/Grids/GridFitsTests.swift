import Lockstep
import Testing

@testable import LockstepInference

/// Fits of a grid are found by dataset, settings and start.
@Suite struct GridFitsTests {
    @Test func axesAreLabelled() throws {
        let grid = try GridCases.run(GridCases.datasets())
        #expect(grid.axes.map(\.name) == ["dataset", "spread", "rate", "start"])
        #expect(grid.axes.map(\.labels) == [GridCases.labels, ["0.5", "2"], ["0.05", "0.01"], ["0", "1", "2"]])
        #expect(grid.axes.map(\.values) == [nil, [0.5, 2], [0.05, 0.01], nil] && grid.axes.map(\.count) == [4, 2, 2, 3])
    }

    @Test func fitsAreFound() throws {
        let grid = try GridCases.run(GridCases.datasets())
        // In nested loops, as the order of lanes is said to be.
        var lane = 0
        for (dataset, label) in GridCases.labels.enumerated() {
            for spread in [0.5, 2] {
                for rate in [0.05, 0.01] {
                    for start in 0..<3 {
                        let settings = ["spread": spread, "rate": rate]
                        #expect(try grid[dataset: label, settings: settings, start: start].lane == lane)
                        #expect(try grid.fit(dataset: dataset, settings: settings, start: start).lane == lane)
                        #expect(grid.fits.keys[lane] == Key(4).fold(dataset).fold(start))
                        lane += 1
                    }
                }
            }
        }
        #expect(lane == grid.fits.lanes)
        #expect(try grid.lanes() == Array(0..<48) && grid.lanes(dataset: "last") == Array(36..<48))
        #expect(try grid.lanes(dataset: 1, settings: ["rate": 0.01], start: 2) == [17, 23])
        #expect(try grid.lanes(settings: ["spread": 2, "rate": 0.05], start: 0) == [6, 18, 30, 42])
        // Where there is one of something it need not be said.
        let one = try Datasets(["x": .shared(GridCases.x), "y": .shared(GridCases.tables[0]), "width": .shared(1)])
        let single = try GridCases.run(one, starts: 1, settings: ["spread": [1], "rate": [0.05, 0.01]])
        #expect(try single.fits.lanes == 2 && single.fit(settings: ["rate": 0.01]).lane == 1)
        #expect(try single.best(settings: ["rate": 0.01]).lane == 1 && single.best.count == 1)
    }

    @Test func whatIsNotThereIsNamed() throws {
        let grid = try GridCases.run(GridCases.datasets())
        func text(dataset: (any DatasetReference)? = 0, _ settings: [String: Double] = ["spread": 2, "rate": 0.05], start: Int? = 0) -> String? {
            errorText { _ = try grid.fit(dataset: dataset, settings: settings, start: start) }
        }
        #expect(text() == nil)
        #expect(text(dataset: "NGC 8")?.hasPrefix("the grid has no dataset 'NGC 8'; did you mean 'NGC 7'?") == true)
        #expect(text(dataset: 4) == "there is no dataset 4; there are 4" && text(dataset: -1)?.contains("no dataset -1") == true)
        #expect(text(["sprad": 2])?.hasPrefix("the grid has no setting 'sprad'; did you mean 'spread'?") == true)
        #expect(text(["start": 0])?.contains("no setting 'start'") == true)
        #expect(text(["spread": 3, "rate": 0.05])?.hasPrefix("setting 'spread' has no value 3;") == true)
        #expect(text(start: 3) == "there is no start 3; there are 3" && text(start: -1)?.contains("no start -1") == true)
        #expect(text(dataset: nil)?.contains("4 places along 'dataset'; say which one is asked for, as in dataset: \"NGC 7\"") == true)
        #expect(text(["spread": 2])?.contains("2 places along 'rate'; say which one is asked for, as in settings: [\"rate\": 0.05]") == true)
        #expect(text(start: nil)?.contains("3 places along 'start'") == true)
        #expect(throws: LockstepError.self) { _ = try grid[dataset: "nothing", start: 0] }
        #expect(errorText { _ = try grid.lanes(dataset: "nothing") } != nil && errorText { _ = try grid.lanes(start: 9) } != nil)
        #expect(errorText { _ = try grid.best() }?.contains("4 datasets; say which one is asked for") == true)
        #expect(errorText { _ = try grid.modes() }?.contains("4 datasets") == true)
        #expect(errorText { _ = try grid.statusCounts(by: "stat") }?.hasPrefix("the grid has no axis 'stat'; did you mean 'start'?") == true)
        #expect(errorText { _ = try grid.summary(by: "rates") }?.contains("'rate'") == true)
        let across = errorText { _ = try grid.summary(by: "rate") }
        #expect(across?.contains("summary(by: \"rate\", dataset: \"NGC 7\")") == true)
    }

    @Test func theBestHasTheHighestELBO() throws {
        let grid = try GridCases.run(GridCases.datasets())
        for (dataset, label) in GridCases.labels.enumerated() {
            let own = Array((12 * dataset)..<(12 * dataset + 12))
            let highest = own.map { grid.fits.elbo[$0] }.max()
            #expect(try grid.best(of: label).elbo == highest && grid.best[dataset]?.elbo == highest)
            #expect(try own.contains(grid.best(of: dataset).lane))
            let slow = own.filter { $0 / 3 % 2 == 1 }
            #expect(try grid.best(of: label, settings: ["rate": 0.01]).elbo == slow.map { grid.fits.elbo[$0] }.max())
        }
        let best = grid.best.compactMap { $0 }
        #expect(best.count == 4 && best.map(\.elbo).max() == grid.fits.best.elbo)
    }

    @Test func lostDatasetsHaveNoBest() throws {
        let grid = try GridCases.withBadDataset()
        #expect(grid.best.map { $0 == nil } == [false, true, false, false])
        let text = errorText { _ = try grid.best(of: "a,b") } ?? ""
        #expect(text.hasPrefix("all 12 fits of dataset 'a,b' were lost; the first has the status 'bad data': data 'y' is NaN"), "\(text)")
        let counts = try grid.statusCounts()
        #expect(counts.map(\.label) == GridCases.labels && counts.map(\.badData) == [0, 12, 0, 0] && counts.map(\.finished) == [12, 0, 12, 12])
        #expect(counts.allSatisfy { $0.total == 12 } && counts[1].lost == 12 && counts[1].description == "a,b: 12 with bad data")
        let byRate = try grid.statusCounts(by: "rate")
        #expect(byRate.map(\.label) == ["0.05", "0.01"] && byRate.map(\.badData) == [6, 6] && byRate.map(\.finished) == [18, 18])
        #expect(byRate[0].description == "0.05: 18 finished, 6 with bad data")
        let trust = try grid.trust(draws: 200)
        #expect(trust.count == 4 && trust.map { $0.verdict == .failed } == [false, true, false, false])
        for dataset in [0, 2, 3] { #expect(try trust[dataset] == grid.best(of: dataset).trust(draws: 200)) }
    }

    @Test func modesAreThoseOfADataset() throws {
        let grid = try GridCases.run(GridCases.datasets())
        let modes = try grid.modes(of: "last", settings: ["spread": 2])
        let lanes = try grid.lanes(dataset: "last", settings: ["spread": 2])
        #expect((modes.flatMap(\.lanes) + modes.unassigned).sorted() == lanes)
        #expect(try modes.map(\.lanes) == grid.fits.modes(of: lanes).map(\.lanes))
        // The spread is part of the model, and the rate is not.
        #expect(errorText { _ = try grid.modes(of: "last") }?.contains("different data 'spread'") == true)
    }
}
