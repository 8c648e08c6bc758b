import Lockstep
import LockstepModel
import LockstepRuntime
import Testing

@testable import LockstepInference

/// Arrays that several lanes have: kept once, checked once, and named by their datasets.
@Suite struct DatasetsTests {
    private static let pairs: [[Double]] = [[1, 2], [3, 4], [5, 6]]

    private func numbers(_ data: LaneInputs.Data) -> [Double] {
        switch data {
        case .shared(let numbers), .perLane(let numbers): numbers.doubles
        case .rows(let rows): rows.parts.flatMap { rows.values[$0].doubles }
        }
    }

    // MARK: Arrays of several lanes

    @Test func arraysAreTaken() {
        let pairs = LaneData.perLane(Self.pairs)
        let flat: LaneData = .perLane([1, 2, 3, 4, 5, 6])
        let shaped: LaneData = .perLane([1.0, 2, 3, 4, 5, 6], shape: [2])
        for data in [pairs, flat, shaped] {
            let taken = data.taken([2, 0, 2, 1])
            #expect(numbers(taken.slice([0, 1, 2, 3], count: 2)) == [5, 6, 1, 2, 5, 6, 3, 4])
            #expect(numbers(taken.slice([2, 3], count: 2)) == [5, 6, 3, 4])
            // Of what was taken already.
            #expect(numbers(taken.taken([3, 1]).slice([0, 1], count: 2)) == [3, 4, 1, 2])
            #expect(taken.values.count == 6)
        }
        #expect(numbers(LaneData.shared([1, 2]).taken([1, 0]).slice([0, 1], count: 2)) == [1, 2])
    }

    @Test func rowsAreTaken() throws {
        let rows: [[Double]] = [[1, 2, 3], [], [4]]
        let taken = LaneData.ragged(rows).taken([2, 0, 1, 0])
        #expect(taken.rowCounts == [1, 3, 0, 3] && taken.values.count == 4)
        #expect(numbers(taken.slice([0, 1, 3], count: 4)) == [4, 1, 2, 3, 1, 2, 3])
        // What has no rows has one of another's.
        #expect(numbers(taken.slice([2], count: 4)) == [1])
        let counts = ["y": taken].raggedCounts
        #expect(counts.count == 1 && counts[0].counts == [1, 3, 0, 3])
        #expect(numbers(counts[0].data.slice([0, 1, 2, 3], count: 1)) == [1, 3, 0, 3])
        let declaration = DataDeclaration(name: "y", shape: [1024], dtype: .real, bound: nil)
        let binding = try DataBinding([declaration], ["y": taken], lanes: 4)
        #expect([0, 1, 2, 3].map(binding.places(of: "y")) == [3..<4, 0..<3, 3..<3, 0..<3])
        #expect(binding.ordered([0, 1, 2, 3]) == [1, 3, 0, 2])
    }

