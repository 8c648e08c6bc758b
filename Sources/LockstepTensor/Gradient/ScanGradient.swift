/// The derivative of a recurrence is a recurrence from its last step to its first, which carries the derivatives with respect to what was
/// carried and reads what that was before each step (Griewank and Walther, Evaluating Derivatives, 2nd ed., section 3.3).
struct ScanGradient {
    private let node: Tensor
    private let region: Region
    private let scan: Scan
    /// Of results, by number.
    private let adjoints: [Int: Tensor]
    /// Parameters of the region on which what is differentiated depends.
    private let isActive: [Bool]

    /// - Parameters:
    ///   - node: the recurrence.
    ///   - adjoints: the derivatives with respect to its results, by number.
    ///   - active: tensors outside that derivatives are wanted of.
    init?(_ node: Tensor, _ adjoints: [Int: Tensor], active: Set<ObjectIdentifier>) {
        guard case .scan(let region, let scan) = node.node.op else { return nil }
        (self.node, self.region, self.scan, self.adjoints) = (node, region, scan, adjoints)
        let order = Graph.topologicalOrder(region.results)
        var isActive = zip(node.node.inputs, region.parameters).map { active.contains($0.id) && $1.dtype == .real }
        // Through what is carried, a step later.
        while true {
            var own = Set(zip(region.parameters, isActive).filter(\.1).map(\.0.id))
            for tensor in order where tensor.dtype == .real && tensor.node.op != .stopGradient {
                if tensor.node.inputs.contains(where: { own.contains($0.id) }) { own.insert(tensor.id) }
            }
            let found = (0..<scan.carries).filter { !isActive[$0] && own.contains(region.results[$0].id) }
            if found.isEmpty { break }
            for carry in found { isActive[carry] = true }
        }
        self.isActive = isActive
    }

    /// The derivatives with respect to operands of the node, by position.
    var operands: [(position: Int, derivative: Tensor)] {
        let carried = (0..<scan.carries).filter { isActive[$0] }
        let others = (scan.carries..<region.parameters.count).filter { isActive[$0] }
        let outputs = (0..<scan.outputs).filter { adjoints[scan.number(.output($0))] != nil }
        let histories = carried.filter { adjoints[scan.number(.history($0))] != nil }

        func stand(_ tensor: Tensor, _ name: String) -> Tensor { Region.parameter(like: tensor.shape, tensor.dtype, name) }
        let carryAdjoints = carried.map { stand(region.parameters[$0], "derivative of carry \($0)") }
        let own = region.parameters.enumerated().map { stand($1, "parameter \($0)") }
        let outputAdjoints = outputs.map { stand(region.results[scan.carries + $0], "derivative of output \($0)") }
        let historyAdjoints = histories.map { stand(region.parameters[$0], "derivative of history \($0)") }

        let results = region.applied(to: own)
        let seeds = zip(carried, carryAdjoints).map { (results[$0], $1) } + zip(outputs, outputAdjoints).map { (results[scan.carries + $0], $1) }
        let derivatives = Gradient.of(seeds, withRespectTo: (carried + others).map { own[$0] })
        let next = zip(carried, derivatives).map { carry, derivative in
            histories.firstIndex(of: carry).map { derivative + historyAdjoints[$0] } ?? derivative
        }

        let firstCaptured = scan.carries + scan.stacked
        let reversed = Region(
            parameters: carryAdjoints + own[..<firstCaptured] + outputAdjoints + historyAdjoints + own[firstCaptured...],
            results: next + derivatives.dropFirst(carried.count))
        let inputs = node.node.inputs
        let starts = carried.map { adjoints[scan.number(.final($0))] ?? Tensor(repeating: 0, shape: region.parameters[$0].shape) }
        let stacked =
            (0..<scan.carries).map { node.scanResult(.history($0)) } + inputs[scan.carries..<firstCaptured]
            + outputs.compactMap { adjoints[scan.number(.output($0))] } + histories.compactMap { adjoints[scan.number(.history($0))] }
        let back = Region.scanNode(
            reversed,
            Scan(
                length: scan.length, isReversed: !scan.isReversed, carries: carried.count, stacked: stacked.count, outputs: others.count),
            starts + stacked + inputs[firstCaptured...])
        return carried.enumerated().map { ($1, back.scanResult(.final($0))) }
            + others.enumerated().map { place, position in
                let rows = back.scanResult(.output(place))
                // What is captured takes part in each step.
                return (position, position < firstCaptured ? rows : rows.sum(axis: 0))
            }
    }
}
