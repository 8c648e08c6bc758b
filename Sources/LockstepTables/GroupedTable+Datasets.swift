import Lockstep

extension GroupedTable {
    /// What a model's data are made of.
    public enum Source: Sendable {
        /// A column, as an array of each group's rows.
        case ragged(String)
        /// Several columns, as a matrix of each group's rows.
        case matrix([String])
        /// A column of texts, as the numbers that they have among the levels; among all that occur, in order, where nil.
        case indices(String, levels: [String]? = nil)
        /// A column that is constant in each group, as one number of it.
        case perGroup(String)
        /// What all groups share.
        case shared(LaneData)
    }

    /// The groups as datasets, which are called as they are.
    ///
    /// ```swift
    /// let datasets = try Table(path: "lc.csv").grouped(by: "object_id").datasets(["time": .ragged("time"), "flux": .ragged("flux")])
    /// ```
    ///
    /// - Parameters:
    ///   - sources: by the names that the model declares.
    ///   - missing: what is done about empty cells.
    /// - Throws: `TableError` for columns that are missing, or hold something else; `LockstepError` for data that are no datasets.
    public func datasets(_ sources: [String: Source], missing: MissingCells = .refused) throws -> Datasets {
        try Datasets(
            sources.mapValues { source in
                switch source {
                case .ragged(let column): try ragged(column, missing: missing)
                case .matrix(let columns): try ragged(matrix: columns, missing: missing)
                case .indices(let column, let levels): try ragged(indices: column, levels: levels)
                case .perGroup(let column): try perGroup(column, missing: missing)
                case .shared(let data): data
                }
            }, labels: labels)
    }
}
