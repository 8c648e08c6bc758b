import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Numbers for a model's data: one array for all lanes, or one for each.
public struct LaneData: Sendable {
    package let values: [Double]
    package let isShared: Bool
    /// The length of each array, where each lane's was given by itself.
    let lengths: [Int]?
    /// What is known of the shape of one array, beside its count.
    var form = Form.flat

    /// One array, row-major, for all lanes.
    public static func shared(_ values: [Double]) -> LaneData { LaneData(values: values, isShared: true, lengths: nil) }
    /// One array of whole numbers, row-major, for all lanes.
    public static func shared(_ values: [Int]) -> LaneData { shared(values.map(Double.init)) }
    /// One number for all lanes.
    public static func shared(_ value: Double) -> LaneData { shared([value]).with(.scalar) }

    /// Numbers for each lane in turn, row-major `[lanes] + shape`: one number for each lane, for scalar data.
    public static func perLane(_ values: [Double]) -> LaneData { LaneData(values: values, isShared: false, lengths: nil) }
    /// An array for each lane.
    public static func perLane(_ values: [[Double]]) -> LaneData {
        LaneData(values: values.flatMap { $0 }, isShared: false, lengths: values.map(\.count))
    }

    /// What some lanes need of this, of `count` numbers a lane.
    func slice(_ lanes: [Int], count: Int) -> LaneInputs.Data {
        if isShared { return .shared(values) }
        // As is, without a copy, where they are all lanes in order.
        if lanes.count * count == values.count, lanes.elementsEqual(lanes.indices) { return .perLane(values) }
        return .perLane(lanes.flatMap { values[($0 * count)..<(($0 + 1) * count)] })
    }
}

/// What is wrong with the data of a run.
public struct DataError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the data.
    public let name: String
    public let description: String

    init(_ name: String, _ reason: String) {
        self.name = name
        description = "data '\(name)' \(reason)"
    }
}

/// Data that fit what a model declares.
struct DataBinding: Sendable {
    let declarations: [DataDeclaration]
    let data: [String: LaneData]

    /// Of the data that are read.
    var shapes: DataShapes { Dictionary(uniqueKeysWithValues: declarations.map { ($0.name, .known($0.shape)) }) }

    var perLane: Set<String> { Set(data.filter { !$0.value.isShared }.keys) }

    /// - Throws: `DataError` for data that are missing, unknown, of another size, NaN, or not whole where they must be.
    init(_ declarations: [DataDeclaration], _ data: [String: LaneData], lanes: Int) throws {
        var unique: [String: DataDeclaration] = [:]
        for declaration in declarations {
            if let other = unique[declaration.name], other.shape != declaration.shape || other.dtype != declaration.dtype {
                throw DataError(declaration.name, "is declared with shape \(other.shape) and with shape \(declaration.shape); declare it once")
            }
            unique[declaration.name] = declaration
        }
        let known = unique.keys.sorted().joined(separator: ", ")
        for name in data.keys.sorted() where unique[name] == nil {
            throw DataError(name, "is not read by the model; it reads \(known.isEmpty ? "no data" : known)")
        }
        for name in unique.keys.sorted() {
            guard let declaration = unique[name] else { continue }
            guard let given = data[name] else {
                throw DataError(name, "of shape \(declaration.shape) is missing; give data: [\"\(name)\": .shared(...)] or .perLane(...)")
            }
            try Self.check(declaration, given, lanes: lanes)
        }
        self.declarations = unique.values.sorted { $0.name < $1.name }
        self.data = data
    }

    private static func check(_ declaration: DataDeclaration, _ given: LaneData, lanes: Int) throws {
        let name = declaration.name
        let count = declaration.shape.elementCount
        if let problem = given.problem(with: declaration.shape) { throw DataError(name, problem) }
        if given.isShared, given.values.count != count {
            throw DataError(name, "has \(given.values.count) numbers; the model wants shape \(declaration.shape), which is \(count)")
        }
        if let lengths = given.lengths {
            guard lengths.count == lanes else {
                throw DataError(name, "has \(lengths.count) arrays; give one for each of the \(lanes) lanes")
            }
            if let bad = lengths.firstIndex(where: { $0 != count }) {
                throw DataError(
                    name, "has \(lengths[bad]) numbers in lane \(bad); the model wants shape \(declaration.shape), which is \(count)")
            }
        } else if !given.isShared, given.values.count != count * lanes {
            throw DataError(
                name, "has \(given.values.count) numbers for all lanes; \(lanes) lanes of shape \(declaration.shape) need \(count * lanes)")
        }
        guard let position = firstBad(given.values, declaration) else { return }
        let value = given.values[position]
        let place = given.isShared ? "at position \(position)" : "at position \(position % max(count, 1)) of lane \(position / max(count, 1))"
        if value.isNaN { throw DataError(name, "is NaN \(place); remove the row, or model what is missing") }
        guard isWhole(value) else { throw DataError(name, "is \(value) \(place), where a whole number is wanted") }
        throw DataError(name, "is \(Int(value)) \(place); it must lie in 0 ..< \(declaration.bound ?? 0)")
    }

    private static func isWhole(_ value: Double) -> Bool { value == value.rounded(.towardZero) && Swift.abs(value) < 2_147_483_648 }

    /// Data may be millions of numbers, so this is a plain loop of plain comparisons.
    private static func firstBad(_ values: [Double], _ declaration: DataDeclaration) -> Int? {
        // NaN fails every comparison.
        guard declaration.dtype == .int else { return values.firstIndex { !($0 == $0) } }
        let bound = declaration.bound.map(Double.init)
        return values.firstIndex { value in
            guard isWhole(value) else { return true }
            return bound.map { value < 0 || value >= $0 } ?? false
        }
    }

    /// What some lanes are run on.
    func inputs(_ keys: [Key], lanes: [Int]) -> LaneInputs {
        var slices: [String: LaneInputs.Data] = [:]
        for declaration in declarations {
            slices[declaration.name] = data[declaration.name]?.slice(lanes, count: declaration.shape.elementCount)
        }
        return LaneInputs(keys: lanes.map { keys[$0] }, data: slices)
    }
}
