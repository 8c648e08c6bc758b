import LockstepTensor
import TestSupport
import Testing

/// Recurrences as expressions, evaluated one node at a time.
@Suite struct ScanTests {
    @Test(arguments: ScanCase.names) func isTheLoopWrittenOut(_ name: String) throws {
        let one = try #require(ScanCase.named(name))
        let found = try one.step(writtenOut: false, lanes: 2).reference()
        let wanted = try one.step(writtenOut: true, lanes: 2).reference()
        #expect(Outcomes.disagreement(found, wanted, relative: 1e-11) == nil)
    }

    @Test(arguments: ScanCase.names) func gradientsAreFiniteDifferences(_ name: String) throws {
        let one = try #require(ScanCase.named(name))
        let (values, inputs) = one.tensors(writtenOut: false)
        // Not where a draw with it is compared by another stream of rounding.
        let report = try FiniteDifferences.check(ScanCase.scalar(values), withRespectTo: inputs, at: one.point())
        #expect(name == "random walk" || report.worst < 1e-5, "\(report)")
    }

    @Test func oneStepNeedsNoLoop() throws {
        let x = Tensor([3.0])
        let (carry, outputs) = scan(over: x, from: 2) { carry, row in (carry * row, carry + row) }
        #expect(try ReferenceEvaluator.evaluate([carry, outputs]) == [[6], [5]])
        #expect(carry.shape == [] && outputs.shape == [1])
        #expect(Graph.topologicalOrder([carry, outputs]).allSatisfy { if case .scan = $0.node.op { false } else { true } })
    }

    @Test func noStepCarriesOnWhatItGets() throws {
        let (carry, outputs) = scan(over: Tensor([], shape: [0, 2]), from: 2) { carry, row in (carry * row.sum(), row) }
        #expect(try ReferenceEvaluator.evaluate(carry) == [2])
        #expect(outputs.shape == [0, 2])
        #expect(fold(over: Tensor([1, 2, 3]), from: 0) { $0 * 10 + $1 }.shape == [])
    }

    /// What is carried becomes real where a step makes it so.
    @Test func intsBecomeReals() throws {
        let total = fold(over: Tensor([0.5, 0.25]), from: Tensor(integers: [1]).element(0)) { $0 + $1 }
        #expect(total.dtype == .real)
        #expect(try ReferenceEvaluator.evaluate(total) == [1.75])
    }

    @Test func mistakesAreSaid() {
        func reason(_ rows: [Tensor], _ carries: [Tensor], _ step: ([Tensor], [Tensor]) -> ([Tensor], [Tensor])) -> String {
            scan(over: rows, from: carries, step).carries.first?.failure?.reason ?? "none"
        }
        let x = Tensor([1.0, 2, 3])
        #expect(reason([], [0]) { c, _ in (c, []) }.contains("nothing to go over"))
        #expect(reason([Tensor(1)], [0]) { c, _ in (c, []) }.contains("nothing to go over"))
        #expect(reason([x, Tensor([1.0])], [0]) { c, _ in (c, []) }.contains("differ in their first axis"))
        #expect(reason([x], [0, 0]) { c, _ in ([c[0]], []) }.contains("carries on 1 tensors and gets 2"))
        #expect(reason([x], [0]) { c, _ in ([x + c[0]], []) }.contains("carries on [3] as number 0 and gets []"))
        #expect(reason([x], [Tensor(mask: true)]) { c, r in ([r[0].asInt], []) }.contains("int values"))
        let draw = RandomOp(.gamma, stream: 1, particle: 0, site: "z", origin: Origin())
        #expect(reason([x], [1]) { c, r in ([Tensor.random(draw, c[0] * r[0], shape: [])], []) }.contains("a draw depends on what is carried"))
        let failed = Tensor.failed(TensorError("test", [], "of its own"))
        #expect(reason([x], [0]) { c, _ in ([c[0] + failed], []) } == "of its own")
    }
}
