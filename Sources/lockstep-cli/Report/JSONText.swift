import Lockstep

/// JSON as it is written, byte by byte: results have millions of numbers.
struct JSONText {
    private(set) var bytes: [UInt8] = []

    /// The fields of an object, in the given order.
    mutating func object(_ fields: [(name: String, write: (inout JSONText) -> Void)]) {
        byte("{")
        for (place, field) in fields.enumerated() {
            if place > 0 { byte(",") }
            string(field.name)
            byte(":")
            field.write(&self)
        }
        byte("}")
    }

    mutating func array<Element>(_ elements: some Collection<Element>, _ write: (inout JSONText, Element) -> Void) {
        byte("[")
        var isFirst = true
        for element in elements {
            if !isFirst { byte(",") }
            isFirst = false
            write(&self, element)
        }
        byte("]")
    }

    /// Nested arrays of a shape, row-major; a scalar where the shape is empty.
    mutating func nested(_ values: ArraySlice<Double?>, _ shape: ArraySlice<Int>) {
        guard let extent = shape.first else { return number(values.first ?? nil) }
        let stride = extent == 0 ? 0 : values.count / extent
        array(0..<extent) { json, place in
            let first = values.startIndex + place * stride
            json.nested(values[first..<(first + stride)], shape.dropFirst())
        }
    }

    /// The shortest text that gives the same float again; null for what is no number.
    mutating func number(_ value: Double?) {
        guard let value, value.isFinite else { return plain("null") }
        plain(Float(value).description)
    }

    mutating func string(_ text: String) {
        byte("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": plain("\\\"")
            case "\\": plain("\\\\")
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                plain("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            default: plain(String(scalar))
            }
        }
        byte("\"")
    }

    /// A number or a word as it is.
    mutating func plain(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func byte(_ character: Unicode.Scalar) { bytes.append(UInt8(truncatingIfNeeded: character.value)) }
}
