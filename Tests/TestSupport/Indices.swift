import LockstepTensor

/// Row-major indexing, spelled out.
package enum Indices {
    /// Every index of a shape, the last axis running fastest.
    package static func all(_ shape: Shape) -> [[Int]] {
        var result: [[Int]] = [[]]
        for extent in shape {
            result = result.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
        }
        return result
    }

    package static func offset(_ index: [Int], in shape: Shape) -> Int {
        zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }
    }
}
