import LockstepRuntime
import LockstepTensor

/// One array per lane.
public struct LaneValues: Sendable {
    let array: LaneArray
    /// Of one lane's array.
    public let shape: Shape

    init(array: LaneArray, shape: Shape) {
        self.array = array
        self.shape = shape
    }

    /// - Parameters:
    ///   - rows: the arrays of some lanes.
    ///   - places: the lanes that they belong to; all others get NaN.
    init(_ rows: [[Double]], at places: [Int], of lanes: Int, shape: Shape) {
        let count = shape.elementCount
        var values = [Double](repeating: .nan, count: lanes * count)
        for (row, lane) in zip(rows, places) { values.replaceSubrange((lane * count)..<((lane + 1) * count), with: row) }
        self.init(array: LaneArray(lanes: lanes, count: count, elements: .double(values)), shape: shape)
    }

    /// How many arrays there are.
    public var lanes: Int { array.lanes }
    /// The values of one lane, row-major; empty when there is no such lane.
    public subscript(lane: Int) -> [Double] { (0..<array.lanes).contains(lane) ? array.lane(lane) : [] }
    /// All values, row-major `[lanes] + shape`.
    public var values: [Double] { array.values }

    /// With NaN in some lanes.
    func erasing(_ lanes: [Int]) -> LaneValues {
        guard !lanes.isEmpty else { return self }
        let count = lanes.count * array.count
        let nothing: LaneArray.Elements =
            switch array.elements {
            case .double: .double(Array(repeating: .nan, count: count))
            default: .float(Array(repeating: .nan, count: count))
            }
        let erased = array.replacing(lanes, with: LaneArray(lanes: lanes.count, count: array.count, elements: nothing))
        return LaneValues(array: erased, shape: shape)
    }
}
