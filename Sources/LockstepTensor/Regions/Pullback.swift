/// The derivatives of a function, given by whoever knows them better than the reverse mode. Two are equal when they are the same object.
package final class Pullback: Hashable, Sendable {
    /// From operands, results and the derivatives with respect to the results to those with respect to the operands, of the operands'
    /// shapes; nil where an operand has none.
    package typealias Function = @Sendable (_ operands: [Tensor], _ results: [Tensor], _ adjoints: [Tensor]) -> [Tensor?]

    let function: Function
    /// Of a call's operands the first; what was captured follows them.
    let operands: Int

    init(operands: Int, _ function: @escaping Function) { (self.operands, self.function) = (operands, function) }

    package static func == (a: Pullback, b: Pullback) -> Bool { a === b }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

    /// The same expressions, in which the results of calls are what the functions make of their operands.
    static func withoutCalls(_ roots: [Tensor]) -> [Tensor] {
        var results: [ObjectIdentifier: [Tensor]] = [:]
        return Graph.rewrite(roots) { node, inputs in
            switch node.op {
            case .call(let region, _):
                let call = node.rebuilt(inputs)
                results[call.id] = Region(parameters: region.parameters, results: withoutCalls(region.results)).applied(to: inputs)
                return call
            case .result(let number):
                return results[inputs[0].id]?[number] ?? node.rebuilt(inputs)
            default:
                return node.rebuilt(inputs)
            }
        }
    }
}

/// The results of a function of real tensors that has derivatives of its own. What it has from elsewhere has none.
///
/// - Parameter function: is called once, with stand-ins.
package func withPullback(
    _ operands: [Tensor], _ function: ([Tensor]) -> [Tensor], pullback: @escaping Pullback.Function
) -> [Tensor] {
    let parameters = operands.enumerated().map { Region.parameter(like: $1.shape, $1.dtype, "operand \($0)") }
    let results = function(parameters)
    if let failure = (operands + results).lazy.compactMap(\.failure).first { return results.map { _ in .failed(failure) } }
    let (region, captured) = Region.closed(parameters, results)
    let node = Tensor(.call(region, Pullback(operands: operands.count, pullback)), operands + captured, shape: [], dtype: .real)
    return results.indices.map { node.callResult($0) }
}

extension Tensor {
    /// A result of a node of a call.
    func callResult(_ number: Int) -> Tensor {
        guard case .call(let region, _) = node.op else { return self }
        return Tensor(.result(number), [self], shape: region.results[number].shape, dtype: region.results[number].dtype)
    }

    /// The derivatives with respect to the operands of a call.
    ///
    /// - Parameter adjoints: those with respect to results, by number.
    func pulledBack(_ adjoints: [Int: Tensor]) -> [Tensor?] {
        guard case .call(let region, let pullback) = node.op else { return [] }
        let results = region.results.indices.map { callResult($0) }
        let operands = Array(node.inputs.prefix(pullback.operands))
        let derivatives = pullback.function(
            operands, results, results.enumerated().map { adjoints[$0] ?? Tensor(repeating: 0, shape: $1.shape) })
        return Array(derivatives.prefix(pullback.operands))
    }
}
