import LockstepTensor

/// Computes tensors one node at a time, in Double, in the plainest way there is: no fusion, no reuse of storage,
/// every index spelled out. It is what the compiler's programs are held against.
///
/// Integers and masks are Doubles here too; masks are 0 and 1.
package enum ReferenceEvaluator {
    /// - Parameter inputs: values by `Input.name`, row-major; a single value fills the input's shape.
    /// - Throws: the mistake that a tensor carries, or what is wrong with an input or an index.
    package static func evaluate(
        _ tensors: [Tensor], inputs: [String: [Double]] = [:], key: (UInt32, UInt32) = (1, 2), step: UInt32 = 0
    ) throws -> [[Double]] {
        try evaluate(tensors, inputs, key, step, bound: [:])
    }

    /// - Parameter bound: what parameters of regions stand for.
    private static func evaluate(
        _ tensors: [Tensor], _ inputs: [String: [Double]], _ key: (UInt32, UInt32), _ step: UInt32, bound: [ObjectIdentifier: [Double]]
    ) throws -> [[Double]] {
        for tensor in tensors {
            if let failure = tensor.failure { throw failure }
        }
        var values = bound
        // Of recurrences, all results.
        var results: [ObjectIdentifier: [[Double]]] = [:]
        for tensor in Graph.topologicalOrder(tensors) where bound[tensor.id] == nil {
            switch tensor.node.op {
            case .scan(let region, let scan):
                results[tensor.id] = try recurrence(
                    region, scan, tensor.node.inputs.map { Operand(shape: $0.shape, values: values[$0.id] ?? []) }, key, step)
                continue
            case .call(let region, _):
                let operands = tensor.node.inputs.map { values[$0.id] ?? [] }
                let own = Dictionary(zip(region.parameters.map(\.id), operands), uniquingKeysWith: { a, _ in a })
                results[tensor.id] = try evaluate(region.results, inputs, key, step, bound: own)
                continue
            case .result(let number):
                values[tensor.id] = results[tensor.node.inputs[0].id]?[number] ?? []
                continue
            default: break
            }
            let operands = tensor.node.inputs.map { Operand(shape: $0.shape, values: values[$0.id] ?? []) }
            let result = try value(of: tensor.node, operands, inputs, SIMD2(key.0, key.1), step)
            guard result.count == tensor.count else {
                throw TensorError("evaluate", [tensor.shape], "\(tensor.node.op) gave \(result.count) values")
            }
            values[tensor.id] = result
        }
        return tensors.map { values[$0.id] ?? [] }
    }

    /// The value of one tensor.
    package static func evaluate(
        _ tensor: Tensor, inputs: [String: [Double]] = [:], key: (UInt32, UInt32) = (1, 2), step: UInt32 = 0
    ) throws -> [Double] {
        try evaluate([tensor], inputs: inputs, key: key, step: step).first ?? []
    }

    struct Operand {
        let shape: Shape
        let values: [Double]

        subscript(index: [Int]) -> Double { values[Indices.offset(index, in: shape)] }
    }

    private static func value(
        of node: Node, _ operands: [Operand], _ inputs: [String: [Double]], _ key: SIMD2<UInt32>, _ step: UInt32
    ) throws -> [Double] {
        let shape = node.shape
        let everywhere = Indices.all(shape)
        switch node.op {
        case .literal(let values):
            return values.count == 1 ? Array(repeating: values[0], count: shape.elementCount) : values
        case .input(let input):
            guard let values = inputs[input.name] else {
                throw TensorError("input", [shape], "'\(input.name)' has no value")
            }
            if values.count == 1 { return Array(repeating: values[0], count: shape.elementCount) }
            guard values.count == shape.elementCount else {
                throw TensorError("input", [shape], "'\(input.name)' was given \(values.count) values")
            }
            return values
        case .random(let draw):
            return ReferenceDraws.values(draw, parameter: operands.first?.values, count: shape.elementCount, key, step)
        case .iota:
            return (0..<shape.elementCount).map(Double.init)
        case .map(let op):
            return (0..<shape.elementCount).map { i in ReferenceElements.apply(op, operands.map { $0.values[i] }) }
        case .reduce(let reduction, let axes):
            var result = [Double](repeating: start(reduction), count: shape.elementCount)
            for index in Indices.all(operands[0].shape) {
                let target = Indices.offset(index.indices.filter { !axes.contains($0) }.map { index[$0] }, in: shape)
                result[target] = combine(reduction, result[target], operands[0][index])
            }
            return result
        case .broadcast:
            let source = operands[0].shape
            return everywhere.map { index in
                operands[0][zip(index.suffix(source.count), source).map { $1 == 1 ? 0 : $0 }]
            }
        case .reshape, .stopGradient:
            return operands[0].values
        case .permute(let order):
            return everywhere.map { index in
                var original = index
                for (new, old) in order.enumerated() { original[old] = index[new] }
                return operands[0][original]
            }
        case .slice(let starts):
            return everywhere.map { index in operands[0][zip(index, starts).map { $0 + $1 }] }
        case .assemble(let starts):
            var result = [Double](repeating: .nan, count: shape.elementCount)
            for (operand, start) in zip(operands, starts) {
                for index in Indices.all(operand.shape) {
                    result[Indices.offset(zip(index, start).map { $0 + $1 }, in: shape)] = operand[index]
                }
            }
            return result
        case .gather:
            let lead = operands[1].shape.count
            return try everywhere.map { index in
                let row = try self.row(operands[1][Array(index.prefix(lead))], operands[0].shape, "gather")
                return operands[0][[row] + index.dropFirst(lead)]
            }
        case .segmentSum:
            let lead = operands[1].shape.count
            var result = [Double](repeating: 0, count: shape.elementCount)
            for index in Indices.all(operands[0].shape) {
                let row = try self.row(operands[1][Array(index.prefix(lead))], shape, "segmentSum")
                result[Indices.offset([row] + index.dropFirst(lead), in: shape)] += operands[0][index]
            }
            return result
        case .cholesky:
            return Self.matrices(operands[0], columns: shape[shape.count - 1]) { ReferenceMatrices.cholesky($0[0]) }
        case .triangular(let op):
            return Self.matrices(operands[0], operands[1], columns: shape[shape.count - 1]) { ReferenceMatrices.triangular(op, $0[0], $0[1]) }
        case .scan, .call, .result:
            throw TensorError("evaluate", [shape], "recurrences have several values")
        }
    }

    private static func recurrence(
        _ region: Region, _ scan: Scan, _ operands: [Operand], _ key: (UInt32, UInt32), _ step: UInt32
    ) throws -> [[Double]] {
        var carries = operands.prefix(scan.carries).map(\.values)
        var rows = [[[Double]]](repeating: Array(repeating: [], count: scan.outputs + scan.carries), count: scan.length)
        for turn in 0..<scan.length {
            let time = scan.isReversed ? scan.length - 1 - turn : turn
            let arguments = operands.enumerated().map { position, operand -> [Double] in
                switch scan.operand(position) {
                case .carry(let carry): return carries[carry]
                case .stacked:
                    let count = operand.values.count / scan.length
                    return Array(operand.values[(time * count)..<((time + 1) * count)])
                case .captured: return operand.values
                }
            }
            let bound = Dictionary(zip(region.parameters.map(\.id), arguments), uniquingKeysWith: { a, _ in a })
            let results = try evaluate(region.results, [:], key, step, bound: bound)
            rows[time] = results[scan.carries...] + carries
            carries = Array(results[..<scan.carries])
        }
        return carries + (0..<(scan.outputs + scan.carries)).map { number in rows.flatMap { $0[number] } }
    }

    /// What a function makes of the matrices of each batch.
    private static func matrices(_ operands: Operand..., columns: Int, _ function: ([[[Double]]]) -> [[Double]]) -> [Double] {
        let batches = operands[0].shape.dropLast(2).reduce(1, *)
        return (0..<batches).flatMap { batch in
            let parts = operands.map { operand -> [[Double]] in
                let (n, m) = (operand.shape[operand.shape.count - 2], operand.shape[operand.shape.count - 1])
                return (0..<n).map { row in Array(operand.values[((batch * n + row) * m)..<((batch * n + row + 1) * m)]) }
            }
            return function(parts).flatMap { $0 }
        }
    }

    private static func row(_ value: Double, _ shape: Shape, _ operation: String) throws -> Int {
        guard let row = Int(exactly: value), row >= 0, row < shape[0] else {
            throw TensorError(operation, [shape], "there is no row \(value)")
        }
        return row
    }

    private static func start(_ reduction: Reduction) -> Double {
        switch reduction {
        case .sum, .any: 0
        case .maximum: -.infinity
        case .minimum: .infinity
        }
    }

    private static func combine(_ reduction: Reduction, _ a: Double, _ b: Double) -> Double {
        switch reduction {
        case .sum: a + b
        case .maximum: ReferenceElements.apply(.maximum, [a, b])
        case .minimum: ReferenceElements.apply(.minimum, [a, b])
        case .any: a != 0 || b != 0 ? 1 : 0
        }
    }
}
