import Foundation
import Lockstep

/// Data of one or many datasets from JSON in CmdStan's form: an object of names and numbers, arrays of numbers, or matrices as arrays of rows.
///
/// What all datasets have alike is `.shared`; of what differs, arrays of one shape are `.perLane`, and arrays that differ in their first
/// extents `.ragged`.
public struct JSONData: Sendable {
    /// The names of the datasets: the files of a folder without `.json`, or numbers from 0.
    public let labels: [String]
    /// By the names in the objects.
    public let data: [String: LaneData]

    /// Reads a file that holds one object or an array of objects, a file `.jsonl` with an object on each line, or the files `*.json` of a
    /// folder, in the order of their names, with an object each.
    ///
    /// - Throws: `TableError` naming the file, the dataset and the name of what is wrong.
    public init(path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw TableError("\(path): there is no such file") }
        if isFolder.boolValue {
            try self.init(path, Self.files(path))
        } else if ["jsonl", "ndjson"].contains((path as NSString).pathExtension.lowercased()) {
            try self.init(path, Self.lines(Self.bytes(path), path))
        } else {
            try self.init(path, Self.datasets(Self.bytes(path), path))
        }
    }

    /// The data of a text that holds one object or an array of objects.
    ///
    /// - Parameters:
    ///   - text: JSON; NaN and infinities may be words, in quotes or without.
    ///   - name: what to call it in messages.
    /// - Throws: `TableError` naming the dataset and the name of what is wrong.
    public init(json text: String, name: String) throws { try self.init(name, Self.datasets(Data(text.utf8), name)) }

    private init(_ name: String, _ datasets: [Dataset]) throws {
        guard let first = datasets.first else { throw TableError("\(name): there are no datasets") }
        labels = datasets.map(\.label)
        var data: [String: LaneData] = [:]
        for key in Set(datasets.flatMap(\.values.keys)).sorted() {
            let values = try datasets.map { dataset in
                guard let values = dataset.values[key] else {
                    let other = datasets.first { $0.values[key] != nil } ?? first
                    throw TableError(
                        "\(name): dataset '\(ShownText(dataset.label))' has no '\(ShownText(key))', which '\(ShownText(other.label))' has")
                }
                return values
            }
            do {
                data[key] = try Self.laneData(values)
            } catch let mismatch as Mismatch {
                let label = { (number: Int) in "'\(ShownText(datasets[number].label))'" }
                throw TableError(
                    "\(name): '\(ShownText(key))' has shape \(values[mismatch.dataset].shape) in dataset \(label(mismatch.dataset)), but "
                        + "\(values[mismatch.other].shape) in \(label(mismatch.other)); \(mismatch.advice)")
            }
        }
        self.data = data
    }

    // MARK: Shapes

    private struct Mismatch: Error {
        let dataset: Int
        let other: Int
        let advice: String
    }

    private static func laneData(_ values: [JSONValues]) throws -> LaneData {
        let first = values[0]
        if values.allSatisfy({ $0.isSame(as: first) }) { return .shared(first.values, shape: first.shape) }
        // An empty array says nothing of what its rows would be.
        let reference = values.firstIndex { $0.shape.count > 1 || ($0.shape.first ?? 1) > 0 } ?? 0
        let row = values[reference].shape.dropFirst()
        for (dataset, value) in values.enumerated() where value.shape != values[reference].shape {
            let isEmpty = value.shape == [0] && !values[reference].shape.isEmpty
            guard isEmpty || (value.shape.count == row.count + 1 && value.shape.dropFirst() == row) else {
                throw Mismatch(dataset: dataset, other: reference, advice: "only the first extent may differ")
            }
            guard row.count <= 1 else {
                throw Mismatch(dataset: dataset, other: reference, advice: "arrays of rows of each dataset's own number have two axes at most")
            }
        }
        if values.allSatisfy({ $0.shape == first.shape }) { return .perLane(values.map(\.values), shape: first.shape) }
        return .ragged(flat: values.flatMap(\.values), rowCounts: values.map { $0.shape.first ?? 0 }, columns: row.first)
    }

    // MARK: Reading

    private struct Dataset {
        let label: String
        let values: [String: JSONValues]
    }

    private static func files(_ folder: String) throws -> [Dataset] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw TableError("\(folder): cannot be read: \(error.localizedDescription)")
        }
        let files = names.filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.sorted()
        if files.isEmpty { throw TableError("\(folder): there are no files *.json in this folder") }
        return try files.map { file in
            let path = folder + "/" + file
            return Dataset(label: String(file.dropLast(".json".count)), values: try object(bytes(path), path))
        }
    }

    private static func lines(_ bytes: Data, _ name: String) throws -> [Dataset] {
        var datasets: [Dataset] = []
        for (number, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 <= 32 }) { continue }
            datasets.append(Dataset(label: String(datasets.count), values: try object(Data(line), "\(name): line \(number + 1)")))
        }
        return datasets
    }

    private static func datasets(_ bytes: Data, _ name: String) throws -> [Dataset] {
        guard bytes.first(where: { $0 > 32 }) == UInt8(ascii: "[") else { return [Dataset(label: "0", values: try object(bytes, name))] }
        return try decode([[String: JSONValues]].self, bytes, name).enumerated().map { Dataset(label: String($0), values: $1) }
    }

    private static func object(_ bytes: Data, _ name: String) throws -> [String: JSONValues] { try decode([String: JSONValues].self, bytes, name) }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: Data, _ name: String) throws -> Value {
        let decoder = JSONDecoder()
        // Has NaN and infinities, as CmdStan has.
        decoder.allowsJSON5 = true
        do {
            return try decoder.decode(type, from: bytes)
        } catch let mistake as JSONMistake {
            throw TableError("\(name): \(mistake.dataset.map { "dataset '\($0)': " } ?? "")'\(mistake.place)': \(mistake.reason)")
        } catch DecodingError.typeMismatch(_, let context) {
            let dataset = context.codingPath.first?.intValue.map { "dataset '\($0)': " } ?? ""
            throw TableError("\(name): \(dataset)give an object of names and numbers, or an array of such objects")
        } catch DecodingError.valueNotFound(_, let context) {
            let mistake = JSONMistake(context.codingPath, "it is neither a number nor an array of numbers")
            throw TableError("\(name): '\(mistake.place)': \(mistake.reason)")
        } catch is DecodingError {
            throw TableError("\(name): this is not valid JSON")
        }
    }

    private static func bytes(_ path: String) throws -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw TableError("\(path): cannot be read: \(error.localizedDescription)")
        }
    }
}
