import LockstepDistributions
import TestSupport
import Testing

@testable import LockstepTensor

@Suite struct ConstraintTests {
    /// A constraint, events that fulfil it, events that do not.
    static let table: [(constraint: Constraint, good: [[Double]], bad: [[Double]])] = [
        (.real, [[-1e30], [0], [2]], [[.nan], [.infinity], [-.infinity]]),
        (.positive, [[1e-30], [4]], [[0], [-1], [.nan]]),
        (.nonNegative, [[0], [4]], [[-1e-9], [.nan]]),
        (.unitInterval, [[0], [0.3], [1]], [[-0.1], [1.1], [.nan]]),
        (.interval(-2, 3), [[-2], [0], [3]], [[-2.1], [3.01]]),
        (.greaterThan(2), [[2.01], [8]], [[2], [-4]]),
        (.simplex, [[0.2, 0.8], [1, 0]], [[0.2, 0.7], [1.2, -0.2], [.nan, 1]]),
        (.ordered, [[-1, 2], [3, 4]], [[1, 1], [2, 1]]),
        (.positiveOrdered, [[0.1, 2], [3, 4]], [[1, 1], [-1, 1], [2, 1]]),
        (.boolean, [[0], [1]], [[0.5], [2], [-1]]),
        (.nonNegativeInteger, [[0], [7]], [[0.5], [-1], [.nan]]),
        (.integerInterval(-1, 2), [[-1], [0], [2]], [[-2], [3], [0.5]]),
        (.independent(.positive, axes: 1), [[1, 2], [3, 4]], [[1, -2], [-1, -1]]),
    ]

    @Test(arguments: table.indices)
    func checkTellsGoodFromBad(_ row: Int) throws {
        let (constraint, good, bad) = Self.table[row]
        for (events, expected) in [(good, 1.0), (bad, 0.0)] {
            let event = constraint.eventRank == 0 ? [] : [events[0].count]
            let value = Tensor(events.flatMap { $0 }, shape: [events.count] + event)
            let mask = constraint.check(value)
            #expect(mask.shape == [events.count] && mask.dtype == .bool)
            #expect(try ReferenceEvaluator.evaluate(mask) == Array(repeating: expected, count: events.count), "\(constraint)")
            for values in events {
                #expect(constraint.admits(values, shape: event) == (expected == 1), "\(constraint) \(values)")
            }
        }
    }

    @Test func discreteness() {
        let discrete = Self.table.map(\.constraint).filter(\.isDiscrete).map { "\($0)" }
        #expect(discrete == ["0 or 1", "a non-negative integer", "an integer in [-1, 2]"])
        #expect(Constraint.independent(.boolean, axes: 1).isDiscrete)
    }

    @Test func descriptionsReadAfterMustBe() {
        #expect("\(Constraint.positive)" == "positive")
        #expect("\(Constraint.interval(0, 2.5))" == "in [0, 2.5]")
        #expect("\(Constraint.greaterThan(Tensor.named("low")))" == "greater than its lower bound")
    }

    @Test func mistakesAreCarried() {
        #expect(Constraint.simplex.check(1).failure != nil)
        #expect(Constraint.independent(.real, axes: 2).check([1, 2]).failure != nil)
        #expect(Constraint.independent(.real, axes: -1).check([1, 2]).shape == [2])
        #expect(Constraint.interval([0, 0], 1).check([1, 2, 3]).failure != nil)
    }

    @Test func unknownBoundsAreNotJudgedOnTheHost() {
        #expect(Constraint.greaterThan(Tensor.named("low")).admits([1], shape: []) == nil)
        #expect(Constraint.interval([0, 1], [2, 3]).admits([0.5, 2], shape: [2]) == true)
        #expect(Constraint.interval([0, 1], [2, 3]).admits([0.5, 0.5], shape: [2]) == false)
        #expect(Constraint.interval([0, 1], 3).admits([1, 2, 3], shape: [3]) == nil)
    }

    @Test func impossibleParametersAreFound() {
        func complaints(_ distribution: any Distribution) -> [String] { distribution.parameters.compactMap(\.violation) }
        #expect(complaints(Normal(0, -1)) == ["scale must be positive, not -1"])
        #expect(complaints(Normal([0, 1], [0, 1])) == ["scale must be positive, not [0, 1]"])
        #expect(complaints(Uniform(3, 2)) == ["high must be greater than 3, not 2"])
        #expect(complaints(Bernoulli(probabilities: 1.5)) == ["probabilities must be in [0, 1], not 1.5"])
        #expect(complaints(Categorical(probabilities: [0.5, 0.6])).count == 1)
        #expect(complaints(Dirichlet([1, 0])).count == 1)
        #expect(complaints(Normal(0, Tensor.named("scale"))).isEmpty)
        #expect(complaints(MixtureSameFamily(Categorical(probabilities: [0.5, 0.5]), Normal([0, 1], -2))).count == 1)
        for golden in GoldenCase.all { #expect(complaints(golden.literal).isEmpty, "\(golden.testDescription)") }
    }
}
