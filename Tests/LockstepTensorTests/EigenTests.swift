import Foundation
import LockstepTensor
import TestSupport
import Testing

/// Eigenvalues and eigenvectors: against LAPACK, and what they have to be.
@Suite struct EigenTests {
    typealias Goldens = DecompositionGoldens

    static func both(_ a: Tensor) -> [Tensor] {
        let (values, vectors) = symmetricEigen(a)
        return [values, vectors]
    }

    @Test(arguments: [1, 2, 3, 5, 8]) func isLAPACKs(_ size: Int) throws {
        let golden = try Goldens.matrix(size)
        let found = try ReferenceEvaluator.evaluate(Self.both(Tensor(golden.matrix, shape: [size, size])))
        #expect(Goldens.worst(found[0], golden.values) < 2e-14 && Goldens.worst(found[1], golden.vectors ?? []) < 2e-14)
    }

    @Test(arguments: Goldens.sizes, [false, true]) func programsAreLAPACKs(_ size: Int, _ isFloat: Bool) throws {
        let golden = try Goldens.matrix(size)
        let found = try DecompositionCases.interpreted(golden.matrix, [size, size], isFloat: isFloat, Self.both)
        let allowed = isFloat ? 1e-5 : 3e-14
        #expect(Goldens.worst(found[0], golden.values) < allowed && Goldens.worst(found[1], golden.vectors ?? []) < allowed)
    }

    /// Within 20 n roundings of the matrix, by the root of the mean square.
    @Test(.enabled(if: Goldens.largest > 0, "level small"), arguments: [false, true]) func theLargest(_ isFloat: Bool) throws {
        let n = Goldens.largest, golden = try Goldens.matrix(n)
        let found = try DecompositionCases.interpreted(golden.matrix, [n, n], isFloat: isFloat, Self.both)
        let a = golden.matrix.indices.map { golden.matrix[$0 / n >= $0 % n ? $0 : $0 % n * n + $0 / n] }
        let (w, v) = (found[0], found[1]), zeros = [Double](repeating: 0, count: n * n), size = Goldens.distance(a, zeros)
        let rounding = 20 * Double(n) * (isFloat ? 0x1p-24 : 0x1p-53)
        #expect(zip(w, w.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(zip(w, golden.values).allSatisfy { abs($0 - $1) < rounding * size })
        #expect(Goldens.distance(Goldens.product(a, v, inner: n), v.enumerated().map { $1 * w[$0 % n] }) < rounding * size)
        let gram = Goldens.product(Goldens.transposed(v, columns: n), v, inner: n)
        #expect(Goldens.distance(gram, Goldens.identity(n)) < rounding * Double(n).squareRoot())
    }

    /// Matrices that are hard for some method or other, of six rows.
    static let hard: [(name: String, element: @Sendable (Int, Int) -> Double)] = [
        ("zeros", { _, _ in 0 }), ("ones", { _, _ in 1 }), ("identity", { $0 == $1 ? 1 : 0 }), ("diagonal", { $0 == $1 ? Double(3 - $0) : 0 }),
        ("second differences", { $0 == $1 ? 2 : abs($0 - $1) == 1 ? -1 : 0 }), ("Hilbert's", { 1 / Double($0 + $1 + 1) }),
        ("equal pairs", { $0 == $1 ? Double($0 % 3) : 0.5 }), ("kernel", { exp(-0.01 * Double(($0 - $1) * ($0 - $1))) }),
        ("graded", { pow(10, -2 * Double($0 + $1)) * ($0 == $1 ? 2 : 1) }), ("arrow", { $0 == $1 ? Double($0) : $0 * $1 == 0 ? 1 : 0 }),
        ("large", { 1e150 * cos(Double($0 * $1)) }), ("small", { 1e-150 * cos(Double($0 * $1)) }),
        ("two blocks", { $0 / 3 == $1 / 3 ? Double(1 + $0 % 3 + $1 % 3) : 0 }), ("within roundings", { $0 == $1 ? 1 + 1e-15 * Double($0) : 1e-16 }),
    ]

