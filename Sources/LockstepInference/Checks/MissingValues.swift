import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Where expressions depend on missing values: for each a mask of its elements that are computed from NaN among the
/// data. What a selection passes over counts for nothing.
struct MissingValues {
    private var masks: [ObjectIdentifier: Tensor]
    private var recurrences: [ObjectIdentifier: MissingInRecurrence] = [:]
    private let known: Set<ObjectIdentifier>
    private let missing: Set<String>
    private let origin: Origin
    private let isOfStep: Bool

    /// Which elements of some data are taken for missing: an array of their shape, 1 where one is.
    static func marks(_ name: String) -> String { "\0missing/" + name }

    /// - Parameters:
    ///   - decisive: masks that decide by themselves what counts, whatever they are computed from.
    ///   - missing: the data that hold NaN.
    init(_ roots: [Tensor], decisive: [Tensor], missing: Set<String>) {
        (known, masks, self.missing) = (Known.nodes(roots), [:], missing)
        (origin, isOfStep) = (Origin(), false)
        let decisive = Set(decisive.map(\.id))
        for tensor in Graph.topologicalOrder(roots) where !decisive.contains(tensor.id) { add(tensor) }
    }

    /// In a step of a recurrence.
    ///
    /// - Parameters:
    ///   - roots: of the step.
    ///   - given: the parameters of the step that are known before a run.
    ///   - masks: those of parameters of the step, by identity.
    ///   - outer: of what is around the recurrence.
    init(step roots: [Tensor], known given: Set<ObjectIdentifier>, masks: [ObjectIdentifier: Tensor], _ outer: MissingValues) {
        (known, self.masks, missing) = (Known.nodes(roots, given: given), masks, outer.missing)
        (origin, isOfStep) = (outer.origin, true)
        for tensor in Graph.topologicalOrder(roots) where masks[tensor.id] == nil { add(tensor) }
    }

    private mutating func add(_ tensor: Tensor) {
        if case .scan(let region, let scan) = tensor.node.op, !scan.stops {
            recurrences[tensor.id] = MissingInRecurrence(region, scan, tensor.node.inputs, self)
        }
        masks[tensor.id] = mask(tensor)
    }

    func isKnown(_ tensor: Tensor) -> Bool { known.contains(tensor.id) }

    /// Nil for an expression that depends on no missing value.
    subscript(_ tensor: Tensor) -> Tensor? { masks[tensor.id] }

    private func mask(_ tensor: Tensor) -> Tensor? {
        let node = tensor.node
        let parts = node.inputs.map { masks[$0.id] }
        switch node.op {
        case .input(let input):
            guard input.kind == .data, missing.contains(input.name) else { return nil }
            return 0.5 .< .input(Input(.data, Self.marks(input.name), origin: origin), shape: tensor.shape)
        case _ where parts.allSatisfy({ $0 == nil }):
            return nil
        case .map(let op):
            return elementwise(op, node.inputs, parts)
        case .stopGradient where isOfStep && tensor.dtype == .bool:
            // A mask of a site decides by itself.
            return nil
        case .reduce(_, let axes):
            return parts[0]?.any(axes)
        case .broadcast, .reshape, .permute, .slice, .stopGradient:
            return parts[0].map { Tensor(node.op, [$0], shape: tensor.shape, dtype: .bool) }
        case .scan, .call:
            // That a part is missing: where that is all that is known of a recurrence, it is in all that follows.
            return parts.reduce(nil) { Self.either($0, $1?.any()) }
        case .cholesky, .triangular:
            // Elements are made of all of the matrix.
            return parts.reduce(nil) { Self.either($0, $1?.any()) }?.broadcast(to: tensor.shape)
        case .result(let number):
            if let recurrence = recurrences[node.inputs[0].id] { return recurrence.mask(number) }
            return parts[0]?.broadcast(to: tensor.shape)
        case .assemble:
            let masks = zip(node.inputs, parts).map { $1 ?? Tensor(mask: false).broadcast(to: $0.shape) }
            return Tensor(node.op, masks, shape: tensor.shape, dtype: .bool)
        case .gather:
            let (rows, index) = (node.inputs[0], node.inputs[1])
            let fromRows = parts[0].map { mask in
                known.contains(index.id)
                    ? mask.gather(index.clampedRow(rows.shape[0])) : mask.any([0]).broadcast(to: tensor.shape)
            }
            let fromIndex = parts[1].map { $0.reshape(index.shape + Shape(repeating: 1, count: rows.rank - 1)).broadcast(to: tensor.shape) }
            return Self.either(fromRows, fromIndex)
        case .segmentSum:
            let index = node.inputs[1]
            let fromValues = parts[0].map { mask in
                known.contains(index.id)
                    ? 0.5 .< mask.segmentSum(index.clampedRow(tensor.shape[0]), count: tensor.shape[0])
                    : mask.any(Array(0..<index.rank)).broadcast(to: tensor.shape)
            }
            return Self.either(fromValues, parts[1]?.any().broadcast(to: tensor.shape))
        case .random, .literal, .iota:
            return parts.compactMap { $0?.any() }.reduce(nil, Self.either)?.broadcast(to: tensor.shape)
        }
    }

