import Foundation
import Lockstep

/// A number, or nested arrays of numbers, as JSON has them for CmdStan: a matrix is an array of its rows.
struct JSONValues: Decodable {
    let shape: Shape
    /// Row-major.
    let values: [Double]

    /// What JSON has no number for.
    private static let words: [String: Double] = [
        "nan": .nan, "+nan": .nan, "-nan": .nan, "inf": .infinity, "+inf": .infinity, "-inf": -.infinity, "infinity": .infinity,
        "+infinity": .infinity, "-infinity": -.infinity,
    ]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let numbers = try? container.decode([Double].self) {
            (shape, values) = ([numbers.count], numbers)
        } else if let number = try? container.decode(Double.self) {
            (shape, values) = ([], [number])
        } else if let text = try? container.decode(String.self) {
            guard let number = Self.words[text.lowercased()] else {
                throw JSONMistake(decoder.codingPath, "'\(ShownText(text))' is not a number; of words there are NaN, Infinity and -Infinity")
            }
            (shape, values) = ([], [number])
        } else if var elements = try? decoder.unkeyedContainer() {
            var parts: [JSONValues] = []
            while !elements.isAtEnd {
                let part = try elements.decode(JSONValues.self)
                if let first = parts.first, first.shape != part.shape {
                    throw JSONMistake(
                        decoder.codingPath,
                        "element \(parts.count) has shape \(part.shape), where element 0 has \(first.shape); rows are of one length")
                }
                parts.append(part)
            }
            (shape, values) = ([parts.count] + (parts.first?.shape ?? []), parts.flatMap(\.values))
        } else {
            throw JSONMistake(decoder.codingPath, "it is neither a number nor an array of numbers")
        }
    }

    /// Equal bits, but for those of NaN.
    func isSame(as other: JSONValues) -> Bool {
        shape == other.shape && zip(values, other.values).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
    }
}

/// What is wrong with a value.
struct JSONMistake: Error {
    /// The dataset, where there is an array of them.
    let dataset: Int?
    /// The name, and the places in its arrays, counted from 0: `y[3][0]`.
    let place: String
    let reason: String

    init(_ path: [any CodingKey], _ reason: String) {
        dataset = path.first?.intValue
        let start = path.firstIndex { $0.intValue == nil } ?? path.endIndex
        place = path[start...].map { key in key.intValue.map { "[\($0)]" } ?? "\(ShownText(key.stringValue))" }.joined()
        self.reason = reason
    }
}
