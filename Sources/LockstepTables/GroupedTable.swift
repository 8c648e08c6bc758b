import Lockstep

/// A long table whose rows belong to groups, by the text in one of its columns: each group is a dataset of its own.
///
/// Groups are in the order of their first rows, and the rows of a group in the order of the file, wherever they stand.
public struct GroupedTable: Sendable {
    /// The rows of all groups.
    public let table: Table
    /// The column that names the groups.
    public let column: String
    /// The names of the groups: text as it stands in the file, so that `007` and `7` are two.
    public let labels: [String]
    /// How many rows each group has.
    public let rowCounts: [Int]
    /// The group of each row.
    let groups: [Int32]
    /// The first row of each group.
    let firstRows: [Int]

    init(_ table: Table, by column: String) throws {
        let texts = try table.texts(column)
        self.table = table
        self.column = column
        labels = texts.levels
        groups = texts.places
        firstRows = texts.firstRows
        var counts = [Int](repeating: 0, count: texts.levels.count)
        for group in texts.places { counts[Int(group)] += 1 }
        rowCounts = counts
    }

    /// Values of all rows, put together by groups.
    ///
    /// - Parameter columns: arrays of a value for each row; their values alternate in the result.
    private func sorted(_ columns: [[Double]]) -> [Double] {
        var next = rowCounts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        var result = [Double](repeating: 0, count: table.rowCount * columns.count)
        for (row, group) in groups.enumerated() {
            let place = next[Int(group)]
            next[Int(group)] += 1
            for number in columns.indices { result[place * columns.count + number] = columns[number][row] }
        }
        return result
    }
}

extension Table {
    /// The rows by what a column says: one dataset for each text in it.
    ///
    /// - Parameter column: its values are text, numbers too.
    /// - Throws: `TableError` when the column is missing, or a row names no group.
    public func grouped(by column: String) throws -> GroupedTable { try GroupedTable(self, by: column) }
}

// MARK: Rows of each group

extension GroupedTable {
    /// A column's numbers for each group, in the order of the file.
    ///
    /// - Throws: `TableError` naming the line of what is not a number.
    public func numbers(_ column: String, missing: MissingCells = .refused) throws -> [[Double]] {
        let flat = sorted([try table.numbers(column, missing: missing)])
        var start = 0
        return rowCounts.map { count in
            defer { start += count }
            return Array(flat[start..<(start + count)])
        }
    }

    /// A column as data of each group's own number of rows, for a model with `m.plate("rows", rowsOf: "name")`.
    ///
    /// - Throws: `TableError` naming the line of what is not a number.
    public func ragged(_ column: String, missing: MissingCells = .refused) throws -> LaneData {
        .ragged(flat: sorted([try table.numbers(column, missing: missing)]), rowCounts: rowCounts)
    }

    /// Several columns as matrices, of each group's own number of rows and a column for each.
    ///
    /// - Throws: `TableError` naming line and column of what is not a number.
    public func ragged(matrix columns: [String], missing: MissingCells = .refused) throws -> LaneData {
        if columns.isEmpty { throw TableError("\(table.name): a matrix needs columns; name at least one") }
        return .ragged(flat: sorted(try table.numbers(of: columns, missing: missing)), rowCounts: rowCounts, columns: columns.count)
    }

    /// A column of text as indices, of each group's own number of rows, for `m.indices(_:below:)`.
    ///
    /// - Parameters:
    ///   - column: of text: the bands of light curves, say.
    ///   - levels: the texts in the order in which they are counted from 0; as `Table.levels(_:)` has them where nil.
    /// - Throws: `TableError` naming the line of an empty cell, or of a text that is no level.
    public func ragged(indices column: String, levels: [String]? = nil) throws -> LaneData {
        let texts = try table.texts(column)
        let wanted = levels ?? texts.levels
        let places = Dictionary(wanted.enumerated().map { ($0.element, Double($0.offset)) }, uniquingKeysWith: { first, _ in first })
        let numbers = try texts.levels.enumerated().map { level, text in
            guard let place = places[text] else {
                let known = wanted.prefix(20).map { "'\(ShownText($0))'" }.joined(separator: ", ")
                throw table.error(texts.firstRows[level], column, "'\(ShownText(text))' is none of the levels \(known)")
            }
            return place
        }
        return .ragged(flat: sorted([texts.places.map { numbers[Int($0)] }]), rowCounts: rowCounts)
    }
}

// MARK: One value of each group

extension GroupedTable {
    /// The numbers of a column that has one value in all rows of a group: one for each group.
    ///
    /// - Throws: `TableError` naming the group and two lines, where values differ, or the line of what is not a number.
    public func values(_ column: String, missing: MissingCells = .refused) throws -> [Double] {
        let numbers = try table.numbers(column, missing: missing)
        let values = firstRows.map { numbers[$0] }
        for (row, group) in groups.enumerated() {
            let (own, first) = (numbers[row], values[Int(group)])
            if own == first || (own.isNaN && first.isNaN) { continue }
            let firstLine = table.rows.line(firstRows[Int(group)])
            throw table.error(
                row, column,
                "the value is \(own), but \(first) on line \(firstLine), in the same group '\(ShownText(labels[Int(group)]))'; give one value "
                    + "for each group")
        }
        return values
    }

    /// A column that has one value in all rows of a group, as a number for each group.
    ///
    /// - Throws: `TableError` naming the group and two lines, where values differ, or the line of what is not a number.
    public func perGroup(_ column: String, missing: MissingCells = .refused) throws -> LaneData {
        .perLane(try values(column, missing: missing))
    }
}
