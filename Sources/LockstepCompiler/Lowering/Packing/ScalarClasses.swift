import LockstepTensor

/// Which scalars of a step are alike: made by the same operations of operands that are alike in turn.
///
/// Two that are alike never depend on each other, and what is made of several does not come before any of them, so
/// that all of a class can be computed at once.
struct ScalarClasses {
    /// Scalars that are alike, in the order in which they become elements of one array.
    struct Group {
        var members: [Tensor] = []
    }

    /// What a scalar is, seen through operations that only change shapes.
    private enum Kind: Hashable {
        case literal(DType)
        case state(Int, DType)
        case data(isPerLane: Bool)
        /// An element of one array.
        case element(of: ObjectIdentifier)
        case random(RandomOp.Kind, particle: UInt32)
        case map(ElementOp, DType)
        /// Computed by other means; with the number of such values on the longest way to it.
        case opaque(level: Int, DType)
        /// Like no other.
        case single(ObjectIdentifier)
    }

    private struct Key: Hashable {
        let kind: Kind
        let operands: [Int]
    }

    /// The class of each scalar, by what it is behind changes of shape.
    private(set) var number: [ObjectIdentifier: Int] = [:]
    private(set) var groups: [Group] = []
    private let sums: ScalarSums
    private let perLane: Set<String>
    private let order: [Tensor]

    /// - Parameters:
    ///   - order: operands before users.
    ///   - states: the next value of each state, by name.
    init(_ order: [Tensor], states: [String: Tensor], sums: ScalarSums, perLane: Set<String>) {
        self.order = order
        self.sums = sums
        self.perLane = perLane
        // States are alike where their next values are, which depends on which states are alike: from all of them on,
        // classes are split until none has to be.
        var classOfState: [String: Int] = [:]
        for _ in 0..<4 {
            classify(classOfState)
            let next = states.mapValues { number[$0.scalar.id] ?? -1 }
            let isStable = Set(next.values).count == Set(classOfState.values).count
            classOfState = next
            if isStable { break }
        }
        collect()
    }

    private mutating func classify(_ classOfState: [String: Int]) {
        number = [:]
        var known: [Key: Int] = [:]
        var level: [ObjectIdentifier: Int] = [:]
        for tensor in order {
            let below = tensor.node.inputs.map { level[$0.id, default: 0] }.max() ?? 0
            guard tensor.count == 1, tensor.scalar.id == tensor.id else {
                level[tensor.id] = below
                continue
            }
            let kind = kind(tensor, level: below, classOfState)
            if case .opaque(let own, _) = kind { level[tensor.id] = own } else { level[tensor.id] = below }
            let operands: [Int]
            switch kind {
            case .map, .random: operands = tensor.node.inputs.map { number[$0.scalar.id] ?? -1 }
            default: operands = []
            }
            let key = Key(kind: kind, operands: operands)
            if let same = known[key] {
                number[tensor.id] = same
            } else {
                number[tensor.id] = known.count
                known[key] = known.count
            }
        }
    }

    private func kind(_ tensor: Tensor, level: Int, _ classOfState: [String: Int]) -> Kind {
        if sums.terms[tensor.id] != nil { return .opaque(level: level + 1, tensor.dtype) }
        switch tensor.node.op {
        case .literal: return .literal(tensor.dtype)
        case .input(let input):
            switch input.kind {
            case .state: return .state(classOfState[input.name] ?? 0, tensor.dtype)
            case .data where tensor.dtype == .real: return .data(isPerLane: perLane.contains(input.name))
            case .data, .scalar, .bound: return .single(tensor.id)
            }
        case .random(let op): return op.streams == nil && op.particles == nil ? .random(op.kind, particle: op.particle) : .single(tensor.id)
        case .map(let op): return .map(op, tensor.dtype)
        case .slice: return .element(of: tensor.node.inputs[0].id)
        case .iota: return .single(tensor.id)
        case .reduce, .broadcast, .reshape, .permute, .assemble, .gather, .segmentSum, .stopGradient, .cholesky, .triangular, .scan, .call,
            .result:
            return .opaque(level: level + 1, tensor.dtype)
        }
    }

