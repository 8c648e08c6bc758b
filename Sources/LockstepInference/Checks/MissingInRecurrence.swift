import LockstepTensor

/// Where the results of a recurrence depend on missing values: a recurrence of masks beside it.
struct MissingInRecurrence {
    private let region: Region
    private let scan: Scan
    /// The step, with masks beside what is carried and beside the rows.
    private let trace: StepTrace
    /// Of what is carried before each step, by place; nil where nothing can be missing.
    private let carried: [Tensor?]
    /// Of results of the step.
    private let results: [Tensor?]
    /// The places of the masks among what the step carries.
    private let places: [Int: Int]

    init(_ region: Region, _ scan: Scan, _ operands: [Tensor], _ outer: MissingValues) {
        (self.region, self.scan) = (region, scan)
        let parts = operands.map { outer[$0] }
        let known = Self.known(region, scan, operands.map(outer.isKnown))
        let stands = region.parameters.map { Region.parameter(like: $0.shape, .bool, "missing") }
        // What is carried may come to depend on a missing value in a later step.
        var isMissing = parts.map { $0 != nil }
        var results: [Tensor?]
        while true {
            let given = zip(region.parameters, stands).enumerated().filter { isMissing[$0.offset] }.map { ($0.element.0.id, $0.element.1) }
            let step = MissingValues(
                step: region.results, known: known, masks: Dictionary(given, uniquingKeysWith: { first, _ in first }), outer)
            results = region.results.map { step[$0] }
            let more = (0..<scan.carries).filter { !isMissing[$0] && results[$0] != nil }
            if more.isEmpty { break }
            for place in more { isMissing[place] = true }
        }
        func whole(_ mask: Tensor?, like tensor: Tensor) -> Tensor { (mask ?? Tensor(mask: false)).broadcast(to: tensor.shape) }
        // What is captured is itself, and so is its mask.
        let captured = (scan.carries + scan.stacked)..<operands.count
        let names = captured.flatMap { place in
            [(region.parameters[place].id, operands[place])] + (parts[place].map { [(stands[place].id, $0)] } ?? [])
        }
        let captures = Dictionary(names, uniquingKeysWith: { first, _ in first })
        func outside(_ tensors: [Tensor]) -> [Tensor] { Graph.replace(tensors, captures) }
        let missing = (0..<scan.carries).filter { isMissing[$0] }
        let next = outside(
            region.results.prefix(scan.carries) + missing.map { whole(results[$0], like: region.results[$0]) })
        let starts = operands.prefix(scan.carries) + missing.map { whole(parts[$0], like: operands[$0]) }
        let own = region.parameters.prefix(scan.carries) + missing.map { stands[$0] }
        let stacked = scan.carries..<(scan.carries + scan.stacked)
        trace = StepTrace(
            length: scan.length, isReversed: scan.isReversed,
            carries: zip(own, zip(starts, next)).map { StepTrace.Carry(own: $0, start: $1.0, next: $1.1) },
            rows: stacked.map { StepTrace.Row(own: region.parameters[$0], whole: operands[$0]) }
                + stacked.compactMap { place in parts[place].map { StepTrace.Row(own: stands[place], whole: $0) } })
        carried = (0..<scan.carries).map { isMissing[$0] ? stands[$0] : nil }
        places = Dictionary(missing.enumerated().map { ($1, scan.carries + $0) }, uniquingKeysWith: { first, _ in first })
        self.results = results.map { $0.map { outside([$0])[0] } }
    }

    /// The mask of a result of the recurrence; nil where none is missing.
    func mask(_ number: Int) -> Tensor? {
        switch scan.result(number) {
        case .final(let place): places[place].map { trace.finals([$0])[0] }
        case .output(let place): results[scan.carries + place].map { trace.outputs([$0])[0] }
        case .history(let place): carried[place].map { trace.outputs([$0])[0] }
        }
    }

    /// The parameters of a region that are known before a run: of what is carried, those that start and go on so.
    private static func known(_ region: Region, _ scan: Scan, _ isKnown: [Bool]) -> Set<ObjectIdentifier> {
        var isKnown = isKnown
        while true {
            let parameters = Set(zip(region.parameters, isKnown).filter(\.1).map(\.0.id))
            let nodes = Known.nodes(region.results, given: parameters)
            let lost = (0..<scan.carries).filter { isKnown[$0] && !nodes.contains(region.results[$0].id) }
            if lost.isEmpty { return parameters }
            for place in lost { isKnown[place] = false }
        }
    }
}
