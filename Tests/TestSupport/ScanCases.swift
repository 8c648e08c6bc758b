import LockstepCompiler
import LockstepTensor

/// Recurrences, each as `scan` and written out.
package struct ScanCase: Sendable, CustomStringConvertible {
    /// `scan(over:from:isReversed:_:)`, or the same steps one after the other.
    package typealias Recurrence = (
        _ rows: [Tensor], _ carries: [Tensor], _ isReversed: Bool, _ step: ([Tensor], [Tensor]) -> ([Tensor], [Tensor])
    ) -> ScanResult

    package let description: String
    /// Inputs with their shapes and values.
    let inputs: [(name: String, shape: Shape)]
    let draws: Int
    let build: @Sendable (_ input: [String: Tensor], _ recur: @escaping Recurrence) -> [Tensor]

    init(
        _ description: String, _ inputs: [(name: String, shape: Shape)], draws: Int = 0,
        _ build: @escaping @Sendable (_ input: [String: Tensor], _ recur: @escaping Recurrence) -> [Tensor]
    ) {
        (self.description, self.inputs, self.draws, self.build) = (description, inputs, draws, build)
    }

    package static let names = all.map(\.description)
    package static func named(_ name: String) -> ScanCase? { all.first { $0.description == name } }

    // MARK: Written out

    private static func writtenOut(
        _ rows: [Tensor], _ carries: [Tensor], _ isReversed: Bool, _ step: ([Tensor], [Tensor]) -> ([Tensor], [Tensor])
    ) -> ScanResult {
        let length = rows[0].shape[0]
        var carries = carries
        var outputs = [[Tensor]](repeating: [], count: length)
        for turn in 0..<length {
            let time = isReversed ? length - 1 - turn : turn
            (carries, outputs[time]) = step(carries, rows.map { $0.element(time) })
        }
        return ScanResult(carries: carries, outputs: outputs[0].indices.map { number in .stack(outputs.map { $0[number] }) })
    }

    /// The tensors that the case is about, and its real inputs.
    ///
    /// - Parameter tapeBudget: see `Segments`; nil for the usual one.
    package func tensors(writtenOut isWrittenOut: Bool, tapeBudget: Int? = nil) -> (values: [Tensor], inputs: [Tensor]) {
        let tensors = inputs.map { Tensor.input(Input(.data, $0.name, origin: Self.origin), shape: $0.shape) }
        let named = Dictionary(zip(inputs.map(\.name), tensors), uniquingKeysWith: { a, _ in a })
        let values =
            isWrittenOut
            ? build(named) { Self.writtenOut($0, $1, $2, $3) }
            : build(named) { scan(over: $0, from: $1, isReversed: $2, tapeBudget: tapeBudget ?? Segments.tapeBudget, $3) }
        return (values, tensors)
    }

    private static let origin = Origin()

    /// Values by name.
    package func point(lane: Int = 0) -> [String: [Double]] {
        var random = SplitMix64(seed: UInt64(17 + lane))
        return Dictionary(
            inputs.map { input in
                (input.name, (0..<input.shape.elementCount).map { _ in Double(Float(Double.random(in: -1...1, using: &random))) })
            }, uniquingKeysWith: { a, _ in a })
    }

    /// One scalar of all, in which no mistake cancels.
    package static func scalar(_ values: [Tensor]) -> Tensor {
        values.enumerated().reduce(Tensor(0)) { $0 + (1 + 0.1 * Double($1.offset)) * $1.element.asReal.weightedSum }
    }

    /// A step that computes the values, the gradient of all, and a gradient of that.
    package func step(writtenOut isWrittenOut: Bool, lanes: Int, order: Int = 2, tapeBudget: Int? = nil) -> StepCase {
        let (values, inputs) = tensors(writtenOut: isWrittenOut, tapeBudget: tapeBudget)
        var all = values
        if order > 0 {
            let first = Gradient.of(Self.scalar(values), withRespectTo: inputs)
            all += first
            if order > 1 { all += Gradient.of(Self.scalar(first), withRespectTo: inputs) }
        }
        var step = StepCase(values: all, perLane: Set(self.inputs.map(\.name)))
        step.lanes = lanes
        for input in self.inputs { step.perLane[input.name] = (0..<lanes).map { point(lane: $0)[input.name] ?? [] } }
        return step
    }

    // MARK: Cases

    package static let all: [ScanCase] = [
        ScanCase("leaky sum", [("x", [7]), ("a", []), ("s", [])]) { x, recur in
            let result = recur([x["x"]!], [x["s"]!], false) { carries, rows in
                let next = x["a"]! * carries[0] + rows[0]
                return ([next], [next * next])
            }
            return result.carries + result.outputs
        },
        ScanCase("from the last", [("x", [9, 2]), ("s", [2])]) { x, recur in
            let result = recur([x["x"]!], [x["s"]!], true) { carries, rows in
                let next = tanh(carries[0] + 0.5 * rows[0])
                return ([next], [carries[0] * rows[0]])
            }
            return result.carries + result.outputs
        },
        // Variances that depend on themselves and on the rows.
        ScanCase("garch", [("y", [40]), ("omega", []), ("alpha", []), ("beta", [])]) { x, recur in
            let (omega, alpha, beta) = (exp(x["omega"]!), sigmoid(x["alpha"]!), sigmoid(x["beta"]!))
            let y = x["y"]!
            let result = recur([y[..<(-1)]], [exp(omega)], false) { carries, rows in
                let next = omega + alpha * rows[0] * rows[0] + beta * carries[0]
                return ([next], [next])
            }
            let variance = result.outputs[0]
            return [(-0.5 * log(variance) - 0.5 * y[1...] * y[1...] / variance).sum()]
        },
        // All ways through three states.
        ScanCase("hidden Markov model", [("y", [30]), ("mean", [3]), ("way", [3, 3])]) { x, recur in
            let ways = x["way"]!.logSoftmax(axis: 1)
            let mean = x["mean"]!
            let result = recur([x["y"]!], [mean - mean], false) { carries, rows in
                let distance = rows[0] - mean
                let next = (carries[0].expandingShape(at: 1) + ways).logSumExp(axis: 0) - 0.5 * distance * distance
                return ([next], [])
            }
            return [result.carries[0].logSumExp(axis: 0)]
        },
        // Two arrays that read each other at other places.
        ScanCase("neighbours", [("x", [12]), ("a", [5]), ("b", [5])]) { x, recur in
            let turned = Tensor(integers: [1, 2, 3, 4, 0])
            let result = recur([x["x"]!], [x["a"]!, x["b"]!], false) { carries, rows in
                ([carries[1].gather(turned) * rows[0], sin(carries[0]) + 0.1 * carries[1]], [carries[0].sum() + carries[1].gather(turned)])
            }
            return result.carries + result.outputs
        },
        // Several steps go together, and each reads one element of a vector that the one before stored in a loop.
        ScanCase("vector and its first", [("x", [18]), ("v", [12])]) { x, recur in
            let result = recur([x["x"]!], [x["v"]!], false) { carries, rows in
                let next = 0.6 * carries[0] + rows[0] * carries[0].element(0)
                return ([next], [carries[0].element(11)])
            }
            return [result.carries[0], result.outputs[0]]
        },
        // Longer than is written out.
        ScanCase("matrix", [("x", [6]), ("m", [20, 20]), ("v", [20])]) { x, recur in
            let result = recur([x["x"]!], [x["v"]!], false) { carries, rows in
                ([tanh((x["m"]! * carries[0]).sum(axis: 1) * 0.3 + rows[0])], [carries[0].max()])
            }
            return result.carries + result.outputs
        },
        ScanCase("long", [("x", [300]), ("a", [])]) { x, recur in
            let result = recur([x["x"]!, Tensor.iota(300)], [0, 1], false) { carries, rows in
                let next = 0.9 * carries[0] + rows[0] * cos(0.1 * rows[1].asReal) * x["a"]!
                return ([next, 0.5 * carries[1] + next * next], [next * carries[1]])
            }
            return result.carries + [result.outputs[0].sum(), (result.outputs[0] * x["x"]!).sum()]
        },
        // Rows that an int which is carried names.
        ScanCase("counter", [("x", [8]), ("t", [4])]) { x, recur in
            let result = recur([x["x"]!], [Tensor(integers: [1]).element(0), 0], false) { carries, rows in
                let next = select(carries[0] .== Tensor(integer: 3), Tensor(integer: 0), carries[0] + Tensor(integer: 1))
                return ([next, carries[1] + rows[0] * x["t"]!.gather(carries[0])], [carries[0].asReal])
            }
            return [result.carries[1]] + result.outputs
        },
        ScanCase("one within another", [("x", [4, 5]), ("a", [])]) { x, recur in
            let result = recur([x["x"]!], [0], false) { carries, rows in
                let inner = recur([rows[0]], [carries[0]], true) { own, cells in
                    let next = x["a"]! * own[0] + cells[0] * carries[0] + cells[0]
                    return ([next], [next * next])
                }
                return ([inner.carries[0] * 0.5], [inner.outputs[0].sum(), inner.carries[0]])
            }
            return result.carries + result.outputs
        },
        ScanCase("one after another", [("x", [33]), ("a", []), ("b", [])]) { x, recur in
            let smooth = recur([x["x"]!], [0], false) { carries, rows in
                let next = x["a"]! * carries[0] + rows[0]
                return ([next], [next])
            }
            let back = recur([smooth.outputs[0]], [smooth.carries[0]], true) { carries, rows in
                let next = x["b"]! * carries[0] + rows[0] * rows[0]
                return ([next], [next])
            }
            return [back.carries[0], (back.outputs[0] * smooth.outputs[0]).sum()]
        },
        // Draws for all steps, and what is not differentiated.
        ScanCase("random walk", [("s", []), ("scale", [])]) { x, recur in
            let noise = Tensor.random(RandomOp(.normal, stream: 5, particle: 0, site: "z", origin: origin), shape: [25])
            let result = recur([noise], [x["s"]!], false) { carries, rows in
                let next = carries[0] + exp(x["scale"]!) * rows[0] + carries[0].withoutGradient
                return ([0.4 * next], [next])
            }
            return result.carries + [result.outputs[0].mean()]
        },
        ScanCase("nothing to differentiate", [("x", [20])]) { x, recur in
            let result = recur([Tensor.iota(20), x["x"]!], [Tensor(integers: [0]).element(0), Tensor(mask: false)], false) { carries, rows in
                let isAbove = 0 .< rows[1]
                return ([select(isAbove, rows[0], carries[0]), carries[1] .| isAbove], [carries[0].asReal, carries[1].asReal])
            }
            return [result.carries[0].asReal, result.carries[1].asReal * x["x"]!.sum()] + result.outputs
        },
        // Lotka and Volterra's, at times that are differentiated too.
        ScanCase("predators and prey", [("u", []), ("v", []), ("growth", []), ("time", [])]) { x, recur in
            let growth = exp(x["growth"]!)
            return RungeKutta.solution(from: [exp(x["u"]!), exp(x["v"]!)], at: [0, 0.3, 0.5, 0.9] * exp(0.2 * x["time"]!), 2, recur) { _, state in
                [(growth - 0.8 * state[1]) * state[0], (0.5 * state[0] - 0.6) * state[1]]
            }
        },
        // Infinite derivatives of what is left out.
        ScanCase("left out", [("x", [10]), ("a", [])]) { x, recur in
            let result = recur([x["x"]!], [x["a"]!], false) { carries, rows in
                let isUsed = 0 .< rows[0]
                let safe = select(isUsed, rows[0], 1)
                return ([select(isUsed, carries[0] * sqrt(safe) + rows[0], carries[0])], [select(isUsed, log(safe), carries[0])])
            }
            return result.carries + result.outputs
        },
        ScanCase("Kalman filter", [("y", [8, 2]), ("walk", []), ("noise", [])]) { x, recur in
            KalmanFilter.tensors(x["y"]!, walk: x["walk"]!, noise: x["noise"]!, recur)
        },
        // The derivatives of exp and of a product, by somebody who knows them.
        ScanCase("derivatives of its own", [("x", [9]), ("a", []), ("b", [])]) { x, recur in
            let result = recur([x["x"]!], [x["a"]!], false) { carries, rows in
                let parts = withPullback([carries[0] * x["b"]!, rows[0]], { [exp(-$0[0] * $0[1]), $0[0] * $0[1]] }) { operands, results, adjoints in
                    let ofProduct = adjoints[1] - adjoints[0] * results[0]
                    return [ofProduct * operands[1], ofProduct * operands[0]]
                }
                return ([0.5 * parts[0] + 0.25 * carries[0]], [parts[0] * parts[1]])
            }
            return result.carries + result.outputs
        },
    ]
}
