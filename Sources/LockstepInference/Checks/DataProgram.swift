import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Expressions of data alone, run by the interpreter: for one lane where all lanes share the data, else for each.
struct DataProgram {
    private let program: LaneProgram
    private let executable: InterpreterExecutable
    private let count: Int
    /// The data that the expressions read.
    private let names: Set<String>
    /// Bytes that the data of the lanes of one turn may take.
    private static let budget = 1 << 26

    /// - Parameters:
    ///   - outputs: of any type; what comes back is ints, or reals of the precision.
    ///   - perLane: the data that differ from lane to lane.
    init(_ outputs: [Tensor], perLane: Set<String>, precision: Precision) throws {
        var options = LoweringOptions()
        // What is hoisted is computed in double precision, which not all of a kernel is.
        options.hoists = false
        let states = outputs.enumerated().map { LaneFunction.State(String($0), $1.dtype == .real ? $1 : $1.asInt) }
        program = try Lowering.lower(LaneFunction(states: states, perLane: perLane), options: options)
        executable = InterpreterExecutable(program, precision: precision)
        count = outputs.count
        names = Set(outputs.flatMap(\.dataNames))
    }

    /// - Parameter extra: data beside those of the binding, for the same lanes.
    /// - Returns: the outputs for the lanes, in their order.
    func run(_ lanes: [Int], _ binding: DataBinding, extra: ([Int]) -> [String: LaneInputs.Data] = { _ in [:] }) throws -> [LaneArray] {
        var results: [LaneArray] = []
        let turn = max(1, Self.budget / max(program.bytesPerLane(realBytes: 8), 1))
        for first in stride(from: 0, to: lanes.count, by: turn) {
            let some = Array(lanes[first..<min(first + turn, lanes.count)])
            let data = binding.slices(some, of: names).merging(extra(some)) { $1 }
            let execution = try executable.start(LaneInputs(keys: some.map { _ in Key(0) }, data: data))
            try execution.advance(from: 0, count: 1, scalars: [:])
            let arrays = try (0..<count).map { try execution.read(String($0)) }
            results = results.isEmpty ? arrays : zip(results, arrays).map { $0.appending($1) }
        }
        return results
    }
}

extension Tensor {
    /// The data that an expression reads.
    var dataNames: Set<String> {
        Set(
            Graph.topologicalOrder([self]).compactMap { tensor in
                if case .input(let input) = tensor.node.op, input.kind == .data { input.name } else { nil }
            })
    }
}

/// Which expressions are known before a run.
enum Known {
    /// - Parameter given: what is known beside them, of a step of a recurrence.
    /// - Returns: the nodes below the roots that follow from data and constants.
    static func nodes(_ roots: [Tensor], given: Set<ObjectIdentifier> = []) -> Set<ObjectIdentifier> {
        var known = given
        for tensor in Graph.topologicalOrder(roots) where !given.contains(tensor.id) {
            let isKnown =
                switch tensor.node.op {
                case .random: false
                case .input(let input): input.kind == .data
                default: tensor.failure == nil && tensor.node.inputs.allSatisfy { known.contains($0.id) }
                }
            if isKnown { known.insert(tensor.id) }
        }
        return known
    }

    /// Where a mask of what counts may be true, as far as data tell: nil where they tell nothing. A weight that follows from
    /// latents counts, except where a known factor of it is 0.
    ///
    /// - Returns: whether the mask leaves something open, too: it follows from latents, and not as a weight does.
    static func mayCount(_ mask: Tensor, _ known: Set<ObjectIdentifier>) -> (mask: Tensor?, isOpen: Bool) {
        if known.contains(mask.id) { return (mask, false) }
        let inputs = mask.node.inputs
        switch mask.node.op {
        case .map(.and):
            let parts = inputs.map { mayCount($0, known) }
            let masks = parts.compactMap(\.mask)
            return (masks.first.map { masks.dropFirst().reduce($0, .&) }, parts.contains(where: \.isOpen))
        case .broadcast, .reshape, .stopGradient:
            let part = mayCount(inputs[0], known)
            return (part.mask.map { Tensor(mask.node.op, [$0], shape: mask.shape, dtype: .bool) }, part.isOpen)
        case .map(.not):
            let equation = inputs[0].node
            guard case .map(.equal) = equation.op, equation.inputs[1].splat == 0 else { return (nil, true) }
            return (isZero(equation.inputs[0], known).map { .!$0 }, false)
        default:
            return (nil, true)
        }
    }

    /// Where a product is 0 whatever its other factors are; nil where that is not known of any.
    private static func isZero(_ product: Tensor, _ known: Set<ObjectIdentifier>) -> Tensor? {
        if known.contains(product.id) { return product .== 0 }
        let parts = product.node.inputs
        switch product.node.op {
        case .map(.multiply):
            let zeros = parts.compactMap { isZero($0, known) }
            return zeros.first.map { zeros.dropFirst().reduce($0, .|) }
        case .broadcast, .reshape:
            return isZero(parts[0], known).map { Tensor(product.node.op, [$0], shape: product.shape, dtype: .bool) }
        default:
            return nil
        }
    }

    /// Simplifies known expressions by what a scan of the data knows, and keeps their indices within bounds.
    static func simplified(_ roots: [Tensor], _ scan: DataScan, _ precision: Precision) -> [Tensor] {
        let limit = DataScan.limit(precision)
        var finite: Set<ObjectIdentifier> = []
        let rewritten = Graph.rewrite(roots) { node, inputs in
            let result: Tensor
            switch node.op {
            case .map(.isFinite) where finite.contains(inputs[0].id):
                result = Tensor(mask: true).broadcast(to: node.shape)
            case .gather:
                result = inputs[0].gather(inputs[1].clampedRow(inputs[0].shape[0]))
            case .segmentSum:
                result = inputs[0].segmentSum(inputs[1].clampedRow(node.shape[0]), count: node.shape[0])
            default:
                result = node.rebuilt(inputs)
            }
            if staysFinite(node, { finite.contains(inputs[$0].id) }, scan, limit) { finite.insert(result.id) }
            return result
        }
        return Simplifier.simplify(rewritten)
    }

    private static func staysFinite(_ node: Node, _ isFinite: (Int) -> Bool, _ scan: DataScan, _ limit: Double) -> Bool {
        if node.dtype != .real { return true }
        switch node.op {
        case .literal(let values): return values.allSatisfy { Swift.abs($0) <= limit }
        case .input(let input): return input.kind == .data && scan.finite.contains(input.name)
        case .iota: return true
        case .map(.negate), .map(.abs), .map(.sign), .map(.floor), .map(.ceil), .map(.toReal), .map(.minimum), .map(.maximum),
            .map(.select), .broadcast, .reshape, .permute, .slice, .assemble, .stopGradient:
            return node.inputs.indices.allSatisfy(isFinite)
        case .gather: return isFinite(0)
        case .map, .reduce, .segmentSum, .cholesky, .triangular, .random, .scan, .call, .result: return false
        }
    }
}
