import LockstepTensor
import Testing

@testable import LockstepCompiler

/// What depends on the step alone is computed for several steps at once, where lanes come in vectors.
@Suite struct StepTableTests {
    private static let origin = Origin()
    private static func scalar(_ name: String, _ dtype: DType = .real) -> Tensor {
        .input(Input(.scalar, name, origin: origin), shape: [], dtype: dtype)
    }
    private static let x = Tensor.input(Input(.state, "x", origin: origin), shape: [3])
    private static let step = scalar(Input.step, .int).asReal

    private static func kernel(_ value: Tensor, width: Int = 16, group: KernelOptions.Group? = nil) throws -> String {
        var options = KernelOptions(width: width, isDouble: false, interleaves: false, privateBytes: 1 << 16)
        options.group = group
        return try Lowering.lower(LaneFunction(states: [.init("x", value)])).kernelText(options).kernel
    }

    /// The part of the text that runs at each step.
    private static func loop(_ kernel: String) -> Substring {
        kernel.range(of: "for (int ls_step").map { kernel[$0.lowerBound...] } ?? ""
    }

    @Test func functionsOfTheStepLeaveTheLoop() throws {
        let decay = exp(Self.step * -0.1) * Self.scalar("rate")
        let kernel = try Self.kernel(Self.x * decay + exp(Self.x))
        #expect(kernel.components(separatedBy: "ls_exp(").count == 1 + 1 + 3)
        #expect(Self.loop(kernel).components(separatedBy: "ls_exp(").count == 1 + 3, "those of the lanes stay: \(kernel)")
        #expect(kernel.components(separatedBy: "LS_KEEP_STEPS").count == 2, "one table, of the product with the scalar")
    }

    /// What is of scalars alone goes along with what is made of it, and into tables only so.
    @Test func tablesAreMadeOfScalarsToo() throws {
        let half = floor(Self.scalar("steps") * 0.5)
        let kernel = try Self.kernel(Self.x * exp(Self.step / half))
        #expect(Self.loop(kernel).components(separatedBy: "ls_exp(").count == 1 && !Self.loop(kernel).contains("ls_floor("), "\(kernel)")
        #expect(kernel.components(separatedBy: "LS_KEEP_STEPS").count == 2)
        let both = try Self.kernel(Self.x * exp(Self.step / half) + half)
        #expect(both.components(separatedBy: "LS_KEEP_STEPS").count == 2)
        #expect(Self.loop(both).contains("ls_floor("), "the loop's own: \(both)")
    }

    @Test func otherKernelsHaveNoTables() throws {
        let decay = exp(Self.step * -0.1)
        for kernel in [
            // One lane in a work-item.
            try Self.kernel(Self.x * decay, width: 1),
            try Self.kernel(Self.x * decay, group: KernelOptions.Group(tile: 1, workers: 2)),
            // Nothing that costs much, and nothing that is of the step.
            try Self.kernel(Self.x * (Self.step * 0.5)),
            try Self.kernel(Self.x * exp(Self.scalar("rate"))),
            // Of the lane too.
            try Self.kernel(exp(Self.x * Self.step)),
        ] { #expect(!kernel.contains("ls_table") && !kernel.contains("ls_block"), "\(kernel)") }
    }
}
