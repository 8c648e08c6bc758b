import LockstepDistributions
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// One check of data as it goes through its parts: each looks at the lanes in which those before found nothing.
struct DataCheck {
    let binding: DataBinding
    let scan: DataScan
    let precision: Precision
    /// Whether all lanes that have wrong data get a text, or only the first.
    let describesAll: Bool
    private(set) var bad: [Int: DataError] = [:]
    /// Those in which nothing is wrong so far.
    private(set) var good: [Int]

    init(binding: DataBinding, scan: DataScan, precision: Precision, lanes: Int, describesAll: Bool) {
        self.binding = binding
        self.scan = scan
        self.precision = precision
        self.describesAll = describesAll
        good = Array(0..<lanes)
    }

    /// - Throws: the first mistake of data that all lanes share, for which the lane is nil.
    mutating func take(_ mistakes: [(lane: Int?, error: DataError)]) throws(DataError) {
        for (lane, error) in mistakes {
            guard let lane else { throw error }
            bad[lane] = bad[lane] ?? error
        }
        if !mistakes.isEmpty { good = good.filter { bad[$0] == nil } }
    }

    /// Of lanes that are wrong, in order, those that need a text.
    func described(_ lanes: [Int]) -> [Int] { describesAll ? lanes : Array(lanes.prefix(1)) }

    /// Whether expressions of some data are the same for all lanes.
    func areShared(_ names: Set<String>) -> Bool { names.isDisjoint(with: binding.perLane) }

    /// The lanes that expressions of some data are run for.
    func lanes(_ names: Set<String>) -> [Int] { areShared(names) ? Array(good.prefix(1)) : good }

    /// Holds what is known of the uses against where it must lie.
    mutating func findMisuses(_ uses: [Use]) throws {
        let edges = try judge(Condition.all(uses, scan, precision))
        // Few values lie on the end of a support, so densities are computed only where one does.
        _ = try judge(edges.compactMap { $0.atEdge(scan, precision) })
    }

    /// - Returns: the conditions of which some values lie on the end of a support.
    private mutating func judge(_ conditions: [Condition]) throws -> [Condition] {
        let shared = try judgeAlike(conditions.filter { areShared($0.names) })
        return shared + (try judgeAlike(conditions.filter { !areShared($0.names) }))
    }

    /// For conditions all of which are shared, or none.
    private mutating func judgeAlike(_ conditions: [Condition]) throws -> [Condition] {
        guard let some = conditions.first, !good.isEmpty else { return [] }
        let lanes = lanes(some.names)
        let masks = conditions.flatMap { [$0.violations, $0.edges ?? Tensor(mask: false)] }
        let program = try DataProgram(masks.map { $0.any() }, perLane: binding.perLane, precision: precision)
        let flags = try program.run(lanes, binding).map { $0.element(0) }
        var culprits: [Int: Condition] = [:]
        for (number, condition) in conditions.enumerated() {
            for (lane, flag) in zip(lanes, flags[2 * number]) where flag != 0 && culprits[lane] == nil { culprits[lane] = condition }
        }
        try report(culprits, areShared: areShared(some.names))
        return conditions.enumerated().filter { flags[2 * $0.offset + 1].contains { $0 != 0 } }.map(\.element)
    }

    /// - Parameter culprits: by lane, the first condition that does not hold there.
    private mutating func report(_ culprits: [Int: Condition], areShared: Bool) throws {
        let wrong = culprits.keys.sorted()
        var texts: [Int: String] = [:]
        for (_, lanes) in Dictionary(grouping: described(wrong), by: { culprits[$0]?.number }) {
            guard let condition = culprits[lanes[0]] else { continue }
            for (lane, finding) in zip(lanes, try condition.findings(binding, lanes, precision)) {
                texts[lane] = condition.text(finding, lane: areShared ? nil : lane)
            }
        }
        if let first = wrong.first, let constant = culprits[first], constant.names.isEmpty {
            throw ModelError([constant.use.site], texts[first] ?? "")
        }
        try take(wrong.compactMap { lane in
            culprits[lane].map { condition in
                let name = condition.use.value.dataNames.sorted().first ?? condition.names.sorted().first ?? ""
                return (areShared ? nil : lane, DataError(name: name, lanes: areShared ? [] : [lane], description: texts[lane] ?? ""))
            }
        })
    }
}
