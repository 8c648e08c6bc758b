import LockstepTensor

/// Makes arrays of scalars that are alike: what a model says of a hundred sites by name is one expression of arrays, for
/// which a kernel has one loop (after Larsen and Amarasinghe 2000, who pack statements alike for vector units).
struct Packing {
    struct Result {
        var function: LaneFunction
        var packs: [Pack]
    }

    static func pack(_ function: LaneFunction, _ options: LoweringOptions) -> Result {
        let order = Graph.topologicalOrder(function.roots)
        let unchanged = Result(function: function, packs: [])
        // Most programs have few scalars.
        guard order.count(where: { $0.count == 1 }) > options.packingGain else { return unchanged }
        var packing = Packing(function, order, options)
        guard packing.saved >= options.packingGain else { return unchanged }
        return packing.rebuilt()
    }

    /// A group, or one tensor.
    private enum Unit: Hashable {
        case group(Int)
        case single(ObjectIdentifier)
    }

    private let fewest: Int
    private let options: LoweringOptions
    private let function: LaneFunction
    private let order: [Tensor]
    private let sums: ScalarSums
    private let classes: ScalarClasses
    private let origin = Origin()
    /// Where a scalar is: in which packed group, and where there.
    private var place: [ObjectIdentifier: (group: Int, position: Int)] = [:]
    private var saved = 0

    /// New tensors: of groups, of single tensors.
    private var arrays: [Int: Tensor] = [:]
    private var singles: [ObjectIdentifier: Tensor] = [:]
    private var packs: [Pack] = []
    /// Of packed states: the array, and where there.
    private var states: [String: (array: Tensor, position: Int)] = [:]
    private var data: [[String]: Tensor] = [:]

