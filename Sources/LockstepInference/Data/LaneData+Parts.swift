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

    /// The data of each dataset for several lanes that follow one another.
    ///
    /// - Parameters:
    ///   - times: lanes for each dataset.
    ///   - datasets: how many there are.
    package func repeated(_ times: Int, datasets: Int) -> LaneData {
        if isShared || times == 1 { return self }
        guard let lengths else {
            let places = (0..<datasets).flatMap { Array(repeating: $0, count: times) }
            return LaneData.perLane(numbers: values.runs(places, count: values.count / max(datasets, 1))).with(form)
        }
        var numbers: [Double] = []
        numbers.reserveCapacity(values.count * times)
        var start = 0
        for length in lengths {
            let own = values[start..<(start + length)].doubles
            for _ in 0..<times { numbers.append(contentsOf: own) }
            start += length
        }
        let repeated = lengths.flatMap { Array(repeating: $0, count: times) }
        return LaneData.perLane(numbers: .double(numbers), lengths: repeated).with(form)
    }
}
