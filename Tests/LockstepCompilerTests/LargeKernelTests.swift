import LockstepTensor
import Testing

@testable import LockstepCompiler

/// In large kernels functions are called, not written out, and states stay in memory.
@Suite struct LargeKernelTests {
    private static func text(sines: Int, interleaves: Bool = false) throws -> KernelText {
        let x = Tensor.input(Input(.state, "x", origin: Origin()), shape: [])
        let program = try Lowering.lower(LaneFunction(states: [.init("x", (0..<sines).reduce(x) { value, _ in sin(value) })]))
        return try program.kernelText(KernelOptions(width: 16, isDouble: false, interleaves: interleaves, privateBytes: 1 << 16))
    }

    private static func calls(_ text: KernelText) -> Bool { text.sources.contains { $0.contains("LS_CALL1(ls_sin)") } }
    private static func copiesStates(_ text: KernelText) -> Bool { text.kernel.contains("b0_0 = g0[") }

    @Test func ofAnOrdinarySize() throws {
        let text = try Self.text(sines: 800)
        #expect(!Self.calls(text) && Self.copiesStates(text))
    }

    @Test func large() throws {
        let text = try Self.text(sines: 900)
        #expect(Self.calls(text) && !Self.copiesStates(text))
    }

    /// What no function could be split by: statements without a loop around them.
    @Test func longStepsAreSeveralFunctions() throws {
        let x = Tensor.input(Input(.state, "x", origin: Origin()), shape: [])
        func text(_ sums: Int, interleaves: Bool = false) throws -> String {
            let chain = (0..<sums).reduce(x) { value, number in value * x + Tensor(Double(number)) }
            let program = try Lowering.lower(LaneFunction(states: [.init("x", chain)]))
            return try program.kernelText(KernelOptions(width: 16, isDouble: false, interleaves: interleaves, privateBytes: 1 << 16)).kernel
        }
        #expect(try !text(900).contains("_part1("))
        #expect(try text(1_500).contains("_part10("))
        #expect(try !text(1_500, interleaves: true).contains("_part1("))
    }

    @Test func ofAGPU() throws {
        let text = try Self.text(sines: 900, interleaves: true)
        #expect(!Self.calls(text) && Self.copiesStates(text))
    }

    /// A square root is one instruction.
    @Test(arguments: ElementOp.allCases.filter { $0.isExpensive && ![.sqrt, .divide].contains($0) })
    func aCostlyFunctionCanBeCalled(_ op: ElementOp) throws {
        let declarations = try #require(DeviceFunctions.sources.first { $0.contains("#define LS_CALL1") })
        let names = op.row.kernel.text(Array(repeating: "x", count: op.arity), .real).split(separator: "(")
        let name = try #require(names.first)
        #expect(declarations.contains("(\(name))") || declarations.contains(" \(name)("), "declare \(name) in calls.cl")
    }
}
