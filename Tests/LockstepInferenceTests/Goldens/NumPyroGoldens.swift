import Lockstep
import LockstepExamples
import LockstepTables
import Testing

/// `Tests/Goldens/numpyro_svi.json`, which the script next to it writes.
enum NumPyroGoldens {
    static func rows(_ table: String) throws -> [JSONValue] {
        let rows = try JSONValue.read(Folders.goldens.appendingPathComponent("numpyro_svi.json"))[table].elements
        try #require(!rows.isEmpty)
        return rows
    }

    /// Given values as tensors, by site.
    static func tensors(_ values: JSONValue) -> [String: Tensor] {
        values.members.mapValues { Tensor($0.numbers, shape: $0.shape) }
    }

    static func problem(_ name: String) throws -> Example.Problem {
        let example = try #require(Example.named(name))
        // Eight schools bring their own data.
        guard name != "eight-schools" else { return try example.problem() }
        let file = Folders.benchmarkData.appendingPathComponent(name + ".csv")
        return try example.problem(Table(path: file.path))
    }

    /// The largest error relative to the larger of the value and `floor`; infinite when something is missing.
    static func error(_ values: [Double], _ expected: [Double], floor: Double = 1) -> Double {
        guard values.count == expected.count, !values.isEmpty else { return .infinity }
        return zip(values, expected).map { value, expected in
            value.isNaN ? .infinity : abs(value - expected) / max(abs(expected), floor)
        }.max() ?? .infinity
    }
}
