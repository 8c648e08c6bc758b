/// Where a field of a row stands, without the blanks around it.
struct FieldSpan: Equatable {
    /// With the quotes, where there are any.
    let range: Range<Int>
    /// Whether it stands in quotes, or holds doubled ones.
    let hasQuotes: Bool
}

/// What is no CSV, and where.
struct ScanMistake: Error {
    /// Ends of lines between the start of the row and the mistake.
    let linesBefore: Int
    let reason: String
}

/// Finds the fields of one row after the other in bytes: CSV as RFC 4180 has it, with blanks around fields, and with lines that end by a line
/// feed, a carriage return or both.
struct FieldScanner {
    /// The row that was found last.
    private(set) var fields: [FieldSpan] = []
    /// Whether all of its fields are blank.
    private(set) var isBlank = true
    /// Ends of lines in it, its own among them.
    private(set) var lines = 0

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let feed = UInt8(ascii: "\n")
    private static let carriage = UInt8(ascii: "\r")

    @inline(__always) static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 11 || byte == 12 }

    /// Finds the fields of the row that starts at a place.
    ///
    /// - Parameter isEnd: whether nothing follows the bytes.
    /// - Returns: where the next row starts; nil where the bytes end before the row does, which is then to be scanned again with more of them.
    mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isEnd: Bool) throws(ScanMistake) -> Int? {
        fields.removeAll(keepingCapacity: true)
        isBlank = true
        lines = 0
        var place = start
        let end = bytes.count
        while true {
            while place < end, Self.isBlank(bytes[place]) { place += 1 }
            let first = place
            let isQuoted = place < end && bytes[place] == Self.quote
            var hasQuotes = isQuoted
            if isQuoted {
                guard let closed = try close(bytes, after: place, isEnd: isEnd) else { return nil }
                place = closed
                while place < end, Self.isBlank(bytes[place]) { place += 1 }
                if place < end, bytes[place] != Self.comma, bytes[place] != Self.feed, bytes[place] != Self.carriage {
                    throw mistake(bytes, place, "follows a closing quote")
                }
                fields.append(FieldSpan(range: first..<closed, hasQuotes: true))
                if closed > first + 2 { isBlank = false }
            } else {
                while place < end, bytes[place] != Self.comma, bytes[place] != Self.feed, bytes[place] != Self.carriage {
                    if bytes[place] == Self.quote {
                        if place + 1 == end, !isEnd { return nil }
                        hasQuotes = true
                        place += 1
                        guard place < end, bytes[place] == Self.quote else {
                            throw mistake(bytes, place, "follows a single quote in a field without quotes around it")
                        }
                    }
                    place += 1
                }
                var last = place
                while last > first, Self.isBlank(bytes[last - 1]) { last -= 1 }
                fields.append(FieldSpan(range: first..<last, hasQuotes: hasQuotes))
                if last > first { isBlank = false }
            }
            if place == end {
                return isEnd ? end : nil
            }
            if bytes[place] == Self.comma {
                place += 1
                continue
            }
            // A line feed may follow in the next bytes.
            if bytes[place] == Self.carriage, place + 1 == end, !isEnd { return nil }
            lines += 1
            place += bytes[place] == Self.carriage && place + 1 < end && bytes[place + 1] == Self.feed ? 2 : 1
            return place
        }
    }

    /// The place behind the quote that closes a field; nil where it is not there yet.
    private mutating func close(_ bytes: UnsafeBufferPointer<UInt8>, after open: Int, isEnd: Bool) throws(ScanMistake) -> Int? {
        let linesBefore = lines
        var place = open + 1
        while place < bytes.count {
            if bytes[place] == Self.quote {
                if place + 1 == bytes.count { return isEnd ? place + 1 : nil }
                if bytes[place + 1] != Self.quote { return place + 1 }
                place += 1
            } else if bytes[place] == Self.feed {
                lines += 1
            } else if bytes[place] == Self.carriage, place + 1 < bytes.count ? bytes[place + 1] != Self.feed : true {
                lines += 1
            }
            place += 1
        }
        if isEnd { throw ScanMistake(linesBefore: linesBefore, reason: "a quote is opened and never closed") }
        return nil
    }

    private func mistake(_ bytes: UnsafeBufferPointer<UInt8>, _ place: Int, _ what: String) -> ScanMistake {
        let rest = UnsafeBufferPointer(rebasing: bytes[place..<min(place + 16, bytes.count)])
        let found = String(decoding: rest, as: UTF8.self).first.map { "'\(ShownText(String($0)))'" } ?? "the end"
        return ScanMistake(linesBefore: lines, reason: "\(found) \(what)")
    }

    /// The text of a field, without the quotes.
    static func text(_ bytes: UnsafeBufferPointer<UInt8>, _ field: FieldSpan) -> String {
        let raw = UnsafeBufferPointer(rebasing: bytes[field.range])
        guard field.hasQuotes else { return String(decoding: raw, as: UTF8.self) }
        let isQuoted = raw.first == quote
        var text: [UInt8] = []
        var place = isQuoted ? 1 : 0
        let end = isQuoted ? raw.count - 1 : raw.count
        while place < end {
            text.append(raw[place])
            // Of two quotes one counts.
            place += raw[place] == quote ? 2 : 1
        }
        return String(decoding: text, as: UTF8.self)
    }
}
