import Lockstep

// Grids, studies and what fits say of their data.

extension Values {
    /// A model with data, a setting and a plate of its rows.
    static let table = Model { m in
        let y = m.data("y", shape: [4])
        let mean = m.sample("mean", Normal(0, m.data("width", shape: [])))
        m.plate("rows", 4) { m in m.observe("obs", Normal(mean, 1), y) }
    }
    static let shared: [String: LaneData] = ["y": .shared([0, 1, 2, 1]), "width": .shared(2)]
    static let tableFit = SVI(table, guide: AutoNormal(table), optimizer: Adam(learningRate: 0.1))

    // MARK: Grids

    func datasets() throws -> Datasets { try Datasets(["y": .perLane([[0, 1, 2, 1], [3, 3, 2, 4]])], labels: ["a", "b"]) }
    func settings() -> Settings { pick([["width": [1, 2]], ["width": [0, -1]], ["width": doubles()], Settings([.init(string(), doubles())])]) }
    func settingPair() -> (String, [Double]) { (string(), doubles()) }
    func setting() -> Settings.Setting { .init(string(), doubles()) }
    func settingList() -> [Settings.Setting] { pick([[], [setting()], [.init("width", [1, 2])]]) }
    func places() -> [String: Double] { pick([[:], ["width": 1], ["width": double()], [string(): 1]]) }
    func dataset() -> any DatasetReference { pick([true, false]) ? pick(["a", "b", string()]) : pick([0, 1, int()]) }
    func gridRun() throws -> GridRun {
        try Self.tableFit.startGrid(
            starts: 2, datasets: datasets(), settings: ["width": [1, 2]], steps: 2, device: target, options: Harness.options)
    }
    func gridFits() throws -> GridFits {
        let run = try gridRun()
        while !run.isFinished { try run.advance() }
        return try run.fits()
    }
    func gridAxis() throws -> GridAxis { try found(try gridFits().axes.first) }
    func gridSummary() throws -> GridSummary { try gridFits().summary() }
    func gridRow() throws -> GridSummary.Row { try found(try gridSummary().rows.first) }
    func statusCounts() throws -> StatusCounts { try found(try gridFits().statusCounts().first) }

    // MARK: Studies

    func folds() -> Folds { pick([.random(2), .random(int()), .groups(string()), .numbers(ints())]) }
    func rowWeights() -> RowWeights {
        pick([.data("w"), .data(string(), plate: string()), .except("left out", of: "fold"), .only(string(), of: string(), plate: string())])
    }
    func numbersByName() -> [String: [Double]] { pick([[:], ["mean": [1]], ["mean": doubles()], [string(): doubles()]]) }
    func bootstrap() throws -> Bootstrap {
        try Self.tableFit.bootstrap(replicates: 3, steps: 2, data: Self.shared, device: target, options: Harness.options)
    }
    func bootstrapRow() throws -> Bootstrap.Row { try found(try bootstrap()["mean"].first) }
    func calibration() throws -> Calibration {
        try Self.tableFit.calibrate(datasets: 3, draws: 5, steps: 2, data: ["width": .shared(2)], device: target, options: Harness.options)
    }
    func calibrationElement() throws -> Calibration.Element { try found(try calibration().elements.first) }
    func crossValidation() throws -> CrossValidation {
        try Self.tableFit.crossValidate(.random(2), starts: 1, steps: 2, data: Self.shared, draws: 8, device: target, options: Harness.options)
    }
    func recovery() throws -> Recovery {
        try Self.tableFit.recover(datasets: 3, steps: 2, data: ["width": .shared(2)], device: target, options: Harness.options)
    }
    func recoveryRow() throws -> Recovery.Row { try found(try recovery()["mean"].first) }
    func sensitivity() throws -> Sensitivity { try gridFits().sensitivity(to: "width", dataset: 0) }
    func sensitivityRow() throws -> Sensitivity.Row { try found(try sensitivity()["mean"].first) }

    // MARK: What fits say of their data

    func multiPath() throws -> MultiPath { try Harness.results(Self.plain, target).multiPath(draws: 10, pathDraws: 100) }
    func predictions() throws -> Predictions { try Harness.results(Self.plain, target).predict(draws: 5) }
    func leaveOneOut() throws -> LeaveOneOut { try Harness.results(Self.plain, target).loo(draws: 100) }
    func leaveOneOuts() throws -> [String: LeaveOneOut] { [string(): try leaveOneOut(), string(): try leaveOneOut()] }
    func untrusted() throws -> LeaveOneOut.UntrustedRow { try found(try leaveOneOut().untrusted().first) }
    func comparison() throws -> LeaveOneOutComparison {
        let loo = try leaveOneOut()
        return try LeaveOneOut.compare(["a": loo, "b": loo])
    }
}
