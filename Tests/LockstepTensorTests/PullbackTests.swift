import TestSupport
import Testing

@testable import LockstepTensor

/// Functions whose derivatives are given, not found.
@Suite struct PullbackTests {
    static let x = Tensor.named("x", [3])
    static let y = Tensor.named("y", [3])
    static let point: [String: [Double]] = ["x": [0.5, -1, 2], "y": [3, 0.25, -0.5]]

    static func evaluate(_ tensors: [Tensor]) throws -> [[Double]] { try ReferenceEvaluator.evaluate(tensors, inputs: point) }

    /// exp, whose derivative is itself.
    static func ownExp(_ x: Tensor) -> Tensor {
        withPullback([x], { [exp($0[0])] }, pullback: { _, results, adjoints in [adjoints[0] * results[0]] })[0]
    }

    @Test func theGivenDerivativeIsTaken() throws {
        let square = withPullback(
            [Self.x], { [$0[0] * $0[0]] },
            pullback: { operands, results, adjoints in
                #expect(operands.count == 1 && results.count == 1 && results[0].shape == [3])
                // Not that of a square.
                return [7 * adjoints[0]]
            })[0]
        #expect(square.shape == [3])
        let found = try Self.evaluate([square] + Gradient.of((2 * square).sum(), withRespectTo: [Self.x]))
        #expect(found == [[0.25, 1, 4], [14, 14, 14]])
    }

    @Test func derivativesOfAnyOrder() throws {
        let value = Self.ownExp(Self.x * Self.y), plain = exp(Self.x * Self.y)
        func derivatives(_ value: Tensor) -> [Tensor] {
            let first = Gradient.of(value.weightedSum, withRespectTo: [Self.x, Self.y])
            let second = Gradient.of(first[0].weightedSum + first[1].sum(), withRespectTo: [Self.x, Self.y])
            return [value] + first + second + Gradient.of(second[0].weightedSum, withRespectTo: [Self.x, Self.y])
        }
        for (found, wanted) in zip(try Self.evaluate(derivatives(value)), try Self.evaluate(derivatives(plain))) {
            for (a, b) in zip(found, wanted) { #expect(abs(a - b) <= 1e-13 * max(1, abs(b))) }
        }
    }

    /// What the function has from elsewhere is a constant to it, and is not handed to the pullback.
    @Test func whatIsCapturedHasNone() throws {
        let product = withPullback(
            [Self.x], { [$0[0] * Self.y + Self.y.sum()] },
            pullback: { operands, _, adjoints in
                #expect(operands.count == 1)
                // Too many: what is over belongs to nothing.
                return [adjoints[0] * Self.y, adjoints[0]]
            })[0]
        let found = try Self.evaluate([product] + Gradient.of((product + Self.y).sum(), withRespectTo: [Self.x, Self.y]))
        #expect(found == [[4.25, 2.5, 1.75], [3, 0.25, -0.5], [1, 1, 1]])
        let alone = Gradient.of(product.sum(), withRespectTo: [Self.y])
        #expect(try Self.evaluate(alone) == [[0, 0, 0]])
    }

    @Test func severalResultsAndNoDerivative() throws {
        // Of results that nothing reads, zero.
        let both = withPullback(
            [Self.x, Self.y], { [$0[0] + $0[1], $0[0].sum()] },
            pullback: { _, _, adjoints in
                #expect(adjoints.map(\.shape) == [[3], []])
                return [adjoints[0] + 10 * adjoints[1], nil]
            })
        let one = Gradient.of(both[0].sum(), withRespectTo: [Self.x, Self.y])
        let two = Gradient.of(both[0].sum() + 3 * both[1], withRespectTo: [Self.x, Self.y])
        #expect(try Self.evaluate(both + one) == [[3.5, -0.75, 1.5], [1.5], [1, 1, 1], [0, 0, 0]])
        #expect(try Self.evaluate(two) == [[31, 31, 31], [0, 0, 0]])
    }

    /// In a recurrence, and in another call.
    @Test func within() throws {
        // Each step doubles what goes back.
        func doubled(_ x: Tensor) -> Tensor { withPullback([x], { [$0[0]] }, pullback: { _, _, adjoints in [2 * adjoints[0]] })[0] }
        let start = Tensor.named("s")
        let last = fold(over: Self.x, from: start) { doubled($0) + $1 }
        let gradients = Gradient.of(last, withRespectTo: [start, Self.x])
        #expect(try ReferenceEvaluator.evaluate([last] + gradients, inputs: ["s": [1], "x": [0.5, -1, 2]]) == [[2.5], [8], [4, 2, 1]])
        // The inner one is within what the outer one hides.
        let outer = withPullback([Self.x], { [doubled($0[0]) * Self.y] }, pullback: { _, _, adjoints in [3 * adjoints[0]] })[0]
        let found = try Self.evaluate([outer] + Gradient.of(doubled(outer).sum(), withRespectTo: [Self.x, Self.y]))
        #expect(found == [[1.5, -0.25, -1], [6, 6, 6], [0, 0, 0]])
    }

    /// Where derivatives are done with, calls are what they do.
    @Test func simplifiersWriteThemOut() throws {
        let value = Self.ownExp(Self.x) + fold(over: Self.x, from: 0) { Self.ownExp($0 * 0.5) + $1 }
        let all = [value] + Gradient.of(value.weightedSum, withRespectTo: [Self.x])
        let simple = Simplifier.simplify(all)
        func hasCalls(_ roots: [Tensor]) -> Bool {
            Graph.topologicalOrder(roots).contains { tensor in
                switch tensor.node.op {
                case .call: true
                case .scan(let region, _): hasCalls(region.results)
                default: false
                }
            }
        }
        #expect(hasCalls(all) && !hasCalls(simple))
        for (found, wanted) in zip(try Self.evaluate(simple), try Self.evaluate(all)) {
            for (a, b) in zip(found, wanted) { #expect(abs(a - b) <= 1e-13 * max(1, abs(b))) }
        }
    }

    @Test func mistakesAreCarried() {
        let bad = CarriedErrorTests.bad
        let results = withPullback([Self.x, bad], { [$0[0], $0[1]] }, pullback: { _, _, adjoints in adjoints })
        #expect(results.count == 2 && results.allSatisfy { $0.failure == bad.failure })
        let inside = withPullback([Self.x], { [$0[0] + bad] }, pullback: { _, _, adjoints in adjoints })
        #expect(inside.allSatisfy { $0.failure == bad.failure })
        // A pullback that makes one.
        let late = withPullback([Self.x], { $0 }, pullback: { _, _, _ in [CarriedErrorTests.bad] })
        #expect(Gradient.of(late[0].sum(), withRespectTo: [Self.x])[0].failure == bad.failure)
    }
}
