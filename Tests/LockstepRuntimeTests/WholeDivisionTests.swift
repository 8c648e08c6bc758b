import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Quotients and remainders of ints, on every device.
@Suite struct WholeDivisionTests {
    private static let edges: [Int32] = [
        0, 1, -1, 2, -2, 3, -3, 7, -7, 10, 100, -100, 16_777_217, -16_777_217, .max, .min, .max - 1, .min + 1, 65_536, -65_537,
    ]

    /// Down, by Swift's own division, which goes towards 0.
    private static func wanted(_ a: Int32, _ b: Int32) -> (quotient: Int32, remainder: Int32) {
        if b == 0 { return (0, a) }
        if b == -1 { return (0 &- a, 0) }
        let (quotient, rest) = a.quotientAndRemainder(dividingBy: b)
        return rest != 0 && (rest < 0) != (b < 0) ? (quotient - 1, rest + b) : (quotient, rest)
    }

    /// All pairs: of data of a lane's own, of shared data, and of each with the other.
    private static func step() -> (step: StepCase, wanted: StepCase.Outcome) {
        let origin = Origin()
        let pairs = edges.flatMap { a in edges.map { (a, $0) } }
        var step = StepCase(values: [])
        step.lanes = 3
        func input(_ name: String) -> Tensor { .input(Input(.data, name, origin: origin), shape: [pairs.count], dtype: .int) }
        step.shared = ["a": pairs.map { Double($0.0) }, "b": pairs.map { Double($0.1) }]
        step.perLane = ["own a": (0..<3).map { _ in pairs.map { Double($0.0) } }, "own b": (0..<3).map { _ in pairs.map { Double($0.1) } }]
        var states: [LaneFunction.State] = []
        var wanted: StepCase.Outcome = [:]
        for (a, b) in [("a", "b"), ("own a", "b"), ("a", "own b"), ("own a", "own b")] {
            states.append(.init("\(a) / \(b)", quotient(input(a), input(b))))
            states.append(.init("\(a) % \(b)", remainder(input(a), input(b))))
            wanted["\(a) / \(b)"] = [[Double]](repeating: pairs.map { Double(Self.wanted($0, $1).quotient) }, count: 3)
            wanted["\(a) % \(b)"] = [[Double]](repeating: pairs.map { Double(Self.wanted($0, $1).remainder) }, count: 3)
        }
        step.function = LaneFunction(states: states, perLane: ["own a", "own b"])
        return (step, wanted)
    }

    @Test(arguments: Precision.allCases) func interpreted(_ precision: Precision) throws {
        let (step, wanted) = Self.step()
        #expect(try step.interpreted(precision) == wanted)
        #expect(try step.reference() == wanted)
    }

    @Test(arguments: OpenCLSessions.variants) func compiled(_ variant: OpenCLSessions.Variant) throws {
        let (step, wanted) = Self.step()
        #expect(
            Outcomes.disagreement(try step.openCL(variant.session, variant.precision, width: variant.width), wanted, relative: 0) == nil, "\(variant)"
        )
    }

    /// Constants are divided on the host.
    @Test func constants() throws {
        let x = Tensor.named("x", [], .int)
        func int(_ value: Int32) -> Tensor { Tensor(integer: Int(value)) }
        for a in Self.edges {
            for b in Self.edges {
                let found = Simplifier.simplify([quotient(int(a), int(b)), remainder(int(a), int(b))])
                let wanted = Self.wanted(a, b)
                #expect(found.map(\.splat) == [Double(wanted.quotient), Double(wanted.remainder)], "\(a), \(b)")
            }
        }
        #expect(Simplifier.simplify([quotient(x, int(1))])[0].id == Simplifier.simplify([x])[0].id)
        #expect(Simplifier.simplify([remainder(x, int(1)), remainder(x, int(-1))]).map(\.splat) == [0, 0])
    }

    @Test func types() throws {
        let whole = Tensor(integers: [7, -7]), real: Tensor = [7, -7]
        #expect(quotient(whole, 2).dtype == .real && quotient(whole, Tensor(integers: [2])).dtype == .int)
        #expect(remainder(whole, 2).dtype == .real && remainder(whole, Tensor(integers: [2])).dtype == .int)
        let two = 2
        #expect(quotient(whole, two).dtype == .int && quotient(two, whole).dtype == .int)
        #expect(try ReferenceEvaluator.evaluate([quotient(real, 2), quotient(whole, two), remainder(whole, two)]) == [[3, -4], [3, -4], [1, 1]])
        // With the remainder, all of what is divided.
        let a: Tensor = [0.3, -0.3, 1e3, -17.5, 6, -1], b: Tensor = [0.1, 0.1, -0.7, 2.5, -3, .infinity]
        let found = try ReferenceEvaluator.evaluate([quotient(a, b), remainder(a, b), quotient(a, b) * b + remainder(a, b) - a])
        #expect(found[0].allSatisfy { $0 == $0.rounded() } && found[2].prefix(5).allSatisfy { abs($0) < 1e-12 })
        #expect(found[0][5] == -1 && found[1][5] == .infinity)
        #expect(try ReferenceEvaluator.evaluate(Gradient.of(quotient(a, b).prefixSum, withRespectTo: [a])[0]) == [0, 0, 0, 0, 0, 0])
    }
}

extension Tensor {
    fileprivate var prefixSum: Tensor { self[..<5].sum() }
}
