import LockstepTensor

/// Matrix operations element by element, in Double.
enum ReferenceMatrices {
    /// By columns, each of which is taken from what is left (the outer product form): not as the compiler's loops go.
    static func cholesky(_ a: [[Double]]) -> [[Double]] {
        let n = a.count
        var left = a
        var factor = Array(repeating: Array(repeating: 0.0, count: n), count: n)
        for column in 0..<n {
            let pivot = left[column][column] > 0 ? left[column][column].squareRoot() : .nan
            for row in column..<n { factor[row][column] = row == column ? pivot : left[row][column] / pivot }
            for row in column..<n { for other in column...row { left[row][other] -= factor[row][column] * factor[other][column] } }
        }
        return factor
    }

    static func triangular(_ op: Triangular, _ matrix: [[Double]], _ right: [[Double]]) -> [[Double]] {
        let n = matrix.count
        func element(_ row: Int, _ column: Int) -> Double {
            let (row, column) = op.isTransposed ? (column, row) : (row, column)
            return column <= row ? matrix[row][column] : 0
        }
        var result = right
        switch op.kind {
        case .product:
            for row in 0..<n {
                for column in right[row].indices {
                    // What is outside of the triangle is not read.
                    let inside = op.isTransposed ? row..<n : 0..<(row + 1)
                    result[row][column] = inside.reduce(0) { $0 + element(row, $1) * right[$1][column] }
                }
            }
        case .solution:
            // What is known is taken from all that is left.
            for row in op.isTransposed ? Array((0..<n).reversed()) : Array(0..<n) {
                for column in right[row].indices {
                    result[row][column] /= element(row, row)
                    for other in op.isTransposed ? Array(0..<row) : Array((row + 1)..<n) {
                        result[other][column] -= element(other, row) * result[row][column]
                    }
                }
            }
        }
        return result
    }
}
