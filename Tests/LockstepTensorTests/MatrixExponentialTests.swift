import Foundation
import LockstepTensor
import TestSupport
import Testing

/// Exponentials of matrices: against SciPy, closed forms and what they have to be.
@Suite struct MatrixExponentialTests {
    typealias Goldens = DecompositionGoldens

    @Test(arguments: Goldens.sizes) func isSciPys(_ size: Int) throws {
        let golden = try Goldens.matrix(size)
        let found = try ReferenceEvaluator.evaluate(matrixExp(Tensor(golden.matrix, shape: [size, size])))
        #expect(Goldens.worst(found, golden.exponential ?? []) < 2e-14)
    }

    @Test(arguments: Goldens.sizes, [false, true]) func programsAreSciPys(_ size: Int, _ isFloat: Bool) throws {
        let golden = try Goldens.matrix(size)
        let found = try DecompositionCases.interpreted(golden.matrix, [size, size], isFloat: isFloat) { [matrixExp($0)] }
        #expect(Goldens.worst(found[0], golden.exponential ?? []) < (isFloat ? 2e-5 : 2e-14))
    }

    /// One batch of matrices, each of which is scaled in its own way.
    @Test func eachHasItsOwnScale() throws {
        let powers = try Goldens.load().powers
        let found = try ReferenceEvaluator.evaluate(matrixExp(Tensor(powers.flatMap(\.matrix), shape: [2, powers.count / 2, 3, 3])))
        for (number, power) in powers.enumerated() {
            #expect(Goldens.worst(Array(found[(9 * number)..<(9 * number + 9)]), power.exponential) < 1e-13, "\(power.matrix)")
        }
    }

    static func turn(_ angle: Double) -> Tensor { Tensor([[0, -angle], [angle, 0]]) }

    @Test func closedForms() throws {
        func value(_ a: Tensor) throws -> [Double] { try ReferenceEvaluator.evaluate(matrixExp(a)) }
        for angle in [0, 0.5, -3, 40, 700] {
            let wanted = [cos(angle), -sin(angle), sin(angle), cos(angle)]
            #expect(Goldens.worst(try value(Self.turn(angle)), wanted) < 1e-15 * max(angle, 10))
        }
        // Powers that end: exact.
        #expect(Goldens.worst(try value(Tensor([[0, 2, 3], [0, 0, 4], [0, 0, 0]])), [1, 2, 7, 0, 1, 4, 0, 0, 1]) < 1e-15)
        #expect(try value(Tensor([[0]])) == [1] && value(Tensor(integers: [0, 0, 0, 0]).reshape([2, 2])) == [1, 0, 0, 1])
        for x in [-600, -30, -0.1, 0.5, 3, 100, 700] {
            let found = try value(Tensor([[x]]))
            #expect(abs(found[0] / exp(x) - 1) < 1e-15 * max(abs(x), 3))
        }
        // The rows of what a generator makes are probabilities.
        let chain = try value(Tensor([[-300, 200, 100], [50, -50, 0], [0, 3, -3]]))
        for row in 0..<3 {
            let total = chain[(3 * row)..<(3 * row + 3)].reduce(0, +)
            #expect(abs(total - 1) < 1e-12)
        }
        #expect(matrixExp(Tensor([], shape: [2, 0, 0])).shape == [2, 0, 0])
    }

    @Test func isUndoneByItsNegative() throws {
        let golden = try Goldens.matrix(5)
        let a = Tensor(golden.matrix, shape: [5, 5])
        let found = try ReferenceEvaluator.evaluate(matmul(matrixExp(a), matrixExp(-a)))
        #expect(Goldens.worst(found, Goldens.identity(5)) < 1e-13)
    }

    @Test func limits() throws {
        func value(_ a: Tensor) throws -> [Double] { try ReferenceEvaluator.evaluate(matrixExp(a)) }
        #expect(Goldens.worst(try value(Self.turn(3194)), [cos(3194), -sin(3194), sin(3194), cos(3194)]) < 1e-11)
        for beyond in [3195, 1e9, 1e300, .infinity, -.infinity, .nan] {
            let found = try value(.stack([Self.turn(beyond), Self.turn(0)]))
            #expect(found[..<4].allSatisfy { $0.isNaN } && Array(found[4...]) == [1, 0, 0, 1], "\(beyond)")
        }
        // Too large for the precision.
        #expect(try value(Tensor([[1000]])).allSatisfy { !$0.isFinite })
        #expect(try value(Tensor([[-1000]])) == [0])
        // A lane of few squarings is not spoilt by those of another.
        let found = try value(.stack([Tensor([[300, 0], [0, 300]]), Tensor([[3000, 0], [0, -3000]])]))
        #expect(abs(found[0] / exp(300) - 1) < 1e-12 && found[1] == 0)
    }

    // MARK: Derivatives

    @Test(arguments: [[1, 1], [2, 2], [3, 3], [2, 2, 2]] as [Shape], [0.2, 1, 4]) func gradients(_ shape: Shape, _ scale: Double) throws {
        let numbers = [0.3, -1.2, 0.6, 0.9, -0.7, 0.7, -0.1, -1.1, 0.2].map { scale * $0 }
        let a = Tensor.named("a", shape), point = ["a": Array(numbers[..<shape.reduce(1, *)])]
        let power = matrixExp(a)
        let value = (0.1 * power + 0.05 * power * power).weightedSum
        let first = try FiniteDifferences.check(value, withRespectTo: [a], at: point)
        #expect(first.worst < 1e-6, "\(first)")
        let slope = Gradient.of(value, withRespectTo: [a])[0]
        let second = try FiniteDifferences.check(slope.weightedSum, withRespectTo: [a], at: point)
        #expect(second.worst < 1e-5, "second derivative: \(second)")
    }

    /// What other lanes overflow in does not reach the gradient.
    @Test func gradientsOfLargeOnes() throws {
        let a = Tensor.named("a", [2, 1, 1])
        let found = try ReferenceEvaluator.evaluate(Gradient.of(matrixExp(a)[0].sum(), withRespectTo: [a])[0], inputs: ["a": [690, 2500]])
        #expect(abs(found[0] / exp(690) - 1) < 1e-12)
        let zero = try ReferenceEvaluator.evaluate(Gradient.of(matrixExp(a).weightedSum, withRespectTo: [a])[0], inputs: ["a": [0, 0]])
        #expect(Goldens.worst(zero, [0.3, -1]) < 1e-15)
    }

    /// Squarings are a loop.
    @Test func sizeDoesNotGrow() {
        func size(_ n: Int) -> Int { Goldens.size([matrixExp(.named("a", [n, n]))]) }
        #expect(size(2) == size(64))
    }

    @Test func mistakesAreSaid() {
        for shape in [[], [3], [2, 3], [4, 4, 1]] as [Shape] {
            #expect(matrixExp(.named("a", shape)).failure?.description.contains("matrixExp") == true)
        }
        let failed = Tensor.failed(TensorError("test", [], "of its own"))
        #expect(matrixExp(failed).failure == failed.failure)
    }
}
