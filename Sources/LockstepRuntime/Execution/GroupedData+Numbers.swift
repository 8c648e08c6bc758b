import LockstepCompiler

extension GroupedData {
    /// The array as a device gets it.
    ///
    /// - Parameters:
    ///   - values: of the data, row by row, or one for all of them.
    ///   - index: the group of each row, or one for all of them.
    /// - Returns: nil where a row belongs to no group, or there are too few values.
    func placed(_ values: Numbers, index: Numbers) -> Numbers? {
        let groupOfRow = index.count == 1 ? Array(repeating: index[0], count: rows) : index.doubles
        guard groupOfRow.count == rows, let order = Order(groupOfRow.map { Int(exactly: $0) ?? -1 }, groups: groups) else { return nil }
        switch part {
        case .starts: return .int(order.starts.map { Int32(saturating: Double($0)) })
        case .numbers: return .int(order.numbers.map { Int32(saturating: Double($0)) })
        case .rows: return values.count <= 1 ? values : values.runs(order.numbers, count: values.count / max(rows, 1))
        }
    }
}
