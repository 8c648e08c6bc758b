import LockstepCompiler

extension GroupedData {
    /// Of the rows.
    ///
    /// - Parameter index: the group of each row, or one for all of them.
    /// - Returns: nil where a row belongs to no group.
    func order(_ index: Numbers) -> Order? {
        let groupOfRow = index.count == 1 ? Array(repeating: index[0], count: rows) : index.doubles
        return groupOfRow.count == rows ? Order(groupOfRow.map { Int(exactly: $0) ?? -1 }, groups: groups) : nil
    }

    /// The array as a device gets it.
    ///
    /// - Parameter values: of the data, row by row, or one for all of them.
    func placed(_ values: Numbers, _ order: Order) -> Numbers {
        switch part {
        case .starts: .int(order.starts.map { Int32(saturating: Double($0)) })
        case .numbers: .int(order.numbers.map { Int32(saturating: Double($0)) })
        case .rows: values.count <= 1 ? values : values.runs(order.numbers, count: values.count / max(rows, 1))
        }
    }
}
