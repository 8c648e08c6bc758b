/// The extents of a tensor's axes, outermost first. `[]` is a scalar. The lane axis is never in it.
public typealias Shape = [Int]

package enum Shapes {
    /// The shape that all of `shapes` broadcast to (right-aligned, as in NumPy), or nil if they do not.
    package static func broadcast(_ shapes: [Shape]) -> Shape? {
        let rank = shapes.map(\.count).max() ?? 0
        var result = Shape(repeating: 1, count: rank)
        for shape in shapes {
            let offset = rank - shape.count
            for (axis, extent) in shape.enumerated() where extent != 1 {
                if result[offset + axis] == 1 {
                    result[offset + axis] = extent
                } else if result[offset + axis] != extent {
                    return nil
                }
            }
        }
        return result
    }

    package static func canBroadcast(_ shape: Shape, to target: Shape) -> Bool {
        broadcast([shape, target]) == target
    }

    /// Whether a tensor can have this shape: no negative extents, and few enough elements that no index overflows.
    package static func isPossible(_ shape: Shape) -> Bool {
        var product = 1
        for extent in shape {
            guard extent >= 0, Swift.max(extent, 1) <= mostElements / product else { return false }
            product *= Swift.max(extent, 1)
        }
        return true
    }

    /// Indices are 32-bit integers on every device.
    package static let mostElements = Int(Int32.max)

    /// A number of axes that is asked for, made one that can be added to others: more than any tensor has will not do anyway.
    package static func axes(_ count: Int) -> Int { Swift.min(Swift.max(count, 0), mostElements) }

    /// Row-major strides in elements.
    package static func strides(_ shape: Shape) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        }
        return strides
    }

    /// `axis` counted from the front; negative axes count from the end. Nil when out of range.
    package static func normalized(_ axis: Int, rank: Int) -> Int? {
        let positive = axis < 0 ? axis + rank : axis
        return positive >= 0 && positive < rank ? positive : nil
    }
}

extension Array where Element == Int {
    /// The number of elements of a tensor of this shape; `Int.max` if there are even more.
    package var elementCount: Int {
        reduce(1) { product, extent in
            let (next, overflows) = product.multipliedReportingOverflow(by: extent)
            return overflows ? .max : next
        }
    }
}
