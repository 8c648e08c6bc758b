import Lockstep
import Testing

@testable import LockstepInference

@Suite struct AssignmentTests {
    /// All orders of some numbers.
    static func permutations(_ numbers: [Int]) -> [[Int]] {
        guard !numbers.isEmpty else { return [[]] }
        return numbers.flatMap { first in permutations(numbers.filter { $0 != first }).map { [first] + $0 } }
    }

    private func cost(_ costs: [[Double]], _ columns: [Int]) -> Double { columns.indices.reduce(0) { $0 + costs[$1][columns[$1]] } }

    /// Against all permutations. Whole numbers, so that sums are exact and ties are frequent.
    @Test(arguments: 0...6) func nothingIsCheaper(_ size: Int) {
        for number in 0..<60 {
            let key = Key(UInt64(number)).fold(size)
            let costs = (0..<size).map { row in (0..<size).map { Double(Int(key.fold(row * size + $0).low % 21) - 6) } }
            let found = Assignment.cheapest(costs)
            #expect(found.sorted() == Array(0..<size))
            #expect(cost(costs, found) == Self.permutations(Array(0..<size)).map { cost(costs, $0) }.min())
        }
    }

    @Test func largeOnesAreFound() {
        let size = 60
        let order = (0..<size).map { ($0 * 7 + 3) % size }
        let costs = (0..<size).map { row in (0..<size).map { order[row] == $0 ? 1 : 2 + Double((row * $0) % 5) } }
        #expect(Assignment.cheapest(costs) == order)
    }
}
