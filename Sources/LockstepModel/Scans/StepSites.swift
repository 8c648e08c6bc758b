import LockstepDistributions
import LockstepTensor

/// The sites of a step that has been traced, over all steps: time is the first axis of each.
struct StepSites {
    private let trace: StepTrace
    /// What tensors of the step come to in all steps.
    private var wholes: [ObjectIdentifier: Tensor]

    /// What is carried in the end, and what the steps return beside it.
    let result: ScanResult

    /// - Parameters:
    ///   - sites: of the step, in the order of the run.
    ///   - outputs: of the step.
    init(_ trace: StepTrace, _ sites: [Site], outputs: [Tensor]) {
        self.trace = trace
        wholes = Dictionary(trace.rows.map { ($0.own.id, $0.whole) }, uniquingKeysWith: { first, _ in first })
        let varying = sites.filter { $0.kind != .param }
        let terms = varying.compactMap(\.logProb)
        // What is observed follows from data, and has to be seen to.
        let values = varying.filter { $0.kind != .factor && !$0.isObserved }.map(\.value)
        let known = wholes
        let candidates = (terms + values).filter { known[$0.id] == nil }
        let wanted = zip(candidates, trace.depend(candidates)).filter(\.1).map(\.0)
        let all = trace.run(outputs + wanted)
        result = ScanResult(carries: all.carries, outputs: Array(all.outputs.prefix(outputs.count)))
        for (tensor, whole) in zip(wanted, all.outputs.dropFirst(outputs.count)) { wholes[tensor.id] = whole }
    }

    mutating func overSteps(_ site: Site) -> Site {
        if site.kind == .param { return site }
        let batch = site.distribution?.batchShape ?? site.logProb?.shape ?? []
        let distribution = site.distribution.map { overSteps($0) }
        return Site(
            name: site.name, kind: site.kind, isObserved: site.isObserved, distribution: distribution, value: full(site.value),
            logProb: site.logProb.map { full($0) }, plates: site.plates, constraint: nil, initial: nil,
            uses: rowUses(site) + site.uses.map { overSteps($0, site.distribution, distribution, batch) },
            masks: site.masks.map { whole($0, rank: batch.count) }, scales: site.scales.map { whole($0, rank: batch.count) })
    }

    private mutating func overSteps(_ distribution: any Distribution) -> OverSteps {
        let (batch, event) = (distribution.batchShape.count, distribution.eventShape.count)
        let parameters = distribution.parameters.map { parameter in
            let rank = Swift.max(batch + parameter.constraint.eventRank + parameter.eventAxes, parameter.value.rank)
            return parameter.with(whole(parameter.value, rank: rank), parameter.constraint.mapBounds { whole($0, rank: rank) })
        }
        let support = distribution.support.mapBounds { whole($0, rank: batch + event) }
        return OverSteps(distribution, trace, support: support, parameters: parameters)
    }

    private mutating func overSteps(
        _ use: Use, _ distribution: (any Distribution)?, _ over: OverSteps?, _ batch: Shape
    ) -> Use {
        let rank = Swift.max(batch.count + use.eventAxes + use.constraint.eventRank, use.value.rank)
        let rule: Use.Rule
        if case .observed = use.rule, let over { rule = .observed(over) } else { rule = use.rule }
        return Use(
            site: use.site, role: use.role, whole(use.value, rank: rank), use.constraint.mapBounds { whole($0, rank: rank) }, rule,
            mask: use.mask.map { whole($0, rank: batch.count) }, eventAxes: use.eventAxes)
    }

    /// The indices by which the site takes rows in each step.
    private mutating func rowUses(_ site: Site) -> [Use] {
        let order = Graph.topologicalOrder([site.value] + (site.logProb.map { [$0] } ?? []))
        let gathers = order.filter { $0.node.op == .gather }
        let indices = gathers.map { $0.node.inputs[1] }
        return zip(gathers, trace.depend(indices)).filter(\.1).map { gather, _ in
            let index = gather.node.inputs[1]
            return Use(site: site.name, role: "an index", whole(index, rank: index.rank), .real, .row(below: gather.node.inputs[0].shape[0]))
        }
    }

    /// A tensor over all steps, with an axis for them.
    private mutating func full(_ tensor: Tensor) -> Tensor {
        let whole = whole(tensor, rank: tensor.rank)
        return tensor.failure == nil ? whole.broadcast(to: [trace.length] + tensor.shape) : whole
    }

    /// A tensor that broadcasts to the same over all steps.
    ///
    /// - Parameter rank: how many axes stand right of that of the steps.
    private mutating func whole(_ tensor: Tensor, rank: Int) -> Tensor {
        let found: Tensor
        if let known = wholes[tensor.id] {
            found = known
        } else {
            found = tensor.failure == nil && trace.depend([tensor])[0] ? trace.outputs([tensor])[0] : tensor
            wholes[tensor.id] = found
        }
        guard found.failure == nil, found.shape != tensor.shape || found.id != tensor.id, tensor.rank < rank else { return found }
        return found.reshape([trace.length] + Shape(repeating: 1, count: rank - tensor.rank) + tensor.shape)
    }
}
