import Testing
import TestSupport
import LockstepTensor

@Test func firstGradient() throws {
    let x = Tensor.input(Input(.state, "x", origin: Origin()), shape: [3])
    let report = try FiniteDifferences.check((sin(x) * digamma(x)).sum(), withRespectTo: [x], at: ["x": [1, 2, 0.3]])
    #expect(report.worst < 1e-9, "\(report)")
}
