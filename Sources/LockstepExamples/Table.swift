import Foundation
import SwiftCSV

/// A table of numbers with named columns, read from a CSV file.
public struct Table: Sendable {
    /// What to call it in messages.
    public let name: String
    /// The names of the columns, in order.
    public let header: [String]
    /// Without the header.
    public let rowCount: Int
    /// Blank lines are left out, and counted.
    private let rows: [(line: Int, fields: [String])]

    /// The place of each named column.
    private let columns: [String: Int]

    /// - Throws: `TableError` when the file cannot be read or is not a CSV table.
    public init(path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw TableError("\(path): there is no such file")
        }
        if isFolder.boolValue { throw TableError("\(path): it is a folder; give a CSV file") }
        guard let file = FileHandle(forReadingAtPath: path) else { throw TableError("\(path): there is no permission to read it") }
        try self.init(reading: file, name: path)
    }

    /// The table that standard input brings.
    ///
    /// - Throws: `TableError` when it cannot be read or is not a CSV table.
    public static func standardInput() throws -> Table { try Table(reading: .standardInput, name: "standard input") }

    private init(reading file: FileHandle, name: String) throws {
        let bytes: Data
        do {
            bytes = try file.readToEnd() ?? Data()
        } catch {
            throw TableError("\(name): cannot be read: \(error.localizedDescription)")
        }
        guard let text = String(data: bytes, encoding: .utf8) else { throw TableError("\(name): cannot be read as UTF-8 text") }
        try self.init(csv: text, name: name)
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
            throw TableError("\(name): not a CSV table: \(ShownText("\(error)", most: 200))")
        }
        header = parsed.header.map { $0.trimmingCharacters(in: .whitespaces) }
        // The header is line 1.
        rows = parsed.rows.enumerated().map { (line: $0 + 2, fields: $1) }
            .filter { !$0.fields.allSatisfy { $0.allSatisfy(\.isWhitespace) } }
        rowCount = rows.count
        // Spreadsheets leave columns without a name behind.
        let named = header.enumerated().filter { !$0.element.isEmpty }
        columns = Dictionary(named.map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        if let twin = named.first(where: { columns[$0.element] != $0.offset }) {
            throw TableError("\(name): two columns have the same name, '\(ShownText(twin.element))'")
        }
        if rows.isEmpty { throw TableError("\(name): there are no rows") }
    }

    /// The numbers of a column.
    ///
    /// - Throws: `TableError` naming the row, when the column is missing or holds something that is not a number.
    public func numbers(_ column: String) throws -> [Double] {
        guard let position = columns[column] else {
            throw TableError("\(name): there is no column '\(column)'; \(columnList)")
        }
        return try rows.map { line, fields in
            let place = "\(name): line \(line), column '\(column)'"
            guard position < fields.count else { throw TableError("\(place): the row ends before it") }
            let text = fields[position].trimmingCharacters(in: .whitespacesAndNewlines)
            guard let value = Double(text) else {
                throw TableError("\(place): \(text.isEmpty ? "there is no number" : "'\(ShownText(text))' is not a number")")
            }
            guard value.isFinite else { throw TableError("\(place): the value is \(ShownText(text)); remove the row or fill it in") }
            return value
        }
    }

    /// The columns `x0`, `x1` and so on.
    ///
    /// - Throws: `TableError` when there are none, when one of the row of numbers is missing, or holds something that is
    ///   not a number.
    public func numberedColumns(_ prefix: String) throws -> [[Double]] {
        let numbers = columns.keys.compactMap { column -> Int? in
            // Whatever the case, so that a column is missed rather than passed over.
            guard column.lowercased().hasPrefix(prefix), !column.dropFirst(prefix.count).isEmpty else { return nil }
            let digits = column.dropFirst(prefix.count)
            return digits.allSatisfy(\.isASCII) && digits.allSatisfy(\.isNumber) ? Int(digits) : nil
        }
        let wanted = (numbers.max() ?? 0).addingReportingOverflow(1).partialValue
        // Sparse numbers would be as many missing columns.
        return try (0..<Swift.max(Swift.min(wanted, numbers.count + 1), 1)).map { try self.numbers("\(prefix)\($0)") }
    }

    /// The first of the columns, for messages.
    private var columnList: String {
        let named = header.filter { !$0.isEmpty }
        if named.isEmpty { return "the columns have no names" }
        let list = named.prefix(20).map { "\(ShownText($0))" }.joined(separator: ", ")
        return "there are: \(list)" + (named.count > 20 ? " and \(named.count - 20) more" : "")
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

/// Text from a file as a message shows it: one line, no control characters, which a terminal would obey, and not long.
struct ShownText: CustomStringConvertible {
    let description: String

    init(_ text: some StringProtocol, most: Int = 40) {
        let start = text.unicodeScalars.prefix(most + 1)
        let isHidden: (Unicode.Scalar) -> Bool = { [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory) }
        let visible = start.prefix(most).map { isHidden($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
        description = visible + (start.count > most ? "..." : "")
    }
}

/// What is wrong with a table.
public struct TableError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    /// In one line, with the table's name.
    public init(_ description: String) { self.description = description }
}
