import Foundation

/// Makes a table's header and rows of the bytes of a file, a piece at a time.
struct TableReader {
    /// What the table is called in messages.
    let name: String
    /// The columns that are kept; all where nil.
    let wanted: [String]?
    private(set) var header: [String] = []
    private(set) var rows = TableRows()
    /// Where the columns that are kept stand in the file; nil for all.
    private var places: [Int]?
    private var hasHeader = false
    private var line = 1
    private var scanner = FieldScanner()

    /// Bytes that are read at a time.
    private static let piece = 1 << 20

    init(name: String, columns: [String]?) {
        self.name = name
        wanted = columns
    }

    /// Reads everything.
    ///
    /// - Parameters:
    ///   - size: about how many bytes there are, where that is known.
    ///   - next: gives up to so many bytes more, and none at the end.
    /// - Throws: `TableError` where it is not a CSV table.
    mutating func read(size: Int?, _ next: (Int) throws -> Data) throws {
        if wanted == nil, let size { rows.reserve(size + 1) }
        var pending: [UInt8] = []
        var (isStart, isEnd) = (true, false)
        while !isEnd {
            // A row that does not fit is looked at again when there is twice as much of it.
            let more = try next(max(Self.piece, pending.count))
            isEnd = more.isEmpty
            pending.append(contentsOf: more)
            // Spreadsheets begin a file with a byte order mark.
            if isStart, pending.count >= 3 || isEnd {
                isStart = false
                if pending.starts(with: [0xEF, 0xBB, 0xBF]) { pending.removeFirst(3) }
            }
            if isStart { continue }
            let used = try pending.withUnsafeBufferPointer { try take($0, isEnd: isEnd) }
            pending.removeFirst(used)
        }
        if !hasHeader { throw TableError("\(name): there are no rows") }
    }

    /// Takes the rows that are complete.
    ///
    /// - Returns: how many bytes they are.
    private mutating func take(_ bytes: UnsafeBufferPointer<UInt8>, isEnd: Bool) throws -> Int {
        var place = 0
        do {
            while place < bytes.count, let next = try scanner.scan(bytes, from: place, isEnd: isEnd) {
                let row = UnsafeBufferPointer(rebasing: bytes[place..<next])
                if !hasHeader {
                    try setHeader(scanner.fields.map { FieldScanner.text(bytes, $0) })
                } else if scanner.isBlank {
                    // Left out, and counted.
                } else if let places {
                    rows.append(scanner.fields, places, of: bytes, line: line)
                } else {
                    rows.append(row, line: line)
                }
                line += scanner.lines
                place = next
            }
        } catch let mistake as ScanMistake {
            try checkText(bytes[...], isCut: true)
            throw TableError("\(name): not a CSV table: line \(line + mistake.linesBefore): \(mistake.reason)")
        }
        try checkText(bytes[..<place], isCut: false)
        return place
    }

    /// - Parameter isCut: whether the last character may go on in the next bytes.
    private func checkText(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, isCut: Bool) throws {
        if bytes.allSatisfy({ $0 < 0x80 }) { return }
        let most = isCut ? bytes.reversed().prefix(3).prefix { $0 >= 0x80 }.count : 0
        for missing in 0...most {
            if String(validating: UnsafeBufferPointer(rebasing: bytes.dropLast(missing)), as: UTF8.self) != nil { return }
        }
        throw TableError("\(name): cannot be read as UTF-8 text")
    }

    private mutating func setHeader(_ names: [String]) throws {
        hasHeader = true
        header = names.map { $0.trimmingCharacters(in: .whitespaces) }
        var known: Set<String> = []
        // Spreadsheets leave columns without a name behind.
        for name in header where !name.isEmpty && !known.insert(name).inserted {
            throw TableError("\(self.name): two columns have the same name, '\(ShownText(name))'")
        }
        guard let wanted else { return }
        for column in wanted where !known.contains(column) { throw TableError.noColumn(column, of: name, header) }
        let kept = header.indices.filter { wanted.contains(header[$0]) }
        header = kept.map { header[$0] }
        places = kept
    }
}

extension TableError {
    /// A column that is missing, with the first of those that are there.
    static func noColumn(_ column: String, of table: String, _ header: [String]) -> TableError {
        let named = header.filter { !$0.isEmpty }
        let list = named.prefix(20).map { "\(ShownText($0))" }.joined(separator: ", ")
        let known = named.isEmpty ? "the columns have no names" : "there are: \(list)" + (named.count > 20 ? " and \(named.count - 20) more" : "")
        return TableError("\(table): there is no column '\(ShownText(column))'; \(known)")
    }
}
