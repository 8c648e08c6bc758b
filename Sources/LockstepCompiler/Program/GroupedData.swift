import LockstepTensor

/// Shared data whose rows are sorted by the group that each belongs to, which other data say: rows of one group lie together, in the
/// order that they had.
package struct GroupedData: Hashable, Sendable {
    package enum Part: Hashable, Sendable {
        /// The values of the data, row by row.
        case rows
        /// The number that each row had.
        case numbers
        /// The first row of each group, and after them the number of rows.
        case starts

        var label: String {
            switch self {
            case .rows: "sorted rows"
            case .numbers: "numbers of sorted rows"
            case .starts: "starts of groups"
            }
        }
    }

    package let part: Part
    /// Of the data.
    package let name: String
    /// Of the ints in `0 ..< groups`, one a row.
    package let index: String
    package let groups: Int
    package let rows: Int

    package init(_ part: Part, of name: String, by index: String, groups: Int, rows: Int) {
        self.part = part
        self.name = name
        self.index = index
        self.groups = groups
        self.rows = rows
    }

    /// Rows in the order of their groups, and the place where each group begins.
    package struct Order: Sendable {
        package let numbers: [Int]
        package let starts: [Int]

        /// - Returns: nil where a row belongs to no group.
        package init?(_ index: [Int], groups: Int) {
            var starts = [Int](repeating: 0, count: groups + 1)
            for group in index {
                guard group >= 0, group < groups else { return nil }
                starts[group + 1] += 1
            }
            for group in 0..<groups { starts[group + 1] += starts[group] }
            var next = starts
            var numbers = [Int](repeating: 0, count: index.count)
            for (row, group) in index.enumerated() {
                numbers[next[group]] = row
                next[group] += 1
            }
            self.numbers = numbers
            self.starts = starts
        }
    }
}
