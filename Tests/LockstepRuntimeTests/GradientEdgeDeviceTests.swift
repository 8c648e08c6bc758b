import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// What gradients are at edges, on every device in each precision.
@Suite struct GradientEdgeDeviceTests {
    /// All edges in one program, from data that lanes share or that each has.
    private func check(isShared: Bool, _ precision: Precision, _ run: (StepCase) throws -> StepCase.Outcome) throws {
        let edges = GradientEdge.all.enumerated().map { ("\($0.offset)/", $0.element) }
        let states = edges.flatMap { prefix, edge in
            edge.expressions(.data, prefix: prefix).enumerated().map { LaneFunction.State(prefix + "\($0.offset)", $0.element) }
        }
        let names = edges.flatMap { prefix, edge in edge.point.map { prefix + $0.name } }
        var step = StepCase(LaneFunction(states: states, perLane: isShared ? [] : Set(names)))
        for (prefix, edge) in edges {
            for (name, _, values) in edge.point {
                if isShared {
                    step.shared[prefix + name] = values
                } else {
                    step.perLane[prefix + name] = (0..<step.lanes).map { _ in values }
                }
            }
        }
        let outcome = try run(step)
        for (prefix, edge) in edges {
            for lane in 0..<step.lanes {
                let found = edge.gradients.indices.map { outcome[prefix + "\($0)"]?[lane] ?? [] }
                #expect(edge.error(of: found) < (precision == .float ? 1e-5 : 1e-12), "\(edge): \(found), not \(edge.gradients)")
            }
        }
    }

    @Test(arguments: Precision.allCases, [false, true])
    func interpreted(_ precision: Precision, _ isShared: Bool) throws {
        try check(isShared: isShared, precision) { try $0.interpreted(precision) }
    }

    @Test(arguments: OpenCLSessions.variants, [false, true])
    func openCL(_ variant: OpenCLSessions.Variant, _ isShared: Bool) throws {
        try check(isShared: isShared, variant.precision) { try $0.openCL(variant.session, variant.precision, width: variant.width) }
    }
}