    private func elementwise(_ op: ElementOp, _ inputs: [Tensor], _ parts: [Tensor?]) -> Tensor? {
        switch op {
        case .isFinite:
            return nil
        case .equal where inputs[0].id == inputs[1].id:
            // The test for NaN.
            return nil
        case .select:
            let none = Tensor(mask: false)
            let isKnown = known.contains(inputs[0].id)
            let first = isKnown ? parts[1] : parts[1].map { part in Known.mayCount(inputs[0], known).mask.map { part .& $0 } ?? part }
            let taken = isKnown ? select(inputs[0], first ?? none, parts[2] ?? none) : Self.either(first, parts[2])
            return Self.either(parts[0], taken)
        case .and, .or:
            // Where one is known to decide, the other does not matter.
            func open(_ number: Int) -> Tensor? {
                guard known.contains(inputs[number].id) else { return nil }
                return op == .and ? inputs[number] : .!inputs[number]
            }
            func part(_ number: Int, _ other: Int) -> Tensor? {
                guard let own = parts[number], let isOpen = open(other) else { return parts[number] }
                return own .& (parts[other].map { $0 .| isOpen } ?? isOpen)
            }
            return Self.either(part(0, 1), part(1, 0))
        default:
            return parts.reduce(nil, Self.either)
        }
    }

    private static func either(_ a: Tensor?, _ b: Tensor?) -> Tensor? {
        guard let a else { return b }
        return b.map { a .| $0 } ?? a
    }
}

extension DataCheck {
    /// Finds densities that depend on missing values, which no mask excludes there.
    mutating func findMissing(_ densities: [(site: String, value: Tensor)], _ masks: [Tensor]) throws {
        guard !scan.missing.isEmpty else { return }
        let spread = MissingValues(densities.map(\.value), decisive: masks, missing: scan.missing)
        let affected = densities.compactMap { density in spread[density.value].map { (density.site, $0.any()) } }
        let roots = Known.simplified(affected.map(\.1), scan, precision)
        let shared = affected.indices.filter { areShared(dataNames(roots[$0])) }
        try findMissing(shared.map { (affected[$0].0, roots[$0]) })
        try findMissing(affected.indices.filter { !shared.contains($0) }.map { (affected[$0].0, roots[$0]) })
    }

    /// The users' data that a mask follows from.
    private func dataNames(_ mask: Tensor) -> Set<String> {
        let names = mask.dataNames
        return names.union(scan.missing.filter { names.contains(MissingValues.marks($0)) })
    }

