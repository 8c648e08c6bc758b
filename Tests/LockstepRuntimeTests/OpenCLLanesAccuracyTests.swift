import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Long sums: 100,000 floats added one by one would lose four digits.
@Suite struct OpenCLLanesAccuracyTests {
    static let count = 100_000

    private static func step() -> (StepCase, exact: Double) {
        let origin = Origin()
        let x = Tensor.input(Input(.data, "x", origin: origin), shape: [count], dtype: .real)
        let s = Tensor.input(Input(.state, "s", origin: origin), shape: [], dtype: .real)
        var random = SplitMix64(seed: 11)
        let values = (0..<count).map { _ in Double(Float(Double.random(in: 0.1...1, using: &random))) }
        // The second sum varies by lane, the third sums over two axes of which one is short.
        var step = StepCase(
            LaneFunction(states: [
                .init("shared", x.sum()), .init("own", (x + s * x).sum()), .init("s", s), .init("folded", (x.reshape([count / 4, 4]) + s).sum()),
            ]))
        step.shared = ["x": values]
        step.lanes = 2
        return (step, values.reduce(0, +))
    }

    private static func check(_ found: StepCase.Outcome, _ exact: Double, _ device: String) {
        for name in ["shared", "own", "folded"] {
            let error = Outcomes.ulps(Float(found[name]?[1][0] ?? .nan), exact: exact)
            print("sum of \(count) floats on \(device), \(name): \(error) ulps")
            #expect(error <= 4, "\(name) on \(device)")
        }
    }

    @Test func interpreter() throws {
        let (step, exact) = Self.step()
        Self.check(try step.interpreted(.float), exact, "the interpreter")
    }

    @Test(arguments: OpenCLSessions.variants.filter { $0.precision == .float }) func openCL(_ variant: OpenCLSessions.Variant) throws {
        let (step, exact) = Self.step()
        Self.check(try step.openCL(variant.session, .float, width: variant.width), exact, "\(variant)")
    }

    /// What is computed once for all lanes may be too long for private memory.
    @Test(arguments: OpenCLSessions.variants.filter { $0.precision == .float }) func longUniformArrays(_ variant: OpenCLSessions.Variant) throws {
        let origin = Origin()
        let x = Tensor.input(Input(.data, "x", origin: origin), shape: [Self.count], dtype: .real)
        let rows = Tensor.input(Input(.data, "rows", origin: origin), shape: [6], dtype: .int)
        let running = Tensor.concatenate([exp(x), sin(x)])
        var step = StepCase(LaneFunction(states: [.init("picked", running.gather(rows)), .init("top", running.max())], perLane: ["rows"]))
        step.shared = ["x": (0..<Self.count).map { Double($0) / Double(Self.count) }]
        step.lanes = 18
        step.perLane = ["rows": (0..<18).map { lane in (0..<6).map { Double((lane * 7919 + $0 * 30011) % (2 * Self.count)) } }]
        let found = try step.openCL(variant.session, .float, width: variant.width)
        #expect(Outcomes.disagreement(found, try step.interpreted(.float), relative: 1e-6) == nil)
    }
}
