import Foundation
import LockstepTensor
import TestSupport
import Testing

/// Functions of arrays and of elements that are made of others: values against the host's library and plain loops,
/// gradients against finite differences.
@Suite struct ArrayFunctionTests {
    static let x = Tensor.named("x", [2, 3])
    static let values: [Double] = [0.5, -1.25, 2, -0.75, 1.5, 3]
    static let rows: [[Double]] = [[0.5, -1.25, 2], [-0.75, 1.5, 3]]

    static func value(_ tensor: Tensor, _ inputs: [String: [Double]] = ["x": values]) throws -> [Double] {
        try ReferenceEvaluator.evaluate(tensor, inputs: inputs)
    }

    static func expectClose(_ tensor: Tensor, _ shape: Shape, _ wanted: [Double], inputs: [String: [Double]] = ["x": values]) throws {
        #expect(tensor.shape == shape)
        let found = try value(tensor, inputs)
        #expect(found.count == wanted.count)
        for (a, b) in zip(found, wanted) { #expect(abs(a - b) <= 1e-14 * max(1, abs(b)), "\(a), not \(b)") }
    }

    @Test func products() throws {
        try Self.expectClose(product(Self.x), [], [Self.values.reduce(1, *)])
        try Self.expectClose(Self.x.product(axis: 0), [3], (0..<3).map { Self.rows[0][$0] * Self.rows[1][$0] })
        try Self.expectClose(product(Self.x, axis: -1), [2], Self.rows.map { $0.reduce(1, *) })
        try Self.expectClose(Self.x.product([1, 0]), [], [Self.values.reduce(1, *)])
        #expect(try Self.value(Tensor([], shape: [2, 0]).product(axis: 1)) == [1, 1])
        #expect(try Self.value(Tensor([], shape: [2, 0]).product()) == [1])
        for count in [1, 2, 3, 5, 8, 13, 31] {
            let numbers: [Double] = (0..<count).map { 0.7 + 0.1 * Double($0 % 7) }
            try Self.expectClose(Tensor.named("v", [count]).product(), [], [numbers.reduce(1, *)], inputs: ["v": numbers])
        }
        #expect(Tensor.iota(3).product().dtype == .int)
    }

    /// The derivative by one factor is the product of the others, zeros among them or not.
    @Test(arguments: [[2, 3, 4, 5.0], [2, 0, 4, 5], [0, 3, 0, 5], [0, 0, 0, 0]]) func gradientOfAProduct(_ numbers: [Double]) throws {
        let v = Tensor.named("v", [4])
        let found = try ReferenceEvaluator.evaluate(Gradient.of(v.product(), withRespectTo: [v]), inputs: ["v": numbers])[0]
        let wanted = numbers.indices.map { i in numbers.indices.reduce(1.0) { $1 == i ? $0 : $0 * numbers[$1] } }
        #expect(found == wanted)
    }

    @Test func spreads() throws {
        func moments(_ list: [Double], _ correction: Double) -> Double {
            let mean = list.reduce(0, +) / Double(list.count)
            return list.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (Double(list.count) - correction)
        }
        try Self.expectClose(variance(Self.x), [], [moments(Self.values, 0)])
        try Self.expectClose(variance(Self.x, axis: 1, correction: 1), [2], Self.rows.map { moments($0, 1) })
        try Self.expectClose(std(Self.x), [], [moments(Self.values, 0).squareRoot()])
        try Self.expectClose(std(Self.x, correction: 1), [], [moments(Self.values, 1).squareRoot()])
        try Self.expectClose(Self.x.std(axis: 0), [3], (0..<3).map { column in moments(Self.rows.map { $0[column] }, 0).squareRoot() })
        try Self.expectClose(mean(Self.x, axis: 1), [2], Self.rows.map { $0.reduce(0, +) / 3 })
        try Self.expectClose(sum(Self.x, axis: 0) + sum(Self.x) * 0 + mean(Self.x) * 0, [3], (0..<3).map { Self.rows[0][$0] + Self.rows[1][$0] })
        try Self.expectClose(Self.x.max(axis: 1) - Self.x.min(axis: 1), [2], [3.25, 3.75])
        #expect(try Self.value((0 .< Self.x).any(axis: 0)) == [1, 1, 1])
        #expect(try Self.value((0 .< Self.x).all(axis: 0)) == [0, 0, 1])
    }

    @Test func spreadOfEqualNumbersAndOfNone() throws {
        let v = Tensor.named("v", [3])
        #expect(try Self.value(v.std(), ["v": [2, 2, 2]]) == [0])
        #expect(try ReferenceEvaluator.evaluate(Gradient.of(v.std(), withRespectTo: [v]), inputs: ["v": [2, 2, 2]])[0] == [0, 0, 0])
        #expect(try Self.value(v.std(), ["v": [2, .nan, 2]])[0].isNaN)
        #expect(try Self.value(Tensor([1]).variance(correction: 1))[0].isNaN)
        #expect(try Self.value(Tensor([]).variance())[0].isNaN)
    }

    @Test func differences() throws {
        try Self.expectClose(diff(Self.x), [2, 2], [-1.75, 3.25, 2.25, 1.5])
        try Self.expectClose(Self.x.diff(axis: 0), [1, 3], [-1.25, 2.75, 1])
        #expect(Tensor([1]).diff().shape == [0] && Tensor([]).diff().shape == [0])
        #expect(try Self.value(Tensor(integers: [1, 4, 9]).diff()) == [3, 5])
    }

    @Test func productsOfVectors() throws {
        try Self.expectClose(dot([1, 2, 3], [4, 5, 6]), [], [32])
        try Self.expectClose(outer([1, 2], [3, 4, 5]), [2, 3], [3, 4, 5, 6, 8, 10])
    }

    /// Against loops, for each pair of ranks.
    @Test(
        arguments: [
            ([3], [3]), ([2, 3], [3]), ([3], [3, 4]), ([2, 3], [3, 4]), ([5, 2, 3], [3, 4]), ([2, 3], [5, 3, 4]), ([5, 2, 3], [5, 3, 4]),
            ([5, 2, 3], [1, 3, 4]), ([6, 1, 2, 3], [5, 3, 4]), ([5, 2, 3], [3]), ([3], [5, 3, 4]), ([1, 1], [1, 1]), ([2, 0], [0, 3]),
        ] as [(Shape, Shape)])
    func matrixProducts(_ left: Shape, _ right: Shape) throws {
        func numbers(_ count: Int, _ seed: Int) -> [Double] { (0..<count).map { Double(($0 * 7 + seed) % 11) - 5 } }
        let a = numbers(left.reduce(1, *), 1), b = numbers(right.reduce(1, *), 4)
        let found = matmul(Tensor.named("a", left), Tensor.named("b", right))
        // As NumPy defines it: a vector gets an axis of 1, which is dropped again.
        let (wideLeft, wideRight) = (left.count == 1 ? [1] + left : left, right.count == 1 ? right + [1] : right)
        let (n, k, m) = (wideLeft[wideLeft.count - 2], wideLeft[wideLeft.count - 1], wideRight[wideRight.count - 1])
        let batch = try #require(Shapes.broadcast([Array(wideLeft.dropLast(2)), Array(wideRight.dropLast(2))]))
        func place(_ index: [Int], _ shape: Shape) -> Int {
            let own = zip(index.suffix(shape.count), shape).map { $1 == 1 ? 0 : $0 }
            return zip(own, shape).reduce(0) { $0 * $1.1 + $1.0 }
        }
        var wanted: [Double] = []
        for index in Indices.all(batch) {
            for row in 0..<n {
                for column in 0..<m {
                    wanted.append(
                        (0..<k).reduce(0.0) { sum, inner in
                            sum + a[place(index, Array(wideLeft.dropLast(2))) * n * k + row * k + inner]
                                * b[place(index, Array(wideRight.dropLast(2))) * k * m + inner * m + column]
                        })
                }
            }
        }
        let shape = batch + (left.count == 1 ? [] : [n]) + (right.count == 1 ? [] : [m])
        #expect(found.shape == shape)
        #expect(try Self.value(found, ["a": a, "b": b]) == wanted)
    }

    // MARK: Elements

    @Test(arguments: FunctionCase.all.map(\.name)) func elementsAreTheHosts(_ name: String) throws {
        let function = try #require(FunctionCase.all.first { $0.name == name })
        let (first, second) = FunctionCase.pairs
        let result = function.apply(.named("a", [first.count]), .named("b", [first.count]))
        let found = try Self.value(result, ["a": first, "b": second])
        for (index, (a, b)) in zip(first, second).enumerated() {
            let wanted = function.exact(a, b)
            // A remainder is right to a rounding of what is divided.
            let scale = max(1, abs(wanted), name == "remainder" ? abs(a) : 0)
            let isClose = found[index] == wanted || found[index].isNaN && wanted.isNaN || abs(found[index] - wanted) <= 1e-14 * scale
            #expect(isClose, "\(name)(\(a), \(b)) is \(found[index]), not \(wanted)")
            // A zero keeps its sign where the library's does.
            if name == "atan2", wanted == 0 { #expect(found[index].sign == wanted.sign, "atan2(\(a), \(b))") }
        }
    }

    @Test(arguments: FunctionCase.all.map(\.name)) func gradientsOfElements(_ name: String) throws {
        let function = try #require(FunctionCase.all.first { $0.name == name })
        // No halves, ties or whole quotients, where there is a jump or a kink.
        let first = [0.3, -0.4, 1.7, -2.2, 5.3, -6.4, 0.011, -3.3], second = [1.1, 0.7, -0.6, -1.9, 2.3, 3.1, -4.7, 0.13]
        let a = Tensor.named("a", [8]), b = Tensor.named("b", [8])
        let report = try FiniteDifferences.check(function.apply(a, b).weightedSum, withRespectTo: [a, b], at: ["a": first, "b": second])
        #expect(report.worst < 1e-8, "\(name): \(report)")
    }

    /// Where two branches meet, at infinities, and at the origin.
    @Test func gradientsAtTheSeams() throws {
        let a = Tensor.named("a"), b = Tensor.named("b")
        func gradient(_ tensor: Tensor, _ x: Double, _ y: Double) throws -> [Double] {
            try ReferenceEvaluator.evaluate(Gradient.of(tensor, withRespectTo: [a, b]), inputs: ["a": [x], "b": [y]]).flatMap { $0 }
        }
        #expect(try gradient(logAddExp(a, b), 1, 1) == [0.5, 0.5])
        #expect(try gradient(logAddExp(a, 1) + 0 * b, 1, 0) == [0.5, 0])
        #expect(try gradient(logAddExp(a, b), -.infinity, 0) == [0, 1])
        #expect(try gradient(logAddExp(a, b), 0, -.infinity) == [1, 0])
        #expect(try gradient(logAddExp(a, b), -.infinity, -.infinity).allSatisfy { $0.isFinite })
        for (y, x) in [(0.0, 2.0), (0, -2), (3, 0), (-3, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)] {
            let square = x * x + y * y
            let found = try gradient(atan2(a, b), y, x)
            #expect(abs(found[0] - x / square) < 1e-15 && abs(found[1] + y / square) < 1e-15, "at (\(x), \(y)): \(found)")
        }
        #expect(try gradient(atan2(a, b), 0, 0) == [0, 0])
        #expect(try gradient(round(a) + 0 * b, 0.5, 0) == [0, 0])
        #expect(try gradient(remainder(a, b), 7.75, -2.5) == [1, 4])
        #expect(try gradient(clip(a, 0, 1) + 0 * b, 0.5, 0) == [1, 0])
        #expect(try gradient(clip(a, 0, 1) + 0 * b, 1.5, 0) == [0, 0])
    }

    @Test func gradientsOfArrays() throws {
        let y = Tensor.named("y", [3, 2]), cube = Tensor.named("cube", [2, 2, 3])
        let inputs = ["x": Self.values, "y": [0.3, -0.8, 1.1, 0.6, -1.7, 0.2], "cube": (0..<12).map { 0.4 * Double($0 % 5) - 0.7 }]
        let cases: [(String, Tensor, [Tensor])] = [
            ("product", Self.x.product(axis: 1).weightedSum + Self.x.product() * 0.1, [Self.x]),
            ("std", Self.x.std(axis: 1, correction: 1).weightedSum + Self.x.std(), [Self.x]),
            ("variance", Self.x.variance(axis: 0).weightedSum, [Self.x]), ("diff", square(Self.x.diff()).weightedSum, [Self.x]),
            ("matmul", matmul(Self.x, y).weightedSum, [Self.x, y]), ("batched", matmul(cube, y).weightedSum, [cube, y]),
            ("batches", matmul(cube, cube.transposed).weightedSum, [cube]), ("row", matmul(Self.x[0], y).weightedSum, [Self.x, y]),
            ("outer", outer(Self.x[0], y[..., 1]).weightedSum, [Self.x, y]), ("dot", dot(Self.x[1], y[..., 0]), [Self.x, y]),
            ("slices", (Self.x[..., 1...] * cube[0, ..., ..<(-1)] + Self.x[-1, ..<2]).weightedSum, [Self.x, cube]),
        ]
        for (name, value, targets) in cases {
            #expect(value.failure == nil, "\(name)")
            let report = try FiniteDifferences.check(value, withRespectTo: targets, at: inputs)
            #expect(report.worst < 1e-8, "\(name): \(report)")
        }
    }

    @Test func remaindersOfIntsAreInts() throws {
        let three = 3
        let result = remainder(Tensor(integers: [7, -7, 6, 0]), three)
        #expect(result.dtype == .int)
        #expect(try Self.value(result) == [1, 2, 0, 0])
        #expect(try Self.value(round(Tensor(integers: [2, 3]))) == [2, 3])
    }
}
