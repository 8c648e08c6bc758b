/// The assignment of columns to rows that costs least in all (Kuhn 1955, "The Hungarian method for the assignment problem"), by
/// shortest augmenting paths with dual potentials, one row after another: O(n^3).
enum Assignment {
    /// - Parameter costs: a square matrix of finite numbers, `[row][column]`.
    /// - Returns: the column of each row.
    static func cheapest(_ costs: [[Double]]) -> [Int] {
        let size = costs.count
        guard size > 1 else { return Array(costs.indices) }
        // Place 0 of columns is a start that no column has: numbers of rows and columns are one more than their indices.
        var rowPotentials = Array(repeating: 0.0, count: size + 1)
        var columnPotentials = rowPotentials
        var rowOfColumn = Array(repeating: 0, count: size + 1)
        for row in 1...size {
            rowOfColumn[0] = row
            var column = 0
            var distances = Array(repeating: Double.infinity, count: size + 1)
            var previous = Array(repeating: 0, count: size + 1)
            var isReached = Array(repeating: false, count: size + 1)
            repeat {
                isReached[column] = true
                let from = rowOfColumn[column]
                var (shortest, nearest) = (Double.infinity, 0)
                for other in 1...size where !isReached[other] {
                    let distance = costs[from - 1][other - 1] - rowPotentials[from] - columnPotentials[other]
                    if distance < distances[other] {
                        distances[other] = distance
                        previous[other] = column
                    }
                    if distances[other] < shortest { (shortest, nearest) = (distances[other], other) }
                }
                for other in 0...size {
                    if isReached[other] {
                        rowPotentials[rowOfColumn[other]] += shortest
                        columnPotentials[other] -= shortest
                    } else {
                        distances[other] -= shortest
                    }
                }
                column = nearest
            } while rowOfColumn[column] != 0
            // Along the path back to the start every column takes the row of the one before it.
            while column != 0 {
                rowOfColumn[column] = rowOfColumn[previous[column]]
                column = previous[column]
            }
        }
        var columns = Array(repeating: 0, count: size)
        for column in 1...size { columns[rowOfColumn[column] - 1] = column - 1 }
        return columns
    }
}
