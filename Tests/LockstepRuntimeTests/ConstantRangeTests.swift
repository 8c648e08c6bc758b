import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Constants of an expression are put together in double precision. What they come to must not leave the range of float where
/// no step of the expression as it is written does.
@Suite struct ConstantRangeTests {
    private static let origin = Origin()
    private static let x = Tensor.input(Input(.data, "x", origin: origin), shape: [2])
    private static let y = Tensor.input(Input(.data, "y", origin: origin), shape: [2])

    /// Of each: the expression, x, y, and what it comes to.
    private static let cases: [(Tensor, Double, Double, Double)] = [
        (1e30 * (1e30 * x), 1e-30, 1, 1e30),
        (1e-30 * (1e-30 * x), 1e30, 1, 1e-30),
        (-1e25 * (Tensor(1e20) * x), 1e-20, 1, -1e25),
        (-(1e30 * (-(1e30 * x))), 1e-30, 1, 1e30),
        // Beyond float by themselves: they may meet.
        (1e60 * (1e-60 * x), 3, 1, 3),
        // Out of products, quotients and sums.
        ((1e-30 * x) * y, 1e20, 1e20, 1e10),
        ((1e30 * x) * y, 1e-20, 1e-20, 1e-10),
        ((1e-30 * x) / y, 1e20, 1e-25, 1e15),
        ((1e-30 * x).sum().broadcast(to: [2]), 2e38, 1, 4e8),
        (x / 0x1p127, 0x1p100, 1, 0x1p-27),
        (Gradient.of(0.5 * square(1e25 * x).sum(), withRespectTo: [x])[0], 1e-22, 1, 1e28),
        // Of ordinary size: as ever.
        (3 * (0.5 * x) * y, 2, 5, 15),
    ]

    private func check(_ precision: Precision, run: (StepCase) throws -> StepCase.Outcome) throws {
        for (number, (value, x, y, wanted)) in Self.cases.enumerated() {
            var step = StepCase(values: [value])
            step.shared = ["x": [x, x], "y": [y, y]]
            let found = try run(step)["e0"]?[1][1] ?? .nan
            #expect(abs(found / wanted - 1) < 1e-6, "expression \(number) is \(found), not \(wanted), in \(precision)")
        }
    }

    @Test(arguments: Precision.allCases)
    func interpreter(_ precision: Precision) throws { try check(precision) { try $0.interpreted(precision) } }

    @Test(arguments: OpenCLSessions.variants)
    func device(_ variant: OpenCLSessions.Variant) throws {
        try check(variant.precision) { try $0.openCL(variant.session, variant.precision, width: variant.width) }
    }
}