    private init(_ function: LaneFunction, _ order: [Tensor], _ options: LoweringOptions) {
        let fewest = max(options.fewestPacked, 2)
        self.fewest = fewest
        self.options = options
        self.function = function
        self.order = order
        sums = ScalarSums(order, roots: function.roots, most: fewest)
        let scalars = function.states.filter { $0.value.count == 1 }
        classes = ScalarClasses(
            order.filter { [sums] in !sums.inner.contains($0.id) },
            states: Dictionary(scalars.map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a }), sums: sums,
            perLane: function.perLane)
        for (number, group) in classes.groups.enumerated() where group.members.count >= fewest {
            switch group.members[0].node.op {
            case .map, .random:
                guard sums.terms[group.members[0].id] == nil else { continue }
                for (position, member) in group.members.enumerated() { place[member.id] = (number, position) }
                saved += group.members.count - 1
            default: break
            }
        }
    }

    // MARK: Rebuilding

    private mutating func rebuilt() -> Result {
        if options.packsStates { packStates() }
        let tensors = Dictionary(order.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
        for unit in inOrder(tensors) {
            switch unit {
            case .group(let number): arrays[number] = array(classes.groups[number].members)
            case .single(let id): if let tensor = tensors[id] { singles[id] = single(tensor) }
            }
        }
        let nextStates = self.nextStates()
        let records = function.records.map {
            LaneFunction.Record($0.name, slots: $0.slots, slot: value($0.slot), value: value($0.value))
        }
        let rebuilt = LaneFunction(
            states: nextStates, records: records,
            perLane: function.perLane.union(packs.filter { $0.kind == .data && function.perLane.contains($0.members[0]) }.map(\.name)))
        return Result(function: rebuilt.replacingRoots(Simplifier.simplify(rebuilt.roots)), packs: packs)
    }

    /// States whose next values are elements of one array become one too, in the order in which they are listed.
    private mutating func packStates() {
        var alike: [Int: [LaneFunction.State]] = [:]
        var groups: [Int] = []
        for state in function.states where state.value.count == 1 {
            guard let at = place[state.value.scalar.id] else { continue }
            if alike[at.group] == nil { groups.append(at.group) }
            alike[at.group, default: []].append(state)
        }
        for group in groups {
            guard let members = alike[group], members.count >= fewest else { continue }
            let pack = Pack(kind: .states, name: "\(options.ownNames)k/\(packs.count)", members: members.map(\.name))
            let array = Tensor.input(Input(.state, pack.name, origin: origin), shape: [members.count], dtype: members[0].value.dtype)
            for (position, member) in members.enumerated() { states[member.name] = (array, position) }
            packs.append(pack)
        }
    }

    private func nextStates() -> [LaneFunction.State] {
        var result: [LaneFunction.State] = []
        let values = Dictionary(function.states.map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a })
        for pack in packs where pack.kind == .states {
            let places = pack.members.compactMap { values[$0].flatMap { place[$0.scalar.id] } }
            guard let group = places.first?.group, let array = arrays[group] else { continue }
            result.append(.init(pack.name, Self.arranged(array, places.map(\.position))))
        }
        return result + function.states.filter { states[$0.name] == nil }.map { .init($0.name, value($0.value)) }
    }

    /// All groups and single tensors, each after what it is made of.
    private func inOrder(_ tensors: [ObjectIdentifier: Tensor]) -> [Unit] {
        func holder(_ tensor: Tensor) -> Unit {
            let source = tensor.count == 1 ? tensor.scalar : tensor
            return place[source.id].map { .group($0.group) } ?? .single(source.id)
        }
        func operands(_ unit: Unit) -> [Unit] {
            switch unit {
            case .group(let number): classes.groups[number].members.flatMap { $0.node.inputs.map(holder) }
            case .single(let id):
                if let terms = sums.terms[id] { terms.map { holder($0.value) } } else { tensors[id]?.node.inputs.map(holder) ?? [] }
            }
        }
        var seen: Set<Unit> = []
        var result: [Unit] = []
        var stack: [(unit: Unit, operands: [Unit], next: Int)] = []
        for root in function.roots {
            let first = holder(root)
            guard seen.insert(first).inserted else { continue }
            stack.append((first, operands(first), 0))
            while let top = stack.last {
                if top.next < top.operands.count {
                    stack[stack.count - 1].next += 1
                    let operand = top.operands[top.next]
                    if seen.insert(operand).inserted { stack.append((operand, operands(operand), 0)) }
                } else {
                    result.append(top.unit)
                    stack.removeLast()
                }
            }
        }
        return result
    }

    private func single(_ tensor: Tensor) -> Tensor {
        if let terms = sums.terms[tensor.id] { return sum(terms).reshape(tensor.shape) }
        if case .input(let input) = tensor.node.op, input.kind == .state, let packed = states[input.name] {
            return packed.array.element(packed.position).reshape(tensor.shape)
        }
        return tensor.node.rebuilt(tensor.node.inputs.map(value))
    }

    /// A tensor of the old graph in the new one.
    private func value(_ tensor: Tensor) -> Tensor {
        guard tensor.count == 1 else { return singles[tensor.id] ?? tensor }
        let scalar = tensor.scalar
        if let place = place[scalar.id], let array = arrays[place.group] { return array.element(place.position).reshape(tensor.shape) }
        return (singles[scalar.id] ?? scalar).reshape(tensor.shape)
    }

    // MARK: Arrays

    private mutating func array(_ members: [Tensor]) -> Tensor {
        let operands = members[0].node.inputs.indices.map { number in operand(members.map { $0.node.inputs[number].scalar }) }
        switch members[0].node.op {
        case .random(var op):
            op.streams = members.compactMap { if case .random(let own) = $0.node.op { own.stream } else { nil } }
            return Tensor(.random(op), operands, shape: [members.count], dtype: .real)
        default:
            return Tensor(members[0].node.op, operands, shape: [members.count], dtype: members[0].dtype)
        }
    }

    /// One operand of all members of a group.
    private mutating func operand(_ scalars: [Tensor]) -> Tensor {
        let (first, shape) = (scalars[0], [scalars.count])
        if scalars.allSatisfy({ $0.id == first.id }) { return value(first).broadcast(to: shape) }
        let literals = scalars.compactMap(\.splat)
        if literals.count == scalars.count { return Tensor(.literal(literals), shape: shape, dtype: first.dtype) }
        let places = scalars.compactMap { place[$0.id] }
        if places.count == scalars.count, let array = arrays[places[0].group], places.allSatisfy({ $0.group == places[0].group }) {
            return Self.arranged(array, places.map(\.position))
        }
        let inputs = scalars.compactMap { if case .input(let input) = $0.node.op { input } else { nil } }
        if inputs.count == scalars.count, let array = ofInputs(inputs) { return array }
        if case .slice = first.node.op, let source = first.node.inputs.first, scalars.allSatisfy({ $0.isElement(of: source) }) {
            let elements = scalars.compactMap { scalar in
                if case .slice(let starts) = scalar.node.op { zip(starts, Shapes.strides(source.shape)).reduce(0) { $0 + $1.0 * $1.1 } } else { nil }
            }
            return Self.arranged(value(source).reshape([source.count]), elements)
        }
        return .stack(scalars.map { value($0).reshape([]) })
    }

    private mutating func ofInputs(_ inputs: [Input]) -> Tensor? {
        let packed = inputs.compactMap { $0.kind == .state ? states[$0.name] : nil }
        if packed.count == inputs.count, packed.allSatisfy({ $0.array.id == packed[0].array.id }) {
            return Self.arranged(packed[0].array, packed.map(\.position))
        }
        let names = inputs.compactMap { $0.kind == .data ? $0.name : nil }
        guard names.count == inputs.count else { return nil }
        if let known = data[names] { return known }
        let pack = Pack(kind: .data, name: "\(options.ownNames)k/\(packs.count)", members: names)
        packs.append(pack)
        let array = Tensor.input(Input(.data, pack.name, origin: origin), shape: [names.count])
        data[names] = array
        return array
    }

    /// Some elements of a vector, in the given order.
    private static func arranged(_ array: Tensor, _ positions: [Int]) -> Tensor {
        let first = positions[0]
        if positions.indices.allSatisfy({ positions[$0] == first + $0 }) { return array.slice(axis: 0, first..<(first + positions.count)) }
        return array.gather(Tensor(integers: positions))
    }

    /// Terms that are elements of one array are summed there.
    private func sum(_ terms: [ScalarSums.Term]) -> Tensor {
        struct Part: Hashable {
            let group: Int
            let isNegative: Bool
        }
        var parts: [Part: [Int]] = [:]
        var order: [Part] = []
        var total: Tensor = 0
        func add(_ value: Tensor, isNegative: Bool) { total = isNegative ? total - value : total + value }
        for term in terms {
            guard let place = place[term.value.id] else {
                add(value(term.value).reshape([]), isNegative: term.isNegative)
                continue
            }
            let part = Part(group: place.group, isNegative: term.isNegative)
            if parts[part] == nil { order.append(part) }
            parts[part, default: []].append(place.position)
        }
        for part in order {
            guard let positions = parts[part]?.sorted(), let array = arrays[part.group] else { continue }
            if positions.count < fewest {
                for position in positions { add(array.element(position), isNegative: part.isNegative) }
            } else {
                add(Self.arranged(array, positions).sum(), isNegative: part.isNegative)
            }
        }
        return total
    }
}

extension Tensor {
    fileprivate func isElement(of source: Tensor) -> Bool {
        if case .slice = node.op { node.inputs[0].id == source.id } else { false }
    }
}
