import Lockstep

/// Data of each dataset, with the datasets' names.
public struct LabelledData: Sendable {
    /// The names of the datasets.
    public let labels: [String]
    /// In the same order.
    public let data: LaneData
}

extension Table {
    /// The columns that patterns name, in the order of the patterns and then of the table, each once.
    ///
    /// - Parameter patterns: names; a `*` at the end stands for any ending: `y*`.
    /// - Throws: `TableError` for a name or a pattern that no column has.
    public func columns(_ patterns: [String]) throws -> [String] {
        var found: [String] = []
        var known: Set<String> = []
        for pattern in patterns {
            let prefix = pattern.hasSuffix("*") ? String(pattern.dropLast()) : nil
            let names = header.filter { name in !name.isEmpty && (prefix.map { name.hasPrefix($0) } ?? (name == pattern)) }
            if names.isEmpty { throw TableError.noColumn(pattern, of: name, header) }
            for name in names where known.insert(name).inserted { found.append(name) }
        }
        return found
    }

    /// A wide table, a column for each dataset: the numbers of the rows, by datasets.
    ///
    /// Other columns, times say, are what the datasets share: `.shared(table.numbers("time"))`.
    ///
    /// - Parameters:
    ///   - patterns: names of columns; a `*` at the end stands for any ending: `y*`.
    ///   - missing: what is made of cells without a number.
    /// - Returns: labels, the names of the columns, and an array of a number for each row, per lane.
    /// - Throws: `TableError` naming line and column of what is not a number, and for a pattern that no column has.
    public func perLane(columns patterns: [String], missing: MissingCells = .refused) throws -> LabelledData {
        let names = try columns(patterns)
        return LabelledData(labels: names, data: .perLane(try numbers(of: names, missing: missing)))
    }

    /// A wide table, a row for each dataset: the numbers of some columns, by datasets.
    ///
    /// - Parameters:
    ///   - patterns: names of columns; a `*` at the end stands for any ending: `y*`.
    ///   - column: the column that names the datasets; their numbers, from 0, where nil.
    ///   - missing: what is made of cells without a number.
    /// - Returns: labels, and an array of a number for each of the columns, per lane.
    /// - Throws: `TableError` naming line and column of what is not a number, two lines of one label, and for a pattern that no column has.
    public func perLane(rows patterns: [String], labels column: String? = nil, missing: MissingCells = .refused) throws -> LabelledData {
        let found = try numbers(of: columns(patterns), missing: missing)
        let values = (0..<rowCount).map { row in found.map { $0[row] } }
        guard let column else { return LabelledData(labels: (0..<rowCount).map(String.init), data: .perLane(values)) }
        let texts = try texts(column)
        if texts.levels.count < rowCount, let twin = texts.places.indices.first(where: { texts.firstRows[Int(texts.places[$0])] != $0 }) {
            let level = Int(texts.places[twin])
            let line = rows.line(texts.firstRows[level])
            throw error(twin, column, "'\(ShownText(texts.levels[level]))' is the name of the dataset on line \(line) too")
        }
        return LabelledData(labels: texts.levels, data: .perLane(values))
    }
}
