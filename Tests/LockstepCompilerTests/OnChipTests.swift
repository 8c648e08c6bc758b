import LockstepTensor
import TestSupport
import Testing

@testable import LockstepCompiler

/// What the workers of a group share in local memory, and how often they wait for each other.
@Suite struct OnChipTests {
    private static func text(_ step: StepCase, tile: Int = 16, workers: Int = 8, localBytes: Int) throws -> KernelText {
        var options = KernelOptions(width: 1, isDouble: false, interleaves: true, privateBytes: 1 << 11)
        options.group = KernelOptions.Group(tile: tile, workers: workers, minimumExtent: 8, localBytes: localBytes)
        return try ReusedArrays.reused(RolledDraws.rolled(GroupedRows.grouped(try Lowering.lower(step.function), fewestRows: 2))).kernelText(options)
    }

    /// The lines of the loop over steps.
    private static func step(_ text: KernelText) -> [Substring] {
        let lines = text.kernel.split(separator: "\n")
        let first = lines.firstIndex { $0.contains("for (int ls_step = ls_first;") } ?? lines.endIndex
        let end = lines[first...].firstIndex(of: "    }") ?? lines.endIndex
        return Array(lines[first..<end])
    }

    @Test func statesStayOnChipForTheWholeLaunch() throws {
        let text = try Self.text(StatisticalModels.radon(), localBytes: 48 << 10)
        let step = Self.step(text)
        // What is recorded is all that goes to global memory.
        #expect(!step.isEmpty && step.allSatisfy { !$0.contains("LS_AT(") || $0.contains("if (ls_worker == 0) b3[") }, "\(text.kernel)")
        #expect(step.filter { $0.contains("LS_BARRIER") }.count <= 5, "\(text.kernel)")
        #expect(text.localBytes > 85 * 16 * 4 && text.localBytes <= 48 << 10)
    }

    /// Without room nothing is in local memory but the sums.
    @Test func arraysTakeTheRoomThatThereIs() throws {
        func local(_ bytes: Int) throws -> Int { try Self.text(StatisticalModels.radon(), localBytes: bytes).localBytes }
        let sums = try local(0)
        let one = 85 * 16 * 4
        #expect(try local(sums + one - 1) == sums)
        #expect(try local(sums + one) == sums + one)
        #expect(try local(sums + 2 * one - 1) == sums + one)
    }

    /// Many latents of one lane: local memory has no room for all arrays, and each worker keeps its elements in registers.
    @Test func arraysAreDistributed() throws {
        func text(tile: Int, keepsRows: Bool = true, localBytes: Int = 16 << 10, of count: Int = 2000) throws -> String {
            var options = KernelOptions(width: 1, isDouble: false, interleaves: true, privateBytes: 1 << 11)
            options.keepsRows = keepsRows
            options.group = KernelOptions.Group(tile: tile, workers: 256, minimumExtent: 8, localBytes: localBytes)
            return try Lowering.lower(RowSteps.descent(latents: count, lanes: 1).function).kernelText(options).kernel
        }
        let distributed = try text(tile: 1)
        let places = Set(distributed.matches(of: /(b\d+)\[8\];/).map(\.output.1))
        // Both states, which no one else may go to by another place or in global memory within the step.
        #expect(places.count >= 2, "\(distributed)")
        for name in places {
            let own = try Regex("\\b\(name)\\[(8|i\\d*_own)\\]")
            #expect(distributed.matches(of: try Regex("\\b\(name)\\[")).count == distributed.matches(of: own).count)
        }
        // With room for all, groups of several lanes, other compilers, and more iterations than are written out: none.
        for other in [
            try text(tile: 1, localBytes: 1 << 20), try text(tile: 2), try text(tile: 1, keepsRows: false), try text(tile: 1, of: 2100),
        ] { #expect(!other.contains("_own"), "\(other)") }
    }

    /// Blocks of draws that were unrolled are dealt out to the workers.
    @Test func drawsAreRolled() throws {
        func program(_ count: Int) throws -> LaneProgram {
            let origin = Origin()
            let x = Tensor.input(Input(.state, "x", origin: origin), shape: [count])
            let noise = Tensor.random(RandomOp(.normal, stream: 3, particle: 0, site: "z", origin: origin), shape: [count])
            let total = (noise * x).sum()
            return try Lowering.lower(LaneFunction(states: [.init("x", x + noise + total)]))
        }
        func draws(_ program: LaneProgram) -> (outside: Int, loops: [Int]) {
            var outside = 0
            var loops: [Int] = []
            for statement in program.body {
                switch statement {
                case .draw4: outside += 1
                case .loop(let loop) where loop.body.contains { if case .draw4 = $0 { true } else { false } }: loops.append(loop.variable.extent)
                default: break
                }
            }
            return (outside, loops)
        }
        let plain = try program(50)
        #expect(draws(plain) == (13, []))
        let rolled = RolledDraws.rolled(plain)
        #expect(rolled.mistakes.isEmpty, "\(rolled.mistakes)")
        #expect(draws(rolled) == (0, [13]))
        // Too few to share.
        let short = try program(12)
        #expect(RolledDraws.rolled(short) == short)
    }

    /// An array that is read again later, or before it is stored, or at another place, keeps its own memory.
    @Test(arguments: [true, false]) func whatIsStillNeededIsNotReused(_ isReadAgain: Bool) {
        func program(_ index: IndexExpression, last: Int) -> LaneProgram {
            var program = LaneProgram()
            program.buffers = [
                Buffer(role: .temporary, dtype: .real, count: 20, isUniform: false),
                Buffer(role: .temporary, dtype: .real, count: 20, isUniform: false),
                Buffer(role: .record("y"), dtype: .real, count: 20, isUniform: false),
            ]
            program.registers = [RegisterType](repeating: RegisterType(dtype: .real, isUniform: false), count: 4)
            func loop(_ number: Int, _ body: (IndexExpression) -> [Statement]) -> Statement {
                let variable = LoopVariable(number: number, extent: 20)
                return .loop(Loop(variable: variable, body: body(.variable(variable))))
            }
            program.body = [
                .constant(Register(0), 1), loop(0) { [.store(BufferID(0), $0, Register(0))] },
                loop(1) { [.load(Register(1), BufferID(0), $0 + index), .store(BufferID(1), $0, Register(1))] },
                loop(2) { [.load(Register(2), BufferID(last), $0), .store(BufferID(2), $0, Register(2))] },
            ]
            return program
        }
        func count(_ program: LaneProgram) -> Int { ReusedArrays.reused(program).buffers.count { $0.role == .temporary } }
        #expect(count(program(.constant(0), last: 1)) == 1)
        let kept = isReadAgain ? program(.constant(0), last: 0) : program(.constant(1), last: 1)
        #expect(count(kept) == Pruning.prune(kept).buffers.count { $0.role == .temporary })
    }
}
