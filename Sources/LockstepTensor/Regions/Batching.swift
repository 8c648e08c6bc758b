/// A function of rows, of all rows at once: what it computes of one row is computed with an axis for all of them.
///
/// The rows know nothing of each other, so that this is the same as to call the function for each and to stack what it returns; but the
/// text of the kernel, and the time to compile it, do not grow with the number of rows. What does not depend on the rows is computed once.
/// Where each step needs what the one before made, take `scan(over:from:isReversed:_:)`.
///
/// ```swift
/// // The log density of each row of a matrix under one model of rows.
/// let densities = batched(over: rows) { row in logDensity(of: row, weights) }
/// ```
///
/// - Parameters:
///   - tensors: what each call gets one row of: tensors `[rows] + rest`, alike in their first axis. At least one: for calls that get
///     nothing but their number, `Tensor.iota(rows)`.
///   - body: gets rows and returns tensors. It is called once, with stand-ins. Draws in it are the same in each call: draw for all of
///     them, with rows as an axis, and pass rows.
/// - Returns: the results of all calls, stacked along a new first axis. Tensors that carry a mistake where shapes do not fit.
public func batched(over tensors: [Tensor], _ body: (_ rows: [Tensor]) -> [Tensor]) -> [Tensor] {
    let rows = tensors.enumerated().map { Region.parameter(like: Array($1.shape.dropFirst()), $1.dtype, "row \($0)") }
    let results = body(rows)
    func failed(_ failure: TensorError) -> [Tensor] { results.map { _ in .failed(failure) } }
    func failed(_ reason: String) -> [Tensor] { failed(TensorError("batched", tensors.map(\.shape), reason)) }
    if let failure = (tensors + results).lazy.compactMap(\.failure).first { return failed(failure) }
    guard let count = tensors.first?.shape.first else {
        return failed("there is nothing to go over; give at least one tensor with a first axis")
    }
    guard tensors.allSatisfy({ $0.shape.first == count }) else { return failed("the tensors to go over differ in their first axis") }
    // Types as of a row.
    if count == 0 { return results.map { Tensor(.literal([0]), shape: [0] + $0.shape, dtype: $0.dtype) } }
    return Batching(count: count, Array(zip(rows, tensors))).stacked(results)
}

/// A function of rows of one tensor, of all rows at once; see `batched(over:_:)` of several.
public func batched(over tensor: Tensor, _ body: (_ row: Tensor) -> Tensor) -> Tensor {
    batched(over: [tensor]) { [body($0[0])] }[0]
}

/// A rewrite of expressions that gives a leading axis to all that depends on some tensors. What does not stays as it is, and is repeated
/// along the axis only beside something that has it.
package struct Batching: Sendable {
    /// The length of the axis.
    let count: Int
    /// Tensors, and what they are with the axis.
    private let known: [(tensor: Tensor, batched: Tensor)]
    /// Whether draws are for one particle after the other along the axis.
    private let drawsParticles: Bool

    init(count: Int, _ known: [(Tensor, Tensor)], drawsParticles: Bool = false) {
        self.count = count
        self.known = known.map { ($0, $1) }
        self.drawsParticles = drawsParticles
    }

    /// Draws for particles `p ..< p + count` where there was one for particle p.
    ///
    /// - Parameter count: at least 1.
    package static func particles(_ count: Int) -> Batching { Batching(count: count, [], drawsParticles: true) }

    /// With the axis in front, whether or not they depend on anything that has it.
    package func stacked(_ roots: [Tensor]) -> [Tensor] {
        rewritten(roots).map { $0.isBatched ? $0.tensor : $0.tensor.broadcast(to: [count] + $0.tensor.shape) }
    }

    /// With the axis in front where they depend on something that has it.
    package func rewritten(_ roots: [Tensor]) -> [(tensor: Tensor, isBatched: Bool)] {
        var walk = BatchingWalk(self)
        for tensor in Graph.topologicalOrder(roots) { walk.visit(tensor) }
        return roots.map { root in walk.batched[root.id].map { ($0, true) } ?? (root, false) }
    }

    // MARK: Regions

    /// A region some of whose parameters have the axis.
    fileprivate struct Body {
        let parameters: [Tensor]
        let results: [(tensor: Tensor, isBatched: Bool)]
    }

    fileprivate func body(of region: Region, _ isBatched: [Bool]) -> Body {
        let parameters = zip(region.parameters, isBatched).enumerated().map { number, pair in
            pair.1 ? Region.parameter(like: [count] + pair.0.shape, pair.0.dtype, "parameter \(number)") : pair.0
        }
        let rules = adding(zip(region.parameters, parameters).filter { $0.0.id != $0.1.id })
        return Body(parameters: parameters, results: rules.rewritten(region.results))
    }

    private func adding(_ more: [(Tensor, Tensor)]) -> Batching {
        Batching(count: count, known.map { ($0.tensor, $0.batched) } + more, drawsParticles: drawsParticles)
    }

    /// The derivatives of a call all of whose results have the axis.
    ///
    /// - Parameter isBatched: which of the call's operands do.
    fileprivate func pullback(_ pullback: Pullback, of region: Region, _ isBatched: [Bool]) -> Pullback {
        Pullback(operands: pullback.operands) { operands, results, adjoints in
            var more: [(Tensor, Tensor)] = []
            /// Of one element of the axis.
            func row(_ tensor: Tensor, like model: Tensor, _ name: String) -> Tensor {
                let row = Region.parameter(like: model.shape, model.dtype, name)
                more.append((row, tensor))
                return row
            }
            let own = operands.enumerated().map { isBatched[$0] ? row($1, like: region.parameters[$0], "operand \($0)") : $1 }
            let ownResults = results.enumerated().map { row($1, like: region.results[$0], "result \($0)") }
            let ownAdjoints = adjoints.enumerated().map { row($1, like: region.results[$0], "derivative of result \($0)") }
            let derivatives = pullback.function(own, ownResults, ownAdjoints)
            let found = adding(more).rewritten(derivatives.compactMap(\.self))
            var next = found.makeIterator()
            return derivatives.enumerated().map { position, derivative in
                guard derivative != nil, let (tensor, hasAxis) = next.next() else { return nil }
                if isBatched[position] { return hasAxis ? tensor : tensor.broadcast(to: [count] + tensor.shape) }
                // What all have in common takes part in each.
                return hasAxis ? tensor.sum(axis: 0) : tensor
            }
        }
    }

    fileprivate var seeds: [ObjectIdentifier: Tensor] { Dictionary(known.map { ($0.tensor.id, $0.batched) }, uniquingKeysWith: { $1 }) }
    fileprivate var particles: Int? { drawsParticles ? count : nil }
}

