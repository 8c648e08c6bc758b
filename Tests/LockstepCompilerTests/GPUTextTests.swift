import LockstepTensor
import TestSupport
import Testing

@testable import LockstepCompiler

/// What the text of kernels for GPUs has, and that for CPUs has not.
@Suite struct GPUTextTests {
    private static func text(
        _ step: StepCase = StatisticalModels.radon(), interleaves: Bool = true, isDouble: Bool = false,
        _ change: (inout KernelOptions) -> Void = { _ in }
    ) throws -> KernelText {
        var options = KernelOptions(width: interleaves ? 1 : 16, isDouble: isDouble, interleaves: interleaves, privateBytes: 2048)
        change(&options)
        return try Lowering.lower(step.function).kernelText(options)
    }

    // MARK: Pointers

    /// The pointers of a kernel, without their types: with or without the word.
    private static func pointers(_ text: String) -> [String] {
        let parameters = text.split(separator: ")\n{")[0].split(separator: "void lockstep_steps(").last ?? ""
        return parameters.split(separator: ",\n").compactMap { parameter in
            parameter.contains("*") ? String(parameter.drop { $0 != "*" }) : nil
        }
    }

    @Test func pointersAreRestricted() throws {
        let pointers = try Self.pointers(Self.text().kernel)
        #expect(pointers.count > 4 && pointers.contains("*restrict ls_keys"))
        #expect(pointers.allSatisfy { $0.hasPrefix("*restrict ") }, "\(pointers)")
        #expect(try !Self.text(interleaves: false).sources.joined().contains("restrict "))
    }

    /// Workers of a group read what others wrote: only what nobody writes is restricted.
    @Test func pointersOfGroupsAreToReadOnly() throws {
        let text = try Self.text { $0.group = KernelOptions.Group(tile: 2, workers: 8, minimumExtent: 2) }.kernel
        for line in text.split(separator: "\n") where line.contains("__global") && line.contains("*") && !line.contains("+=") {
            #expect(line.contains("restrict") == line.contains("const"), "\(line)")
        }
        #expect(text.contains("*restrict") && text.contains("__global real *b"))
    }

    /// A buffer that is written is one parameter, and no other's name leads to it.
    @Test func parametersAreDifferentBuffers() throws {
        let regression = RowSteps.regression(rows: 500, columns: 3, groups: 4, lanes: 1)
        for step in [StatisticalModels.radon(), StatisticalModels.gaussianMixture(), regression] {
            let program = try Passes.forKernel(Lowering.lower(step.function))
            let roles = program.buffers.map(\.role).filter { role in
                switch role {
                case .state, .record, .exchange: true
                case .data, .table, .temporary, .slices, .grouped: false
                }
            }
            #expect(!roles.isEmpty && Set(roles).count == roles.count)
            let parameters = try program.kernelText(KernelOptions(width: 1, isDouble: false, interleaves: true, privateBytes: 2048)).parameters
            #expect(Set(parameters).count == parameters.count)
        }
    }

    // MARK: Loops

    private static func loop(_ extent: Int, _ body: [Statement], flush: Int? = nil) -> Loop {
        Loop(variable: LoopVariable(number: 0, extent: extent), body: body, flush: flush.map { Loop.Flush(interval: $0, statements: []) })
    }

    private static func adding(_ lines: Int) -> [Statement] { Array(repeating: .map(Register(0), .add, [Register(0), Register(0)]), count: lines) }

    @Test func copiesAreWrittenOutByBudget() {
        // As many as the budget has, of those that leave no rest; short bodies no more than eight times.
        #expect(GPUUnrolling.times(Self.loop(30, Self.adding(32))) == 6)
        #expect(GPUUnrolling.times(Self.loop(30, Self.adding(33))) == 5)
        #expect(GPUUnrolling.times(Self.loop(48, Self.adding(2))) == 8)
        #expect(GPUUnrolling.times(Self.loop(85, Self.adding(20))) == 5)
        #expect(GPUUnrolling.times(Self.loop(30, Self.adding(97))) == 1)
        // No divisor, so that a rest is left; as do blocks of rows, the last of which is shorter.
        #expect(GPUUnrolling.times(Self.loop(919, Self.adding(24))) == 8)
        #expect(GPUUnrolling.times(Self.loop(919, Self.adding(30))) == 4)
        #expect(GPUUnrolling.times(Self.loop(900, Self.adding(30), flush: 30)) == 4)
        let window = Loop.Window(first: Register(0), end: Register(1))
        #expect(GPUUnrolling.times(Loop(variable: LoopVariable(number: 0, extent: 920), window: window, body: Self.adding(4))) == 4)
        // What is written out wherever it is called weighs more.
        #expect(GPUUnrolling.times(Self.loop(30, [.map(Register(0), .exp, [Register(0)])])) == 6)
        #expect(GPUUnrolling.times(Self.loop(30, Self.adding(20) + Array(repeating: .map(Register(0), .exp, [Register(0)]), count: 4))) == 1)
        #expect(GPUUnrolling.times(Self.loop(22, [.draw4(.normal, [], stream: .site(1), particle: .constant(0), group: .constant(0))])) == 1)
        // What has nothing to wait for, and what has loops inside.
        #expect(GPUUnrolling.times(Self.loop(30, [.constant(Register(0), 0), .store(BufferID(0), .constant(0), Register(0))])) == 1)
        #expect(GPUUnrolling.times(Self.loop(30, [.loop(Self.loop(4, Self.adding(1)))])) == 1)
        // Workers have fewer iterations each.
        #expect(GPUUnrolling.times(Self.loop(30, Self.adding(1)), workers: 32) == 1)
        #expect(GPUUnrolling.times(Self.loop(64, Self.adding(1)), workers: 32) == 2)
    }

    /// Each loop inside the step has its line.
    @Test func loopsSayHowOftenTheyAreWrittenOut() throws {
        for group in [nil, KernelOptions.Group(tile: 2, workers: 8, minimumExtent: 2)] {
            let lines = try Self.text { $0.group = group }.kernel.split(separator: "\n")
            var times: Set<Substring> = []
            for (line, before) in zip(lines.dropFirst(), lines) {
                let line = line.drop { $0 == " " }
                guard line.hasPrefix("for ("), !line.contains("ls_step"), !line.contains("ls_other") else { continue }
                #expect(before.contains("#pragma unroll "), "\(line)")
                times.insert(before.split(separator: " ").last ?? "")
            }
            #expect(times.count > 1 && times.contains("1"), "\(times)")
        }
        #expect(try !Self.text(interleaves: false).kernel.contains("#pragma"))
    }

    // MARK: Functions

    @Test func functionsAreTheHardwares() throws {
        let text = try Self.text().sources.joined()
        #expect(text.contains("ex2.approx.ftz.f32") && text.contains("#define LS_HARDWARE") && text.contains("native_exp2("))
        // Double has none, and CPUs get their text without them.
        for other in [try Self.text(isDouble: true), try Self.text(interleaves: false)] {
            #expect(!other.sources.joined().contains("#define LS_HARDWARE"))
        }
        let options = KernelOptions(width: 1, isDouble: false, interleaves: true, privateBytes: 2048)
        #expect(!options.buildOptions.contains("fast") && !options.buildOptions.contains("finite"))
    }
}
