import LockstepDistributions
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// What model and guide use data for, and the check of a run's data against that.
struct DataChecks: Sendable {
    private let uses: [Use]
    /// The log densities of sites that count.
    private let densities: [(site: String, value: Tensor)]
    /// Masks of sites, which decide by themselves what counts.
    private let masks: [Tensor]

    /// - Parameters:
    ///   - traces: of the model, and of a guide that is one.
    ///   - starts: what parameters start from.
    init(traces: [Trace], starts: [Use]) {
        let sites = traces.flatMap(\.sites)
        densities = sites.compactMap { site in site.logProb.map { (site.name, $0) } }
        masks = sites.flatMap(\.masks)
        // Rows first: the others may be computed from them.
        uses = Self.rowUses(sites) + traces.flatMap { ($0.sites + $0.hidden).flatMap(\.uses) } + starts
    }

    /// The indices that sites take rows by.
    private static func rowUses(_ sites: [Site]) -> [Use] {
        let roots = sites.flatMap { site in [site.value, site.logProb].compactMap { $0 }.map { (site.name, $0) } }
        let names = Dictionary(roots.map { ($0.1.id, $0.0) }, uniquingKeysWith: { first, _ in first })
        var found: [(index: Tensor, count: Int)] = []
        var seen: [ObjectIdentifier: Int] = [:]
        var uses: [Use] = []
        // What a root reaches comes before it in the order.
        for tensor in Graph.topologicalOrder(roots.map(\.1)) {
            switch tensor.node.op {
            case .gather: found.append((tensor.node.inputs[1], tensor.node.inputs[0].shape[0]))
            case .segmentSum: found.append((tensor.node.inputs[1], tensor.shape[0]))
            default: break
            }
            guard let name = names[tensor.id] else { continue }
            for (index, count) in found where seen.updateValue(count, forKey: index.id) != count {
                uses.append(Use(site: name, role: "an index", index, .real, .row(below: count)))
            }
            found = []
        }
        return uses
    }

    /// - Parameter mistakes: what others found wrong with the data: the lane, nil for shared data, and what it is.
    /// - Returns: why lanes are left out, by lane.
    /// - Throws: `DataError` for wrong data, unless lanes that have wrong data are to be left out; `ModelError` for
    ///   constants of a model that are not what it uses them for.
    func check(
        _ binding: DataBinding, lanes: Int, precision: Precision, policy: BadData, mistakes: [(lane: Int?, error: DataError)] = []
    ) throws -> [Int: DataError] {
        let scan = DataScan(binding, precision: precision)
        var check = DataCheck(binding: binding, scan: scan, precision: precision, lanes: lanes, describesAll: policy == .leaveOut)
        try check.take(scan.mistakes + mistakes)
        try check.findMissing(densities, masks)
        try check.findMisuses(uses)
        guard policy == .throw, let first = check.bad.keys.min(), let error = check.bad[first] else { return check.bad }
        let count = check.bad.count
        let more = count == 1 ? "" : "; \(count) of the \(lanes) lanes have such mistakes, and RunOptions.badData can leave them out"
        throw DataError(name: error.name, lanes: check.bad.keys.sorted(), description: error.description + more)
    }
}
