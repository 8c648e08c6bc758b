import Foundation
import SwiftCSV

/// A table of numbers with named columns, read from a CSV file.
public struct Table: Sendable {
    /// What to call it in messages.
    public let name: String
    public let header: [String]
    public let rowCount: Int
    /// Blank lines are left out, and counted.
    private let rows: [(line: Int, fields: [String])]

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
        // Spreadsheets begin a file with a byte order mark.
        let text = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
        let parsed: CSV<Enumerated>
        do {
            parsed = try CSV<Enumerated>(string: text, delimiter: .comma, loadColumns: false)
        } catch {
            throw TableError("\(name): not a CSV table: \(error)")
        }
        header = parsed.header.map { $0.trimmingCharacters(in: .whitespaces) }
        // The header is line 1.
        rows = parsed.rows.enumerated().map { (line: $0 + 2, fields: $1) }
            .filter { !$0.fields.allSatisfy { $0.allSatisfy(\.isWhitespace) } }
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
        return try rows.map { line, fields in
            let place = "\(name): line \(line), column '\(column)'"
            guard position < fields.count else { throw TableError("\(place): the row ends before it") }
            let text = fields[position].trimmingCharacters(in: .whitespacesAndNewlines)
            guard let value = Double(text) else {
                let shown = text.split(whereSeparator: \.isNewline).first
                throw TableError("\(place): \(shown.map { "'\($0)' is not a number" } ?? "there is no number")")
            }
            guard value.isFinite else { throw TableError("\(place): the value is \(text); remove the row or fill it in") }
            return value
        }
    }

    /// The numbers of a column of indices, counted from 0.
    public func indices(_ column: String) throws -> [Int] {
        // An index far beyond the number of rows is an identifier, and would ask for as many parameters.
        let bound = Double(1000 + 10 * rowCount)
        return try numbers(column).enumerated().map { row, value in
            guard value >= 0, value == value.rounded() else { throw error(row, column, "\(value) is not an index (0, 1, 2 ...)") }
            guard value < bound else { throw error(row, column, "\(value) is too large an index; number the groups 0, 1, 2 ...") }
            return Int(value)
        }
    }

    /// What is wrong with the value in a row, counted from 0.
    func error(_ row: Int, _ column: String, _ reason: String) -> TableError {
        TableError("\(name): line \(rows[row].line), column '\(column)': \(reason)")
    }
}

/// What is wrong with a table.
public struct TableError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
