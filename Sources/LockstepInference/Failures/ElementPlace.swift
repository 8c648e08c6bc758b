import LockstepTensor

/// Places in arrays, flat and by axis.
enum ElementPlace {
    /// The index along each axis of a row-major position.
    static func index(_ position: Int, _ shape: Shape) -> [Int] {
        var rest = position
        var index: [Int] = []
        for extent in shape.reversed() {
            index.append(extent > 0 ? rest % extent : 0)
            rest /= Swift.max(extent, 1)
        }
        return index.reversed()
    }

    /// The row-major position of an index, aligned at the right, in an array that broadcasts along it.
    static func position(_ index: [Int], _ shape: Shape) -> Int {
        let offset = index.count - shape.count
        return zip(shape.indices, Shapes.strides(shape)).reduce(0) { sum, axis in
            let place = offset + axis.0
            return sum + (shape[axis.0] == 1 || place < 0 ? 0 : index[place]) * axis.1
        }
    }

    static func text(_ index: [Int]) -> String {
        index.isEmpty ? "" : "[" + index.map(String.init).joined(separator: ", ") + "]"
    }
}
