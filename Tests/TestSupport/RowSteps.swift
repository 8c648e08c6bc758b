import LockstepCompiler
import LockstepTensor

/// Steps with long loops over rows of data, which schedules share out to several workers.
package enum RowSteps {
    /// A regression with groups: linear predictors, a gather, a segment sum, a sum, a maximum, feedback.
    ///
    /// - Parameter perLane: whether each lane has observations of its own.
    package static func regression(rows: Int, columns: Int, groups: Int, lanes: Int, perLane: Bool = false) -> StepCase {
        let origin = Origin()
        func input(_ kind: Input.Kind, _ name: String, _ shape: Shape, _ dtype: DType = .real) -> Tensor {
            .input(Input(kind, name, origin: origin), shape: shape, dtype: dtype)
        }
        let weights = input(.state, "weights", [columns]), offsets = input(.state, "offsets", [groups])
        let x = input(.data, "x", [rows, columns]), y = input(.data, "y", [rows]), group = input(.data, "group", [rows], .int)
        let noise = Tensor.random(RandomOp(.normal, stream: 7, particle: 0, site: "z", origin: origin), shape: [columns])
        let predictor = (x * (weights + 0.01 * noise)).sum([1]) + offsets.gather(group)
        let residual = y - tanh(predictor)
        let loss = square(residual).sum()
        let gradients = Gradient.of(loss, withRespectTo: [weights, offsets])
        let rate = 0.1 / Tensor(Double(rows))
        var step = StepCase(
            LaneFunction(
                states: [
                    .init("weights", weights - rate * gradients[0]), .init("offsets", offsets - rate * gradients[1]),
                    .init("worst", abs(residual).max()), .init("least", residual.min()),
                ],
                records: [.init("loss", slots: 4, slot: input(.scalar, Input.step, [], .int), value: loss)],
                perLane: perLane ? ["y"] : []))
        step.lanes = lanes
        step.advances = [1, 3]
        func numbers(_ count: Int, _ shift: Int) -> [Double] {
            (0..<count).map { Double(($0 * 7919 + shift * 31) % 1013) / 506.5 - 1 }
        }
        step.shared = ["x": numbers(rows * columns, 0), "group": (0..<rows).map { Double(($0 * 5 + $0 / 7) % groups) }]
        if perLane {
            step.perLane["y"] = (0..<lanes).map { numbers(rows, $0 + 3) }
        } else {
            step.shared["y"] = numbers(rows, 3)
        }
        step.initial["weights"] = (0..<lanes).map { numbers(columns, $0 + 1) }
        return step
    }

    /// A regression on dense rows: coefficients for one table or for two, and numbers, whole ones too, of each row. Nothing is gathered.
    ///
    /// - Parameters:
    ///   - others: columns of the second table.
    ///   - perLane: whether each lane has observations of its own.
    package static func dense(rows: Int, columns: Int, others: Int = 0, lanes: Int, perLane: Bool = false) -> StepCase {
        let origin = Origin()
        func input(_ kind: Input.Kind, _ name: String, _ shape: Shape, _ dtype: DType = .real) -> Tensor {
            .input(Input(kind, name, origin: origin), shape: shape, dtype: dtype)
        }
        let tables = [("x", "a", columns), ("z", "b", others)].filter { $0.2 > 0 }
        let coefficients = tables.map { input(.state, $0.1, [$0.2]) }
        let y = input(.data, "y", [rows]), scale = input(.data, "scale", [rows]), times = input(.data, "times", [rows], .int)
        let parts = zip(tables, coefficients).map { (input(.data, $0.0, [rows, $0.2]) * $1).sum([1]) }
        let predictor = parts.dropFirst().reduce(parts[0], +)
        let loss = (times * log(1 + scale * square(y - predictor)) + softplus(predictor)).sum()
        let gradients = Gradient.of(loss, withRespectTo: coefficients)
        var step = StepCase(
            LaneFunction(
                states: zip(tables, zip(coefficients, gradients)).map { .init($0.1, $1.0 - (0.1 / Tensor(Double(rows))) * $1.1) }
                    + [.init("largest", abs(predictor).max())],
                records: [.init("loss", slots: 4, slot: input(.scalar, Input.step, [], .int), value: loss)], perLane: perLane ? ["y"] : []))
        step.lanes = lanes
        step.advances = [1, 3]
        func numbers(_ count: Int, _ shift: Int) -> [Double] { (0..<count).map { Double(($0 * 7919 + shift * 31) % 1013) / 506.5 - 1 } }
        for (table, name, columns) in tables {
            step.shared[table] = numbers(rows * columns, columns)
            step.initial[name] = (0..<lanes).map { numbers(columns, $0 + 1) }
        }
        step.shared["scale"] = numbers(rows, 5).map { 1.5 + $0 }
        step.shared["times"] = (0..<rows).map { Double($0 % 4) }
        if perLane { step.perLane["y"] = (0..<lanes).map { numbers(rows, $0 + 3) } } else { step.shared["y"] = numbers(rows, 3) }
        return step
    }

    /// What is kept for each row by one loop and read by another, in other places.
    package static func keptRows(rows: Int, lanes: Int) -> StepCase {
        let origin = Origin()
        func input(_ kind: Input.Kind, _ name: String) -> Tensor {
            .input(Input(kind, name, origin: origin), shape: [rows])
        }
        let a = input(.state, "a"), b = input(.state, "b"), x = input(.data, "x")
        let shifted = b.gather(Tensor(integers: (0..<rows).map { ($0 + rows / 2) % rows }))
        let total = (a * x).sum()
        var step = StepCase(
            LaneFunction(states: [
                .init("a", tanh(shifted + 0.5 * x + total / Tensor(Double(rows)))), .init("b", a + 0.25 * b), .init("total", total),
            ]))
        step.lanes = lanes
        step.advances = [2, 3]
        step.shared["x"] = (0..<rows).map { Double(($0 * 37) % 101) / 50 - 1 }
        step.initial["a"] = (0..<lanes).map { lane in (0..<rows).map { Double(($0 * 3 + lane) % 17) / 17 } }
        return step
    }

    /// Many latents, each with momentum and a draw, and a sum that all of them wait for.
    package static func descent(latents: Int, lanes: Int) -> StepCase {
        let origin = Origin()
        func state(_ name: String) -> Tensor { .input(Input(.state, name, origin: origin), shape: [latents]) }
        let x = state("x"), v = state("v")
        let noise = Tensor.random(RandomOp(.normal, stream: 3, particle: 0, site: "z", origin: origin), shape: [latents])
        let gradient = tanh(x + noise)
        let next = 0.9 * v + gradient / sqrt(1 + (gradient * gradient).sum())
        var step = StepCase(LaneFunction(states: [.init("x", x - 0.1 * next), .init("v", next)]))
        step.lanes = lanes
        step.advances = [2, 3]
        step.initial["x"] = (0..<lanes).map { lane in (0..<latents).map { Double(($0 * 7 + lane) % 23) / 23 } }
        return step
    }

    /// Sums over two tables of data, of different lengths.
    package static func twoTables(rows: Int, others: Int, lanes: Int) -> StepCase {
        let origin = Origin()
        func data(_ name: String, _ count: Int) -> Tensor { .input(Input(.data, name, origin: origin), shape: [count]) }
        let a = Tensor.input(Input(.state, "a", origin: origin), shape: [])
        let first = tanh(a * data("x", rows)).sum() / Tensor(Double(rows))
        let second = square(a - data("y", others)).sum() / Tensor(Double(others))
        var step = StepCase(LaneFunction(states: [.init("a", a - 0.1 * first + 0.01 * second), .init("first", first), .init("second", second)]))
        step.lanes = lanes
        step.advances = [1, 2]
        func numbers(_ count: Int, _ factor: Int) -> [Double] {
            (0..<count).map { Double(($0 * factor + 7) % 103) / 51.5 - 1 }
        }
        step.shared = ["x": numbers(rows, 31), "y": numbers(others, 17)]
        step.initial["a"] = (0..<lanes).map { [0.3 + Double($0) / 5] }
        return step
    }
}