    /// For sites all of which depend on shared data only, or none.
    private mutating func findMissing(_ sites: [(name: String, isAffected: Tensor)]) throws {
        guard let some = sites.first, !good.isEmpty else { return }
        let names = sites.reduce(into: Set<String>()) { $0.formUnion(dataNames($1.isAffected)) }
        let isShared = areShared(dataNames(some.isAffected))
        let lanes = lanes(names)
        let numbers = binding.declarations.filter { names.contains($0.name) && scan.missing.contains($0.name) }.map(\.name)
        let marked = binding.perLane.union(numbers.map(MissingValues.marks))
        let program = try DataProgram(sites.map(\.isAffected), perLane: marked, precision: precision)
        let own = Dictionary(uniqueKeysWithValues: numbers.map { ($0, binding.places(of: $0)) })
        let places = Dictionary(uniqueKeysWithValues: lanes.map { lane in (lane, missingPlaces(lane, numbers) { own[$0]?(lane) ?? 0..<0 }) })

        /// The first site that is affected, lane by lane, when the first few missing values of each are missing.
        func affected(_ lanes: [Int], _ count: [Int: Int]) throws -> [Int: Int] {
            let flags = try program.run(lanes, binding) { some in marks(some, numbers, places, count) }.map { $0.element(0) }
            var result: [Int: Int] = [:]
            for (place, lane) in lanes.enumerated() { result[lane] = flags.firstIndex { $0[place] != 0 } }
            return result
        }
        let all = places.mapValues(\.count)
        let wrong = try affected(lanes, all).keys.sorted()
        let chosen = described(wrong)
        // By bisection: the fewest that affect a site; the last of them is one that does.
        var (low, high) = (all.mapValues { _ in 0 }, all)
        while true {
            let open = chosen.filter { high[$0, default: 0] - low[$0, default: 0] > 1 }
            if open.isEmpty { break }
            let middle = Dictionary(uniqueKeysWithValues: open.map { ($0, (low[$0, default: 0] + high[$0, default: 0]) / 2) })
            let found = try affected(open, middle)
            for lane in open {
                if found[lane] == nil { low[lane] = middle[lane] } else { high[lane] = middle[lane] }
            }
        }
        let culprits = try affected(chosen, high)
        let mistakes = wrong.map { lane -> (lane: Int?, error: DataError) in
            guard let site = culprits[lane].map({ sites[$0].name }), let place = places[lane]?[high[lane, default: 1] - 1] else {
                return (lane, DataError(numbers.first ?? "", lanes: [lane], "is NaN in \(binding.owner(of: lane, names))"))
            }
            let own = binding.perLane.contains(place.name) ? " of \(binding.owner(of: lane, [place.name]))" : ""
            let text =
                "is NaN at position \(place.position)\(own), and the density of site '\(site)' depends on it; "
                + "exclude what is missing with a mask, as in m.mask(\(place.name).isFinite), or model it"
            return (isShared ? nil : lane, DataError(place.name, lanes: isShared ? [] : [lane], text))
        }
        try take(spread(mistakes, names))
    }

    private typealias Place = (name: String, position: Int)

    /// - Parameter own: where the numbers of the lane are.
    private func missingPlaces(_ lane: Int, _ names: [String], _ own: (String) -> Range<Int>) -> [Place] {
        names.flatMap { name -> [Place] in
            let values = binding.data[name]?.values[own(name)].doubles ?? []
            return values.indices.filter { values[$0].isNaN }.map { (name, $0) }
        }
    }

    /// Marks of the first `count` missing values of each lane.
    private func marks(
        _ lanes: [Int], _ names: [String], _ places: [Int: [Place]], _ count: [Int: Int]
    ) -> [String: LaneInputs.Data] {
        var marks: [String: LaneInputs.Data] = [:]
        for name in names {
            let length = binding.declarations.first { $0.name == name }?.shape.elementCount ?? 0
            var values = [Double](repeating: 0, count: lanes.count * length)
            for (number, lane) in lanes.enumerated() {
                for place in places[lane, default: []].prefix(count[lane, default: 0]) where place.name == name {
                    values[number * length + place.position] = 1
                }
            }
            marks[MissingValues.marks(name)] = .perLane(values)
        }
        return marks
    }
}
