import LockstepTensor
import TestSupport
import Testing

/// Factors of positive definite matrices and what is made of them: against numbers with more digits, finite differences, and loops.
@Suite struct MatrixTests {
    static func evaluate(_ tensor: Tensor, _ inputs: [String: [Double]] = [:]) throws -> [Double] {
        try ReferenceEvaluator.evaluate(tensor, inputs: inputs)
    }

    /// Relative to the largest of what is wanted.
    static func check(_ found: [Double], _ wanted: [Double], relative: Double, _ what: String) {
        let scale = wanted.map(\.magnitude).max() ?? 0
        let isClose = found.count == wanted.count && zip(found, wanted).allSatisfy { $0 == $1 || abs($0 - $1) <= relative * scale }
        #expect(isClose, "\(what): \(found.prefix(8)), not \(wanted.prefix(8))")
    }

    // MARK: Goldens

    @Test func goldensAreThere() {
        #expect(Set(MatrixCase.all.map(\.n)) == [1, 2, 3, 4, 5, 8, 16, 33, 64])
        #expect(MatrixCase.all.contains { $0.condition > 9_000 })
        for golden in MatrixCase.all { #expect(golden.matrix.allSatisfy { Double(Float($0)) == $0 }, "\(golden)") }
    }

    @Test(arguments: MatrixCase.all) func agreesWithGoldens(_ golden: MatrixCase) throws {
        let n = golden.n
        let a = Tensor(golden.matrix, shape: [n, n]), b = Tensor(MatrixCase.right(n, columns: 1))
        // Where the condition is 10,000, so many more roundings.
        let relative = 1e-13 * max(golden.condition.squareRoot(), 10)
        let factor = cholesky(a)
        #expect(factor.shape == [n, n] && logDeterminant(a).shape == [] && solve(a, b).shape == [n] && inverse(a).shape == [n, n])
        let found = try Self.evaluate(factor)
        Self.check((0..<n).flatMap { row in found[(row * n)...(row * n + row)] }, golden.factor, relative: relative, "factor")
        for row in 0..<n { #expect(found[(row * n + row + 1)..<((row + 1) * n)].allSatisfy { $0 == 0 }) }
        let determinant = try Self.evaluate(logDeterminant(a))[0]
        #expect(abs(determinant - golden.logDeterminant) <= 10 * relative * max(1, abs(golden.logDeterminant)))
        Self.check(try Self.evaluate(solve(a, b)), golden.solution, relative: 1e-14 * max(golden.condition, 100), "solution")
        for row in golden.triangular {
            let right = Tensor(MatrixCase.right(n, columns: row.columns), shape: [n, row.columns])
            let x = triangularSolve(a, right, isLower: row.isLower, isTransposed: row.isTransposed)
            #expect(x.shape == right.shape)
            Self.check(
                try Self.evaluate(x), row.values, relative: 1e-12, "isLower: \(row.isLower), isTransposed: \(row.isTransposed), \(row.columns)")
        }
        if n <= 16 {
            let one = try Self.evaluate(matmul(inverse(a), a))
            for place in one.indices { #expect(abs(one[place] - (place / n == place % n ? 1 : 0)) < 1e-13 * golden.condition * Double(n)) }
        }
    }

    /// L L^T, and tril(L) B against the product of matrices.
    @Test func productsWithTriangles() throws {
        let golden = try #require(MatrixCase.all.first { $0.n == 5 })
        let a = Tensor(golden.matrix, shape: [5, 5]), b = Tensor(MatrixCase.right(5, columns: 3), shape: [5, 3])
        let factor = cholesky(a)
        Self.check(try Self.evaluate(matmul(factor, factor.transposed)), golden.matrix, relative: 1e-14, "L L^T")
        for (isTransposed, plain) in [(false, a.tril()), (true, a.tril().transposed)] {
            let found = lowerProduct(a, b, isTransposed: isTransposed)
            Self.check(try Self.evaluate(found), try Self.evaluate(matmul(plain, b)), relative: 1e-14, "product")
        }
    }

    @Test func nothingAndOne() throws {
        let none = Tensor([], shape: [0, 0])
        #expect(cholesky(none).shape == [0, 0] && inverse(none).shape == [0, 0] && Tensor.identity(0).shape == [0, 0])
        #expect(try Self.evaluate(logDeterminant(none)) == [0])
        #expect(solve(none, Tensor([])).shape == [0] && triangularSolve(none, Tensor([], shape: [0, 4])).shape == [0, 4])
        #expect(try Self.evaluate(cholesky(Tensor([4], shape: [1, 1]))) == [2])
        #expect(try Self.evaluate(inverse(Tensor([4], shape: [1, 1]))) == [0.25])
        #expect(try Self.evaluate(solve(Tensor([4], shape: [1, 1]), [2])) == [0.5])
        // Ints are reals here.
        #expect(try Self.evaluate(cholesky(Tensor(integers: [4, 9]).asDiagonal)) == [2, 0, 0, 3])
        #expect(try Self.evaluate(triangularSolve(Tensor([2, 0, 0, 4], shape: [2, 2]), Tensor(integers: [2, 2]))) == [1, 0.5])
    }

    /// Each batch is as it would be alone, and batches broadcast.
    @Test(arguments: MatrixFunction.names) func batches(_ name: String) throws {
        let function = try #require(MatrixFunction.named(name))
        let matrices = (0..<3).map { Tensor(MatrixCase.matrix(4, lane: 2 * $0), shape: [4, 4]) }
        let rights = (0..<2).map { Tensor(MatrixCase.right(8, columns: 3), shape: [2, 4, 3])[$0] }
        let matrix = Tensor.stack(matrices), right = Tensor.stack(rights)
        func expect(_ found: Tensor, _ wanted: [Tensor], _ lead: Shape) throws {
            #expect(found.shape == lead + (wanted.first?.shape ?? []))
            let parts = try ReferenceEvaluator.evaluate(wanted).flatMap { $0 }
            #expect(try Self.evaluate(found) == parts)
        }
        try expect(function.apply(matrix, rights[0]), matrices.map { function.apply($0, rights[0]) }, [3])
        try expect(function.apply(matrix.expandingShape(at: 0), rights[0]), matrices.map { function.apply($0, rights[0]) }, [1, 3])
        guard function.hasRight else { return }
        try expect(function.apply(matrices[0], right), rights.map { function.apply(matrices[0], $0) }, [2])
        let pairs = rights.flatMap { right in matrices.map { function.apply($0, right) } }
        try expect(function.apply(matrix, right.expandingShape(at: 1)), pairs, [2, 3])
        let vector = Tensor(MatrixCase.right(4, columns: 1))
        try expect(function.apply(matrix, vector), matrices.map { function.apply($0, vector) }, [3])
    }

    // MARK: Derivatives

    /// Well-conditioned matrices and right sides.
    static func point(_ n: Int, _ columns: Int, batches: Int) -> [String: [Double]] {
        var random = SplitMix64(seed: UInt64(31 * n + batches))
        func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in Double.random(in: -1...1, using: &random) } }
        let matrices = (0..<batches).flatMap { _ -> [Double] in
            let m = numbers(n * n)
            return (0..<(n * n)).map { place in
                (0..<n).reduce(place / n == place % n ? Double(n) : 0) { $0 + m[place / n * n + $1] * m[place % n * n + $1] }
            }
        }
        return ["a": matrices, "b": numbers(n * columns * batches)]
    }

    @Test(arguments: MatrixFunction.names, [1, 2, 3, 4]) func gradients(_ name: String, _ n: Int) throws {
        let function = try #require(MatrixFunction.named(name))
        for lead in [[], [2]] as [Shape] where lead.isEmpty || n < 4 {
            let a = Tensor.named("a", lead + [n, n]), b = Tensor.named("b", lead + [n, 2])
            let inputs = function.hasRight ? [a, b] : [a]
            let point = Self.point(n, 2, batches: lead.elementCount)
            let value = function.apply(a, b).weightedSum
            let first = try FiniteDifferences.check(value, withRespectTo: inputs, at: point)
            #expect(first.worst < 1e-6, "\(name): \(first)")
            guard lead.isEmpty || n == 2 else { continue }
            let slopes = ScanCase.scalar(Gradient.of(value, withRespectTo: inputs))
            let second = try FiniteDifferences.check(slopes, withRespectTo: inputs, at: point)
            #expect(second.worst < 1e-5, "\(name), second derivatives: \(second)")
        }
    }

    /// A matrix, or a right side, that batches of the other share gets the derivatives of all of them.
    @Test(arguments: ["solution", "lower", "upper, transposed"]) func gradientsOfWhatIsShared(_ name: String) throws {
        let function = try #require(MatrixFunction.named(name))
        let all = Self.point(3, 2, batches: 2)
        let shapes: [(matrix: Shape, right: Shape)] = [([3, 3], [2, 3, 2]), ([2, 3, 3], [3, 2]), ([2, 3, 3], [3]), ([2, 1, 3, 3], [2, 3, 1])]
        for (matrix, right) in shapes {
            let a = Tensor.named("a", matrix), b = Tensor.named("b", right)
            let point = [
                "a": Array((all["a"] ?? []).prefix(matrix.elementCount)), "b": Array((all["b"] ?? []).prefix(right.elementCount)),
            ]
            let report = try FiniteDifferences.check(function.apply(a, b).weightedSum, withRespectTo: [a, b], at: point)
            #expect(report.worst < 1e-6, "\(matrix), \(right): \(report)")
        }
    }

    /// d log det A / d A is the inverse; an element off the diagonal stands for two.
    @Test func gradientOfTheDeterminantIsTheInverse() throws {
        let a = Tensor.named("a", [4, 4])
        let point = Self.point(4, 1, batches: 1)
        let found = try ReferenceEvaluator.evaluate(Gradient.of(logDeterminant(a), withRespectTo: [a]) + [inverse(a)], inputs: point)
        for place in 0..<16 {
            let (i, j) = (place / 4, place % 4)
            let wanted = i == j ? found[1][place] : i > j ? 2 * found[1][place] : 0
            #expect(abs(found[0][place] - wanted) < 1e-13)
        }
    }

    /// Values and derivatives are the same whatever stands in the other triangle, which has none.
    @Test(arguments: MatrixFunction.names) func theOtherTriangleIsNotRead(_ name: String) throws {
        let function = try #require(MatrixFunction.named(name))
        let n = 4
        let a = Tensor.named("a", [n, n]), b = Tensor.named("b", [n, 2])
        let value = function.apply(a, b)
        let first = Gradient.of(value.weightedSum, withRespectTo: [a, b])
        let second = Gradient.of(first[0].weightedSum + first[1].weightedSum, withRespectTo: [a, b])
        var point = Self.point(n, 2, batches: 1)
        let isRead = (0..<(n * n)).map { function.isLower ? $0 % n <= $0 / n : $0 % n >= $0 / n }
        func results(_ other: Double) throws -> [[Double]] {
            point["a"] = zip(Self.point(n, 2, batches: 1)["a"] ?? [], isRead).map { $1 ? $0 : other }
            return try ReferenceEvaluator.evaluate([value] + first + second, inputs: point)
        }
        let wanted = try results(0)
        #expect(wanted.allSatisfy { $0.allSatisfy(\.isFinite) })
        for other in [Double.nan, 7, .infinity] { #expect(try results(other) == wanted, "\(other)") }
        for gradient in [wanted[1], wanted[3]] { #expect(zip(gradient, isRead).allSatisfy { $1 || $0 == 0 }, "\(gradient)") }
        #expect(zip(wanted[1], isRead).allSatisfy { !$1 || $0 != 0 })
    }

    // MARK: What is not positive definite

    @Test func notPositiveDefiniteIsNaN() throws {
        let bad: [[Double]] = [
            [1, 2, 0, 2, 1, 0, 0, 0, 1], [-1, 0, 0, 0, 1, 0, 0, 0, 1], [1, 0, 0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0],
            [1, 0, 0, 0, 1, 0, 0, 0, .nan], [.nan, 0, 0, 0, 1, 0, 0, 0, 1], [4, 0, 0, 2, 1, 0, 0, 0, 1], [1, 0, 0, .nan, 1, 0, 0, 0, 1],
        ]
        for values in bad {
            let a = Tensor(values, shape: [3, 3])
            #expect(try Self.evaluate(logDeterminant(a))[0].isNaN, "\(values)")
            #expect(try Self.evaluate(solve(a, [1, 2, 3])).allSatisfy(\.isNaN), "\(values)")
            #expect(try Self.evaluate(inverse(a)).allSatisfy(\.isNaN), "\(values)")
            let factor = try Self.evaluate(cholesky(a))
            #expect(factor.contains { $0.isNaN } && [1, 2, 5].allSatisfy { factor[$0] == 0 }, "\(factor)")
            // Of a batch, that one alone.
            let batch = Tensor.stack([.identity(3), a, 4 * .identity(3)])
            let found = try Self.evaluate(cholesky(batch))
            #expect(Array(found[..<9]) == [1, 0, 0, 0, 1, 0, 0, 0, 1] && Array(found[18...]) == [2, 0, 0, 0, 2, 0, 0, 0, 2])
            #expect(found[9..<18].contains { $0.isNaN })
            let x = Tensor.named("x", [3, 3, 3])
            let gradient = try ReferenceEvaluator.evaluate(
                Gradient.of(logDeterminant(x).sum(), withRespectTo: [x]), inputs: ["x": try Self.evaluate(batch)])[0]
            #expect(gradient[..<9] == [1, 0, 0, 0, 1, 0, 0, 0, 1] && gradient[9..<18].contains { $0.isNaN })
        }
        let row = try Self.evaluate(cholesky(Tensor([4, 0, 0, 2, 1, 0, 6, 1, 30], shape: [3, 3])))
        #expect(row[0] == 2 && row[3] == 1 && row[4].isNaN && row[6] == 3 && row[7].isNaN && row[8].isNaN)
    }

    @Test func zerosOnTheDiagonal() throws {
        let a = Tensor([2, 0, 1, 0], shape: [2, 2])
        let found = try Self.evaluate(triangularSolve(a, [2, 3]))
        #expect(found[0] == 1 && !found[1].isFinite)
    }
}
