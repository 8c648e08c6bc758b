import Foundation
import SwiftCSV

/// A table of numbers with named columns, read from a CSV file.
public struct Table: Sendable {
    /// What to call it in messages.
    public let name: String
    public let header: [String]
    public let rowCount: Int
    private let rows: [[String]]

    /// - Throws: `TableError` when the file cannot be read or is not a CSV table.
    public init(path: String) throws {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            let reason = FileManager.default.fileExists(atPath: path) ? "cannot be read as UTF-8 text" : "there is no such file"
            throw TableError("\(path): \(reason)")
        }
        try self.init(csv: text, name: path)
    }

    /// - Throws: `TableError` when the text is not a CSV table.
    public init(csv text: String, name: String) throws {
        self.name = name
        let parsed: CSV<Enumerated>
        do {
            parsed = try CSV<Enumerated>(string: text, delimiter: .comma, loadColumns: false)
        } catch {
            throw TableError("\(name): not a CSV table: \(error)")
        }
        header = parsed.header.map { $0.trimmingCharacters(in: .whitespaces) }
        rows = parsed.rows.filter { !($0.count == 1 && $0[0].isEmpty) }
        rowCount = rows.count
        if Set(header).count != header.count { throw TableError("\(name): two columns have the same name") }
        if rows.isEmpty { throw TableError("\(name): there are no rows") }
    }

    /// The numbers of a column.
    ///
    /// - Throws: `TableError` naming the row, when the column is missing or holds something that is not a number.
    public func numbers(_ column: String) throws -> [Double] {
        guard let position = header.firstIndex(of: column) else {
            throw TableError("\(name): there is no column '\(column)'; there are: \(header.joined(separator: ", "))")
        }
        return try rows.enumerated().map { number, row in
            // The header is line 1.
            let place = "\(name): line \(number + 2), column '\(column)'"
            guard position < row.count else { throw TableError("\(place): the row ends before it") }
            let text = row[position].trimmingCharacters(in: .whitespaces)
            guard let value = Double(text) else { throw TableError("\(place): '\(text)' is not a number") }
            guard value.isFinite else { throw TableError("\(place): the value is \(text); remove the row or fill it in") }
            return value
        }
    }

    /// The numbers of a column of indices, counted from 0.
    public func indices(_ column: String) throws -> [Int] {
        try numbers(column).enumerated().map { number, value in
            guard value >= 0, value == value.rounded(), value < 1e9 else {
                throw TableError("\(name): line \(number + 2), column '\(column)': \(value) is not an index (0, 1, 2 ...)")
            }
            return Int(value)
        }
    }
}

/// What is wrong with a table.
public struct TableError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