    @Test func arraysThatAreNotThereAreErrors() {
        let model = Model { m in
            let mu = m.sample("mu", Normal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Normal(mu, 1), m.data("y", shape: [2])) }
        }
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.1))
        func text(_ data: LaneData) -> String? {
            errorText { _ = try svi.run(keys: Key(0).split(2), steps: 2, data: ["y": data], device: .cpu) }
        }
        #expect(text(LaneData.perLane(Self.pairs).taken([1, 3]))?.contains("'y' has no array 3; there are 3") == true)
        #expect(text(LaneData.perLane([1, 2, 3, 4]).taken([0, 2]))?.contains("'y' has 4 numbers; 3 arrays of shape [2] need 6") == true)
        #expect(text(LaneData.perLane(Self.pairs).taken([0, 1, 2]))?.contains("'y' has 3 arrays; give one for each of the 2 lanes") == true)
        #expect(text(LaneData.perLane(Self.pairs).taken([0, 2])) == nil)
    }

    @Test func numbersAreKeptOnce() throws {
        let datasets = try GridCases.datasets()
        let layout = try GridLayout(datasets, GridCases.settings, starts: 50)
        let data = layout.data(datasets)
        #expect(layout.lanes == 800 && data["y"]?.source?.count == 800)
        #expect(data["y"]?.values.count == 24 && data["width"]?.values.count == 4 && data["spread"]?.values.count == 2)
        #expect(data["x"]?.isShared == true && data["x"]?.values.count == 6)
    }

    // MARK: Datasets

    @Test func datasetsAreCounted() throws {
        let ragged: LaneData = .ragged([[1.0], [2, 3]])
        #expect(try Datasets(["y": ragged, "n": .perLane([1, 2])]).labels == ["0", "1"])
        #expect(try Datasets(["y": .perLane(Self.pairs)], labels: ["a", "b", "c"]).labels == ["a", "b", "c"])
        // One number for each, or as many for each as there are labels or other arrays for.
        #expect(try Datasets(["y": .perLane([1, 2, 3, 4])]).count == 4)
        #expect(try Datasets(["y": .perLane([1, 2, 3, 4])], labels: ["a", "b"]).data["y"]?.lengths == [2, 2])
        #expect(try Datasets(["y": .perLane([1, 2, 3, 4]), "z": ragged]).data["y"]?.lengths == [2, 2])
        #expect(try Datasets(["y": .perLane([1.0, 2, 3, 4], shape: [2])]).count == 2)
        #expect(try Datasets(["y": .shared([1, 2])]).count == 1 && Datasets([:]).count == 1)
        #expect(try Datasets(["y": .shared([1, 2])], labels: ["only"]).labels == ["only"])
    }

    @Test func mistakesInDatasetsAreNamed() {
        func text(_ data: [String: LaneData], _ labels: [String]? = nil) -> String? {
            errorText { _ = try Datasets(data, labels: labels) }
        }
        let pairs: LaneData = .perLane(Self.pairs)
        #expect(text(["y": pairs, "z": .ragged([[1.0], [2]])]) == "data 'z' has 2 arrays, and 'y' has 3; give one for each dataset")
        #expect(text(["y": pairs, "z": .perLane([1, 2, 3, 4])])?.contains("'z' has 4 numbers") == true)
        #expect(text(["y": pairs], ["a", "b"]) == "there are 2 labels for 3 datasets; give one for each")
        #expect(text(["y": .shared(1)], ["a", "b"])?.contains("2 labels for one dataset, as all data are shared") == true)
        #expect(text(["y": pairs], ["a", "b", "a"]) == "two datasets are called 'a'; give each a label of its own")
        #expect(text(["y": .ragged([[Double]]())])?.contains("no datasets") == true)
    }

    @Test func settingsAreChecked() throws {
        let datasets = try GridCases.datasets()
        func text(_ settings: Settings, starts: Int = 2) -> String? {
            errorText { _ = try GridCases.run(datasets, starts: starts, settings: settings) }
        }
        #expect(text(["start": [1]])?.contains("called 'start'") == true && text(["dataset": [1]])?.contains("called 'dataset'") == true)
        #expect(text(["rate": [1], "spread": [1], "rate": [2]])?.contains("'rate' is given twice") == true)
        #expect(text(["y": [1]])?.contains("'y' is a setting, and data of the datasets too") == true)
        #expect(text(["rate": []])?.contains("'rate' has no values") == true)
        #expect(text(["rate": [1, .nan]])?.contains("'rate' has a value that is NaN") == true)
        #expect(text(["rate": [0.1, 1, 0.1]])?.contains("'rate' has the value 0.1 twice") == true)
        #expect(text(["spread": [1], "rate": [0.1], "other": [1]])?.contains("'other' is not read by the model") == true)
        #expect(text(["spread": [1]])?.contains("'rate' of shape [] is missing") == true)
        #expect(text(GridCases.settings, starts: 0)?.contains("cannot fit from 0 starts") == true)
        let many = Settings([.init("a", (0..<5000).map(Double.init)), .init("b", (0..<5000).map(Double.init))])
        #expect(text(many, starts: 100)?.contains("the grid has more than 2147483647 fits: 4 of 'dataset', 5000 of 'a'") == true)
    }

    // MARK: Checks

    @Test func eachDatasetIsLookedAtOnce() throws {
        let datasets = try Datasets(["y": .perLane(Self.pairs)])
        let layout = try GridLayout(datasets, ["s": [1, 2]], starts: 4)
        let declarations = [
            DataDeclaration(name: "y", shape: [2], dtype: .real, bound: nil), DataDeclaration(name: "s", shape: [], dtype: .real, bound: nil),
        ]
        let binding = try DataBinding(declarations, layout.data(datasets), lanes: 24)
        let lanes = Array(0..<24)
        #expect(binding.alike(lanes, ["y"])?.firsts == [0, 8, 16] && binding.alike(lanes, ["y"])?.peers[8] == Array(8..<16))
        #expect(binding.alike(lanes, ["y", "s"])?.firsts == [0, 4, 8, 12, 16, 20])
        #expect(binding.alike(lanes, ["s"])?.peers[4] == [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23])
        #expect(binding.owner(of: 13, ["y", "s"]) == "setting 's' = 2, dataset '1'")
        let plain = try DataBinding([declarations[0]], ["y": .perLane(Self.pairs)], lanes: 3)
        #expect(plain.alike([0, 1, 2], ["y"]) == nil && plain.owner(of: 2, ["y"]) == "lane 2")
    }

    /// By the dataset, not by a lane; and all of its lanes are left out.
    @Test func badDataAreNamedByDataset() throws {
        let grid = try GridCases.withBadDataset()
        let lanes = try grid.lanes(dataset: "a,b")
        #expect(lanes.count == 12 && grid.fits.badData.keys.sorted() == lanes)
        #expect(grid.fits.status.indices.allSatisfy { (grid.fits.status[$0] == .badData) == lanes.contains($0) })
        for lane in lanes {
            let error = try #require(grid.fits.badData[lane])
            #expect(error.description.hasPrefix("data 'y' is NaN at position 2 of dataset 'a,b', and the density of site 'obs'"))
            #expect(error.lanes == [lane] && error.name == "y")
        }
        var tables = GridCases.tables
        tables[2][5] = .nan
        let text = errorText { _ = try GridCases.run(GridCases.datasets(tables)) } ?? ""
        #expect(text.contains("at position 5 of dataset 'say \"x\"'") && text.contains("12 of the 48 lanes") && !text.contains("of lane"), "\(text)")
    }

    @Test func badSettingsAreNamed() throws {
        let datasets = try GridCases.datasets()
        func text(_ settings: Settings) -> String { errorText { _ = try GridCases.run(datasets, settings: settings) } ?? "" }
        let rate = text(["spread": [1], "rate": [0.1, -0.5]])
        #expect(rate.hasPrefix("data 'rate' is -0.5 in setting 'rate' = -0.5, which Adam takes for learningRate;"), "\(rate)")
        var options = GridCases.options
        options.badData = .leaveOut
        let grid = try GridCases.run(datasets, settings: ["spread": [1], "rate": [0.1, -0.5]], options: options)
        #expect(grid.fits.badData.keys.sorted() == (try grid.lanes(settings: ["rate": -0.5])))
        // A scale that follows from data alone.
        let widths: LaneData = .perLane([1.0, 2, -4, 8])
        let bad = try Datasets(["x": .shared(GridCases.x), "y": .perLane(GridCases.tables), "width": widths], labels: GridCases.labels)
        let width = errorText { _ = try GridCases.run(bad) } ?? ""
        #expect(width.contains("-4") && width.contains("in dataset 'say \"x\"' (data 'width')"), "\(width)")
    }

    @Test func indicesAreNamedByDataset() throws {
        let model = Model { m in
            let level = m.plate("groups", 3) { m in m.sample("level", Normal(0, 3)) }
            let group = m.indices("group", below: 3)
            m.plate("rows", rowsOf: "y") { m in m.observe("obs", Normal(level[group], 0.5), m.data("y")) }
        }
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.05))
        let rows: [[Double]] = [[1, 2], [3, 4, 5]]
        let groups: [[Int]] = [[0, 1], [2, 0, 3]]
        let datasets = try Datasets(["y": .ragged(rows), "group": .ragged(groups)], labels: ["a", "b"])
        let text = errorText { _ = try svi.run(starts: 3, datasets: datasets, steps: 2, device: .cpu) } ?? ""
        #expect(text.contains("'group' is 3 at position 2 of dataset 'b'; it must lie in 0 ..< 3"), "\(text)")
        #expect(text.contains("3 of the 6 lanes"), "\(text)")
    }

    /// Found before there is a run.
    @Test func tornDataAreNamedByDataset() throws {
        let model = Model { m in
            m.plate("rows", rowsOf: "x") { m in m.factor("obs", m.data("x").sum([1])) }
        }
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.05))
        let matrices: [[[Double]]] = [[[1, 2]], [[1, 2], [3]]]
        for data: LaneData in [.ragged(matrices), .perLane(matrices)] {
            let datasets = try Datasets(["x": data], labels: ["a", "b"])
            let text = errorText { _ = try svi.run(starts: 3, datasets: datasets, steps: 2, device: .cpu) } ?? ""
            #expect(text.contains("dataset 'b'") && !text.contains("lane 1"), "\(text)")
        }
    }
}
