/// Numbers on the host, as they were given or as a device works in them.
package enum Numbers: Sendable {
    case float([Float])
    case double([Double])
    case int([Int32])

    package var count: Int {
        switch self {
        case .float(let values): values.count
        case .double(let values): values.count
        case .int(let values): values.count
        }
    }

    package subscript(position: Int) -> Double {
        switch self {
        case .float(let values): Double(values[position])
        case .double(let values): values[position]
        case .int(let values): Double(values[position])
        }
    }

    /// All of them, in double precision.
    package var doubles: [Double] {
        switch self {
        case .float(let values): values.map(Double.init)
        case .double(let values): values
        case .int(let values): values.map(Double.init)
        }
    }

    package subscript(range: Range<Int>) -> Numbers {
        switch self {
        case .float(let values): .float(Array(values[range]))
        case .double(let values): .double(Array(values[range]))
        case .int(let values): .int(Array(values[range]))
        }
    }

    /// Runs of `count` numbers each, by their places, in the given order.
    package func runs(_ places: [Int], count: Int) -> Numbers {
        func pick<T: BitwiseCopyable>(_ values: [T]) -> [T] {
            [T](unsafeUninitializedCapacity: places.count * count) { result, initialized in
                for (row, place) in places.enumerated() {
                    for element in 0..<count { result[row * count + element] = values[place * count + element] }
                }
                initialized = places.count * count
            }
        }
        return switch self {
        case .float(let values): .float(pick(values))
        case .double(let values): .double(pick(values))
        case .int(let values): .int(pick(values))
        }
    }

    /// Of all bits, and the type.
    package var digest: Digest {
        func digest<T: BitwiseCopyable>(_ values: [T]) -> Digest { values.withUnsafeBytes { Digest($0) } }
        return switch self {
        case .float(let values): digest(values)
        case .double(let values): digest(values)
        case .int(let values): digest(values)
        }
    }

    var typeName: String {
        switch self {
        case .float: "float"
        case .double: "double"
        case .int: "int"
        }
    }
}
