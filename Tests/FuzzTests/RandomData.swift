import Lockstep
import TestSupport

/// Data by the names that `ModelBuilder` gives: the first word of a name says what its numbers are, and what stands behind
/// each `/` is the first part of the name of other data, which exclude a row where they are 0.
struct RandomData {
    private struct Arrays {
        let isShared: Bool
        /// One, or one for each lane.
        var values: [[Double]]
    }

    private var arrays: [String: Arrays] = [:]
    /// Whether some row that is excluded holds anything.
    private(set) var hasExcluded = false

    /// - Parameter isTidy: whether what is excluded holds numbers as good as the others.
    init(seed: UInt64, lanes: Int, for declarations: [DataDeclaration], isTidy: Bool = false) {
        var random = SplitMix64(seed: seed ^ 0xDA7A)
        var weights: [Substring: Arrays] = [:]
        for declaration in declarations {
            let parts = declaration.name.split(separator: "/")
            let excluding = parts.dropFirst().compactMap { weights[$0] }
            let mayBeShared = excluding.allSatisfy(\.isShared)
            let isShared = Int.random(in: 0..<3, using: &random) != 0 && mayBeShared
            let values = (0..<(isShared ? 1 : lanes)).map { lane in
                (0..<declaration.shape.reduce(1, *)).map { row in
                    let number = RandomNumbers.number(parts[0], below: declaration.bound, &random)
                    let anything = RandomNumbers.anything(&random)
                    let isExcluded = excluding.contains { $0.values[$0.isShared ? 0 : lane][row] == 0 }
                    hasExcluded = hasExcluded || isExcluded
                    return isExcluded && !isTidy ? anything : number
                }
            }
            arrays[declaration.name] = Arrays(isShared: isShared, values: values)
            weights[parts[0]] = arrays[declaration.name]
        }
    }

    func values(of lanes: Range<Int>) -> [String: LaneData] {
        arrays.mapValues { $0.isShared ? .shared($0.values[0]) : .perLane(Array($0.values[lanes])) }
    }
}

/// Single numbers.
enum RandomNumbers {
    /// - Parameter name: begins with the word for what it is.
    static func number(_ name: some StringProtocol, below bound: Int? = nil, _ random: inout SplitMix64) -> Double {
        switch String(name.prefix(while: \.isLetter)) {
        case "positive": .random(in: 0.1...3, using: &random)
        case "spread": .random(in: 0.5...2, using: &random)
        case "unit": .random(in: 0.05...0.95, using: &random)
        case "bit", "mask": Double(Int.random(in: 0...1, using: &random))
        case "count": Double(Int.random(in: 0...6, using: &random))
        case "class": Double(Int.random(in: 0..<3, using: &random))
        case "weight": [0, 0.5, 1, 2].randomElement(using: &random) ?? 1
        case "index": Double(Int.random(in: 0..<(bound ?? 1), using: &random))
        default: .random(in: -2...2, using: &random)
        }
    }

    /// What a row that counts for nothing may hold.
    static func anything(_ random: inout SplitMix64) -> Double {
        [.nan, .nan, .infinity, -.infinity, 0, -1, 0.5, 1e30, -1e30].randomElement(using: &random) ?? .nan
    }
}