    @Test(arguments: hard.indices) func takesTheMatrixApart(_ number: Int) throws {
        let n = 6, (name, element) = Self.hard[number]
        let a = (0..<n).flatMap { row in (0..<n).map { element(row, $0) } }
        for isFloat in [false, true] where !isFloat || !["large", "small"].contains(name) {
            let plain = try ReferenceEvaluator.evaluate(Self.both(Tensor(a, shape: [n, n])))
            let found = isFloat ? try DecompositionCases.interpreted(a, [n, n], isFloat: true, Self.both) : plain
            let (w, v) = (found[0], found[1]), scale = a.reduce(.leastNormalMagnitude) { max($0, $1.magnitude) }
            let rounding = isFloat ? 1e-6 : 1e-14
            #expect(zip(w, w.dropFirst()).allSatisfy { $0 <= $1 }, "\(name): \(w)")
            #expect(Goldens.worst(Goldens.product(Goldens.transposed(v, columns: n), v, inner: n), Goldens.identity(n)) < rounding, "\(name)")
            let left = Goldens.product(a.map { $0 / scale }, v, inner: n)
            let right = v.enumerated().map { $1 * w[$0 % n] / scale }
            #expect(Goldens.worst(left, right) < 6 * rounding, "\(name)")
        }
    }

    @Test func closedForms() throws {
        let pair = try ReferenceEvaluator.evaluate(Self.both(Tensor([[2, .nan], [1, 2]])))
        let half = 0.5.squareRoot()
        #expect(Goldens.worst(pair[0], [1, 3]) < 1e-15 && Goldens.worst(pair[1], [half, half, -half, half]) < 1e-15)
        // Of ints, and already in order or not.
        let diagonal = try ReferenceEvaluator.evaluate(Self.both(Tensor(integers: [3, 0, 0, 0, -1, 0, 0, 0, 2]).reshape([3, 3])))
        #expect(diagonal == [[-1, 2, 3], [0, 0, 1, 1, 0, 0, 0, 1, 0]])
        let one = try ReferenceEvaluator.evaluate(Self.both(Tensor([[-4]])))
        #expect(one == [[-4], [1]])
        let none = Self.both(Tensor([], shape: [2, 0, 0]))
        #expect(none.map(\.shape) == [[2, 0], [2, 0, 0]] && Self.both(Tensor([], shape: [0, 3, 3])).map(\.shape) == [[0, 3], [0, 3, 3]])
    }

    @Test func batches() throws {
        var random = SplitMix64(seed: 3)
        let numbers = (0..<96).map { _ in Double.random(in: -2...2, using: &random) }
        for (shape, n) in [([2, 3, 4, 4], 4), ([2, 2, 3, 3], 3), ([3, 1, 2, 2], 2)] as [(Shape, Int)] {
            let all = Array(numbers[..<shape.reduce(1, *)])
            let results = Self.both(Tensor(all, shape: shape))
            #expect(results.map(\.shape) == [Array(shape.dropLast()), shape])
            let found = try ReferenceEvaluator.evaluate(results)
            for place in 0..<(all.count / (n * n)) {
                let own = Array(all[(place * n * n)..<((place + 1) * n * n)])
                let alone = try ReferenceEvaluator.evaluate(Self.both(Tensor(own, shape: [n, n])))
                #expect(Array(found[0][(place * n)..<((place + 1) * n)]) == alone[0])
                #expect(Array(found[1][(place * n * n)..<((place + 1) * n * n)]) == alone[1])
            }
        }
    }

    @Test func whatIsNoNumber() throws {
        let a = Tensor([[2, 1, 0], [1, 3, 1], [0, 1, 5]])
        let wanted = try ReferenceEvaluator.evaluate(Self.both(a))
        for bad in [Double.nan, .infinity, -.infinity] {
            // Above the diagonal nothing is read.
            let above = Tensor([[2, bad, bad], [1, 3, bad], [0, 1, 5]])
            #expect(try ReferenceEvaluator.evaluate(Self.both(above)) == wanted)
            for below in [Tensor([[bad, 1, 0], [1, 3, 1], [0, 1, 5]]), Tensor([[2, 1, 0], [1, 3, 1], [0, bad, 5]])] {
                let found = try ReferenceEvaluator.evaluate(Self.both(.stack([below, a])))
                #expect(found[0][..<3].allSatisfy { $0.isNaN } && found[1][..<9].allSatisfy { $0.isNaN })
                #expect(Array(found[0][3...]) == wanted[0] && Array(found[1][9...]) == wanted[1])
            }
        }
    }

    // MARK: Derivatives

