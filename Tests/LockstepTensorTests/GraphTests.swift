import LockstepTensor
import TestSupport
import Testing

@Suite struct GraphTests {
    /// Far deeper than a stack would carry, in a task, whose stack is small.
    @Test func deepChainsNeedNoStack() async throws {
        let gradient = try await Task.detached {
            let x = Tensor.named("x")
            var sum = x
            for _ in 0..<100_000 { sum = sum + x }
            #expect(Graph.topologicalOrder([sum]).count == 100_001)
            let gradient = Gradient.of(sum, withRespectTo: [x])
            let rebuilt = Graph.replace([sum], [x.id: Tensor.named("y")])
            #expect(rebuilt[0].id != sum.id)
            return try ReferenceEvaluator.evaluate(gradient + [sum], inputs: ["x": [2]])
        }.value
        #expect(gradient == [[100_001], [200_002]])
    }

    @Test func deepChainsAreReleased() async {
        let isGone = await Task.detached {
            weak var middle: Node?
            do {
                var sum = Tensor.named("x")
                for _ in 0..<1_000_000 { sum = sin(sum) }
                middle = sum.node.inputs[0].node
                #expect(middle != nil)
            }
            return middle == nil
        }.value
        #expect(isGone)
    }

    /// Two owners of one chain let go at the same time.
    @Test func sharedChainsAreReleasedOnce() async {
        for _ in 0..<20 {
            var sum = Tensor.named("x")
            for _ in 0..<20_000 { sum = cos(sum) }
            let chain = sum
            await withTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { (sin(chain) + chain).node.inputs.count } }
                for await count in group { #expect(count == 2) }
            }
        }
    }

    @Test func sharedNodesAreVisitedOnce() {
        var value = Tensor.named("x")
        for _ in 0..<64 { value = value * value }  // 2^64 paths
        #expect(Graph.topologicalOrder([value, value]).count == 65)
        let gradient = Gradient.of(value, withRespectTo: [])
        #expect(gradient.isEmpty)
    }

    @Test func rewriteKeepsWhatDidNotChange() {
        let x = Tensor.named("x"), y = Tensor.named("y")
        let kept = sin(x)
        let value = kept + y
        let replaced = Graph.replace([value, kept], [y.id: 3])
        #expect(replaced[1].id == kept.id)
        #expect(replaced[0].node.inputs[0].id == kept.id)
        #expect(replaced[0].node.inputs[1].splat == 3)
    }

    @Test func targetsInsideTheGraph() throws {
        // The derivative with respect to a value that is itself computed from another target.
        let x = Tensor.named("x", [2])
        let inner = exp(x)
        let value = (inner * inner * x).sum()
        let gradients = try ReferenceEvaluator.evaluate(Gradient.of(value, withRespectTo: [inner, x, value]), inputs: ["x": [0, 1]])
        let e = ReferenceElements.apply(.exp, [1])
        #expect(gradients[0] == [0, 2 * e])
        #expect((gradients[1][1] - 3 * e * e).magnitude < 1e-13 && gradients[1][0] == 1)
        #expect(gradients[2] == [1])
    }

    @Test func unrelatedTargetsGetZeros() throws {
        let x = Tensor.named("x", [2]), y = Tensor.named("y", [3, 1])
        let gradient = Gradient.of(x.sum(), withRespectTo: [y])[0]
        #expect(gradient.shape == [3, 1])
        #expect(try ReferenceEvaluator.evaluate(gradient) == [0, 0, 0])
    }

    @Test func theSameTargetTwice() throws {
        let x = Tensor.named("x")
        #expect(try ReferenceEvaluator.evaluate(Gradient.of(x * x, withRespectTo: [x, x]), inputs: ["x": [3]]) == [[6], [6]])
    }

    @Test func valuesAreTheSameFromManyTasks() async throws {
        let x = Tensor.named("x", [2, 3])
        let source = RandomSource(site: "z", purpose: "guide", origin: Origin())
        let value = (x.logSoftmax() * source.normal([2, 3]) + source.substream("u").uniform([3])).sum()
        let point = ["x": MovementTests.values]
        func run() throws -> [[Double]] {
            let gradient = Gradient.of(value, withRespectTo: [x])
            let second = Gradient.of(gradient[0].weightedSum, withRespectTo: [x])
            return try ReferenceEvaluator.evaluate([value] + gradient + second, inputs: point)
        }
        let expected = try run()
        let results = try await withThrowingTaskGroup(of: [[Double]].self) { group in
            for _ in 0..<8 { group.addTask { try run() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count == 8)
        for result in results { #expect(result == expected) }
    }

    @Test func gradientOfGradient() throws {
        // The Hessian of a function of two variables, row by row.
        let x = Tensor.named("x", [2])
        let value = exp(x[0] * x[1]) + logGamma(x[0]) * sin(x[1])
        let first = Gradient.of(value, withRespectTo: [x])[0]
        for row in 0..<2 {
            let report = try FiniteDifferences.check(first[row], withRespectTo: [x], at: ["x": [1.3, 0.7]])
            #expect(report.worst < 1e-9, "\(report)")
            let second = Gradient.of(first[row], withRespectTo: [x])[0]
            let third = try FiniteDifferences.check(second.weightedSum, withRespectTo: [x], at: ["x": [1.3, 0.7]])
            #expect(third.worst < 1e-8, "\(third)")
        }
    }
}
