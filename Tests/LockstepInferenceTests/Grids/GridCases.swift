import Lockstep

@testable import LockstepInference

/// A regression on four small tables, whose observations' scale and optimiser's rate are settings.
enum GridCases {
    static let model = Model { m in
        let (x, y) = (m.data("x", shape: [6]), m.data("y", shape: [6]))
        let spread = m.data("spread", shape: [])
        let slope = m.sample("slope", Normal(0, m.data("width")))
        let noise = m.sample("noise", HalfNormal(1))
        m.deterministic("signal", slope / noise)
        m.plate("rows", 6) { m in m.observe("obs", Normal(slope * x, noise * spread), y) }
    }
    static let algorithm = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: .data("rate")))

    static let labels = ["NGC 7", "a,b", "say \"x\"", "last"]
    static let x: [Double] = [-2, -1, -0.5, 0.5, 1, 2]
    static let tables: [[Double]] = (0..<4).map { table in
        x.enumerated().map { row, x in Double(table - 1) * x + Double((row * 37 + table * 11) % 16) / 16 }
    }
    static let widths: [Double] = [1, 2, 4, 8]
    static let settings: Settings = ["spread": [0.5, 2], "rate": [0.05, 0.01]]

    static func datasets(_ tables: [[Double]] = tables, _ labels: [String] = labels) throws -> Datasets {
        try Datasets(["x": .shared(x), "y": .perLane(tables), "width": .perLane(Array(widths.prefix(tables.count)))], labels: labels)
    }

    static var options: RunOptions {
        var options = RunOptions()
        (options.lossInterval, options.finalDraws) = (7, 20)
        return options
    }

    /// Options that put lanes on a device as they were.
    static func options(as fits: GridFits) -> RunOptions {
        var options = options
        options.schedule = fits.fits.layout.schedule ?? .automatic
        return options
    }

    static func run(
        _ datasets: Datasets, starts: Int = 3, settings: Settings = settings, device: Device = .cpu, options: RunOptions = options
    ) throws -> GridFits {
        try algorithm.run(starts: starts, datasets: datasets, settings: settings, steps: 60, key: Key(4), device: device, options: options)
    }

    /// With a number that is missing in the second dataset, which is left out.
    static func withBadDataset() throws -> GridFits {
        var tables = tables
        tables[1][2] = .nan
        var options = options
        options.badData = .leaveOut
        return try run(datasets(tables), options: options)
    }
}
