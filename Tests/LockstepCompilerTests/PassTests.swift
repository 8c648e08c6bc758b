import LockstepTensor
import Testing

@testable import LockstepCompiler

/// Each pass of the compiler can be looked at.
@Suite struct PassTests {
    /// Sums of logarithms beside what is the same for all lanes and steps.
    private static let function: LaneFunction = {
        let origin = Origin()
        func data(_ name: String) -> Tensor { .input(Input(.data, name, origin: origin), shape: [4]) }
        let x = Tensor.input(Input(.state, "x", origin: origin), shape: [])
        return LaneFunction(
            states: [.init("x", (0 + 1 * x) + log(data("own") * exp(data("shared"))).sum())], starts: [.init("x", sin(data("own")).sum())],
            perLane: ["own"])
    }()

    @Test func everyPassLeavesItsMark() throws {
        let texts = try Passes.names.map { try Passes.text(Self.function, after: $0) }
        func text(_ name: String) throws -> String { texts[try #require(Passes.names.firstIndex(of: name))] }
        #expect(Passes.names == ["simplify", "pack", "hoist", "fuse", "prune", "bound", "start", "sum logarithms", "interleave"])
        // The product with 1 and the sum with 0 are gone; the exponential is, once it is computed beforehand.
        #expect(try text("simplify").contains("state x = t") && text("simplify").contains("exp("))
        #expect(try !text("hoist").contains("exp(") && text("hoist").contains("data 'u/0'"))
        #expect(try text("fuse").contains("b0: state x") && text("prune").contains("log(v"))
        #expect(try !text("prune").contains("sum of log") && text("sum logarithms").contains("sum of log"))
        #expect(try !text("prune").contains("sin(") && text("start").contains("sin("))
        // The last is what a kernel is written from, and `start` gives what `lower` does.
        #expect(try text("interleave") == Passes.forKernel(try Lowering.lower(Self.function)).description)
        #expect(try text("start") == Lowering.lower(Self.function).description)
    }

    @Test func mistakesAreThrown() {
        #expect(throws: LoweringError.self) { try Passes.text(Self.function, after: "polish") }
        let bad = LaneFunction(states: [.init("x", Tensor([1, 2]) + Tensor([1, 2, 3]))])
        #expect(throws: TensorError.self) { try Passes.text(bad, after: "simplify") }
    }
}
