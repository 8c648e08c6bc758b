import TestSupport
import Testing

@testable import LockstepTensor

/// Blocks of one tensor, put together: the gradient of what reads it part by part.
@Suite struct AssemblyTests {
    private static let origin = Origin()
    private static func input(_ shape: Shape) -> Tensor { .input(Input(.state, "x", origin: origin), shape: shape) }

    private static func count(_ tensor: Tensor, where isCounted: (Op) -> Bool) -> Int {
        Graph.topologicalOrder([tensor]).count { isCounted($0.node.op) }
    }

    private static func isAssembly(_ op: Op) -> Bool { if case .assemble = op { true } else { false } }

    /// An array as long as the tensor for each element would make this quadratic.
    @Test func elementsAreAssembledOnce() throws {
        let x = Self.input([500])
        let gradient = Gradient.of((0..<500).map { sin(x[$0]) * x[$0] }.reduce(0, +), withRespectTo: [x])[0]
        #expect(Self.count(gradient, where: Self.isAssembly) == 1)
        let values = (0..<500).map { Double($0) / 100 }
        let found = try ReferenceEvaluator.evaluate(gradient, inputs: ["x": values])
        for (x, slope) in zip(values, found) { #expect((slope - (x * Double.cos(x) + Double.sin(x))).magnitude < 1e-12) }
    }

    /// Overlapping blocks are cut at each other's edges, and what nothing reads is zero.
    @Test func overlapsAreAdded() throws {
        let x = Self.input([6, 5])
        let blocks: [Tensor] = [x[1..<4, 0..<3], x[2..<6, 2..<4], x[3, 1...], x[1..<4, 0..<3]]
        let total = blocks.enumerated().map { Tensor(Double($0.offset + 1)) * $0.element.sum() }.reduce(0, +)
        let gradient = Gradient.of(total, withRespectTo: [x])[0]
        var wanted = [Double](repeating: 0, count: 30)
        for (number, (rows, columns)) in [(1..<4, 0..<3), (2..<6, 2..<4), (3..<4, 1..<5), (1..<4, 0..<3)].enumerated() {
            for row in rows { for column in columns { wanted[row * 5 + column] += Double(number + 1) } }
        }
        #expect(try ReferenceEvaluator.evaluate(gradient, inputs: ["x": (0..<30).map(Double.init)]) == wanted)
    }

    /// What is taken of one part is taken of it alone.
    @Test func slicesSeeTheirPart() throws {
        let x = Self.input([4])
        let joined = Tensor.concatenate([exp(x), sin(x), x])
        let part = Simplifier.simplify([joined[5..<8]])[0]
        #expect(Self.count(part, where: Self.isAssembly) == 0)
        #expect(Self.count(part) { $0 == .map(.exp) } == 0)
        // Across an edge all are needed.
        #expect(Self.count(Simplifier.simplify([joined[3..<5]])[0], where: Self.isAssembly) == 1)
    }
}