/// A walk over a graph, operands before users.
private struct BatchingWalk {
    private let rules: Batching
    private var count: Int { rules.count }
    /// What has the axis, by what has not.
    private(set) var batched: [ObjectIdentifier: Tensor]
    /// The results of recurrences and calls that have the axis.
    private var results: [ObjectIdentifier: (Int) -> (tensor: Tensor, isBatched: Bool)] = [:]

    init(_ rules: Batching) { (self.rules, batched) = (rules, rules.seeds) }

    private func hasAxis(_ tensor: Tensor) -> Bool { batched[tensor.id] != nil }

    /// With the axis, be it as repetition.
    private func lifted(_ tensor: Tensor) -> Tensor { batched[tensor.id] ?? tensor.broadcast(to: [count] + tensor.shape) }

    mutating func visit(_ tensor: Tensor) {
        guard batched[tensor.id] == nil else { return }
        let node = tensor.node
        switch node.op {
        case .random(let draw): return visit(tensor, draw)
        case .result(let number):
            // Without the axis it is one of the new node all the same: the old one is made of rows.
            if let (result, isBatched) = results[node.inputs[0].id]?(number) {
                batched[tensor.id] = isBatched ? result : result.broadcast(to: [count] + tensor.shape)
            }
            return
        default: break
        }
        guard node.inputs.contains(where: hasAxis) else { return }
        switch node.op {
        case .literal, .input, .iota, .random, .result: break
        case .scan(let region, let scan): visit(tensor, region, scan)
        case .call(let region, let pullback): visit(tensor, region, pullback)
        case .map, .stopGradient, .cholesky, .triangular: put(node.op, over: tensor)
        case .reduce(let reduction, let axes): put(.reduce(reduction, axes: axes.map { $0 + 1 }), over: tensor)
        case .reshape: put(.reshape, over: tensor)
        case .permute(let order): put(.permute([0] + order.map { $0 + 1 }), over: tensor)
        case .slice(let starts): put(.slice(starts: [0] + starts), over: tensor)
        case .assemble(let starts): put(.assemble(starts: starts.map { [0] + $0 }), over: tensor)
        case .broadcast:
            let source = node.inputs[0].shape
            let aligned = [count] + Array(repeating: 1, count: tensor.rank - source.count) + source
            batched[tensor.id] = lifted(node.inputs[0]).reshape(aligned).broadcast(to: [count] + tensor.shape)
        case .gather: batched[tensor.id] = gathered(node.inputs[0], node.inputs[1])
        case .segmentSum: batched[tensor.id] = segments(node.inputs[0], node.inputs[1], tensor.shape[0])
        }
    }

    /// The operation over operands all of which have the axis.
    private mutating func put(_ op: Op, over tensor: Tensor) {
        batched[tensor.id] = Tensor(op, tensor.node.inputs.map(lifted), shape: [count] + tensor.shape, dtype: tensor.dtype)
    }

    // MARK: Draws

    private mutating func visit(_ tensor: Tensor, _ draw: RandomOp) {
        if let particles = rules.particles, draw.particles == nil {
            var own = draw
            own.particles = particles
            batched[tensor.id] = Tensor(.random(own), tensor.node.inputs.map(lifted), shape: [count] + tensor.shape, dtype: tensor.dtype)
        } else if tensor.node.inputs.contains(where: hasAxis) {
            let reason = "the draw at '\(draw.site)' depends on a row; draw for all rows before, with rows as an axis, and pass rows"
            batched[tensor.id] = .failed(TensorError("batched", [tensor.shape], reason))
        }
    }

