import Foundation

/// What is made of cells of a table that hold no number.
public enum MissingCells: Hashable, Sendable {
    /// They are an error.
    case refused
    /// NaN: of cells that are empty or say `NaN` or `NA`, in small or capital letters. A model leaves them out by a mask:
    /// `m.mask(y.isFinite) { m in ... }`.
    case nan
}

/// A table with named columns, read from a CSV file: a header line, fields between commas, quotes around fields that need them (RFC 4180).
///
/// A table keeps the text of its rows, and each question goes through it once; a file that is too large for that can be asked for some of
/// its columns only.
public struct Table: Sendable {
    /// What to call it in messages.
    public let name: String
    /// The names of the columns, in order.
    public let header: [String]
    let rows: TableRows
    /// The place of each named column.
    private let places: [String: Int]

    /// Without the header. Blank lines are left out.
    public var rowCount: Int { rows.count }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: of the file.
    ///   - columns: those that are kept; all where nil. A file may then be larger than the memory of the machine.
    /// - Throws: `TableError` when the file cannot be read, is not a CSV table or has no such columns.
    public init(path: String, columns: [String]? = nil) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw TableError("\(path): there is no such file")
        }
        if isFolder.boolValue { throw TableError("\(path): it is a folder; give a CSV file") }
        guard let file = FileHandle(forReadingAtPath: path) else { throw TableError("\(path): there is no permission to read it") }
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        try self.init(reading: file, name: path, size: size, columns: columns)
    }

    /// The table that standard input brings.
    ///
    /// - Parameter columns: those that are kept; all where nil.
    /// - Throws: `TableError` when it cannot be read or is not a CSV table.
    public static func standardInput(columns: [String]? = nil) throws -> Table {
        try Table(reading: .standardInput, name: "standard input", size: nil, columns: columns)
    }

    private init(reading file: FileHandle, name: String, size: Int?, columns: [String]?) throws {
        var reader = TableReader(name: name, columns: columns)
        try reader.read(size: size) { count in
            do {
                return try file.read(upToCount: count) ?? Data()
            } catch {
                throw TableError("\(name): cannot be read: \(error.localizedDescription)")
            }
        }
        try self.init(reader)
    }

    /// A table from its text.
    ///
    /// - Parameters:
    ///   - text: with the header.
    ///   - name: what to call it in messages.
    /// - Throws: `TableError` when the text is not a CSV table.
    public init(csv text: String, name: String) throws {
        var reader = TableReader(name: name, columns: nil)
        var rest = Data(text.utf8)
        try reader.read(size: rest.count) { _ in
            defer { rest = Data() }
            return rest
        }
        try self.init(reader)
    }

    private init(_ reader: TableReader) throws {
        name = reader.name
        header = reader.header
        rows = reader.rows
        let named = reader.header.enumerated().filter { !$0.element.isEmpty }
        places = Dictionary(named.map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        if rows.count == 0 { throw TableError("\(name): there are no rows") }
    }

    /// Where a column stands.
    func place(_ column: String) throws -> Int {
        guard let place = places[column] else { throw TableError.noColumn(column, of: name, header) }
        return place
    }

    /// What is wrong with the value in a row, counted from 0.
    package func error(_ row: Int, _ column: String, _ reason: String) -> TableError {
        TableError("\(name): line \(rows.line(row)), column '\(ShownText(column))': \(reason)")
    }
}

// MARK: Numbers

extension Table {
    /// The numbers of a column.
    ///
    /// - Parameters:
    ///   - column: its name.
    ///   - missing: what is made of cells without a number.
    /// - Throws: `TableError` naming the line, when the column is missing or holds something that is not a number.
    public func numbers(_ column: String, missing: MissingCells = .refused) throws -> [Double] {
        try numbers(of: [column], missing: missing)[0]
    }

