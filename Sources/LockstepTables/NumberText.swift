/// Numbers as they stand in files.
enum NumberText {
    /// 10 to the power of each place, all exact.
    private static let powers: [Double] = (0...22).map { power in (0..<power).reduce(1) { value, _ in value * 10 } }

    /// A decimal number that two exact numbers give in one operation, whose rounding is then the only one (Clinger, "How to read floating
    /// point numbers accurately", 1990): up to 19 digits that are below 2^53 as a whole, and a power of ten from -22 to 22.
    ///
    /// - Returns: nil for all else, which may well be a number.
    static func simple(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Double? {
        var place = range.lowerBound
        let end = range.upperBound
        guard place < end else { return nil }
        let isNegative = bytes[place] == UInt8(ascii: "-")
        if isNegative || bytes[place] == UInt8(ascii: "+") { place += 1 }
        var whole: UInt64 = 0
        var digits = 0
        var power = 0
        func digit(_ byte: UInt8) -> UInt64? { byte >= 48 && byte <= 57 ? UInt64(byte - 48) : nil }
        while place < end, let next = digit(bytes[place]) {
            whole = whole &* 10 &+ next
            digits += 1
            place += 1
        }
        if place < end, bytes[place] == UInt8(ascii: ".") {
            place += 1
            while place < end, let next = digit(bytes[place]) {
                whole = whole &* 10 &+ next
                digits += 1
                power -= 1
                place += 1
            }
        }
        // Of 20 digits the whole number may have run over.
        guard digits >= 1, digits <= 19 else { return nil }
        if place < end, bytes[place] | 32 == UInt8(ascii: "e") {
            place += 1
            var sign = 1
            if place < end, bytes[place] == UInt8(ascii: "-") || bytes[place] == UInt8(ascii: "+") {
                sign = bytes[place] == UInt8(ascii: "-") ? -1 : 1
                place += 1
            }
            guard place < end, end - place <= 3 else { return nil }
            var exponent = 0
            while place < end, let next = digit(bytes[place]) {
                exponent = exponent * 10 + Int(next)
                place += 1
            }
            power += sign * exponent
        }
        guard place == end, whole < 1 << 53, abs(power) <= 22 else { return nil }
        let value = power < 0 ? Double(whole) / powers[-power] : Double(whole) * powers[power]
        return isNegative ? -value : value
    }
}
