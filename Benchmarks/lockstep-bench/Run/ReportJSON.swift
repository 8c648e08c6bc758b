import Foundation

/// How all reports are written and read: snake case, sorted.
enum ReportJSON {
    static func text(_ value: some Encodable, isCompact: Bool = false) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = isCompact ? [.sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func write(_ value: some Encodable, to path: String) throws {
        try (text(value) + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }

    static func value<Value: Decodable>(_ type: Value.Type = Value.self, from json: Data) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Value.self, from: json)
    }
}
