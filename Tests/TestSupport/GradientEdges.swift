import LockstepTensor

/// A scalar at a point where a part of it is not differentiable, or not finite, and what its gradient is there.
package struct GradientEdge: Sendable, CustomStringConvertible {
    package let description: String
    /// Values by name; the number of elements follows.
    package let point: [(name: String, shape: Shape, values: [Double])]
    package let value: @Sendable ([Tensor]) -> Tensor
    /// By element of each differentiated input, the first ones; infinity stands for anything that is not finite.
    package let gradients: [[Double]]

    package init(
        _ description: String, _ point: [(String, Shape, [Double])], _ gradients: [[Double]],
        _ value: @escaping @Sendable ([Tensor]) -> Tensor
    ) {
        self.description = description
        self.point = point.map { ($0.0, $0.1, $0.2) }
        self.gradients = gradients
        self.value = value
    }

    /// One vector `x`.
    private init(_ description: String, _ x: [Double], _ gradient: [Double], _ value: @escaping @Sendable (Tensor) -> Tensor) {
        self.init(description, [("x", [x.count], x)], [gradient]) { value($0[0]).sum() }
    }

    /// The gradients as expressions, over inputs of their names behind `prefix`.
    package func expressions(_ kind: Input.Kind, prefix: String = "") -> [Tensor] {
        let origin = Origin()
        let inputs = point.map { Tensor.input(Input(kind, prefix + $0.name, origin: origin), shape: $0.shape) }
        return Gradient.of(value(inputs), withRespectTo: Array(inputs.prefix(gradients.count)))
    }

    /// The worst relative error of gradients that were found; infinite where one is finite and the other is not.
    package func error(of found: [[Double]]) -> Double {
        zip(found, gradients).flatMap { zip($0, $1) }.map { found, wanted in
            wanted.isFinite ? (found - wanted).magnitude / max(wanted.magnitude, 1) : found.isFinite ? .infinity : 0
        }.reduce(found.map(\.count) == gradients.map(\.count) ? 0 : .infinity) { $1.isNaN ? .infinity : max($0, $1) }
    }

    // MARK: What is excluded

    /// A branch that is not taken, a bound that holds, an element that nothing reads.
    package static let excluded: [GradientEdge] = [
        GradientEdge("the root of positive numbers", [0, 4, -1], [0, 0.25, 0]) { select(0 .< $0, sqrt($0), 0) },
        GradientEdge("a literal mask", [0, 1], [0, 0.5]) { select(mask([0, 1]), sqrt($0), 0) },
        GradientEdge("the other branch", [-1, 0, 1], [0, 0, 1]) { select($0 .<= 0, 0, $0 * log($0)) },
        GradientEdge("sin(x) / x", [0, 2], [0, -0.4353977749799916]) { select($0 .== 0, 1, sin($0) / $0) },
        GradientEdge("both branches of one value", [-2, 0, 3], [0.1353352832366127, 1, 6]) { x in
            select(0 .< x, x * x, exp(x))
        },
        GradientEdge("branches inside a branch", [0, 0.25, 4], [0, 1, 0.25]) { x in
            select(0 .< x, select(x .< 1, sqrt(x), log(x)), 0)
        },
        GradientEdge("a lower bound", [0, 1], [0, 1]) { pointwiseMax(log($0), -5) },
        GradientEdge("an upper bound", [1000, 0], [0, 1]) { pointwiseMin(exp($0), 1e6) },
        GradientEdge("an upper bound of a product", [("a", [], [2]), ("x", [2], [1000, 0])], [[1], [0, 2]]) { x in
            pointwiseMin(x[0] * exp(x[1]), 1e6).sum()
        },
        GradientEdge("the larger of two", [("x", [2], [0, 4]), ("y", [2], [1, 1])], [[0, 0.25], [1, 0]]) { x in
            pointwiseMax(log(x[0]), x[1]).sum()
        },
        GradientEdge("the largest", [0, 2, 1], [0, 0.5, 0]) { log($0).max() },
        GradientEdge("the smallest", [0, 2, 1], [0, -0.5, 0]) { (-log($0)).min() },
        GradientEdge("closed components", [0, 1, 4], [0, 0.1344707106849976, 0.1827646446575012]) { x in
            select(mask([0, 1, 1]), sqrt(x), -Tensor(Double.infinity)).logSumExp()
        },
        GradientEdge("a row that is closed", [1, 2, 3, 3], [0, 0, 0.5, 0.5]) { x in
            select(mask([0, 0, 1, 1]), x, -Tensor(Double.infinity)).reshape([2, 2]).logSumExp().logSumExp()
        },
        GradientEdge("a shared probability of one", [("p", [], [1]), ("y", [3], [1, 1, 1])], [[3]]) { x in
            select(0.5 .< x[1], log(x[0]), log(onePlus: -x[0])).sum()
        },
        GradientEdge("probabilities of groups", [("p", [2], [1, 0.5]), ("y", [4], [1, 1, 0, 0])], [[2, -4]]) { x in
            let group = Tensor(integers: [0, 0, 1, 1])
            return select(0.5 .< x[1], log(x[0])[group], log(onePlus: -x[0])[group]).sum()
        },
        GradientEdge(
            "covariates", [("w", [2], [0.5, -0.25]), ("x", [3, 2], [1, 2, .nan, .infinity, 3, -1]), ("y", [3], [1, .nan, 0])], [[8.5, -7.5]]
        ) { x in
            select(mask([1, 0, 1]), square(x[2] - matmul(x[1], x[0])), 0).sum()
        },
        GradientEdge("moved about", [0, 1, 4], [0, 1.5, 0.5]) { x in
            select(mask([0, 0, 1, 1, 1, 1]).reshape([3, 2]), .concatenate([log(x), sqrt(x)]).reshape([2, 3]).transposed, 0)
        },
        GradientEdge("a segment", [0, 1, 2], [0, 1, 0.5]) { x in
            select(mask([0, 1]), log(x).segmentSum(Tensor(integers: [0, 1, 1]), count: 2), 0)
        },
        GradientEdge("elements that are read one by one", [0, 1, 2], [0, 1, 0.5]) { x in
            let logs = log(x)
            return logs[1] + logs[2]
        },
        GradientEdge("all elements, one by one", [1, 2], [1, 1]) { x in
            let logs = log(x)
            return logs[0] + 2 * logs[1]
        },
        GradientEdge("a slice", [0, 1, 2], [0, 1, 0.5]) { log($0).slice(axis: 0, 1..<3) },
        GradientEdge("rows that are read", [0, 1, 2], [0, 1, 1]) { log($0)[Tensor(integers: [1, 2, 2])] },
        GradientEdge("all rows of a group", [("t", [], [0.3]), ("e", [2], [0, 1])], [[2]]) { x in
            let scale = (x[1] * exp(x[0])).expandingShape(at: -1)
            return select(mask([0, 0, 1, 1]).reshape([2, 2]), log(scale), 0).sum()
        },
        GradientEdge("all rows", [("t", [], [0.3]), ("m", [2], [0, 0])], [[0]]) { x in
            select(0.5 .< x[1], log(x[0] - x[0]), 0).sum()
        },
        GradientEdge("running sums", [0, 1, 2], [0, 2, 0.5]) { x in
            select(mask([0, 1, 1]), log(x), 0).cumulativeSum()
        },
        GradientEdge("the second derivative", [0, 4], [0, -0.03125]) { x in
            Gradient.of(select(0 .< x, sqrt(x), 0).sum(), withRespectTo: [x])[0]
        },
    ]

    // MARK: Infinite derivatives

    /// Where the derivative of an operation is infinite and that of its operand is zero, the product is zero.
    package static let flat: [GradientEdge] = [
        GradientEdge("norms", [("x", [2, 2], [0, 0, 3, 4])], [[0, 0, 0.6, 0.8]]) { sqrt(square($0[0]).sum(axis: 1)).sum() },
        GradientEdge("distances", [("l", [], [2]), ("d", [3], [0, 1, 4])], [[0.3355723855138795]]) { x in
            exp(-sqrt(x[1] / (x[0] * x[0]))).sum()
        },
        GradientEdge("Matern 3/2", [("l", [], [2]), ("d", [2], [0, 1])], [[0.15773250977029302]]) { x in
            let r = 1.7320508075688772 * sqrt(x[1] / (x[0] * x[0]))
            return ((1 + r) * exp(-r)).sum()
        },
        GradientEdge("latent places", [("x", [2], [1, 1])], [[0, 0]]) { x in
            let d = x[0].expandingShape(at: -1) - x[0]
            return exp(-sqrt(d * d)).sum()
        },
        GradientEdge("a power", [0, 2], [0, 0.4547149699531194]) { pow($0 * $0, 0.3) },
        GradientEdge(
            "a power of a variable", [("x", [2], [0, 2]), ("y", [], [0.3])], [[0, 0.4547149699531194], [2.1012293292093664]]
        ) { x in
            pow(x[0] * x[0], x[1]).sum()
        },
        GradientEdge("the root by logarithms", [0, 3], [0, 1]) { exp(0.5 * log($0 * $0)) },
        GradientEdge("an angle", [0, 0.5], [0, 1.5118578920369089]) { acos(1 - $0 * $0) },
        GradientEdge("another angle", [0, 0.5], [0, -1.5118578920369089]) { asin(1 - $0 * $0) },
        GradientEdge("the largest root", [("x", [3], [0, 0, 0])], [[0, 0, 0]]) { sqrt(square($0[0]).max()) },
    ]

    /// Where both are not, it is not finite, so that a step there is refused.
    package static let steep: [GradientEdge] = [
        GradientEdge("a root", [0, 4], [.infinity, 0.25]) { sqrt($0) },
        GradientEdge("a root of a sum", [("x", [], [0]), ("y", [], [0])], [[.infinity], [0]]) { sqrt(x: $0[0], y: $0[1]) },
        GradientEdge("a power", [0, 4], [.infinity, 0.25]) { pow($0, 0.5) },
        GradientEdge("an angle", [1, 0], [.infinity, 1]) { asin($0) },
        GradientEdge("another angle", [-1, 0], [.infinity, -1]) { acos($0) },
        GradientEdge("a root of a kink", [0, -4], [.infinity, -0.25]) { sqrt(abs($0)) },
        GradientEdge("a root inside the mask", [0, 0], [.infinity, 0]) { select(mask([1, 0]), sqrt($0), 0) },
    ]

    package static let all = excluded + flat + steep

    private static func mask(_ values: [Double]) -> Tensor { Tensor(values) .!= 0 }

    private static func sqrt(_ x: Tensor) -> Tensor { LockstepTensor.sqrt(x) }

    /// sqrt(x + y^2).
    private static func sqrt(x: Tensor, y: Tensor) -> Tensor { LockstepTensor.sqrt(x + y * y) }
}
