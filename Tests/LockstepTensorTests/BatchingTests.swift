import LockstepTensor
import TestSupport
import Testing

/// Functions of rows, of all rows at once, evaluated one node at a time.
@Suite struct BatchingTests {
    @Test(arguments: BatchingCase.names) func isOneRowAfterTheOther(_ name: String) throws {
        let one = try #require(BatchingCase.named(name))
        for (found, wanted) in zip(one.tensors(writtenOut: false).values, one.tensors(writtenOut: true).values) {
            #expect(found.failure == nil && found.shape == wanted.shape && found.dtype == wanted.dtype)
        }
        let found = try one.step(writtenOut: false, lanes: 2).reference()
        let wanted = try one.step(writtenOut: true, lanes: 2).reference()
        #expect(Outcomes.disagreement(found, wanted, relative: 1e-10) == nil)
    }

    /// Of the derivatives above the first are held against differences.
    @Test(arguments: BatchingCase.names) func gradientsAreFiniteDifferences(_ name: String) throws {
        // Where masks jump, and no gradient flows.
        if ["loops that end", "elements"].contains(name) { return }
        let one = try #require(BatchingCase.named(name))
        let (values, inputs) = one.tensors(writtenOut: false)
        let report = try FiniteDifferences.check(ScanCase.scalar(values), withRespectTo: inputs, at: one.point())
        #expect(report.worst < 1e-5, "\(report)")
    }

    @Test(arguments: UInt64(0)..<20) func randomFunctions(_ seed: UInt64) throws {
        let (found, wanted) = BatchingCase.random(seed: seed, rows: 3)
        #expect(Outcomes.disagreement(try found.reference(), try wanted.reference(), relative: 1e-10) == nil)
    }

    /// No node for each row.
    @Test func doesNotGrowWithRows() {
        func size(_ count: Int) -> Int {
            let x = Tensor.named("x", [count, 3])
            let all = batched(over: x) { row in fold(over: row, from: 0) { tanh($0 + $1) } * exp(row).sum() }
            return Graph.topologicalOrder([all] + Gradient.of(all.sum(), withRespectTo: [x])).count
        }
        #expect(size(2) == size(2000))
    }

    /// What does not depend on rows is computed once.
    @Test func whatIsInCommonStaysAsItIs() {
        let w = Tensor.named("w", [4])
        let common = exp(w)
        let all = batched(over: Tensor.named("x", [7])) { $0 * common.sum() }
        #expect(all.shape == [7])
        #expect(Graph.topologicalOrder([all]).contains { $0.id == common.id })
        #expect(!Graph.topologicalOrder([all]).contains { $0.shape == [7, 4] })
    }

    @Test func fewRows() throws {
        let one = batched(over: Tensor([[3.0, 4]])) { $0.sum() }
        #expect(one.shape == [1])
        #expect(try ReferenceEvaluator.evaluate(one) == [7])
        let none = batched(over: Tensor([], shape: [0, 2])) { $0 + 1 }
        #expect(none.shape == [0, 2] && none.failure == nil)
    }

    /// As for those of a recurrence: the same in each call.
    @Test func drawsAreTheSameInEachCall() throws {
        let draw = RandomOp(.normal, stream: 1, particle: 0, site: "z", origin: Origin())
        let all = batched(over: Tensor([1.0, 2, 4])) { $0 * .random(draw, shape: []) }
        let values = try ReferenceEvaluator.evaluate(all)
        #expect(values[0] != 0 && values[1] == 2 * values[0] && values[2] == 4 * values[0])
    }

    @Test func mistakesAreSaid() {
        func reason(_ tensors: [Tensor], _ body: ([Tensor]) -> [Tensor]) -> String { batched(over: tensors, body).first?.failure?.reason ?? "none" }
        let x = Tensor([1.0, 2, 3])
        #expect(reason([], { _ in [1] }).contains("nothing to go over"))
        #expect(reason([Tensor(1)], { $0 }).contains("nothing to go over"))
        #expect(reason([x, Tensor([1.0])], { $0 }).contains("differ in their first axis"))
        #expect(reason([x], { [$0[0] + Tensor([1.0, 2]).reshape([3])] }).contains("number of elements differs"))
        let draw = RandomOp(.gamma, stream: 1, particle: 0, site: "z", origin: Origin())
        #expect(reason([x], { [.random(draw, $0[0], shape: [])] }).contains("'z' depends on a row"))
        #expect(reason([CarriedErrorTests.bad], { $0 }) == CarriedErrorTests.bad.failure?.reason)
    }
}
