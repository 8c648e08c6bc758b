import ArgumentParser
import Foundation
import Lockstep
import LockstepExamples
import LockstepTables

/// A model with data of a fixed size, to be measured.
struct BenchmarkCase: Sendable {
    /// A model, its guide, and data.
    struct Problem: Sendable {
        let model: Model
        /// The model without what the guide leaves to it.
        let guided: Model
        let guide: any Guide
        let data: [String: LaneData]

        /// - Parameter guide: nil for AutoNormal.
        init(_ model: Model, guided: Model? = nil, guide: (any Guide)? = nil, _ data: [String: LaneData]) {
            self.model = model
            self.guided = guided ?? model
            self.guide = guide ?? AutoNormal(self.guided)
            self.data = data
        }

        /// The fit that every case is measured by.
        var svi: SVI { SVI(model, guide: guide, optimizer: Adam(learningRate: 0.01)) }

        /// Numbers in unconstrained space, whatever the guide: AutoNormal gives a location and a scale to each.
        func latents() throws -> Int {
            try AutoNormal(guided).prepare(GuideData(data)).parameters.reduce(0) { $0 + $1.shape.elementCount } / 2
        }
    }

    let name: String
    let summary: String
    let rows: Int
    /// Lanes and steps of a comparison that names none.
    let lanes: Int
    let steps: Int
    /// Lanes that keep a large GPU busy.
    let largeLanes: Int
    /// Whether fits end in several optima, so that the mean of the losses says how many lanes went where.
    let hasSeveralOptima: Bool
    /// Seconds from the call to the end of the first launch, with nothing cached, that are thought bearable.
    let launchLimit: Double
    /// The same of compiling in a second process.
    let compileLimit: Double
    let problem: @Sendable (_ dataFolder: String, _ lanes: Int) throws -> Problem

    init(
        _ name: String, _ summary: String, rows: Int, lanes: Int, largeLanes: Int, steps: Int, hasSeveralOptima: Bool = false,
        launchLimit: Double = 1, compileLimit: Double = 0.05, problem: @escaping @Sendable (_ dataFolder: String, _ lanes: Int) throws -> Problem
    ) {
        self.name = name
        self.summary = summary
        self.rows = rows
        self.lanes = lanes
        self.largeLanes = largeLanes
        self.steps = steps
        self.hasSeveralOptima = hasSeveralOptima
        self.launchLimit = launchLimit
        self.compileLimit = compileLimit
        self.problem = problem
    }

    /// Those that are compared with other libraries.
    static let all = flat + structured

    /// Those that loop over rows and do nothing else. The recorded tables of GPUs' kernels are of these.
    static let flat: [BenchmarkCase] = [
        example("eight-schools", rows: 8, lanes: 16384, largeLanes: 262_144, steps: 1000, file: nil),
        example("logistic", rows: 569, lanes: 2048, largeLanes: 65_536, steps: 500, file: "logistic.csv"),
        example("gmm", rows: 500, lanes: 2048, largeLanes: 65_536, steps: 500, file: "gmm.csv", hasSeveralOptima: true),
        example("radon", rows: 919, lanes: 2048, largeLanes: 32_768, steps: 500, file: "radon.csv", hasSeveralOptima: true),
        .poissonMixed, .robustRegression, .manyRegressions, .bigLogistic, .wide,
    ]

    /// A model that the programs know by name.
    private static func example(
        _ name: String, rows: Int, lanes: Int, largeLanes: Int, steps: Int, file: String?, hasSeveralOptima: Bool = false
    ) -> BenchmarkCase {
        BenchmarkCase(
            name, Example.named(name)?.summary ?? name, rows: rows, lanes: lanes, largeLanes: largeLanes, steps: steps,
            hasSeveralOptima: hasSeveralOptima
        ) { folder, _ in
            guard let example = Example.named(name) else { throw ValidationError("there is no example '\(name)'") }
            let problem = try example.problem(file.map { try Table(path: folder + "/" + $0) })
            return Problem(problem.model, guided: problem.guided, problem.data)
        }
    }

    private static var known: [BenchmarkCase] { all + scaling + ragged }

    static func named(_ name: String) throws -> BenchmarkCase {
        guard let found = known.first(where: { $0.name == name }) else {
            throw ValidationError("there is no case '\(name)'; there are: \(known.map(\.name).joined(separator: ", "))")
        }
        return found
    }
}

/// Where the data files are: beside this source, unless the program was carried elsewhere.
struct DataOptions: ParsableArguments {
    @Option(help: "The folder of the data files.")
    var data = SourceFolder.benchmarks.appendingPathComponent("data").path
}

enum SourceFolder {
    static let benchmarks = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let repository = benchmarks.deletingLastPathComponent()
}
