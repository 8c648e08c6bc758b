/// A function of tensors. It is closed: all that its results are made of are its parameters and constants. Two regions are equal when
/// they are the same object.
package final class Region: Hashable, Sendable {
    /// Inputs of kind `bound`.
    package let parameters: [Tensor]
    package let results: [Tensor]

    package init(parameters: [Tensor], results: [Tensor]) {
        self.parameters = parameters
        self.results = results
    }

    package static func == (a: Region, b: Region) -> Bool { a === b }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

    /// Something that a region's parameter stands for.
    package static func parameter(like shape: Shape, _ dtype: DType, _ name: String) -> Tensor {
        .input(Input(.bound, name, origin: Origin()), shape: shape, dtype: dtype)
    }

    /// Whether expressions are made of what stands for something in a region that is being traced.
    package static func hasStandIns(_ tensors: [Tensor]) -> Bool {
        Graph.topologicalOrder(tensors).contains { if case .input(let input) = $0.node.op { input.kind == .bound } else { false } }
    }

    /// The results with other expressions in place of the parameters.
    package func applied(to operands: [Tensor]) -> [Tensor] {
        Graph.replace(results, Dictionary(zip(parameters.map(\.id), operands), uniquingKeysWith: { a, _ in a }))
    }

    /// The same expressions, in which no two recurrences have parameters in common: what one stands for is then known by itself.
    package static func distinct(_ roots: [Tensor]) -> [Tensor] {
        var seen: Set<ObjectIdentifier> = []
        return distinct(roots, &seen)
    }

    private static func distinct(_ roots: [Tensor], _ seen: inout Set<ObjectIdentifier>) -> [Tensor] {
        Graph.rewrite(roots) { node, inputs in
            guard case .scan(let region, let scan) = node.op else { return node.rebuilt(inputs) }
            var (parameters, results) = (region.parameters, region.results)
            if parameters.contains(where: { !seen.insert($0.id).inserted }) {
                parameters = parameters.enumerated().map { parameter(like: $1.shape, $1.dtype, "parameter \($0)") }
                results = region.applied(to: parameters)
            }
            return scanNode(Region(parameters: parameters, results: distinct(results, &seen)), scan, inputs)
        }
    }

    /// A function from what it makes of its parameters. What it has from elsewhere becomes further parameters.
    ///
    /// - Returns: the function, and what its further parameters stand for.
    package static func closed(_ parameters: [Tensor], _ results: [Tensor]) -> (region: Region, captured: [Tensor]) {
        var own = Set(parameters.map(\.id))
        let order = Graph.topologicalOrder(results)
        for tensor in order where tensor.node.inputs.contains(where: { own.contains($0.id) }) { own.insert(tensor.id) }
        /// Constants are repeated rather than handed in.
        func isConstant(_ tensor: Tensor) -> Bool { tensor.splat != nil || tensor.node.op == .iota }
        var captured: [Tensor] = []
        var names: [ObjectIdentifier: Tensor] = [:]
        func capture(_ tensor: Tensor) {
            guard !own.contains(tensor.id), !isConstant(tensor), names[tensor.id] == nil else { return }
            captured.append(tensor)
            names[tensor.id] = parameter(like: tensor.shape, tensor.dtype, "captured \(captured.count - 1)")
        }
        for tensor in order where own.contains(tensor.id) { for input in tensor.node.inputs { capture(input) } }
        for result in results { capture(result) }
        let further = captured.compactMap { names[$0.id] }
        return (Region(parameters: parameters + further, results: Graph.replace(results, names)), captured)
    }
}

/// How often the region of a scan is run, and what its parameters and results are.
///
/// The region gets what it carries, a row of each stacked operand, and what was captured; its results are what it carries on, and a row of
/// each output. Operands of the node are in the same order. Results of the node, by number, are what is carried in the end, the outputs
/// with time in front, and for each of what is carried its values before each step, with time in front.
package struct Scan: Hashable, Sendable {
    package let length: Int
    /// Whether the last row comes first. Outputs stand where their rows do.
    package let isReversed: Bool
    package let carries: Int
    package let stacked: Int
    package let outputs: Int
    /// Whether the last of what is carried is a mask without which steps change nothing: where it holds in no lane, the rest may be
    /// left out. What is carried before each step is then not known.
    package let stops: Bool

    package init(length: Int, isReversed: Bool, carries: Int, stacked: Int, outputs: Int, stops: Bool = false) {
        self.length = length
        self.isReversed = isReversed
        self.carries = carries
        self.stacked = stacked
        self.outputs = outputs
        self.stops = stops
    }

    /// What a result of the node is.
    package enum Result: Hashable, Sendable {
        /// What is carried in the end.
        case final(Int)
        case output(Int)
        /// What was carried before each step.
        case history(Int)
    }

    package func result(_ number: Int) -> Result {
        if number < carries { return .final(number) }
        return number < carries + outputs ? .output(number - carries) : .history(number - carries - outputs)
    }

    package func number(_ result: Result) -> Int {
        switch result {
        case .final(let place): place
        case .output(let place): carries + place
        case .history(let place): carries + outputs + place
        }
    }

    /// What an operand of the node is to the region.
    package enum Operand: Hashable, Sendable {
        case carry(Int)
        case stacked
        case captured
    }

    package func operand(_ position: Int) -> Operand {
        position < carries ? .carry(position) : position < carries + stacked ? .stacked : .captured
    }
}

extension Region {
    /// The node of a recurrence. It has no value itself: its results have.
    static func scanNode(_ region: Region, _ scan: Scan, _ operands: [Tensor]) -> Tensor {
        Tensor(.scan(region, scan), operands, shape: [], dtype: .real)
    }
}

extension Tensor {
    /// A result of a node of a scan.
    package func scanResult(_ result: Scan.Result) -> Tensor {
        guard case .scan(let region, let scan) = node.op else { return self }
        let (source, isStacked) =
            switch result {
            case .final(let place): (region.results[place], false)
            case .output(let place): (region.results[scan.carries + place], true)
            case .history(let place): (region.parameters[place], true)
            }
        return Tensor(.result(scan.number(result)), [self], shape: (isStacked ? [scan.length] : []) + source.shape, dtype: source.dtype)
    }
}
