import LockstepTensor

/// The precision of real numbers on a device.
public enum Precision: String, Hashable, Sendable, CaseIterable {
    case float, double
}

/// One array per lane, on the host: row-major `[lanes, count]`, in the element type that the device works in.
package struct LaneArray: Sendable {
    package enum Elements: Sendable {
        case float([Float])
        case double([Double])
        case int([Int32])
    }

    package let lanes: Int
    /// Elements of one lane.
    package let count: Int
    package let elements: Elements

    package init(lanes: Int, count: Int, elements: Elements) {
        self.lanes = lanes
        self.count = count
        self.elements = elements
    }

    package subscript(lane: Int, element: Int) -> Double {
        let position = lane * count + element
        return switch elements {
        case .float(let values): Double(values[position])
        case .double(let values): values[position]
        case .int(let values): Double(values[position])
        }
    }

    /// The values of one lane.
    package func lane(_ lane: Int) -> [Double] { (0..<count).map { self[lane, $0] } }
}
