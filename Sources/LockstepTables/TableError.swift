/// Text from a file as a message shows it: one line, no control characters, which a terminal would obey, and not long.
package struct ShownText: CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol, most: Int = 40) {
        let start = text.unicodeScalars.prefix(most + 1)
        let isHidden: (Unicode.Scalar) -> Bool = { [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory) }
        let visible = start.prefix(most).map { isHidden($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
        description = visible + (start.count > most ? "..." : "")
    }
}

/// What is wrong with a table, or with data from a file.
public struct TableError: Error, Hashable, Sendable, CustomStringConvertible {
    /// In one line, with the table's name.
    public let description: String
    /// In one line, with the table's name.
    public init(_ description: String) { self.description = description }
}