    // MARK: Rows

    private func gathered(_ source: Tensor, _ index: Tensor) -> Tensor {
        // The same source for all.
        guard let rows = batched[source.id] else { return source.gather(lifted(index)) }
        guard let own = batched[index.id] else {
            return rows.movingAxis(from: 0, to: 1).gather(index).movingAxis(from: index.rank, to: 0)
        }
        return rows.reshape([count * source.shape[0]] + source.shape.dropFirst()).gather(flat(own, source.shape[0]))
    }

    private func segments(_ values: Tensor, _ index: Tensor, _ segments: Int) -> Tensor {
        guard let own = batched[index.id] else {
            return lifted(values).movingAxis(from: 0, to: index.rank).segmentSum(index, count: segments).movingAxis(from: 1, to: 0)
        }
        let all = lifted(values).segmentSum(flat(own, segments), count: count * segments)
        return all.reshape([count, segments] + values.shape.dropFirst(index.rank))
    }

    /// Rows of one of `count` tables of `rows` rows, as rows of all tables one below the other.
    private func flat(_ index: Tensor, _ rows: Int) -> Tensor {
        let first = Tensor.iota(count) * Tensor(integer: rows)
        return index.clampedRow(rows) + first.reshape([count] + Array(repeating: 1, count: index.rank - 1))
    }

    // MARK: Regions

    private mutating func visit(_ tensor: Tensor, _ region: Region, _ scan: Scan) {
        let inputs = tensor.node.inputs
        var isBatched = inputs.map(hasAxis)
        var body = rules.body(of: region, isBatched)
        // What is carried has the axis where it has it in any step.
        while true {
            let found = (0..<scan.carries).filter { !isBatched[$0] && body.results[$0].isBatched }
            if found.isEmpty { break }
            for carry in found { isBatched[carry] = true }
            body = rules.body(of: region, isBatched)
        }
        var operands = inputs.enumerated().map { position, input -> Tensor in
            guard isBatched[position] else { return input }
            if case .stacked = scan.operand(position) { return lifted(input).movingAxis(from: 0, to: 1) }
            return lifted(input)
        }
        var parameters = body.parameters
        var next = body.results.enumerated().map { number, result in
            number < scan.carries && isBatched[number] && !result.isBatched
                ? result.tensor.broadcast(to: [count] + result.tensor.shape) : result.tensor
        }
        var carries = scan.carries
        if scan.stops, isBatched[carries - 1] {
            // The loop goes on as long as the mask holds anywhere. Where it does not, steps change nothing.
            operands.insert(operands[carries - 1].any(), at: carries)
            parameters.insert(Region.parameter(like: [], .bool, "is any running"), at: carries)
            next.insert(next[carries - 1].any(), at: carries)
            carries += 1
        }
        let node = Region.scanNode(
            Region(parameters: parameters, results: next),
            Scan(
                length: scan.length, isReversed: scan.isReversed, carries: carries, stacked: scan.stacked, outputs: scan.outputs,
                stops: scan.stops), operands)
        results[tensor.id] = { number in
            let result = scan.result(number)
            let own = node.scanResult(result)
            switch result {
            case .final(let place): return (own, isBatched[place])
            case .output(let place):
                let hasAxis = body.results[scan.carries + place].isBatched
                return (hasAxis ? own.movingAxis(from: 1, to: 0) : own, hasAxis)
            case .history(let place): return (isBatched[place] ? own.movingAxis(from: 1, to: 0) : own, isBatched[place])
            }
        }
    }

    private mutating func visit(_ tensor: Tensor, _ region: Region, _ pullback: Pullback) {
        let inputs = tensor.node.inputs
        let isBatched = inputs.map(hasAxis)
        let body = rules.body(of: region, isBatched)
        // All of them, so that a derivative is of one element of the axis, whichever result it comes through.
        let stacked = body.results.map { $0.isBatched ? $0.tensor : $0.tensor.broadcast(to: [count] + $0.tensor.shape) }
        let node = Tensor(
            .call(Region(parameters: body.parameters, results: stacked), rules.pullback(pullback, of: region, isBatched)),
            inputs.map { batched[$0.id] ?? $0 }, shape: [], dtype: .real)
        results[tensor.id] = { (node.callResult($0), true) }
    }
}

extension Tensor {
    fileprivate func movingAxis(from: Int, to: Int) -> Tensor {
        var order = Array(shape.indices)
        guard order.indices.contains(from), order.indices.contains(to) else { return self }
        order.insert(order.remove(at: from), at: to)
        return transposed(order)
    }

    /// The index of a gather from `count` rows, or of a sum into so many, kept inside of them.
    package func clampedRow(_ count: Int) -> Tensor {
        pointwiseMin(pointwiseMax(self, Tensor(integer: 0)), Tensor(integer: Swift.max(count - 1, 0)))
    }
}
