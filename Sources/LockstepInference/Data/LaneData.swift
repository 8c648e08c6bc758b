import LockstepRuntime

/// Numbers for a model's data: one array for all lanes, or one for each.
public struct LaneData: Sendable {
    package let values: Numbers
    package let isShared: Bool
    /// The length of each array, where each lane's was given by itself.
    let lengths: [Int]?
    /// Which of the arrays each lane has; lane k has array k where nil.
    var source: [Int]?
    /// What the owner of each array is called in a sentence: `dataset 'NGC 7'`; lanes by their numbers where nil.
    var owners: [String]?
    /// What is known of the shape of one array, beside its count.
    var form = Form.flat

    /// One array, row-major, for all lanes.
    public static func shared(_ values: [Double]) -> LaneData { shared(numbers: .double(values)) }
    /// One array of whole numbers, row-major, for all lanes.
    public static func shared(_ values: [Int]) -> LaneData { shared(values.map(Double.init)) }
    /// One number for all lanes.
    public static func shared(_ value: Double) -> LaneData { shared([value]).with(.scalar) }

    /// Numbers for each lane in turn, row-major `[lanes] + shape`: one number for each lane, for scalar data.
    public static func perLane(_ values: [Double]) -> LaneData { perLane(numbers: .double(values)) }
    /// An array for each lane.
    public static func perLane(_ values: [[Double]]) -> LaneData {
        perLane(numbers: .double(Array(values.joined())), lengths: values.map(\.count))
    }

    static func shared(numbers: Numbers) -> LaneData { LaneData(values: numbers, isShared: true, lengths: nil) }
    static func perLane(numbers: Numbers, lengths: [Int]? = nil) -> LaneData {
        LaneData(values: numbers, isShared: false, lengths: lengths)
    }

    /// Whether lanes have rows of their own number.
    var isRagged: Bool { if case .ragged = form { true } else { false } }

    /// What some lanes need of this, of `count` numbers a lane.
    func slice(_ lanes: [Int], count: Int) -> LaneInputs.Data {
        if isShared { return .shared(values) }
        let places = source.map { source in lanes.map { source[$0] } } ?? lanes
        if case .ragged(let row) = form { return .rows(rows(places, row: row.elementCount)) }
        // As is, without a copy, where they are all arrays in order.
        if places.count * count == values.count, places.elementsEqual(places.indices) { return .perLane(values) }
        return .perLane(values.runs(places, count: count))
    }
}

extension LaneData {
    /// What the numbers of rows of ragged data are called.
    static func rowsName(_ data: String) -> String { rowsPrefix + data }
    /// Whether a name is that of numbers of rows.
    static func isRowsName(_ name: String) -> Bool { name.hasPrefix(rowsPrefix) }
    private static let rowsPrefix = "\0rows/"

    /// Rows of some of the arrays; one without any has one of another's, which is as valid as it is.
    private func rows(_ places: [Int], row: Int) -> LaneRows {
        let lengths = lengths ?? []
        let starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        let spare = lengths.firstIndex { $0 > 0 }.map { starts[$0]..<(starts[$0] + row) } ?? 0..<0
        return LaneRows(values, parts: places.map { lengths[$0] > 0 ? starts[$0]..<starts[$0 + 1] : spare }, row: row)
    }
}

/// What is wrong with the data of a run.
public struct DataError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the data.
    public let name: String
    /// The lanes whose own data are wrong, in order; empty where it is not a matter of lanes.
    public let lanes: [Int]
    public let description: String

    init(_ name: String, lanes: [Int] = [], _ reason: String) {
        self.init(name: name, lanes: lanes, description: "data '\(name)' \(reason)")
    }

    init(name: String, lanes: [Int] = [], description: String) {
        self.name = name
        self.lanes = lanes
        self.description = description
    }
}

/// What a run does about a lane whose own data are not what the model uses them for. Where data that all lanes share
/// are wrong, a run always throws.
public enum BadData: Hashable, Sendable {
    /// Throws a `DataError` that counts such lanes and names what is wrong with the first.
    case `throw`
    /// Runs the other lanes. A lane that is left out has the status `badData`, and no numbers.
    case leaveOut
}
