import LockstepCompiler
import LockstepModel
import LockstepTensor

/// What a driver's compiler is about to get: it needs from half a second to minutes, and more than twice as long for twice as much.
public struct CompilationSize: Hashable, Sendable, CustomStringConvertible {
    /// How much there is of one site.
    public struct Part: Hashable, Sendable {
        /// Its name.
        public let site: String
        /// Operations that its log density is made of.
        public let operations: Int
    }

    /// Statements of one step, in unrolled loops each by itself.
    public let operations: Int
    /// The sites whose log densities are made of the most, at most three; none where the step is not large.
    public let largest: [Part]

    /// Whether a driver will be at it for more than some seconds.
    public var isLarge: Bool { operations >= Self.large }

    static let large = 10_000

    init(_ program: LaneProgram, _ trace: Trace) {
        var count = 0
        program.forEachStatement { _ in count += 1 }
        operations = count
        largest =
            count < Self.large
            ? []
            : Array(
                trace.sites.map { site in
                    let order = site.logProb.map { Graph.topologicalOrder([$0]) } ?? []
                    return Part(site: site.name, operations: order.count { !$0.node.inputs.isEmpty })
                }.sorted { ($1.operations, $0.site) < ($0.operations, $1.site) }.prefix(3))
    }

    public var description: String {
        guard isLarge else { return "a step is \(operations) operations" }
        let parts = largest.map { "'\($0.site)' (\($0.operations))" }.joined(separator: ", ")
        return "a step is \(operations) operations, which takes a driver long to compile; the largest densities are those of "
            + "\(parts): plates, arrays and `batched` in place of loops in Swift make it shorter"
    }
}
