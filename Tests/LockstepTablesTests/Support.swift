import Foundation
import Lockstep
import Testing

@testable import LockstepInference
@testable import LockstepTables

/// The error that a body throws, as its text.
func message(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "nothing was thrown"
    } catch {
        return "\(error)"
    }
}

/// Runs a body with a folder of its own, which is gone afterwards.
func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lockstep-tables-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}

extension TableReader {
    /// Reads bytes in pieces, which are of sizes that come again and again.
    static func read(_ bytes: [UInt8], pieces: [Int], columns: [String]? = nil) throws -> TableReader {
        var reader = TableReader(name: "t", columns: columns)
        var (place, turn) = (0, 0)
        try reader.read(size: nil) { _ in
            let end = min(place + pieces[turn % pieces.count], bytes.count)
            defer { (place, turn) = (end, turn + 1) }
            return Data(bytes[place..<end])
        }
        return reader
    }

    /// All fields, without blanks around them, and the line that each row begins on.
    func cells() throws -> (fields: [[String]], lines: [Int]) {
        var fields: [[String]] = []
        try rows.scan { _, bytes, spans in fields.append(spans.map { FieldScanner.text(bytes, $0) }) }
        return (fields, (0..<rows.count).map(rows.line))
    }
}

/// What data are, in words that can be compared.
struct DataFacts: Equatable, CustomStringConvertible {
    let values: [Double]
    let isShared: Bool
    let lengths: [Int]?
    let rowCounts: [Int]?
    let shape: String

    init(_ data: LaneData?) {
        // NaN equals nothing.
        values = data?.values.doubles.map { $0.isNaN ? -123_456_789 : $0 } ?? []
        isShared = data?.isShared ?? false
        lengths = data?.lengths
        rowCounts = data?.rowCounts
        shape = data.map { "\($0.shape(lanes: nil))" } ?? "none"
    }

    var description: String { "\(values.prefix(20)), shared \(isShared), lengths \(lengths ?? []), rows \(rowCounts ?? []), \(shape)" }
}
