import Foundation
import Lockstep

/// Functions of the collection of Moré, Garbow and Hillstrom (1981), and a quadratic, as expressions: those of `Tests/Goldens/minimize.py`.
enum TestFunctions {
    static func named(_ name: String) -> (@Sendable (Tensor) -> Tensor)? {
        switch name {
        case "rosenbrock 2", "rosenbrock 5", "rosenbrock 10", "rosenbrock 20": rosenbrock
        case "beale": beale
        case "powell singular", "extended powell": powellSingular
        case "wood": wood
        case "helical valley": helicalValley
        case "brown badly scaled": { squares([$0[0] - 1e6, $0[1] - 2e-6, $0[0] * $0[1] - 2]) }
        case "powell badly scaled": { squares([1e4 * $0[0] * $0[1] - 1, exp(-$0[0]) + exp(-$0[1]) - 1.0001]) }
        case "freudenstein roth": freudensteinRoth
        case "biggs exp6": biggs
        case "box": box
        case "penalty 4", "penalty 10": { 1e-5 * square($0 - 1).sum() + square(square($0).sum() - 0.25) }
        case "variably dimensioned": variablyDimensioned
        case "trigonometric": trigonometric
        case "broyden tridiagonal": broydenTridiagonal
        case "broyden banded": broydenBanded
        case "discrete boundary value": discreteBoundaryValue
        case "chebyquad": chebyquad
        case "watson": watson
        case "quadratic": quadratic
        default: nil
        }
    }

    private static func squares(_ residuals: [Tensor]) -> Tensor { residuals.dropFirst().reduce(square(residuals[0])) { $0 + square($1) } }

    /// 1, 2 ... n.
    private static func numbers(_ n: Int) -> Tensor { Tensor((1...n).map(Double.init)) }

    private static func numbers(_ count: Int, _ number: (Double) -> Double) -> Tensor { Tensor((1...count).map { number(Double($0)) }) }

    static func rosenbrock(_ x: Tensor) -> Tensor {
        let head = x[..<(-1)]
        return (square(1 - head) + 100 * square(x[1...] - square(head))).sum()
    }

    private static func beale(_ x: Tensor) -> Tensor {
        squares([1.5 - x[0] * (1 - x[1]), 2.25 - x[0] * (1 - square(x[1])), 2.625 - x[0] * (1 - x[1] * square(x[1]))])
    }

    private static func powellSingular(_ x: Tensor) -> Tensor {
        let rows = x.reshape([x.count / 4, 4]).transposed
        let (a, b, c, d) = (rows[0], rows[1], rows[2], rows[3])
        return (square(a + 10 * b) + 5 * square(c - d) + square(square(b - 2 * c)) + 10 * square(square(a - d))).sum()
    }

    private static func wood(_ x: Tensor) -> Tensor {
        let (a, b, c, d) = (x[0], x[1], x[2], x[3])
        let valleys = 100 * square(b - square(a)) + square(1 - a) + 90 * square(d - square(c)) + square(1 - c)
        return valleys + 10 * square(b + d - 2) + 0.1 * square(b - d)
    }

    private static func helicalValley(_ x: Tensor) -> Tensor {
        let (a, b, c) = (x[0], x[1], x[2])
        let turn = atan(b / a) / (2 * Double.pi) + select(a .< 0, 0.5, 0)
        return 100 * square(c - 10 * turn) + 100 * square(sqrt(square(a) + square(b)) - 1) + square(c)
    }

    private static func freudensteinRoth(_ x: Tensor) -> Tensor {
        let (a, b) = (x[0], x[1])
        return squares([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])
    }

    private static func biggs(_ x: Tensor) -> Tensor {
        let t = numbers(13) { 0.1 * $0 }
        let y = numbers(13) { exp(-0.1 * $0) - 5 * exp(-$0) + 3 * exp(-0.4 * $0) }
        return square(x[2] * exp(-t * x[0]) - x[3] * exp(-t * x[1]) + x[5] * exp(-t * x[4]) - y).sum()
    }

    private static func box(_ x: Tensor) -> Tensor {
        let t = numbers(10) { 0.1 * $0 }
        let y = numbers(10) { exp(-0.1 * $0) - exp(-$0) }
        return square(exp(-t * x[0]) - exp(-t * x[1]) - x[2] * y).sum()
    }

    private static func variablyDimensioned(_ x: Tensor) -> Tensor {
        let sum = (numbers(x.count) * (x - 1)).sum()
        return square(x - 1).sum() + square(sum) + square(square(sum))
    }

    private static func trigonometric(_ x: Tensor) -> Tensor {
        square(Double(x.count) - cos(x).sum() + numbers(x.count) * (1 - cos(x)) - sin(x)).sum()
    }

    /// Of each element the one before and the one after it, 0 at the ends.
    private static func neighbours(_ x: Tensor) -> (before: Tensor, after: Tensor) {
        (.concatenate([[0], x[..<(-1)]]), .concatenate([x[1...], [0]]))
    }

    private static func broydenTridiagonal(_ x: Tensor) -> Tensor {
        let (before, after) = neighbours(x)
        return square((3 - 2 * x) * x - before - 2 * after + 1).sum()
    }

    private static func broydenBanded(_ x: Tensor) -> Tensor {
        let near = (0..<x.count).map { i in (0..<x.count).map { j in j != i && (i - 5...i + 1).contains(j) ? 1.0 : 0 } }
        return square(x * (2 + 5 * square(x)) + 1 - matmul(Tensor(near), x * (1 + x))).sum()
    }

    private static func discreteBoundaryValue(_ x: Tensor) -> Tensor {
        let h = 1 / Double(x.count + 1)
        let (before, after) = neighbours(x)
        let cube = x + h * numbers(x.count) + 1
        return square(2 * x - before - after + h * h / 2 * cube * square(cube)).sum()
    }

    /// Residuals are the means of the shifted Chebyshev polynomials, less their integrals over [0, 1].
    private static func chebyquad(_ x: Tensor) -> Tensor {
        let z = 2 * x - 1
        var values = [Tensor(repeating: 1, shape: x.shape), z]
        while values.count <= x.count { values.append(2 * z * values[values.count - 1] - values[values.count - 2]) }
        return squares(
            values.indices.dropFirst().map { i in
                values[i].sum() / Double(x.count) + (i % 2 == 0 ? 1 / Double(i * i - 1) : 0)
            })
    }

    private static func watson(_ x: Tensor) -> Tensor {
        let t = (1...29).map { Double($0) / 29 }
        let powers = t.map { t in (0..<x.count).map { pow(t, Double($0)) } }
        let derivative = powers.map { row in [0] + (1..<x.count).map { Double($0) * row[$0 - 1] } }
        let residuals = matmul(Tensor(derivative), x) - square(matmul(Tensor(powers), x)) - 1
        return square(residuals).sum() + square(x[0]) + square(x[1] - square(x[0]) - 1)
    }

    private static func quadratic(_ x: Tensor) -> Tensor {
        let n = x.count
        let scales = numbers(n) { pow(10, 6 * ($0 - 1) / Double(n - 1) - 3) }
        let v = numbers(n) { sqrt($0 / Double(n * (n + 1) / 2)) }
        let y = (x - 1) - 2 * v * (v * (x - 1)).sum()
        return 0.5 * (scales * square(y)).sum()
    }
}
