import LockstepTensor
import TestSupport
import Testing

/// Shape-changing ops: values against loops written by hand, gradients against finite differences.
@Suite struct MovementTests {
    static let x = Tensor.named("x", [2, 3])
    static let values: [Double] = [0.5, -1.2, 2.1, 0.9, -0.3, 1.7]
    static func at(_ i: Int, _ j: Int) -> Double { values[3 * i + j] }

    /// Compares values, then the gradient of a nonlinear function of the result.
    static func check(_ result: Tensor, shape: Shape, _ expected: [Double], tolerance: Double = 0) throws {
        #expect(result.shape == shape)
        let value = try ReferenceEvaluator.evaluate(result, inputs: ["x": values])
        try #require(value.count == expected.count)
        for (a, b) in zip(value, expected) { #expect((a - b).magnitude <= tolerance) }
        let report = try FiniteDifferences.check(sin(result).weightedSum, withRespectTo: [x], at: ["x": values])
        #expect(report.worst < 1e-8, "\(report)")
    }

    @Test func broadcast() throws {
        var expected: [Double] = []
        for _ in 0..<2 { for i in 0..<2 { for j in 0..<3 { expected.append(Self.at(i, j)) } } }
        try Self.check(Self.x.broadcast(to: [2, 2, 3]), shape: [2, 2, 3], expected)
    }

    @Test func broadcastOfInnerAxis() throws {
        var expected: [Double] = []
        for i in 0..<2 { for _ in 0..<4 { for j in 0..<3 { expected.append(Self.at(i, j)) } } }
        try Self.check(Self.x.expandingShape(at: 1).broadcast(to: [2, 4, 3]), shape: [2, 4, 3], expected)
    }

    @Test func broadcastInArithmetic() throws {
        let row = Self.x[0], column = Self.x.slice(axis: 1, 1..<2)
        var expected: [Double] = []
        for i in 0..<2 { for j in 0..<3 { expected.append(Self.at(0, j) * Self.at(i, 1)) } }
        try Self.check(row * column, shape: [2, 3], expected)
    }

    @Test func reshape() throws {
        try Self.check(Self.x.reshape([3, 2]), shape: [3, 2], Self.values)
        try Self.check(Self.x.reshape([1, 6, 1]), shape: [1, 6, 1], Self.values)
    }

    @Test func transposed() throws {
        var expected: [Double] = []
        for j in 0..<3 { for i in 0..<2 { expected.append(Self.at(i, j)) } }
        try Self.check(Self.x.transposed, shape: [3, 2], expected)
    }

    @Test func permutationOfThreeAxes() throws {
        let cube = Self.x.reshape([1, 2, 3])
        var expected: [Double] = []
        for j in 0..<3 { for i in 0..<2 { expected.append(Self.at(i, j)) } }
        try Self.check(cube.transposed([2, 0, 1]), shape: [3, 1, 2], expected)
        try Self.check(cube.transposed([1, 2, 0]), shape: [2, 3, 1], Self.values)
    }

    @Test(arguments: [0..<1, 0..<2, 1..<3, 2..<3, 0..<3, 1..<1])
    func slice(_ range: Range<Int>) throws {
        var expected: [Double] = []
        for i in 0..<2 { for j in range { expected.append(Self.at(i, j)) } }
        try Self.check(Self.x.slice(axis: -1, range), shape: [2, range.count], expected)
    }

    @Test func element() throws {
        try Self.check(Self.x[1], shape: [3], (0..<3).map { Self.at(1, $0) })
        try Self.check(Self.x.element(2, axis: 1), shape: [2], (0..<2).map { Self.at($0, 2) })
    }

    @Test func concatenate() throws {
        var expected: [Double] = []
        for i in 0..<2 {
            for j in 0..<3 { expected.append(Self.at(i, j)) }
            expected.append(Self.at(i, 1))
            for j in 0..<3 { expected.append(Self.at(i, j) * Self.at(i, j)) }
        }
        let joined = Tensor.concatenate([Self.x, Self.x.slice(axis: 1, 1..<2), square(Self.x)], axis: 1)
        try Self.check(joined, shape: [2, 7], expected)
        try Self.check(.concatenate([Self.x, Self.x]), shape: [4, 3], Self.values + Self.values)
    }

    @Test func stack() throws {
        var expected: [Double] = []
        for i in 0..<2 { for j in 0..<3 { expected += [Self.at(i, j), -Self.at(i, j)] } }
        try Self.check(.stack([Self.x, -Self.x], axis: -1), shape: [2, 3, 2], expected)
    }

    @Test func iota() throws {
        #expect(try ReferenceEvaluator.evaluate(Tensor.iota(4)) == [0, 1, 2, 3])
    }

    @Test func gather() throws {
        let index = Tensor(integers: [1, 0, 1, 1])
        var expected: [Double] = []
        for row in [1, 0, 1, 1] { for j in 0..<3 { expected.append(Self.at(row, j)) } }
        try Self.check(Self.x[index], shape: [4, 3], expected)
        try Self.check(Self.x[index.reshape([2, 2])], shape: [2, 2, 3], expected)
    }

    @Test func gatherByScalar() throws {
        try Self.check(Self.x[Tensor(integer: 1)], shape: [3], (0..<3).map { Self.at(1, $0) })
    }

    @Test func segmentSum() throws {
        let index = [2, 0]
        var expected = [Double](repeating: 0, count: 12)
        for i in 0..<2 { for j in 0..<3 { expected[3 * index[i] + j] += Self.at(i, j) } }
        try Self.check(Self.x.segmentSum(Tensor(integers: index), count: 4), shape: [4, 3], expected)
        let deep = [1, 1, 0, 1, 4, 0]
        var sums = [Double](repeating: 0, count: 5)
        for i in 0..<6 { sums[deep[i]] += Self.values[i] }
        try Self.check(Self.x.segmentSum(Tensor(integers: deep).reshape([2, 3]), count: 5), shape: [5], sums)
    }

    @Test func segmentsOfMasksAreCounted() throws {
        let counts = (0 .< Self.x).segmentSum(Tensor(integers: [0, 0]), count: 1)
        #expect(counts.dtype == .real)
        #expect(try ReferenceEvaluator.evaluate(counts, inputs: ["x": Self.values]) == [2, 0, 2])
    }

    @Test func drawsTakeRealParameters() throws {
        let source = RandomSource(site: "s", purpose: "model", origin: Origin())
        let draw = source.poisson(Tensor(integers: [3, 4]), [5, 2])
        #expect(draw.node.inputs[0].dtype == .real && draw.node.inputs[0].shape == [5, 2])
        #expect(try ReferenceEvaluator.evaluate(draw).allSatisfy { $0 >= 0 && $0 < 30 })
        #expect(source.gamma([1, 2, 3], [2]).failure != nil)
    }

    @Test func indexOutsideIsAnError() throws {
        #expect(throws: TensorError.self) {
            try ReferenceEvaluator.evaluate(Self.x[Tensor(integers: [2])], inputs: ["x": Self.values])
        }
    }

    @Test func withoutGradientStopsIt() throws {
        let value = (Self.x * Self.x.withoutGradient).sum()
        let gradient = try ReferenceEvaluator.evaluate(Gradient.of(value, withRespectTo: [Self.x]), inputs: ["x": Self.values])
        #expect(gradient == [Self.values])
    }
}
