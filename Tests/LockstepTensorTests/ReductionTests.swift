import Foundation
import LockstepTensor
import TestSupport
import Testing

/// Reductions and what is built from them: values against loops, gradients against finite differences.
@Suite struct ReductionTests {
    static let x = MovementTests.x
    static let values = MovementTests.values
    static func at(_ i: Int, _ j: Int) -> Double { MovementTests.at(i, j) }
    static func check(_ result: Tensor, shape: Shape, _ expected: [Double]) throws {
        try MovementTests.check(result, shape: shape, expected, tolerance: 1e-14)
    }

    @Test func sums() throws {
        try Self.check(Self.x.sum(), shape: [], [Self.values.reduce(0, +)])
        try Self.check(Self.x.sum(axis: 0), shape: [3], (0..<3).map { j in Self.at(0, j) + Self.at(1, j) })
        try Self.check(Self.x.sum(axis: -1), shape: [2], (0..<2).map { i in (0..<3).reduce(0) { $0 + Self.at(i, $1) } })
        try Self.check(Self.x.sum([1, 0]), shape: [], [Self.values.reduce(0, +)])
        try Self.check(Self.x.sum([]), shape: [2, 3], Self.values)
    }

    @Test func middleAxis() throws {
        let cube = Self.x.reshape([1, 2, 3]).broadcast(to: [2, 2, 3])
        let columns = (0..<3).map { j in Self.at(0, j) + Self.at(1, j) }
        try Self.check(cube.sum(axis: 1), shape: [2, 3], columns + columns)
        try Self.check(cube.sum([0, 2]), shape: [2], (0..<2).map { i in 2 * (0..<3).reduce(0) { $0 + Self.at(i, $1) } })
    }

    @Test func means() throws {
        try Self.check(Self.x.mean(), shape: [], [Self.values.reduce(0, +) / 6])
        try Self.check(Self.x.mean([0]), shape: [3], (0..<3).map { j in (Self.at(0, j) + Self.at(1, j)) / 2 })
    }

    @Test func extremes() throws {
        try Self.check(Self.x.max(), shape: [], [2.1])
        try Self.check(Self.x.min(), shape: [], [-1.2])
        try Self.check(Self.x.max([1]), shape: [2], [2.1, 1.7])
        try Self.check(Self.x.min([0]), shape: [3], [0.5, -1.2, 1.7])
    }

    @Test func tiedExtremesShareTheGradient() throws {
        let gradient = Gradient.of(Self.x.max([1]).sum(), withRespectTo: [Self.x])
        #expect(try ReferenceEvaluator.evaluate(gradient, inputs: ["x": [1, 1, 0, 2, 2, 2]])[0] == [0.5, 0.5, 0, 1.0 / 3, 1.0 / 3, 1.0 / 3])
    }

    @Test func masks() throws {
        let mask = 1 .< Self.x
        #expect(try ReferenceEvaluator.evaluate(mask.any([1]), inputs: ["x": Self.values]) == [1, 1])
        #expect(try ReferenceEvaluator.evaluate(mask.any([0]), inputs: ["x": Self.values]) == [0, 0, 1])
        #expect(try ReferenceEvaluator.evaluate(mask.all([0]), inputs: ["x": Self.values]) == [0, 0, 1])
        #expect(try ReferenceEvaluator.evaluate(mask.sum(), inputs: ["x": Self.values]) == [2])
    }

    @Test func emptyAxes() throws {
        let none = Tensor([], shape: [2, 0])
        #expect(try ReferenceEvaluator.evaluate(none.sum([1])) == [0, 0])
        #expect(try ReferenceEvaluator.evaluate(none.max([1])) == [-.infinity, -.infinity])
        #expect(try ReferenceEvaluator.evaluate(none.logSumExp()) == [-.infinity, -.infinity])
        #expect(try ReferenceEvaluator.evaluate((none * 2 + 1).sum()) == [0])
    }

    @Test func logSumExp() throws {
        // A sum of exponentials in the plainest way.
        let plain = (0..<2).map { i in ReferenceElements.apply(.log, [(0..<3).reduce(0) { $0 + ReferenceElements.apply(.exp, [Self.at(i, $1)]) }]) }
        try Self.check(Self.x.logSumExp(), shape: [2], plain)
        let down = (0..<3).map { j in ReferenceElements.apply(.log, [(0..<2).reduce(0) { $0 + ReferenceElements.apply(.exp, [Self.at($1, j)]) }]) }
        try Self.check(Self.x.logSumExp(axis: 0), shape: [3], down)
        let soft = (0..<6).map { Self.values[$0] - plain[$0 / 3] }
        try Self.check(Self.x.logSoftmax(), shape: [2, 3], soft)
    }

    @Test func logSumExpOfExtremes() throws {
        let x = Tensor([[1000, 1000], [-1000, -1000], [-.infinity, -.infinity], [.infinity, 0], [-.infinity, 3]].flatMap { $0 }, shape: [5, 2])
        let log2 = 0.6931471805599453
        #expect(try ReferenceEvaluator.evaluate(x.logSumExp()) == [1000 + log2, -1000 + log2, -.infinity, .infinity, 3])
    }

