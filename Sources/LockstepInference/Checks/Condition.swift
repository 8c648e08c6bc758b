import LockstepDistributions
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// A use of values that are known before a run, and where they are wrong.
struct Condition {
    enum Kind {
        case constraint
        /// The value is on an end of a support, where the density is not finite.
        case edge
    }

    /// Among the conditions of a check.
    let number: Int
    let use: Use
    let kind: Kind
    /// A mask of what is wrong.
    let violations: Tensor
    /// A mask of what lies on an end of a support; nil where that does not matter.
    let edges: Tensor?
    /// The data that the masks follow from.
    let names: Set<String>

    private init(_ number: Int, _ use: Use, _ kind: Kind, _ violations: Tensor, edges: Tensor? = nil) {
        self.number = number
        self.use = use
        self.kind = kind
        self.violations = violations
        self.edges = edges
        names = violations.dataNames.union(edges?.dataNames ?? [])
    }

    /// The conditions of those uses that are known before a run, less those that are seen to hold without one.
    static func all(_ uses: [Use], _ scan: DataScan, _ precision: Precision) -> [Condition] {
        let known = Known.nodes(uses.flatMap { [$0.value] + ($0.mask.map { [$0] } ?? []) })
        let candidates = uses.compactMap { use -> Use? in
            guard known.contains(use.value.id) else { return nil }
            guard let mask = use.mask, !known.contains(mask.id) else { return use }
            let counts = Known.mayCount(mask, known)
            return counts.isOpen ? nil : use.masked(counts.mask)
        }
        let masks = candidates.map { (violations: $0.violations, edges: $0.edges) }
        // Bounds may be unknown.
        let knownMasks = Known.nodes(masks.flatMap { [$0.violations] + ($0.edges.map { [$0] } ?? []) })
        let pairs = zip(candidates, masks).filter { knownMasks.contains($1.violations.id) && $1.violations.count > 0 }
        let nothing = Tensor(mask: false)
        let simple = Known.simplified(pairs.flatMap { [$1.violations, $1.edges ?? nothing] }, scan, precision)
        return pairs.enumerated().compactMap { number, pair in
            let (violations, edges) = (simple[2 * number], simple[2 * number + 1])
            if violations.splat == 0, edges.splat == 0 { return nil }
            return Condition(number, pair.0, .constraint, violations, edges: edges.splat == 0 ? nil : edges)
        }
    }

    /// That densities on the ends of a support are finite, whatever parameters are not known before a run.
    ///
    /// - Returns: nil where a density needs more than its parameters.
    func atEdge(_ scan: DataScan, _ precision: Precision) -> Condition? {
        guard case .observed(let distribution) = use.rule, let edges else { return nil }
        let density = distribution.logProb(use.value)
        let parameters = distribution.parameters
        let known = Known.nodes(parameters.map(\.value))
        let unknown = parameters.filter { !known.contains($0.value.id) && $0.value.failure == nil }
        let typical = Dictionary(
            unknown.map { ($0.value.id, $0.constraint.typicalValue($0.value.shape)) }, uniquingKeysWith: { first, _ in first })
        let isFinite = use.hasFiniteDensity(Graph.replace([density], typical)[0])
        guard Known.nodes([isFinite]).contains(isFinite.id) else { return nil }
        let violations = Known.simplified([edges .& .!isFinite], scan, precision)[0]
        return violations.failure == nil ? Condition(number, use, .edge, violations) : nil
    }
}

// MARK: Where it does not hold

extension Condition {
    /// What is wrong in one lane.
    struct Finding {
        /// Row-major, among the violations.
        let position: Int
        /// One number, or those of an event.
        let value: [Double]
        /// The same in the precision of the run, where only that makes it wrong.
        let rounded: [Double]?
    }

    /// - Parameter lanes: those in which it does not hold.
    /// - Returns: the first violation of each.
    func findings(_ binding: DataBinding, _ lanes: [Int], _ precision: Precision) throws -> [Finding] {
        let count = violations.count
        let perLane = binding.perLane
        let places = Tensor.iota(count).reshape(violations.shape)
        let first = select(violations, places, Tensor(integer: count - 1)).min()
        let positions = try DataProgram([first], perLane: perLane, precision: precision).run(lanes, binding)[0].element(0)

        // No user's data have this name.
        let name = "\0position"
        let place = Tensor.input(Input(.data, name, origin: Origin()), shape: [], dtype: .int)
        let event = Shape(use.value.shape.suffix(use.constraint.eventRank))
        let values = use.value.asReal.broadcast(to: violations.shape + event).reshape([count] + event).gather(place)
        let isWrong = violations.reshape([count]).gather(place)
        let byLane = Dictionary(zip(lanes, positions)) { first, _ in first }
        func evaluate(_ precision: Precision) throws -> [LaneArray] {
            try DataProgram([values, isWrong], perLane: perLane.union([name]), precision: precision)
                .run(lanes, binding) { some in [name: .perLane(some.map { byLane[$0] ?? 0 })] }
        }
        let exact = try evaluate(.double)
        let own = try precision == .double ? exact : evaluate(precision)
        return lanes.indices.map { lane in
            let isRounded = exact[1][lane, 0] == 0
            return Finding(position: Int(positions[lane]), value: exact[0].lane(lane), rounded: isRounded ? own[0].lane(lane) : nil)
        }
    }

    /// - Parameter owner: whose data they are; nil where all lanes share them.
    func text(_ finding: Finding, owner: String?) -> String {
        var text = "site '\(use.site)': \(use.role) is \(Self.list(finding.value))\(place(finding, owner))"
        if let rounded = finding.rounded { text += ", which single precision rounds to \(Self.list(rounded))" }
        let own = use.value.dataNames
        let sources = (own.isEmpty ? names : own).sorted()
        if !sources.isEmpty { text += " (data \(sources.map { "'\($0)'" }.joined(separator: ", ")))" }
        return text + "; " + wanted(finding)
    }

    private func wanted(_ finding: Finding) -> String {
        if case .row(let count) = use.rule { return "it must lie in 0 ..< \(count)" }
        let isMissing = finding.value.contains(where: \.isNaN)
        let isInfinite = finding.value.contains(where: \.isInfinite)
        var text = "it must be \(use.constraint)"
        switch (kind, use.rule) {
        case (.edge, _): text = "the density there is 0 or infinite, whatever its parameters are; " + text + ", and not on the edge"
        case (_, .inside): text += ", and not on the edge"
        case (_, .finite), (_, .observed), (_, .plain): if isInfinite { text += ", and finite" }
        case (_, .logarithm): if isInfinite { text += ", or -inf" }
        case (_, .row): break
        }
        if case .inside = use.rule { return text }
        return isMissing ? text + "; take missing elements out with a mask" : text
    }

    private func place(_ finding: Finding, _ owner: String?) -> String {
        let shape = violations.shape
        let index = zip(shape, Shapes.strides(shape)).map { finding.position / $1 % max($0, 1) }
        if index.isEmpty { return owner.map { " in \($0)" } ?? "" }
        return " at position \(index.count == 1 ? "\(index[0])" : "\(index)")" + (owner.map { " of \($0)" } ?? "")
    }

    private static func list(_ values: [Double]) -> String {
        let texts = values.prefix(6).map(Constraint.text)
        return values.count == 1 ? texts[0] : "[" + texts.joined(separator: ", ") + (values.count > 6 ? ", ...]" : "]")
    }
}
