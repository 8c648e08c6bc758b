import Lockstep
import LockstepTables

/// The rows of one dataset, a whole table, or of many, the groups of one.
enum DatasetRows {
    case one(Table)
    case groups(GroupedTable)

    /// The rows of all datasets, for messages.
    var table: Table {
        switch self {
        case .one(let table): table
        case .groups(let groups): groups.table
        }
    }

    /// A column's numbers, dataset by dataset.
    func numbers(_ column: String) throws -> [[Double]] {
        switch self {
        case .one(let table): [try table.numbers(column)]
        case .groups(let groups): try groups.numbers(column)
        }
    }

    /// Numbers of the rows of each dataset.
    func rows(_ numbers: [[Double]]) -> LaneData {
        switch self {
        case .one: .shared(numbers.first ?? [])
        case .groups: .ragged(numbers)
        }
    }

    /// A number of each dataset.
    func scalar(_ numbers: [Double]) -> LaneData {
        switch self {
        case .one: .shared(numbers.first ?? .nan)
        case .groups: .perLane(numbers)
        }
    }

    /// - Throws: `TableError` naming the first line where a column is not positive.
    func checkPositive(_ column: String, _ what: String) throws {
        let numbers = try table.numbers(column)
        if let bad = numbers.firstIndex(where: { $0 <= 0 }) { throw table.error(bad, column, "\(numbers[bad]) is not \(what)") }
    }
}
