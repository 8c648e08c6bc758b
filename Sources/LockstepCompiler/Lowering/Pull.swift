import LockstepTensor

/// Computes single elements of expressions into registers. Working state of one lowering, never seen outside it.
final class Pull {
    var emitter = Emitter()
    let plans: [ObjectIdentifier: BufferPlan]
    private let bindings: Bindings
    let perLane: Set<String>
    private(set) var indexBounds: [String: Int] = [:]
    private(set) var failure: LoweringError?

    private struct Visit: Hashable {
        let tensor: ObjectIdentifier
        let index: [IndexExpression]
    }

    /// What the running body has computed: a graph whose nodes are used twice has exponentially many paths.
    private var visited: [Visit: Register] = [:]
    /// What was computed outside of all loops, which stays known.
    private var visitedOutside: [Visit: Register] = [:]

    init(plans: [ObjectIdentifier: BufferPlan], bindings: Bindings, perLane: Set<String>) {
        self.plans = plans
        self.bindings = bindings
        self.perLane = perLane
    }

    /// Forgets the registers of the previous body, which may be out of scope, if it was one of a loop.
    func beginBody() { visited.removeAll(keepingCapacity: true) }

    func fail(_ description: String) { failure = failure ?? LoweringError(description) }

    /// The buffer of a state, record or data, which all who name it must see alike.
    @discardableResult
    func named(_ role: Buffer.Role, _ dtype: DType, _ count: Int, isUniform: Bool) -> BufferID {
        let id = emitter.sharedBuffer(role, dtype: dtype, count: count, isUniform: isUniform)
        let buffer = emitter.program.buffers[id.number]
        if buffer.dtype != dtype || buffer.count != count {
            fail("\(role.label) is used both as \(buffer.count) \(buffer.dtype) values and as \(count) \(dtype) values")
        }
        return id
    }

    /// - Parameter evenIfKept: computes the element itself, which is what fills a kept node's buffer.
    func element(_ tensor: Tensor, _ index: [IndexExpression], evenIfKept: Bool = false) -> Register {
        let (source, index) = throughViews(tensor, index, bindings, evenIfKept: evenIfKept, isKept: isKept) { row($0, $1, $2) }
        return computed(source, index, evenIfKept: evenIfKept && source.id == tensor.id)
    }

    private func isKept(_ tensor: Tensor) -> Bool { plans[tensor.id] != nil }

    private func computed(_ tensor: Tensor, _ index: [IndexExpression], evenIfKept: Bool = false) -> Register {
        if !evenIfKept, let plan = plans[tensor.id] {
            guard let id = plan.id else {
                fail("a value is used before it is computed")
                return emitter.constant(.nan, tensor.dtype)
            }
            return emitter.load(id, plan.position(index))
        }
        let position = IndexExpression.flat(index, tensor.shape)
        switch tensor.node.op {
        case .literal(let values):
            if values.count == 1 { return emitter.constant(values[0], tensor.dtype) }
            if let constant = position.asConstant, values.indices.contains(constant) {
                return emitter.constant(values[constant], tensor.dtype)
            }
            let table = emitter.sharedBuffer(.table(values), dtype: tensor.dtype, count: values.count, isUniform: true)
            return emitter.load(table, position)
        case .iota:
            return emitter.index(index[0])
        case .input(let input):
            switch input.kind {
            case .scalar where input.name == Input.step:
                return emitter.step()
            case .scalar:
                return emitter.scalar(input.name, tensor.dtype)
            case .data:
                let buffer = named(.data(input.name), tensor.dtype, tensor.count, isUniform: !perLane.contains(input.name))
                return emitter.load(buffer, position)
            case .state:
                let buffer = named(.state(input.name), tensor.dtype, tensor.count, isUniform: false)
                return emitter.load(buffer, position)
            case .bound:
                guard case .carry(let plan, let place) = bindings[tensor], let id = plan.carries[place].id else {
                    fail("\(input.name) of a recurrence is used outside of its step; return it from the step as an output")
                    return emitter.constant(.nan, tensor.dtype)
                }
                return emitter.load(id, position)
            }
        case .map(let op):
            let visit = Visit(tensor: tensor.id, index: index)
            if let register = visited[visit] ?? visitedOutside[visit] { return register }
            var operands: [Register] = []
            for input in tensor.node.inputs { operands.append(element(input, index)) }
            let register = emitter.map(op, operands, tensor.dtype)
            if emitter.depth == 0 { visitedOutside[visit] = register } else { visited[visit] = register }
            return register
        default:
            fail("\(tensor.node.op) is not elementwise")
            return emitter.constant(.nan, tensor.dtype)
        }
    }

    /// The row that an integer expression names, kept inside 0 ..< extent.
    func row(_ rows: Tensor, _ index: [IndexExpression], _ extent: Int) -> IndexExpression {
        let (source, position) = throughViews(rows, index, bindings, isKept: isKept) { row($0, $1, $2) }
        switch source.node.op {
        case .iota where (position[0].range?.upperBound ?? .max) < extent:
            return position[0]
        case .literal(let values):
            if let bad = values.first(where: { $0 < 0 || $0 >= Double(extent) || $0 != $0.rounded() }) {
                fail("a gather from \(extent) rows has the constant index \(bad)")
            }
            let register = computed(source, position)
            return emitter.constant(register).flatMap { Int(exactly: $0) }.map { .constant($0) } ?? .register(register)
        case .input(let input) where input.kind == .data && source.dtype == .int:
            indexBounds[input.name] = min(indexBounds[input.name] ?? .max, extent)
            return .register(computed(source, position))
        default:
            if extent == 0 { fail("a computed index has no row to name: there are none") }
            let value = computed(source, position)
            let low = emitter.map(.maximum, [value, emitter.constant(0, .int)], .int)
            let clamped = emitter.map(.minimum, [low, emitter.constant(Double(extent - 1), .int)], .int)
            return .register(clamped)
        }
    }

    /// The stream of one of several sites.
    func stream(_ op: RandomOp, _ index: IndexExpression) -> DrawStream {
        let streams = op.streams ?? [op.stream]
        if let constant = index.asConstant, streams.indices.contains(constant) { return .site(streams[constant]) }
        // Tables of ints are signed.
        let bits = streams.map { Double(Int32(bitPattern: $0)) }
        let table = emitter.sharedBuffer(.table(bits), dtype: .int, count: streams.count, isUniform: true)
        return .entry(emitter.load(table, index), index, count: streams.count)
    }
}