    @Test func cumulativeSum() throws {
        var across: [Double] = [], down: [Double] = []
        for i in 0..<2 { for j in 0..<3 { across.append((0...j).reduce(0) { $0 + Self.at(i, $1) }) } }
        for i in 0..<2 { for j in 0..<3 { down.append((0...i).reduce(0) { $0 + Self.at($1, j) }) } }
        try Self.check(Self.x.cumulativeSum(), shape: [2, 3], across)
        try Self.check(Self.x.cumulativeSum(axis: 0), shape: [2, 3], down)
    }

    /// On both sides of where running sums are written as recurrences, and along each axis.
    @Test(arguments: [0, 1, 2, 64, 65, 90]) func cumulativeFunctions(_ extent: Int) throws {
        var random = SplitMix64(seed: 3)
        let values = (0..<(2 * extent)).map { _ in Double.random(in: -1.5...1.5, using: &random) }
        func running(_ combine: (Double, Double) -> Double) -> [Double] {
            (0..<2).flatMap { row in
                (0..<extent).map { values[(row * extent)..<(row * extent + $0)].reversed().reduce(values[row * extent + $0]) { combine($1, $0) } }
            }
        }
        let functions: [(name: String, (Tensor, Int) -> Tensor, (Double, Double) -> Double)] = [
            ("sum", { $0.cumulativeSum(axis: $1) }, +), ("product", { $0.cumulativeProduct(axis: $1) }, *),
            ("max", { $0.cumulativeMax(axis: $1) }, { Swift.max($0, $1) }), ("min", { $0.cumulativeMin(axis: $1) }, { Swift.min($0, $1) }),
            ("log sum", { $0.cumulativeLogSumExp(axis: $1) }, { Foundation.log(Foundation.exp($0) + Foundation.exp($1)) }),
        ]
        for (name, function, combine) in functions {
            let wanted = running(combine)
            let x = Tensor.named("x", [2, extent])
            let across = try ReferenceEvaluator.evaluate(function(x, 1), inputs: ["x": values])
            let down = try ReferenceEvaluator.evaluate(function(x.transposed([1, 0]), -2).transposed([1, 0]), inputs: ["x": values])
            #expect(across == down && across.count == wanted.count, "\(name) of \(extent)")
            #expect(zip(across, wanted).allSatisfy { abs($0 - $1) <= 1e-12 * max(1, abs($1)) }, "\(name) of \(extent)")
            guard extent > 0 else { continue }
            if name == "max" || name == "min" {
                // Differences go across to the next one: held against all elements, one after the other.
                let chain = (1..<extent).reduce(into: [x.element(0, axis: 1)]) { chain, place in
                    let next = x.element(place, axis: 1)
                    chain.append(name == "max" ? pointwiseMax(chain[place - 1], next) : pointwiseMin(chain[place - 1], next))
                }
                let gradients = [function(x, 1), .stack(chain, axis: 1)].flatMap { Gradient.of($0.weightedSum, withRespectTo: [x]) }
                let found = try ReferenceEvaluator.evaluate(gradients, inputs: ["x": values])
                #expect(zip(found[0], found[1]).allSatisfy { abs($0 - $1) < 1e-12 }, "\(name) of \(extent)")
                continue
            }
            let report = try FiniteDifferences.check(function(x, 1).weightedSum, withRespectTo: [x], at: ["x": values])
            #expect(report.worst < 1e-6, "\(name) of \(extent): \(report)")
        }
    }

    @Test func cumulativeSumKeepsInfinitiesInPlace() throws {
        let x: Tensor = [1, 2, .infinity]
        #expect(try ReferenceEvaluator.evaluate(x.cumulativeSum()) == [1, 3, .infinity])
    }

    @Test func matrixProducts() throws {
        let b: [Double] = [1, 2, -1, 0.5, 3, -2]
        var product: [Double] = []
        for i in 0..<2 { for k in 0..<2 { product.append((0..<3).reduce(0) { $0 + Self.at(i, $1) * b[2 * $1 + k] }) } }
        try Self.check(matmul(Self.x, Tensor(b, shape: [3, 2])), shape: [2, 2], product)
        try Self.check(matmul(Self.x, Tensor(Array(b[0..<3]))), shape: [2], (0..<2).map { i in (0..<3).reduce(0) { $0 + Self.at(i, $1) * b[$1] } })
        try Self.check(matmul(Tensor(Array(b[0..<2])), Self.x), shape: [3], (0..<3).map { j in (0..<2).reduce(0) { $0 + b[$1] * Self.at($1, j) } })
        try Self.check(matmul(Self.x[0], Self.x[1]), shape: [], [(0..<3).reduce(0) { $0 + Self.at(0, $1) * Self.at(1, $1) }])
        try Self.check(
            matmul(Self.x.transposed, Self.x), shape: [3, 3], (0..<9).map { n in (0..<2).reduce(0) { $0 + Self.at($1, n / 3) * Self.at($1, n % 3) } })
    }
}
