import ArgumentParser
import Foundation
import Lockstep
import LockstepExamples

/// A model with data of a fixed size, to be measured.
struct BenchmarkCase: Sendable {
    let name: String
    let summary: String
    let rows: Int
    let problem: @Sendable (_ dataFolder: String, _ lanes: Int) throws -> Example.Problem

    static let all: [BenchmarkCase] = [
        example("eight-schools", rows: 8, file: nil),
        example("logistic", rows: 569, file: "logistic.csv"),
        example("gmm", rows: 500, file: "gmm.csv"),
        example("radon", rows: 919, file: "radon.csv"),
    ]

    private static func example(_ name: String, rows: Int, file: String?) -> BenchmarkCase {
        BenchmarkCase(name: name, summary: Example.named(name)?.summary ?? name, rows: rows) { folder, _ in
            guard let example = Example.named(name) else { throw ValidationError("there is no example '\(name)'") }
            return try example.problem(file.map { try Table(path: folder + "/" + $0) })
        }
    }

    static func named(_ name: String) throws -> BenchmarkCase {
        guard let found = all.first(where: { $0.name == name }) else {
            throw ValidationError("there is no case '\(name)'; there are: \(all.map(\.name).joined(separator: ", "))")
        }
        return found
    }
}

/// Where the data files are: beside this source, unless the program was carried elsewhere.
struct DataOptions: ParsableArguments {
    @Option(help: "The folder of the data files.")
    var data = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("data").path
}