    /// Members in an order in which their operands stand in theirs, as far as there is one.
    private mutating func collect() {
        groups = []
        var place: [ObjectIdentifier: Int] = [:]
        for tensor in order {
            guard let own = number[tensor.id] else { continue }
            while groups.count <= own { groups.append(Group()) }
            groups[own].members.append(tensor)
        }
        for own in groups.indices {
            func key(_ tensor: Tensor) -> [Int] {
                switch tensor.node.op {
                case .map, .random: tensor.node.inputs.map { place[$0.scalar.id] ?? 0 }
                case .slice(let starts): starts
                default: []
                }
            }
            let sorted = groups[own].members.map { ($0, key($0)) }.enumerated().sorted { a, b in
                a.element.1 == b.element.1 ? a.offset < b.offset : a.element.1.lexicographicallyPrecedes(b.element.1)
            }
            groups[own].members = sorted.map(\.element.0)
            for (number, member) in groups[own].members.enumerated() { place[member.id] = number }
        }
    }
}

extension Tensor {
    /// The scalar that changes of shape show.
    var scalar: Tensor {
        var current = self
        while true {
            switch current.node.op {
            case .broadcast, .reshape, .permute, .slice, .stopGradient:
                guard current.node.inputs[0].count == 1 else { return current }
                current = current.node.inputs[0]
            default: return current
            }
        }
    }
}

/// Chains of sums of scalars, as lists of terms.
struct ScalarSums {
    struct Term {
        let value: Tensor
        let isNegative: Bool
    }

    /// The terms of a sum that is used as a whole.
    private(set) var terms: [ObjectIdentifier: [Term]] = [:]
    /// Partial sums, which nothing else uses.
    private(set) var inner: Set<ObjectIdentifier> = []

    /// - Parameter most: terms of a sum that is left as it is.
    init(_ order: [Tensor], roots: [Tensor], most: Int) {
        var uses: [ObjectIdentifier: Int] = [:]
        var user: [ObjectIdentifier: Tensor] = [:]
        for root in roots { uses[root.scalar.id, default: 0] += 2 }
        for tensor in order where tensor.count != 1 || tensor.scalar.id == tensor.id {
            for input in tensor.node.inputs {
                let scalar = input.count == 1 ? input.scalar : input
                uses[scalar.id, default: 0] += 1
                user[scalar.id] = tensor
            }
        }
        func isSum(_ tensor: Tensor) -> Bool {
            guard tensor.count == 1, tensor.dtype == .real, tensor.scalar.id == tensor.id else { return false }
            switch tensor.node.op {
            case .map(.add), .map(.subtract), .map(.negate): return true
            default: return false
            }
        }
        var length: [ObjectIdentifier: Int] = [:]
        for tensor in order where isSum(tensor) {
            length[tensor.id] = tensor.node.inputs.reduce(0) { $0 + (inner.contains($1.scalar.id) ? length[$1.scalar.id, default: 1] : 1) }
            if uses[tensor.id] == 1, let user = user[tensor.id], isSum(user) { inner.insert(tensor.id) }
        }
        for tensor in order where isSum(tensor) && !inner.contains(tensor.id) && length[tensor.id, default: 0] > most {
            terms[tensor.id] = terms(of: tensor)
        }
        // Those of short sums are values like others.
        let parts = Set(terms.keys)
        var kept: Set<ObjectIdentifier> = []
        for tensor in order.reversed() where inner.contains(tensor.id) {
            if let next = user[tensor.id], parts.contains(next.id) || kept.contains(next.id) { kept.insert(tensor.id) }
        }
        inner = kept
    }

    private func terms(of sum: Tensor) -> [Term] {
        var result: [Term] = []
        var waiting = [Term(value: sum, isNegative: false)]
        var isRoot = true
        while let term = waiting.popLast() {
            let value = term.value.scalar
            guard isRoot || inner.contains(value.id) else {
                result.append(Term(value: value, isNegative: term.isNegative))
                continue
            }
            isRoot = false
            let inputs = value.node.inputs
            switch value.node.op {
            case .map(.negate): waiting.append(Term(value: inputs[0], isNegative: !term.isNegative))
            default:
                let flips = value.node.op == .map(.subtract)
                waiting.append(Term(value: inputs[1], isNegative: term.isNegative != flips))
                waiting.append(Term(value: inputs[0], isNegative: term.isNegative))
            }
        }
        return result
    }
}
