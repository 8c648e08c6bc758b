import Foundation
import LockstepTensor

/// The operation of an expression that spoiled an element of it.
struct SpoilingOperation {
    let op: ElementOp?
    let operands: [Double]
    let result: Double
    /// Of the array that the operation computes, and the index in it.
    let shape: Shape
    let index: [Int]

    /// As a user would write it.
    var text: String {
        let shown = operands.map(Self.number)
        let symbols: [ElementOp: String] = [.add: "+", .subtract: "-", .multiply: "*", .divide: "/"]
        guard let op else { return "the sum of \(operands.count) finite numbers = \(Self.number(result))" }
        if let symbol = symbols[op], shown.count == 2 { return "\(shown[0]) \(symbol) \(shown[1]) = \(Self.number(result))" }
        return "\(Self.names[op] ?? op.name)(\(shown.joined(separator: ", "))) = \(Self.number(result))"
    }

    private static let names: [ElementOp: String] = [.logOnePlus: "log(onePlus:)", .power: "pow", .negate: "-"]

    static func number(_ value: Double) -> String {
        value.isNaN ? "nan" : String(format: "%.6g", value)
    }
}

/// Follows an element of an expression back to the first operation that made it what it is: not finite out of finite
/// numbers, or zero.
struct OperationSearch {
    /// Numbers of one lane beyond which an expression is not looked into.
    private static let mostElements = 1 << 20

    private let root: Tensor
    private let numbers: [ObjectIdentifier: Int]
    private let outputs: [Tensor]

    /// - Returns: nil for an expression that is too large.
    init?(_ root: Tensor) {
        self.root = root
        outputs = Graph.topologicalOrder([root]).filter { tensor in
            switch tensor.node.op {
            // Of a recurrence there are only results.
            case .literal, .iota, .scan: false
            default: true
            }
        }
        numbers = Dictionary(uniqueKeysWithValues: outputs.enumerated().map { ($1.id, $0) })
        guard outputs.reduce(0, { $0 + Double($1.count) }) <= Double(Self.mostElements) else { return nil }
    }

    /// - Parameter requests: positions in the root, by place.
    func operations(
        _ requests: [(place: HostEvaluation.Place, position: Int)], _ evaluation: HostEvaluation
    ) throws -> [SpoilingOperation?] {
        let elements = outputs.reduce(0) { $0 + $1.count }
        var found: [SpoilingOperation?] = []
        for chunk in requests.chunks(of: max(1, 4 * Self.mostElements / max(elements, 1))) {
            let values = try evaluation.values(of: outputs, at: chunk.map(\.place))
            for (row, request) in chunk.enumerated() { found.append(operation(request.position, values, row)) }
        }
        return found
    }

    private func operation(_ position: Int, _ values: HostEvaluation.Values, _ row: Int) -> SpoilingOperation? {
        func value(_ tensor: Tensor, _ position: Int) -> Double {
            switch tensor.node.op {
            case .literal(let literal): return literal.count == 1 ? literal[0] : literal[position]
            case .iota: return Double(position)
            default:
                guard let number = numbers[tensor.id] else { return .nan }
                let own = values[number, row]
                return own[own.startIndex + position]
            }
        }
        var (tensor, position) = (root, position)
        while true {
            let isSpoiled = !value(tensor, position).isFinite
            guard let next = Self.source(of: tensor, position, isSpoiled: isSpoiled, value) else {
                return Self.operation(tensor, position, value)
            }
            (tensor, position) = next
        }
    }

    private static func operation(_ tensor: Tensor, _ position: Int, _ value: (Tensor, Int) -> Double) -> SpoilingOperation? {
        func operation(_ op: ElementOp?, _ operands: [Double]) -> SpoilingOperation {
            SpoilingOperation(
                op: op, operands: operands, result: value(tensor, position), shape: tensor.shape,
                index: ElementPlace.index(position, tensor.shape))
        }
        switch tensor.node.op {
        case .map(let op): return operation(op, tensor.node.inputs.map { value($0, position) })
        case .reduce(.sum, _): return operation(nil, members(of: tensor, position).map { value(tensor.node.inputs[0], $0) })
        default: return nil
        }
    }

    /// Where an element comes from: the operand that is to blame for it; nil where the operation itself is.
    private static func source(
        of tensor: Tensor, _ position: Int, isSpoiled: Bool, _ value: (Tensor, Int) -> Double
    ) -> (Tensor, Int)? {
        let (node, shape) = (tensor.node, tensor.shape)
        func firstSpoiled(_ operands: [(Tensor, Int)]) -> (Tensor, Int)? { operands.first { !value($0.0, $0.1).isFinite } }
        switch node.op {
        case .map(.select):
            return (node.inputs[value(node.inputs[0], position) != 0 ? 1 : 2], position)
        case .map(.toReal), .stopGradient, .reshape:
            return (node.inputs[0], position)
        case .map(let op):
            if isSpoiled { return firstSpoiled(node.inputs.map { ($0, position) }) }
            // Zero comes from a factor that is zero.
            guard op == .multiply || op == .divide, value(tensor, position) == 0 else { return nil }
            return node.inputs.prefix(op == .multiply ? 2 : 1).first { value($0, position) == 0 }.map { ($0, position) }
        case .reduce:
            return isSpoiled ? firstSpoiled(members(of: tensor, position).map { (node.inputs[0], $0) }) : nil
        case .broadcast:
            return (node.inputs[0], ElementPlace.position(ElementPlace.index(position, shape), node.inputs[0].shape))
        case .permute(let order):
            var inner = order
            for (axis, place) in zip(order, ElementPlace.index(position, shape)) { inner[axis] = place }
            return (node.inputs[0], ElementPlace.position(inner, node.inputs[0].shape))
        case .slice(let starts):
            let inner = zip(ElementPlace.index(position, shape), starts).map { $0 + $1 }
            return (node.inputs[0], ElementPlace.position(inner, node.inputs[0].shape))
        case .assemble(let starts):
            let index = ElementPlace.index(position, shape)
            for (input, start) in zip(node.inputs, starts) {
                let inner = zip(index, start).map { $0 - $1 }
                if zip(inner, input.shape).allSatisfy({ $0 >= 0 && $0 < $1 }) { return (input, ElementPlace.position(inner, input.shape)) }
            }
            return nil
        case .gather:
            let rest = node.inputs[0].shape.dropFirst().reduce(1, *)
            let chosen = value(node.inputs[1], position / max(rest, 1))
            guard chosen >= 0, chosen < Double(node.inputs[0].shape[0]) else { return nil }
            return (node.inputs[0], Int(chosen) * rest + position % max(rest, 1))
        case .segmentSum:
            let rest = max(shape.dropFirst().reduce(1, *), 1)
            let rows = (0..<node.inputs[1].count).filter { value(node.inputs[1], $0) == Double(position / rest) }
            return isSpoiled ? firstSpoiled(rows.map { (node.inputs[0], $0 * rest + position % rest) }) : nil
        default:
            return nil
        }
    }

    /// The positions in the operand that a reduction puts into one element.
    private static func members(of tensor: Tensor, _ position: Int) -> [Int] {
        guard case .reduce(_, let axes) = tensor.node.op, let input = tensor.node.inputs.first else { return [] }
        let outer = ElementPlace.index(position, tensor.shape)
        let kept = input.shape.indices.filter { !axes.contains($0) }
        return (0..<input.count).filter { inner in
            let index = ElementPlace.index(inner, input.shape)
            return zip(kept, outer).allSatisfy { index[$0] == $1 }
        }
    }
}

extension Array {
    func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
