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

    /// The lanes that expressions of some data are run for: one of those that have the same.
    func lanes(_ names: Set<String>) -> [Int] {
        areShared(names) ? Array(good.prefix(1)) : binding.alike(good, names)?.firsts ?? good
    }

    /// What was found of lanes, said of all lanes that have the same of some data.
    func spread(_ mistakes: [(lane: Int?, error: DataError)], _ names: Set<String>) -> [(lane: Int?, error: DataError)] {
        guard !mistakes.isEmpty, !areShared(names), let (_, peers) = binding.alike(good, names) else { return mistakes }
        return mistakes.flatMap { mistake -> [(lane: Int?, error: DataError)] in
            guard let lane = mistake.lane, let alike = peers[lane] else { return [mistake] }
            return alike.map { ($0, DataError(name: mistake.error.name, lanes: [$0], description: mistake.error.description)) }
        }
    }

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
        let violations = conditions.map { $0.violations.any() }
        let atEdge = conditions.filter { $0.edges != nil }
        let edges = atEdge.compactMap { $0.edges?.any() }
        // Nearly always nothing is wrong anywhere, which is one number to compute.
        let names = conditions.reduce(into: Set<String>()) { $0.formUnion($1.names) }
        let suspects = try flagged([Self.either(violations + edges)], lanes(names))[0]
        guard !suspects.isEmpty else { return [] }
        let found = try flagged(violations + edges, suspects)
        var culprits: [Int: Condition] = [:]
        for (condition, lanes) in zip(conditions, found) {
            for lane in lanes where culprits[lane] == nil { culprits[lane] = condition }
        }
        try report(culprits, areShared: areShared(some.names), names)
        return zip(atEdge, found.dropFirst(conditions.count)).filter { !$1.isEmpty }.map(\.0)
    }

    /// The lanes in which each of some scalar masks is true.
    private func flagged(_ masks: [Tensor], _ lanes: [Int]) throws -> [[Int]] {
        try DataProgram(masks, perLane: binding.perLane, precision: precision).run(lanes, binding).map { array in
            zip(lanes, array.element(0)).filter { $1 != 0 }.map(\.0)
        }
    }

    /// Whether any of some scalar masks is true; as a balanced tree, so that no expression gets deep.
    private static func either(_ masks: [Tensor]) -> Tensor {
        var level = masks
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { $0 + 1 < level.count ? level[$0] .| level[$0 + 1] : level[$0] }
        }
        return level.first ?? Tensor(mask: false)
    }

    /// - Parameters:
    ///   - culprits: by lane, the first condition that does not hold there.
    ///   - names: the data by which lanes are alike, one of which was looked at.
    private mutating func report(_ culprits: [Int: Condition], areShared: Bool, _ names: Set<String>) throws {
        let wrong = culprits.keys.sorted()
        var texts: [Int: String] = [:]
        for (_, lanes) in Dictionary(grouping: described(wrong), by: { culprits[$0]?.number }) {
            guard let condition = culprits[lanes[0]] else { continue }
            for (lane, finding) in zip(lanes, try condition.findings(binding, lanes, precision)) {
                texts[lane] = condition.text(finding, owner: areShared ? nil : binding.owner(of: lane, condition.names))
            }
        }
        if let first = wrong.first, let constant = culprits[first], constant.names.isEmpty {
            throw ModelError([constant.use.site], texts[first] ?? "")
        }
        let mistakes = wrong.compactMap { lane -> (lane: Int?, error: DataError)? in
            culprits[lane].map { condition in
                let name = condition.use.value.dataNames.sorted().first ?? condition.names.sorted().first ?? ""
                return (areShared ? nil : lane, DataError(name: name, lanes: areShared ? [] : [lane], description: texts[lane] ?? ""))
            }
        }
        try take(spread(mistakes, names))
    }
}
