/// The rows of a CSV table as text: those that are not blank, of the columns that are kept. They are gone through from the first to the last,
/// once for each question, so that a table takes no more memory than its file.
struct TableRows: Sendable {
    /// One row after the other, each with its end of line.
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    /// From which row on rows are on which lines: one after the other, until the next entry.
    private var lines: [(row: Int, line: Int)] = []

    /// Makes room.
    mutating func reserve(_ bytes: Int) { self.bytes.reserveCapacity(bytes) }

    /// Adds a row as it stands.
    mutating func append(_ row: UnsafeBufferPointer<UInt8>, line: Int) {
        bytes.append(contentsOf: row)
        if row.last != UInt8(ascii: "\n"), row.last != UInt8(ascii: "\r") { bytes.append(UInt8(ascii: "\n")) }
        note(line)
    }

    /// Adds some fields of a row; empty ones where it ends before them.
    mutating func append(_ fields: [FieldSpan], _ places: [Int], of row: UnsafeBufferPointer<UInt8>, line: Int) {
        for (number, place) in places.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            if place < fields.count { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: row[fields[place].range])) }
        }
        bytes.append(UInt8(ascii: "\n"))
        note(line)
    }

    private mutating func note(_ line: Int) {
        if lines.last.map({ $0.line + count - $0.row }) != line { lines.append((count, line)) }
        count += 1
    }

    /// The line of the file that a row begins on; the header begins on line 1.
    func line(_ row: Int) -> Int {
        var (low, high) = (0, lines.count)
        while low < high {
            let middle = (low + high) / 2
            if lines[middle].row <= row { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? row + 2 : lines[low - 1].line + row - lines[low - 1].row
    }

    /// Calls a body with the number, the bytes and the fields of each row.
    func scan(_ body: (Int, UnsafeBufferPointer<UInt8>, [FieldSpan]) throws -> Void) throws {
        try bytes.withUnsafeBufferPointer { bytes in
            var scanner = FieldScanner()
            var (place, row) = (0, 0)
            // They were scanned before.
            while place < bytes.count, let next = try scanner.scan(bytes, from: place, isEnd: true) {
                try body(row, bytes, scanner.fields)
                (place, row) = (next, row + 1)
            }
        }
    }
}