    static let point: [String: [Double]] = [
        "a": [-0.9, 9, 9, 9, 1.1, 0.6, 9, 9, -0.4, 1.4, 0.1, 9, 0.6, 1.2, -1, 2.4], "b": [1.5, 1.9, -1.2, -1.1, 0.6, -1.2, 1, 1.8],
    ]

    @Test(arguments: [1, 2, 3, 4]) func gradients(_ n: Int) throws {
        let a = Tensor.named("a", [n, n])
        let point = ["a": (0..<n).flatMap { row in (0..<n).map { (Self.point["a"] ?? [])[4 * row + $0] } }]
        let (values, vectors) = symmetricEigen(a)
        let root = matmul(vectors * exp(0.3 * values), vectors.transposed)
        for (number, result) in [values, vectors, values.expandingShape(at: 1) * sin(vectors), root].enumerated() {
            let first = try FiniteDifferences.check(result.weightedSum, withRespectTo: [a], at: point)
            #expect(first.worst < 1e-7, "\(number): \(first)")
            let slope = Gradient.of(result.weightedSum, withRespectTo: [a])[0]
            let second = try FiniteDifferences.check(slope.weightedSum, withRespectTo: [a], at: point)
            #expect(second.worst < 1e-6, "second derivative \(number): \(second)")
        }
    }

    @Test func gradientsOfBatches() throws {
        let b = Tensor.named("b", [2, 2, 2])
        let (values, vectors) = symmetricEigen(b)
        let report = try FiniteDifferences.check((values.expandingShape(at: 1) * vectors).weightedSum, withRespectTo: [b], at: Self.point)
        #expect(report.worst < 1e-7, "\(report)")
    }

    /// A function with derivatives of its own in the step of a recurrence.
    @Test func gradientsWithinARecurrence() throws {
        let x = Tensor.named("x", [3]), a = Tensor.named("a", [2, 2])
        let last = fold(over: x, from: Tensor.identity(2)) { carry, x in
            let (values, vectors) = symmetricEigen(carry * cos(x) + a)
            return matmul(vectors * tanh(values), vectors.transposed)
        }
        let report = try FiniteDifferences.check(last.weightedSum, withRespectTo: [x, a], at: ["x": [0.2, 1.1, -0.7], "a": [0.4, 0, -0.9, 1.3]])
        #expect(report.worst < 1e-7, "\(report)")
    }

    /// The exponential of a matrix is the gradient of the sum of those of its eigenvalues, equal ones or not.
    @Test func gradientsAtEqualValues() throws {
        let a = Tensor.named("a", [3, 3])
        let (values, vectors) = symmetricEigen(a)
        // Two eigenvalues of 1 and one of 4; three of 2; and those to within roundings.
        for matrix in [[2, 1, 1, 1, 2, 1, 1, 1, 2], [2, 0, 0, 0, 2, 0, 0, 0, 2], [2, 1, 1, 1 + 4e-16, 2, 1, 1, 1, 2 - 4e-16]] as [[Double]] {
            let found = try ReferenceEvaluator.evaluate(Gradient.of(exp(values).sum(), withRespectTo: [a])[0], inputs: ["a": matrix])
            let power = try ReferenceEvaluator.evaluate(matrixExp(Tensor(matrix, shape: [3, 3])))
            // Each element below the diagonal stands for two.
            let weights: [Double] = [1, 0, 0, 2, 1, 0, 2, 2, 1]
            let wanted = zip(weights, power).map { $0 * $1 }
            #expect(Goldens.worst(found, wanted) < 1e-13)
            let others = Gradient.of(vectors.weightedSum + values.weightedSum, withRespectTo: [a])
            #expect(try ReferenceEvaluator.evaluate(others[0], inputs: ["a": matrix]).allSatisfy { $0.magnitude < 1e3 })
        }
    }

    /// Rounds are a loop, however many.
    @Test func sizeDoesNotGrow() {
        func size(_ n: Int) -> Int { Goldens.size(Self.both(.named("a", [n, n]))) }
        #expect(size(4) == size(64) && size(3) == size(63))
    }

    @Test func mistakesAreSaid() {
        for shape in [[], [3], [2, 3], [4, 4, 1]] as [Shape] {
            for result in Self.both(.named("a", shape)) { #expect(result.failure?.description.contains("symmetricEigen") == true) }
        }
        let failed = Tensor.failed(TensorError("test", [], "of its own"))
        #expect(Self.both(failed).allSatisfy { $0.failure == failed.failure })
    }
}
