import LockstepCompiler

/// A batch whose program has states of one element as elements of arrays, for those who know them by name.
final class PackedExecution: LaneExecution {
    private struct Place {
        let array: String
        let position: Int
    }

    private let base: any LaneExecution
    private let places: [String: Place]
    /// Elements of each array.
    private let counts: [String: Int]
    /// What was read since the last steps.
    private var arrays: [String: LaneArray] = [:]
    /// What was written since, by array and position: all go to the device in one go.
    private var written: [String: [Int: LaneArray]] = [:]

    /// - Returns: `execution` itself where nothing is packed.
    static func over(_ execution: any LaneExecution, _ packs: [Pack]) -> any LaneExecution {
        let states = packs.filter { $0.kind == .states }
        return states.isEmpty ? execution : PackedExecution(execution, states)
    }

    private init(_ base: any LaneExecution, _ packs: [Pack]) {
        self.base = base
        counts = Dictionary(packs.map { ($0.name, $0.members.count) }, uniquingKeysWith: { a, _ in a })
        var places: [String: Place] = [:]
        for pack in packs {
            for (position, name) in pack.members.enumerated() { places[name] = Place(array: pack.name, position: position) }
        }
        self.places = places
    }

    func begin(attempt: Int) throws {
        arrays = [:]
        written = [:]
        try base.begin(attempt: attempt)
    }

    func replace(_ pairs: [(from: Int, to: Int)], by other: any LaneExecution) throws {
        guard let other = other as? PackedExecution else { throw ExecutionError.otherProgram }
        try flush()
        try other.flush()
        arrays = [:]
        try base.replace(pairs, by: other.base)
    }

    func advance(from first: Int, count: Int, for seconds: Double, scalars: [String: Double]) throws -> Int {
        try flush()
        arrays = [:]
        return try base.advance(from: first, count: count, for: seconds, scalars: scalars)
    }

    var launches: LaunchLog { base.launches }

    var placedData: PlacedData? { base.placedData }

    func read(_ name: String) throws -> LaneArray {
        guard let place = places[name] else { return try base.read(name) }
        if let column = written[place.array]?[place.position] { return column }
        return try array(place.array).column(place.position)
    }

    func hasZero(_ name: String, element: Int) throws -> Bool {
        try flush()
        guard let place = places[name] else { return try base.hasZero(name, element: element) }
        return try base.hasZero(place.array, element: place.position)
    }

    func write(_ name: String, _ values: LaneArray) throws {
        guard let place = places[name] else { return try base.write(name, values) }
        guard values.count == 1 else {
            let lanes = try array(place.array).lanes
            throw ExecutionError.shapeMismatch(name: name, lanes: lanes, count: 1, givenLanes: values.lanes, givenCount: values.count)
        }
        written[place.array, default: [:]][place.position] = values
    }

    private func array(_ name: String) throws -> LaneArray {
        if let known = arrays[name] { return known }
        let array = try base.read(name)
        arrays[name] = array
        return array
    }

    private func flush() throws {
        for (name, columns) in written {
            let count = counts[name] ?? columns.count
            let old = columns.count < count ? try array(name) : nil
            let all = (0..<count).compactMap { columns[$0] ?? old?.column($0) }
            try base.write(name, LaneArray(columns: all))
        }
        written = [:]
    }
}
