import LockstepTensor
import TestSupport
import Testing

/// Recurrences in segments, whose gradients read what was carried before each segment.
@Suite struct SegmentTests {
    /// Nodes of recurrences, those within others too: the steps of each.
    private static func lengths(_ roots: [Tensor]) -> [Int] {
        Graph.topologicalOrder(roots).flatMap { tensor -> [Int] in
            guard case .scan(let region, let scan) = tensor.node.op else { return [] }
            return [scan.length] + lengths(region.results)
        }
    }

    @Test func lengths() throws {
        for steps in 4...3_000 {
            let segments = try #require(Segments(steps: steps, elements: 1, budget: 0))
            #expect(segments.count * segments.length + segments.rest == steps && segments.rest < segments.length)
            #expect(segments.count >= 2 && segments.length >= 2)
            // The best is 2 sqrt(steps).
            #expect(Double(segments.count + segments.length) <= 2.6 * Double(steps).squareRoot() + 1, "\(steps): \(segments)")
        }
        #expect(Segments(steps: 10_000, elements: 1, budget: 0).map { [$0.count, $0.length, $0.rest] } == [100, 100, 0])
        #expect(Segments(steps: 11, elements: 1, budget: 0).map { [$0.count, $0.length, $0.rest] } == [3, 3, 2])
        for steps in 0..<4 { #expect(Segments(steps: steps, elements: 9, budget: 0) == nil) }
    }

    /// Only where a tape would take more than that.
    @Test func budget() {
        #expect(Segments(steps: 100, elements: 3, budget: 1_200) == nil && Segments(steps: 100, elements: 3, budget: 1_199) != nil)
        #expect(Segments(steps: 100, elements: 0, budget: 0) == nil && Segments(steps: 1 << 30, elements: 1, budget: .max) == nil)
        func steps(_ elements: Int, _ count: Int) -> [Int] {
            Self.lengths([fold(over: .iota(count), from: Tensor.named("s", [elements])) { sin($0) + $1.asReal }])
        }
        #expect(steps(512, 512) == [512])
        #expect(steps(512, 528) == [22, 24] || steps(512, 528) == [24, 22])
    }

    /// To the bit.
    @Test(arguments: ScanCase.names) func valuesAreThoseOfTheWhole(_ name: String) throws {
        let one = try #require(ScanCase.named(name))
        let values = try [0, Int.max].map { budget in
            try ReferenceEvaluator.evaluate(one.tensors(writtenOut: false, tapeBudget: budget).values, inputs: one.point())
        }
        #expect(values[0] == values[1])
    }

    /// First and second derivatives, to rounding.
    @Test(arguments: ScanCase.names) func isTheLoopWrittenOut(_ name: String) throws {
        let one = try #require(ScanCase.named(name))
        let found = try one.step(writtenOut: false, lanes: 2, tapeBudget: 0).reference()
        let wanted = try one.step(writtenOut: true, lanes: 2).reference()
        #expect(Outcomes.disagreement(found, wanted, relative: 1e-11) == nil)
    }

    @Test(arguments: TestLevel.seeds(small: 20, medium: 60, full: 1_000)) func randomRecurrences(_ seed: UInt64) throws {
        let one = ScanCase.random(seed: seed)
        let found = try one.step(writtenOut: false, lanes: 1, tapeBudget: 0).reference()
        let whole = try one.step(writtenOut: false, lanes: 1, tapeBudget: .max).reference()
        let wanted = try one.step(writtenOut: true, lanes: 1, order: 1).reference()
        #expect(Outcomes.disagreement(found, whole, relative: 1e-10) == nil)
        #expect(Outcomes.disagreement(found.filter { wanted[$0.key] != nil }, wanted, relative: 1e-10) == nil)
    }
}
