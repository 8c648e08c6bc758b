import Foundation

/// A value of a golden file.
enum JSONValue: Decodable, Sendable {
    case number(Double)
    case text(String)
    case array([JSONValue])
    case object([String: JSONValue])
    case null

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else if let value = try? container.decode([String: JSONValue].self) {
            self = .object(value)
        } else {
            self = .null
        }
    }

    static func read(_ url: URL) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: url))
    }

    subscript(key: String) -> JSONValue {
        if case .object(let members) = self { members[key] ?? .null } else { .null }
    }

    var members: [String: JSONValue] { if case .object(let members) = self { members } else { [:] } }
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    var text: String { if case .text(let text) = self { text } else { "" } }
    var number: Double { if case .number(let number) = self { number } else { .nan } }

    /// All numbers inside, row-major.
    var numbers: [Double] {
        switch self {
        case .number(let number): [number]
        case .array(let elements): elements.flatMap(\.numbers)
        default: []
        }
    }

    /// Its extents, if it is a number or nested arrays of them.
    var shape: [Int] {
        if case .array(let elements) = self { [elements.count] + (elements.first?.shape ?? []) } else { [] }
    }
}
