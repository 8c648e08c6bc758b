import LockstepTensor
import TestSupport
import Testing

@testable import LockstepCompiler

/// What the workers of a group share in local memory, and how often they wait for each other.
@Suite struct OnChipTests {
    private static func text(_ step: StepCase, tile: Int = 16, workers: Int = 8, localBytes: Int) throws -> KernelText {
        var options = KernelOptions(width: 1, isDouble: false, interleaves: true, privateBytes: 1 << 11)
        options.group = KernelOptions.Group(tile: tile, workers: workers, minimumExtent: 8, localBytes: localBytes)
        return try RolledDraws.rolled(GroupedRows.grouped(try Lowering.lower(step.function), fewestRows: 2)).kernelText(options)
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
        #expect(!step.isEmpty && !step.contains { $0.contains("LS_AT(") }, "\(text.kernel)")
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
}
