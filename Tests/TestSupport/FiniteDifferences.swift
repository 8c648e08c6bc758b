import LockstepTensor

/// Holds `Gradient.of` against differences of the value itself.
package enum FiniteDifferences {
    /// How far a gradient is from its finite differences, and where it is worst.
    package struct Report: Sendable, CustomStringConvertible {
        package let worst: Double
        package let description: String
    }

    /// Compares the gradient of a scalar with respect to `inputs` (tensors made by `.input`) at `point`.
    ///
    /// - Parameter floor: errors are relative to the larger of the two derivatives, but to no less than this.
    /// - Returns: the worst relative error; infinite as soon as a derivative is not a number.
    package static func check(
        _ value: Tensor, withRespectTo inputs: [Tensor], at point: [String: [Double]],
        key: (UInt32, UInt32) = (1, 2), step: UInt32 = 0, floor: Double = 1e-2
    ) throws -> Report {
        let gradients = try ReferenceEvaluator.evaluate(
            Gradient.of(value, withRespectTo: inputs), inputs: point, key: key, step: step)
        var worst = 0.0
        var description = "no derivative to compare"
        for (input, gradient) in zip(inputs, gradients) {
            guard case .input(let symbol) = input.node.op, let values = point[symbol.name] else {
                throw TensorError("check", [input.shape], "only inputs that have a value can be varied")
            }
            for i in gradient.indices {
                let numeric = try derivative(at: values[i]) { x in
                    var moved = point
                    moved[symbol.name]?[i] = x
                    return try ReferenceEvaluator.evaluate(value, inputs: moved, key: key, step: step).first ?? .nan
                }
                let scale = max(gradient[i].magnitude, numeric.magnitude, floor)
                let difference = (gradient[i] - numeric).magnitude / scale
                let error = difference.isNaN ? Double.infinity : difference
                if error >= worst {
                    worst = error
                    description = "d/d\(symbol.name)[\(i)] at \(values[i]): gradient \(gradient[i]), differences \(numeric)"
                }
            }
        }
        return Report(worst: worst, description: description)
    }

    /// The derivative of a function by Ridders' method (1982, "Accurate computation of F'(x) and F'(x)F''(x)"):
    /// central differences at shrinking steps, extrapolated to step 0, of which the steadiest is taken.
    package static func derivative(at x: Double, of function: (Double) throws -> Double) rethrows -> Double {
        let shrink = 2.0
        var step = 0.02 * max(x.magnitude, 0.1)
        var best = Double.nan
        var bestError = Double.infinity
        var previous: [Double] = []
        for _ in 0..<7 {
            var row = [(try function(x + step) - function(x - step)) / ((x + step) - (x - step))]
            var factor = shrink * shrink
            for (order, coarse) in previous.enumerated() {
                let next = (factor * row[order] - coarse) / (factor - 1)
                let error = max((next - row[order]).magnitude, (next - coarse).magnitude)
                if error <= bestError {
                    bestError = error
                    best = next
                }
                row.append(next)
                factor *= shrink * shrink
            }
            previous = row
            step /= shrink
        }
        return best
    }
}
