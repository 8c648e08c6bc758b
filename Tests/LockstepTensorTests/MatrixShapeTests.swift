import LockstepTensor
import TestSupport
import Testing

/// Triangles, diagonals and products of all with all, element by element.
@Suite struct MatrixShapeTests {
    static let shapes: [Shape] = [
        [1, 1], [3, 3], [2, 5], [5, 2], [1, 4], [4, 1], [2, 3, 3], [2, 1, 2, 4], [0, 3], [3, 0], [0, 2, 2], [0, 0],
    ]

    static func numbers(_ shape: Shape) -> [Double] { (0..<shape.elementCount).map { Double($0 * $0 % 23) - 7.5 } }

    /// Elements by their row and column in the last two axes.
    static func expected(_ shape: Shape, _ element: (_ value: Double, _ row: Int, _ column: Int) -> Double) -> [Double] {
        zip(Indices.all(shape), numbers(shape)).map { element($1, $0[$0.count - 2], $0[$0.count - 1]) }
    }

    @Test(arguments: shapes) func triangles(_ shape: Shape) throws {
        let x = Tensor.named("x", shape)
        let inputs = ["x": Self.numbers(shape)]
        for diagonal in [0, 1, -1, 2, -2, 4, -4, 9, -9, .max, .min] {
            let (lower, upper) = (x.tril(diagonal), x.triu(diagonal))
            #expect(lower.shape == shape && upper.shape == shape)
            let found = try ReferenceEvaluator.evaluate([lower, upper], inputs: inputs)
            // A sum of a row and the last of these overflows.
            #expect(found[0] == Self.expected(shape) { $2 - $1 <= diagonal ? $0 : 0 }, "tril \(diagonal)")
            #expect(found[1] == Self.expected(shape) { $2 - $1 >= diagonal ? $0 : 0 }, "triu \(diagonal)")
        }
        #expect(try ReferenceEvaluator.evaluate(x.tril(), inputs: inputs) == Self.expected(shape) { $1 >= $2 ? $0 : 0 })
        #expect(try ReferenceEvaluator.evaluate(x.triu(), inputs: inputs) == Self.expected(shape) { $1 <= $2 ? $0 : 0 })
    }

    @Test(arguments: shapes) func diagonals(_ shape: Shape) throws {
        let x = Tensor.named("x", shape)
        let count = min(shape[shape.count - 2], shape[shape.count - 1])
        let lead = Array(shape.dropLast(2))
        #expect(x.diagonal.shape == lead + [count])
        let numbers = Self.numbers(shape)
        let wanted = Indices.all(lead + [count]).map { index in numbers[Indices.offset(index + [index[index.count - 1]], in: shape)] }
        #expect(try ReferenceEvaluator.evaluate(x.diagonal, inputs: ["x": numbers]) == wanted)
        if !wanted.isEmpty {
            let report = try FiniteDifferences.check(x.diagonal.weightedSum, withRespectTo: [x], at: ["x": numbers])
            #expect(report.worst < 1e-7, "\(report)")
        }
    }

    @Test(arguments: [[1], [3], [0], [2, 4], [2, 1, 2]] as [Shape]) func onTheDiagonal(_ shape: Shape) throws {
        let x = Tensor.named("x", shape)
        let n = shape[shape.count - 1]
        let matrix = x.asDiagonal
        #expect(matrix.shape == shape + [n])
        let numbers = Self.numbers(shape)
        let wanted = Indices.all(shape + [n]).map { index -> Double in
            index[index.count - 1] == index[index.count - 2] ? numbers[Indices.offset(Array(index.dropLast()), in: shape)] : 0
        }
        #expect(try ReferenceEvaluator.evaluate(matrix, inputs: ["x": numbers]) == wanted)
        #expect(try ReferenceEvaluator.evaluate(matrix.diagonal, inputs: ["x": numbers]) == numbers)
        // What stands beside it is zero, NaN on the diagonal or not.
        let wrong = try ReferenceEvaluator.evaluate(matrix, inputs: ["x": [.nan]])
        #expect(zip(wrong, wanted).allSatisfy { $0.isNaN || $0 == $1 })
        if n > 0 {
            let report = try FiniteDifferences.check(matrix.weightedSum, withRespectTo: [x], at: ["x": numbers])
            #expect(report.worst < 1e-7, "\(report)")
        }
    }

    @Test func typesAreKept() throws {
        let ints = Tensor(integers: [1, 2, 3, 4]).reshape([2, 2]), masks = Tensor([true, true, true, false]).reshape([2, 2])
        for tensor in [ints.tril(), ints.triu(), ints.diagonal, Tensor(integers: [1, 2]).asDiagonal, kronecker(ints, ints)] {
            #expect(tensor.dtype == .int && tensor.failure == nil)
        }
        #expect(masks.tril().dtype == .real && masks.diagonal.dtype == .bool && Tensor([true, false]).asDiagonal.dtype == .real)
        #expect(Tensor.identity(2).dtype == .real)
        #expect(try ReferenceEvaluator.evaluate([ints.tril(), masks.triu(), ints.diagonal]) == [[1, 0, 3, 4], [1, 1, 0, 0], [1, 4]])
    }

    @Test func identity() throws {
        #expect(try ReferenceEvaluator.evaluate(.identity(3)) == [1, 0, 0, 0, 1, 0, 0, 0, 1])
        #expect(Tensor.identity(1).shape == [1, 1] && Tensor.identity(0).count == 0)
    }

    @Test(
        arguments: [([2, 3], [3, 2]), ([1, 1], [2, 2]), ([2, 2, 1], [1, 3]), ([2, 1, 2, 2], [3, 2, 1]), ([0, 2], [2, 2])] as [(Shape, Shape)])
    func kroneckerProducts(_ left: Shape, _ right: Shape) throws {
        let a = Tensor.named("a", left), b = Tensor.named("b", right)
        let product = kronecker(a, b)
        let lead = try #require(Shapes.broadcast([Array(left.dropLast(2)), Array(right.dropLast(2))]))
        let (n, m) = (left[left.count - 2], left[left.count - 1])
        let (p, q) = (right[right.count - 2], right[right.count - 1])
        #expect(product.shape == lead + [n * p, m * q])
        let point = ["a": Self.numbers(left), "b": Self.numbers(right)]
        func element(_ name: String, _ shape: Shape, _ index: [Int]) -> Double {
            point[name]?[Indices.offset(zip(index.suffix(shape.count), shape).map { $1 == 1 ? 0 : $0 }, in: shape)] ?? .nan
        }
        let wanted = Indices.all(product.shape).map { index -> Double in
            let (batch, row, column) = (Array(index.dropLast(2)), index[index.count - 2], index[index.count - 1])
            return element("a", left, batch + [row / p, column / q]) * element("b", right, batch + [row % p, column % q])
        }
        #expect(try ReferenceEvaluator.evaluate(product, inputs: point) == wanted)
        if !wanted.isEmpty {
            let report = try FiniteDifferences.check(product.weightedSum, withRespectTo: [a, b], at: point)
            #expect(report.worst < 1e-6, "\(report)")
        }
    }
}
