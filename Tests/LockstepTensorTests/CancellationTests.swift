import LockstepTensor
import Testing

/// The simplifier must not turn a sum of small differences into a difference of large sums.
@Suite struct CancellationTests {
    private let origin = Origin()
    private func data(_ name: String) -> Tensor { .input(Input(.data, name, origin: origin), shape: [100]) }
    private func state(_ name: String) -> Tensor { .input(Input(.state, name, origin: origin), shape: []) }

    private func sums(_ tensor: Tensor) -> Int {
        Graph.topologicalOrder(Simplifier.simplify([tensor])).count { if case .reduce = $0.node.op { true } else { false } }
    }

    @Test func residualsStayTogether() {
        let simple = Simplifier.simplify([(data("y") - state("mu")).sum()])[0]
        guard case .reduce = simple.node.op else {
            Issue.record("the sum of residuals became \(simple.node.op)")
            return
        }
        #expect(simple.node.inputs[0].node.op == .map(.subtract))
    }

    /// -0.5 z^2 - log sigma: the logarithm is the same for all rows.
    @Test func normalizersLeaveTheSum() {
        let z = data("y") - state("mu")
        let simple = Simplifier.simplify([(-0.5 * z * z - log(state("sigma"))).sum()])[0]
        #expect(simple.node.op == .map(.subtract))
        #expect(sums((-0.5 * z * z - log(state("sigma"))).sum()) == 1)
    }
}
