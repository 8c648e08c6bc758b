import LockstepRuntime
import LockstepTensor

/// Which rows are left out together.
public enum Folds: Sendable {
    /// So many folds of rows at random, whose sizes differ by one at most. As many as rows leave out each row by itself.
    case random(Int)
    /// The groups of an index that the model reads, as in `.groups("county")`: each value is a fold.
    case groups(String)
    /// The group of each row, in order: each value is a fold.
    case numbers([Int])

    /// The fold of each row, from 0, and what folds are called.
    struct Assigned {
        let folds: [Int]
        let labels: [String]
    }

    /// - Throws: `RunError` or `DataError` for folds that do not fit the rows.
    func assigned(_ rows: Int, _ data: [String: LaneData], key: Key) throws -> Assigned {
        let numbers: [Int]
        let source: String
        switch self {
        case .random(let count):
            guard count >= 2, count <= rows else { throw RunError("cannot make \(count) folds of \(rows) rows; give 2 to \(rows)") }
            var folds = (0..<rows).map { $0 % count }
            // Fisher and Yates.
            for place in (1..<rows).reversed() { folds.swapAt(place, key.number(place, below: place + 1)) }
            return Assigned(folds: folds, labels: (0..<count).map(String.init))
        case .groups(let name):
            guard let given = data[name] else {
                throw RunError("there are no data '\(name)' whose groups are left out; \(Spelling.hint(name, among: data.keys.sorted()))")
            }
            let values = given.values.doubles
            if let bad = values.first(where: { $0 != $0.rounded() || abs($0) > 1e9 }) {
                throw DataError(name, "is to say the groups of rows, and holds \(bad); give whole numbers")
            }
            (numbers, source) = (values.map { Int($0) }, "data '\(name)'")
        case .numbers(let given): (numbers, source) = (given, "the folds given")
        }
        guard numbers.count == rows else { throw RunError("\(source) have \(numbers.count) numbers, and there are \(rows) rows; give one for each") }
        let groups = Set(numbers).sorted()
        guard groups.count >= 2 else { throw RunError("\(source) say that all rows are of one group; give at least two") }
        let places = Dictionary(uniqueKeysWithValues: zip(groups, groups.indices))
        return Assigned(folds: numbers.compactMap { places[$0] }, labels: groups.map(String.init))
    }
}
