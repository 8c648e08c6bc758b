import LockstepCompiler
import LockstepTensor

/// Functions of rows, of all rows at once and of one after the other.
package struct BatchingCase: Sendable, CustomStringConvertible {
    package typealias Function = @Sendable (_ row: [String: Tensor], _ all: [String: Tensor]) -> [Tensor]

    package let description: String
    /// What a call gets rows of, without the axis of rows, and what all calls have in common.
    let rows: [(name: String, shape: Shape)]
    let shared: [(name: String, shape: Shape)]
    let function: Function
    package static let count = 5

    private init(_ description: String, _ rows: [(String, Shape)], _ shared: [(String, Shape)] = [], _ function: @escaping Function) {
        self.description = description
        self.rows = rows.map { ($0, $1) }
        self.shared = shared.map { ($0, $1) }
        self.function = function
    }

    package static let names = all.map(\.description)
    package static func named(_ name: String) -> BatchingCase? { all.first { $0.description == name } }

    private static let origin = Origin()

    private var inputs: [(name: String, shape: Shape)] { rows.map { ($0.name, [Self.count] + $0.shape) } + shared }

    /// The tensors that the case is about, and its inputs.
    package func tensors(writtenOut: Bool) -> (values: [Tensor], inputs: [Tensor]) {
        let tensors = inputs.map { Tensor.input(Input(.data, $0.name, origin: Self.origin), shape: $0.shape) }
        let all = Dictionary(zip(inputs.map(\.name), tensors), uniquingKeysWith: { a, _ in a })
        func call(_ own: [Tensor]) -> [Tensor] { function(Dictionary(zip(rows.map(\.name), own), uniquingKeysWith: { a, _ in a }), all) }
        let over = Array(tensors.prefix(rows.count))
        guard writtenOut else { return (batched(over: over, call), tensors) }
        let each = (0..<Self.count).map { number in call(over.map { $0.element(number) }) }
        return (each[0].indices.map { place in .stack(each.map { $0[place] }) }, tensors)
    }

    /// Values by name.
    package func point(lane: Int = 0) -> [String: [Double]] {
        var random = SplitMix64(seed: UInt64(31 + lane))
        return Dictionary(
            inputs.map { input in
                (input.name, (0..<input.shape.elementCount).map { _ in Double(Float(Double.random(in: -1...1, using: &random))) })
            }, uniquingKeysWith: { a, _ in a })
    }

    /// A step that computes the values, the gradient of all, and a gradient of that.
    package func step(writtenOut: Bool, lanes: Int, order: Int = 2) -> StepCase {
        let (values, inputs) = tensors(writtenOut: writtenOut)
        var all = values
        if order > 0 {
            let first = Gradient.of(ScanCase.scalar(values), withRespectTo: inputs)
            all += first
            if order > 1 { all += Gradient.of(ScanCase.scalar(first), withRespectTo: inputs) }
        }
        var step = StepCase(values: all, perLane: Set(self.inputs.map(\.name)))
        step.lanes = lanes
        for input in self.inputs { step.perLane[input.name] = (0..<lanes).map { point(lane: $0)[input.name] ?? [] } }
        return step
    }

    /// The expressions of a random step as a function of its states.
    ///
    /// - Returns: of all rows at once, of one after the other, and what they need.
    package static func random(seed: UInt64, rows count: Int) -> (batched: StepCase, writtenOut: StepCase) {
        let step = RandomStep.make(seed: seed)
        let roots = step.function.states.map(\.value) + step.function.records.map(\.value)
        let states = Graph.topologicalOrder(roots).filter { if case .input(let input) = $0.node.op { input.kind == .state } else { false } }
        let all = states.enumerated().map { number, state in
            Tensor.input(Input(.data, "rows \(number)", origin: origin), shape: [count] + state.shape, dtype: state.dtype)
        }
        func call(_ rows: [Tensor]) -> [Tensor] {
            Graph.replace(roots, Dictionary(zip(states.map(\.id), rows), uniquingKeysWith: { a, _ in a }))
        }
        var random = SplitMix64(seed: seed &+ 99)
        let names = all.indices.map { "rows \($0)" }
        let perLane = all.map { tensor in
            (0..<step.lanes).map { _ in (0..<tensor.count).map { _ in Double(Float(Double.random(in: -1.5...1.5, using: &random))) } }
        }
        func made(_ values: [Tensor]) -> StepCase {
            var own = StepCase(values: values, perLane: step.function.perLane.union(names))
            (own.lanes, own.shared, own.perLane, own.scalars) = (step.lanes, step.shared, step.perLane, step.scalars)
            for (name, values) in zip(names, perLane) { own.perLane[name] = values }
            return own
        }
        let each = (0..<count).map { number in call(all.map { $0.element(number) }) }
        return (made(LockstepTensor.batched(over: all, call)), made(roots.indices.map { place in .stack(each.map { $0[place] }) }))
    }

    // MARK: Cases

    private static func rows(_ x: Tensor, below count: Int) -> Tensor {
        pointwiseMin(pointwiseMax((Double(count) * 0.5 * (x + 1)).asInt, Tensor(integer: 0)), Tensor(integer: count - 1))
    }

    /// A positive definite matrix.
    private static func definite(_ m: Tensor) -> Tensor { matmul(m, m.transposed) + Tensor.identity(m.shape[1]) }

    package static let all: [BatchingCase] = [
        BatchingCase("elements", [("x", [3]), ("s", [])], [("w", [3]), ("c", [])]) { x, all in
            let isAbove = all["c"]! .< x["x"]!
            return [
                exp(x["x"]! * all["w"]! + x["s"]!), select(isAbove, x["x"]! * all["w"]!, all["c"]!), select(0 .< all["w"]!, x["x"]!, x["s"]!),
                pointwiseMax(x["x"]!, all["w"]!), isAbove.asReal + x["s"]!, (x["x"]! * 3).asInt.asReal, x["x"]!.withoutGradient * x["s"]!,
            ]
        },
        BatchingCase("reductions", [("m", [4, 3])], [("w", [3])]) { x, all in
            let m = x["m"]!
            return [
                m.sum([0]), m.sum([1]), m.sum(), (m * all["w"]!).max([0]), m.min([1]), m.logSumExp(axis: 0), (0 .< m).any([1]).asReal,
                m.mean([0]), m.variance(axis: 1), m.cumulativeSum(axis: 1), m.logSoftmax(axis: 0),
            ]
        },
        BatchingCase("movements", [("m", [4, 3]), ("v", [3])], [("w", [2, 3])]) { x, all in
            let m = x["m"]!
            return [
                m.transposed, m.reshape([2, 6]), m[1..<3, 0..<2] * 2, .concatenate([m, all["w"]!]), .concatenate([all["w"]!, all["w"]!, m[..<1]]),
                x["v"]!.broadcast(to: [2, 4, 3]) * m, x["v"]!.expandingShape(at: 1) * x["v"]!, .stack([x["v"]!, all["w"]![0]], axis: 1),
                Tensor.iota(4).asReal.expandingShape(at: 1) * m, m.transposed.reshape([12]),
            ]
        },
        BatchingCase("rows by index", [("t", [4, 2]), ("i", [3])], [("u", [4, 2]), ("j", [2, 2])]) { x, all in
            let (own, common) = (rows(x["i"]!, below: 4), rows(all["j"]!, below: 4))
            return [
                x["t"]!.gather(common), all["u"]!.gather(own), x["t"]!.gather(own) * x["t"]!.gather(own), x["t"]!.gather(own.element(1)),
                x["t"]!.gather(common.element(0).element(1)),
                x["t"]!.gather(Tensor(integers: [2, 0, 1, 1, 3])), x["i"]!.gather(Tensor.iota(2)),
            ]
        },
        BatchingCase("sums by index", [("t", [3, 2]), ("i", [3])], [("u", [3, 2]), ("j", [3])]) { x, all in
            let (own, common) = (rows(x["i"]!, below: 4), rows(all["j"]!, below: 4))
            return [
                x["t"]!.segmentSum(common, count: 4), all["u"]!.segmentSum(own, count: 4), x["t"]!.segmentSum(own, count: 4),
                square(x["t"]!).segmentSum(own, count: 4).gather(own), x["i"]!.segmentSum(common, count: 2 + 2),
                square(x["t"]!.reshape([3, 1, 2])).segmentSum(own.reshape([3, 1]), count: 5),
            ]
        },
        BatchingCase("matrices", [("m", [3, 3]), ("b", [3, 2])], [("n", [3, 3]), ("c", [3, 2])]) { x, all in
            let (own, common) = (definite(x["m"]!), definite(all["n"]!))
            let (factor, other) = (cholesky(own), cholesky(common))
            return [
                factor, triangularSolve(factor, all["c"]!), triangularSolve(other, x["b"]!, isTransposed: true), solve(own, x["b"]!),
                logDeterminant(own), matmul(x["m"]!, all["c"]!), matmul(all["n"]!, x["b"]!),
            ]
        },
        BatchingCase("recurrences", [("a", []), ("y", [6])], [("x", [6]), ("b", [])]) { x, all in
            // The first only through what the second carries, the third not at all.
            let result = scan(over: [all["x"]!, x["y"]!], from: [0, all["b"]!, 1]) { carries, rows in
                let second = 0.5 * carries[1] + x["a"]! * rows[0] + rows[1] * carries[2]
                return ([0.7 * carries[0] + tanh(carries[1]), second, carries[2] * 0.9 + rows[0]], [second * carries[0], carries[2] * all["b"]!])
            }
            let back = scan(over: x["y"]!, from: all["b"]!, isReversed: true) { carry, row in (0.5 * carry + row * row, carry * row) }
            return result.carries + result.outputs + [back.carry, back.outputs]
        },
        BatchingCase("recurrences of recurrences", [("a", []), ("y", [3, 4])], [("x", [3, 4])]) { x, all in
            let result = scan(over: [all["x"]!, x["y"]!], from: [0]) { carries, rows in
                let inner = scan(over: [rows[0]], from: [carries[0]], isReversed: true) { own, cells in
                    let next = x["a"]! * own[0] + cells[0]
                    return ([next], [next * next])
                }
                return ([inner.carries[0] * 0.5 + rows[1].sum()], [inner.outputs[0] + rows[1]])
            }
            return result.carries + result.outputs
        },
        // Rows take different numbers of steps.
        BatchingCase("loops that end", [("x", [])], [("limit", [])]) { x, all in
            let halved = whileLoop(from: [4 + 3 * x["x"]!, 0, all["limit"]!], most: 40, while: { 0.3 .< $0[0] }) {
                [0.7 * $0[0], $0[1] + 1, 0.5 * $0[2]]
            }
            let plain = whileLoop(from: [all["limit"]!, 0], most: 9, while: { _ in Tensor(mask: true) }) { [0.5 * $0[0], $0[1] + x["x"]!] }
            return [halved[0] * x["x"]!, halved[1], halved[2], plain[0] + plain[1]]
        },
        BatchingCase("solutions", [("x", [2]), ("s", [])], [("w", [2])]) { x, all in
            let point = fixedPoint(from: Tensor([0.1, 0.2]), most: 200, tolerance: 1e-13) { 0.3 * cos($0) * all["w"]! + 0.2 * x["x"]! }
            let other = fixedPoint(from: x["s"]!, most: 200, tolerance: 1e-13) { 0.3 * sin($0) + 0.2 * all["w"]!.sum() }
            return [point, other * x["s"]!]
        },
        // Derivatives by somebody who knows them: of what all rows have in common, of rows, and of results without rows.
        BatchingCase("derivatives of its own", [("x", [3])], [("w", [3]), ("b", [])]) { x, all in
            func parts(_ a: Tensor, _ b: Tensor) -> [Tensor] {
                withPullback([a, b], { [exp($0[0] * $0[1]), $0[1] * $0[1]] }) { operands, results, adjoints in
                    let ofProduct = adjoints[0] * results[0]
                    return [ofProduct * operands[1], ofProduct * operands[0] + 2 * operands[1] * adjoints[1]]
                }
            }
            let (one, two, three) = (parts(x["x"]!, all["w"]!), parts(all["w"]!, x["x"]!), parts(all["w"]!, all["w"]! * all["b"]!))
            return [one[0] * one[1], two[0] + two[1], three[0] * x["x"]!, one[1]]
        },
        BatchingCase("order", [("x", [5]), ("q", [])], [("knots", [4])]) { x, all in
            let knots = Tensor([-1, -0.3, 0.4, 1.1])
            return [
                x["x"]!.sorted(), x["x"]!.argMax(axis: 0).asReal * x["q"]!, x["x"]!.median(axis: 0), x["x"]!.product(),
                interpolate(x["x"]!, knots: knots, values: all["knots"]!), interpolate(Tensor([0.2, 0.5]), knots: knots, values: x["x"]![..<4]),
            ]
        },
        BatchingCase("within one another", [("m", [3, 2]), ("s", [])], [("w", [2])]) { x, all in
            batched(over: [x["m"]!, Tensor.iota(3)]) { inner in
                [exp(inner[0] * all["w"]! * x["s"]!).sum() + inner[1].asReal, inner[0].gather(rows(inner[0], below: 2))]
            }
        },
        BatchingCase("what no row changes", [("x", [2])], [("w", [2])]) { x, all in [exp(all["w"]!), x["x"]!, Tensor([1, 2]), Tensor.iota(3)] },
    ]
}
