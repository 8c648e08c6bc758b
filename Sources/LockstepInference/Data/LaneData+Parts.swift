extension LaneData {
    /// Rows of each lane's own number, one lane after the other.
    ///
    /// - Parameters:
    ///   - values: of all lanes, row-major.
    ///   - rowCounts: of the lanes.
    ///   - columns: numbers in a row of a matrix; nil for vectors.
    package static func ragged(flat values: [Double], rowCounts: [Int], columns: Int? = nil) -> LaneData {
        perLane(numbers: .double(values), lengths: rowCounts.map { $0 * (columns ?? 1) }).with(.ragged(row: columns.map { [$0] } ?? []))
    }
}
