import LockstepCompiler
import LockstepTensor

/// Losses with their gradients, as steps of gradient descent: what fits are made of, without the model layer.
package enum StatisticalModels {
    private static func input(_ kind: Input.Kind, _ name: String, _ shape: Shape, _ dtype: DType = .real, _ origin: Origin) -> Tensor {
        .input(Input(kind, name, origin: origin), shape: shape, dtype: dtype)
    }

    private static func descent(_ loss: Tensor, _ parameters: [(String, Tensor)]) -> StepCase {
        let gradients = Gradient.of(loss, withRespectTo: parameters.map(\.1))
        let states = zip(parameters, gradients).map { LaneFunction.State($0.0, $0.1 - 0.001 * $1) }
        let step = Tensor.input(Input(.scalar, Input.step, origin: Origin()), shape: [], dtype: .int)
        return StepCase(LaneFunction(states: states, records: [.init("loss", slots: 4, slot: step, value: loss)]))
    }

    private static func numbers(_ count: Int, _ seed: UInt64) -> [Double] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Double(Float(Double.random(in: -1...1, using: &random))) }
    }

    package static func logisticRegression(rows: Int = 569, columns: Int = 30) -> StepCase {
        let origin = Origin()
        let x = input(.data, "x", [rows, columns], .real, origin), y = input(.data, "y", [rows], .real, origin)
        let w = input(.state, "w", [columns], .real, origin), b = input(.state, "b", [], .real, origin)
        let logits = matmul(x, w) + b
        let loss = (softplus(logits) - y * logits).sum() + 0.5 * square(w).sum()
        var step = descent(loss, [("w", w), ("b", b)])
        step.shared = ["x": numbers(rows * columns, 1), "y": numbers(rows, 2).map { $0 > 0 ? 1 : 0 }]
        step.initial["w"] = (0..<step.lanes).map { numbers(columns, 10 + UInt64($0)) }
        return step
    }

    package static func gaussianMixture(rows: Int = 500, components: Int = 4) -> StepCase {
        let origin = Origin()
        let y = input(.data, "y", [rows], .real, origin)
        let mu = input(.state, "mu", [components], .real, origin), scale = input(.state, "scale", [components], .real, origin)
        let weights = input(.state, "weights", [components], .real, origin)
        let z = (y.expandingShape(at: -1) - mu) / exp(scale)
        let terms = weights.logSoftmax() - 0.5 * square(z) - scale
        let loss = 0.5 * square(mu).sum() - terms.logSumExp().sum()
        var step = descent(loss, [("mu", mu), ("scale", scale), ("weights", weights)])
        step.shared = ["y": numbers(rows, 3)]
        for name in ["mu", "scale", "weights"] { step.initial[name] = (0..<step.lanes).map { numbers(components, 20 + UInt64($0)) } }
        return step
    }

    package static func radon(rows: Int = 919, counties: Int = 85) -> StepCase {
        let origin = Origin()
        let y = input(.data, "y", [rows], .real, origin), floor = input(.data, "floor", [rows], .real, origin)
        let county = input(.data, "county", [rows], .int, origin)
        let alpha = input(.state, "alpha", [counties], .real, origin), beta = input(.state, "beta", [], .real, origin)
        let sigma = input(.state, "sigma", [], .real, origin)
        let centre = alpha[county] + beta * floor
        let z = (y - centre) / exp(sigma)
        let penalty = Tensor(Double(rows)) * sigma + 0.5 * square(alpha).sum()
        let loss = 0.5 * square(z).sum() + penalty
        var step = descent(loss, [("alpha", alpha), ("beta", beta), ("sigma", sigma)])
        step.shared = [
            "y": numbers(rows, 4), "floor": numbers(rows, 5).map { $0 > 0 ? 1 : 0 }, "county": (0..<rows).map { Double($0 * counties / rows) },
        ]
        step.initial["alpha"] = (0..<step.lanes).map { numbers(counties, 30 + UInt64($0)) }
        return step
    }

    /// Little of everything: for tests of text, and of memory.
    package static func small() -> StepCase {
        let origin = Origin()
        let y = input(.data, "y", [20], .real, origin), group = input(.data, "group", [20], .int, origin)
        let rate = input(.scalar, "rate", [], .real, origin)
        let theta = input(.state, "theta", [3], .real, origin), table = input(.state, "table", [20], .real, origin)
        let noise = Tensor.random(RandomOp(.normal, stream: 5, particle: 0, site: "theta", origin: origin), shape: [3])
        let draw = theta + 0.1 * noise
        let loss = square(y - draw[group]).sum() + softplus(table).sum()
        let gradient = Gradient.of(loss, withRespectTo: [theta, table])
        let step = input(.scalar, Input.step, [], .int, origin)
        var result = StepCase(
            LaneFunction(
                states: [
                    .init("theta", select(gradient[0].isFinite, theta - rate * gradient[0], theta)),
                    .init("table", table.gather(Tensor(integers: (0..<20).reversed())) - rate * gradient[1]),
                ],
                records: [.init("loss", slots: 4, slot: step, value: loss)], perLane: ["y"]))
        result.lanes = 19
        result.advances = [2]
        result.scalars = ["rate": 0.01]
        result.shared = ["group": (0..<20).map { Double($0 % 3) }]
        result.perLane = ["y": (0..<19).map { numbers(20, 40 + UInt64($0)) }]
        result.initial = ["table": (0..<19).map { numbers(20, 70 + UInt64($0)) }]
        return result
    }
}
