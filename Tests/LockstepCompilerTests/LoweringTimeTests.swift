import Foundation
import LockstepCompiler
import LockstepTensor
import TestSupport
import Testing

/// Graphs of about 5,000 nodes, in shapes that would show work that grows faster than they do.
@Suite(.serialized) struct LoweringTimeTests {
    private static let origin = Origin()
    private static func state(_ name: String, _ shape: Shape) -> Tensor {
        .input(Input(.state, name, origin: origin), shape: shape, dtype: .real)
    }

    static let graphs: [(name: String, make: @Sendable () -> [LaneFunction.State])] = [
        ("chain", { [.init("x", (0..<5000).reduce(state("x", [])) { x, _ in sin(x) })] }),
        ("chain of arrays", { [.init("x", (0..<5000).reduce(state("x", [20])) { x, _ in sin(x) })] }),
        ("diamonds", { [.init("x", (0..<2500).reduce(state("x", [])) { x, _ in tanh(x) * x })] }),
        ("diamonds of arrays", { [.init("x", (0..<2500).reduce(state("x", [30])) { x, _ in tanh(x) * x })] }),
        (
            "many states",
            {
                (0..<1000).map { .init("x\($0)", state("x\($0)", []) - 0.1 * exp(state("rate", [])) * state("x\(($0 * 7) % 1000)", [])) } + [
                    .init("rate", state("rate", []))
                ]
            }
        ),
        ("many arrays", { (0..<800).map { i in .init("x\(i)", state("x\(i)", [5 + i % 30]) * 0.5 + exp(state("x\(i)", [5 + i % 30]))) } }),
        (
            "many sums",
            { [.init("x", (0..<1200).map { (state("x", [40]) * Tensor(Double($0 + 2))).max() }.reduce(0, +).broadcast(to: [40]) + state("x", [40]))] }
        ),
        ("sums in sequence", { [.init("x", (0..<1200).reduce(state("x", [40])) { x, _ in x - exp(x).sum() })] }),
        (
            "elements",
            {
                var x = state("x", [12])
                for _ in 0..<60 { x = .stack((0..<12).map { x.element($0) * x.element(($0 * 5 + 1) % 12) }) }
                return [.init("x", x)]
            }
        ),
        (
            "gradient",
            {
                let x = state("x", [30])
                let deep = (0..<300).reduce(x) { x, _ in tanh(x) + 0.1 * x }
                return [.init("x", x - Gradient.of(deep.sum(), withRespectTo: [x])[0])]
            }
        ),
        (
            "shared by many",
            {
                let x = state("x", [30])
                var parts = [x]
                for i in 0..<600 { parts.append(exp(parts[i]) + parts[i / 2]) }
                return parts.enumerated().map { .init("y\($0)", $1.sum()) }
            }
        ),
    ]

    @Test(arguments: 0..<graphs.count) func lowers(_ number: Int) throws {
        let function = LaneFunction(states: Self.graphs[number].make())
        let nodes = Graph.topologicalOrder(function.states.map(\.value)).count
        var program = LaneProgram()
        var text: KernelText?
        let lowering = try ContinuousClock().measure { program = try Lowering.lower(function) }
        let writing = try ContinuousClock().measure {
            text = try program.kernelText(KernelOptions(width: 16, isDouble: false, interleaves: false, privateBytes: 1 << 16))
        }
        print("\(Self.graphs[number].name): \(nodes) nodes, lowered in \(lowering), written in \(writing), \(text?.kernel.utf8.count ?? 0) bytes")
        #if DEBUG
        let limit = Duration.seconds(30)
        #else
        let limit = Duration.seconds(1)
        #endif
        #expect(lowering < limit && writing < limit, "\(Self.graphs[number].name)")
    }
}
