import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// What gradients are at edges, on every device in each precision.
@Suite struct GradientEdgeDeviceTests {
    private func check(_ run: (StepCase) throws -> StepCase.Outcome, isShared: Bool, _ tolerance: Double, _ edge: GradientEdge) throws {
        let expressions = edge.expressions(.data)
        var step = StepCase(values: expressions, perLane: isShared ? [] : Set(edge.point.map(\.name)))
        for (name, _, values) in edge.point {
            if isShared { step.shared[name] = values } else { step.perLane[name] = (0..<step.lanes).map { _ in values } }
        }
        let outcome = try run(step)
        for lane in 0..<step.lanes {
            let found = expressions.indices.map { outcome["e\($0)"]?[lane] ?? [] }
            #expect(edge.error(of: found) < tolerance, "\(isShared ? "shared" : "per lane"): \(found), not \(edge.gradients)")
        }
    }

    @Test(arguments: GradientEdge.all, [false, true])
    func interpreted(_ edge: GradientEdge, _ isShared: Bool) throws {
        try check({ try $0.interpreted(.float) }, isShared: isShared, 1e-5, edge)
        try check({ try $0.interpreted(.double) }, isShared: isShared, 1e-12, edge)
    }

    @Test(arguments: OpenCLSessions.variants)
    func openCL(_ variant: OpenCLSessions.Variant) throws {
        for edge in GradientEdge.all {
            for isShared in [false, true] {
                try check(
                    { try $0.openCL(variant.session, variant.precision, width: variant.width) }, isShared: isShared,
                    variant.precision == .float ? 1e-5 : 1e-12, edge)
            }
        }
    }
}
