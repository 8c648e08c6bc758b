import Foundation
import LockstepTensor
import TestSupport
import Testing

/// QR factors: against LAPACK, and what they have to be.
@Suite struct QRTests {
    typealias Goldens = DecompositionGoldens

    static func both(_ a: Tensor) -> [Tensor] {
        let (q, r) = qr(a)
        return [q, r]
    }

    /// Q^T Q is 1, Q R is A, and R is a triangle with a diagonal that is not negative.
    static func check(_ found: [[Double]], _ a: [Double], columns m: Int, _ rounding: Double, _ what: String) {
        let (q, r) = (found[0], found[1])
        #expect(Goldens.worst(Goldens.product(Goldens.transposed(q, columns: m), q, inner: q.count / m), Goldens.identity(m)) < rounding, "\(what)")
        #expect(Goldens.worst(Goldens.product(q, r, inner: m), a) < 2 * rounding, "\(what)")
        for place in r.indices { #expect(place % m >= place / m || r[place] == 0, "\(what)") }
        for place in 0..<m { #expect(r[place * (m + 1)] >= 0, "\(what)") }
    }

    @Test(arguments: Goldens.sizes) func isLAPACKs(_ size: Int) throws {
        let golden = try Goldens.matrix(size)
        let found = try ReferenceEvaluator.evaluate(Self.both(Tensor(golden.tall, shape: [size + 2, size])))
        #expect(Goldens.worst(found[1], golden.r) < 1e-14)
        if let q = golden.q { #expect(Goldens.worst(found[0], q) < 1e-14) }
        Self.check(found, golden.tall, columns: size, 5e-15, "\(size)")
    }

    @Test(arguments: Goldens.sizes, [false, true]) func programsAreLAPACKs(_ size: Int, _ isFloat: Bool) throws {
        let golden = try Goldens.matrix(size)
        let found = try DecompositionCases.interpreted(golden.tall, [size + 2, size], isFloat: isFloat, Self.both)
        #expect(Goldens.worst(found[1], golden.r) < (isFloat ? 5e-6 : 1e-14))
        Self.check(found, golden.tall, columns: size, isFloat ? 5e-6 : 1e-14, "\(size)")
    }

    /// Within 20 n roundings of the matrix, by the root of the mean square.
    @Test(.enabled(if: Goldens.largest > 0, "level small"), arguments: [false, true]) func theLargest(_ isFloat: Bool) throws {
        let n = Goldens.largest, golden = try Goldens.matrix(n)
        let found = try DecompositionCases.interpreted(golden.tall, [n + 2, n], isFloat: isFloat, Self.both)
        let (q, r) = (found[0], found[1]), size = Goldens.distance(golden.tall, [Double](repeating: 0, count: (n + 2) * n))
        let rounding = 20 * Double(n) * (isFloat ? 0x1p-24 : 0x1p-53)
        #expect(Goldens.distance(Goldens.product(q, r, inner: n), golden.tall) < rounding * size)
        let gram = Goldens.product(Goldens.transposed(q, columns: n), q, inner: n + 2)
        #expect(Goldens.distance(gram, Goldens.identity(n)) < rounding * Double(n).squareRoot())
        #expect(Goldens.distance(r, golden.r) < rounding * size)
        for place in r.indices { #expect(place % n >= place / n || r[place] == 0) }
    }

    @Test func matricesOfAllKinds() throws {
        let cases: [(rows: Int, columns: Int, numbers: [Double])] = [
            (3, 3, [1, 0, 0, 0, 1, 0, 0, 0, 1]), (2, 2, [-3, 1, 0, -2]), (3, 1, [0, -3, 4]), (1, 1, [-5]), (2, 2, [0, 0, 0, 0]),
            (3, 2, [1, 2, 2, 4, 3, 6]), (3, 3, [0, 1, 2, 0, 3, 4, 0, 5, 6]), (4, 2, [1e-200, 1, 2e-200, -1, 0, 3, 1e-200, 2]),
            (3, 2, [3e200, 1e200, -4e200, 0, 1e200, 2e200]),
        ]
        for (rows, columns, numbers) in cases {
            let found = try ReferenceEvaluator.evaluate(Self.both(Tensor(numbers, shape: [rows, columns])))
            Self.check(found, numbers, columns: columns, 2e-15, "\(numbers)")
        }
        let pair = try ReferenceEvaluator.evaluate(Self.both(Tensor(integers: [0, -3, 4]).reshape([3, 1])))
        #expect(Goldens.worst(pair[0], [0, -0.6, 0.8]) < 1e-15 && Goldens.worst(pair[1], [5]) < 1e-15)
        #expect(Self.both(Tensor([], shape: [3, 0])).map(\.shape) == [[3, 0], [0, 0]])
        #expect(Self.both(Tensor([], shape: [0, 3, 2])).map(\.shape) == [[0, 3, 2], [0, 2, 2]])
    }

    /// R is the transpose of the Cholesky factor of A^T A.
    @Test func isTheCholeskyFactor() throws {
        let golden = try Goldens.matrix(5)
        let a = Tensor(golden.tall, shape: [7, 5])
        let both = try ReferenceEvaluator.evaluate([qr(a).r, cholesky(matmul(a.transposed, a)).transposed])
        #expect(Goldens.worst(both[0], both[1]) < 1e-13)
    }

    @Test func batches() throws {
        let golden = try Goldens.matrix(8)
        let shape = [2, 3, 4, 2]
        let results = Self.both(Tensor(Array(golden.tall[..<48]), shape: shape))
        #expect(results.map(\.shape) == [shape, [2, 3, 2, 2]])
        let found = try ReferenceEvaluator.evaluate(results)
        for place in 0..<6 {
            let alone = try ReferenceEvaluator.evaluate(Self.both(Tensor(Array(golden.tall[(8 * place)..<(8 * place + 8)]), shape: [4, 2])))
            #expect(Array(found[0][(8 * place)..<(8 * place + 8)]) == alone[0] && Array(found[1][(4 * place)..<(4 * place + 4)]) == alone[1])
        }
    }

    @Test func whatIsNoNumber() throws {
        let good = Tensor([[2, 1], [1, 3], [0, 1]])
        let wanted = try ReferenceEvaluator.evaluate(Self.both(good))
        for bad in [Double.nan, .infinity, -.infinity] {
            let found = try ReferenceEvaluator.evaluate(Self.both(.stack([Tensor([[2, bad], [1, 3], [0, 1]]), good])))
            #expect(found[0][..<6].contains { $0.isNaN } && found[1][..<4].contains { $0.isNaN })
            #expect(Array(found[0][6...]) == wanted[0] && Array(found[1][4...]) == wanted[1])
        }
    }

    // MARK: Derivatives

    @Test(arguments: [[1, 1], [2, 1], [2, 2], [3, 2], [3, 3], [4, 3], [4, 4], [2, 3, 2]] as [Shape]) func gradients(_ shape: Shape) throws {
        let numbers = [0.3, -1.2, 2.1, 0.9, 1.3, 1.7, -0.1, -2.4, 0.6, 1.1, -0.8, 0.2, 1.9, 0.7, -1.4, 0.5]
        let a = Tensor.named("a", shape), point = ["a": Array(numbers[..<shape.reduce(1, *)])]
        let (q, r) = qr(a)
        let columns = q.shape[q.rank - 1]
        let both = matmul(sin(q), 0.5 * r.transposed) + q * Tensor((0..<columns).map { 1 + 0.2 * Double($0) })
        for (number, result) in [q, r, both].enumerated() {
            let first = try FiniteDifferences.check(result.weightedSum, withRespectTo: [a], at: point)
            #expect(first.worst < 1e-7, "\(number): \(first)")
            let slope = Gradient.of(result.weightedSum, withRespectTo: [a])[0]
            let second = try FiniteDifferences.check(slope.weightedSum, withRespectTo: [a], at: point)
            #expect(second.worst < 1e-6, "second derivative \(number): \(second)")
        }
    }

    /// Columns are a loop, however many.
    @Test func sizeDoesNotGrow() {
        func size(_ n: Int) -> Int { Goldens.size(Self.both(.named("a", [n + 1, n]))) }
        #expect(size(3) == size(60))
    }

    @Test func mistakesAreSaid() {
        for shape in [[], [3], [2, 3], [4, 0, 1]] as [Shape] {
            for result in Self.both(.named("a", shape)) { #expect(result.failure?.description.hasPrefix("qr of shapes") == true) }
        }
        #expect(qr(.named("a", [100_000, 1])).q.failure == nil)
        let failed = Tensor.failed(TensorError("test", [], "of its own"))
        #expect(Self.both(failed).allSatisfy { $0.failure == failed.failure })
    }
}