    /// The numbers of some columns, an array for each: the rows are gone through once.
    ///
    /// - Parameters:
    ///   - columns: their names.
    ///   - missing: what is made of cells without a number.
    /// - Throws: `TableError` naming line and column, when a column is missing or holds something that is not a number.
    public func numbers(of columns: [String], missing: MissingCells = .refused) throws -> [[Double]] {
        let places = try columns.map(place)
        var result = columns.map { _ in [Double]() }
        for number in result.indices { result[number].reserveCapacity(rowCount) }
        try rows.scan { row, bytes, fields in
            for number in places.indices {
                let place = places[number]
                if place < fields.count, let value = NumberText.simple(bytes, fields[place].range) {
                    result[number].append(value)
                } else {
                    let text = place < fields.count ? FieldScanner.text(bytes, fields[place]) : nil
                    result[number].append(try unusual(text, row, columns[number], missing))
                }
            }
        }
        return result
    }

    /// A number that is not written as most are; nil where the row ends before it.
    private func unusual(_ text: String?, _ row: Int, _ column: String, _ missing: MissingCells) throws -> Double {
        let cell = (text ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        if missing == .nan, ["", "nan", "na"].contains(cell.lowercased()) { return .nan }
        guard let value = Double(cell) else {
            let reason = text == nil ? "there is no number: the row ends before it" : cell.isEmpty ? "there is no number" : nil
            throw error(row, column, reason ?? "'\(ShownText(cell))' is not a number")
        }
        guard value.isFinite else { throw error(row, column, "the value is \(ShownText(cell)); remove the row or fill it in") }
        return value
    }

    /// The columns `x0`, `x1` and so on.
    ///
    /// - Throws: `TableError` when there are none, when one of the row of numbers is missing, or holds something that is
    ///   not a number.
    public func numberedColumns(_ prefix: String) throws -> [[Double]] {
        let numbers = header.compactMap { column -> Int? in
            // Whatever the case, so that a column is missed rather than passed over.
            guard column.lowercased().hasPrefix(prefix), !column.dropFirst(prefix.count).isEmpty else { return nil }
            let digits = column.dropFirst(prefix.count)
            return digits.allSatisfy(\.isASCII) && digits.allSatisfy(\.isNumber) ? Int(digits) : nil
        }
        let wanted = (numbers.max() ?? 0).addingReportingOverflow(1).partialValue
        // Sparse numbers would be as many missing columns.
        return try self.numbers(of: (0..<Swift.max(Swift.min(wanted, numbers.count + 1), 1)).map { "\(prefix)\($0)" })
    }

    /// The numbers of a column of indices, counted from 0.
    ///
    /// - Throws: `TableError` naming the line of what is not an index.
    public func indices(_ column: String) throws -> [Int] {
        // An index far beyond the number of rows is an identifier, and would ask for as many parameters.
        let bound = Double(1000 + 10 * rowCount)
        return try numbers(column).enumerated().map { row, value in
            guard value >= 0, value == value.rounded() else { throw error(row, column, "\(value) is not an index (0, 1, 2 ...)") }
            guard value < bound else { throw error(row, column, "\(value) is too large an index; number the groups 0, 1, 2 ...") }
            return Int(value)
        }
    }
}

// MARK: Text

extension Table {
    /// A column of few different texts.
    struct Texts {
        /// In the order of their first rows.
        var levels: [String] = []
        /// Of each row, the place of its text among the levels.
        var places: [Int32] = []
        /// The first row of each.
        var firstRows: [Int] = []
    }

    /// The texts of a column, without blanks around them.
    func texts(_ column: String) throws -> Texts {
        let place = try place(column)
        var result = Texts()
        result.places.reserveCapacity(rowCount)
        var known: [String: Int32] = [:]
        var spellings = Spellings()
        try rows.scan { row, bytes, fields in
            guard place < fields.count, !fields[place].range.isEmpty else { throw error(row, column, "there is no text") }
            let level = try spellings.level(bytes, fields[place].range) {
                let text = FieldScanner.text(bytes, fields[place]).trimmingCharacters(in: .whitespacesAndNewlines)
                if text.isEmpty { throw error(row, column, "there is no text") }
                if let level = known[text] { return level }
                known[text] = Int32(result.levels.count)
                result.levels.append(text)
                result.firstRows.append(row)
                return Int32(result.levels.count - 1)
            }
            result.places.append(level)
        }
        return result
    }

    /// The different texts of a column, in the order of their first rows.
    ///
    /// - Throws: `TableError` naming the line, when the column is missing or a cell is empty.
    public func levels(_ column: String) throws -> [String] { try texts(column).levels }
}
