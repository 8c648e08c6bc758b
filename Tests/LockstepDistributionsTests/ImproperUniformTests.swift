import LockstepDistributions
import LockstepTensor
import TestSupport
import Testing

/// Flat priors: 0 inside the support, -infinity outside, and no draws.
@Suite struct ImproperUniformTests {
    static func density(_ prior: ImproperUniform, _ value: Tensor) throws -> [Double] {
        try ReferenceEvaluator.evaluate(prior.logProb(value))
    }

    static let scalars: [(Constraint, inside: [Double], outside: [Double])] = [
        (.real, [-1e30, 0, 1e30], []), (.positive, [1e-30, 1, 1e30], [-1e-30, -1, .nan]), (.nonNegative, [0, 2], [-1]),
        (.unitInterval, [0, 0.5, 1], [-0.01, 1.01]), (.interval(-1, 3), [-1, 0, 3], [-1.5, 3.5, .nan]), (.greaterThan(2), [2.5, 1e9], [1.9]),
    ]

    @Test func densityOfScalars() throws {
        for (support, inside, outside) in Self.scalars {
            let prior = ImproperUniform(support)
            #expect(prior.failure == nil && prior.batchShape == [] && prior.eventShape == [])
            #expect(try Self.density(prior, Tensor(inside)) == inside.map { _ in 0 }, "\(support)")
            #expect(try Self.density(prior, Tensor(outside)) == outside.map { _ in -.infinity }, "\(support)")
        }
    }

    @Test func vectors() throws {
        let ordered = ImproperUniform(.ordered, eventShape: [3])
        #expect(try Self.density(ordered, [1, 2, 5]) == [0] && ordered.eventShape == [3] && ordered.batchShape == [])
        #expect(try Self.density(ordered, [1, 5, 2]) == [-.infinity])
        #expect(try Self.density(ordered, [.nan, 5, 6]) == [-.infinity])
        let positive = ImproperUniform(.positiveOrdered, eventShape: [2])
        #expect(try Self.density(positive, [1, 2]) == [0])
        #expect(try Self.density(positive, [-1, 2]) == [-.infinity])
        let simplex = ImproperUniform(.simplex, batchShape: [2], eventShape: [3])
        #expect(simplex.batchShape == [2])
        #expect(try Self.density(simplex, Tensor([[0.2, 0.3, 0.5], [1.5, -0.5, 0]])) == [0, -.infinity])
        let matrix = ImproperUniform(.positive, eventShape: [2, 2])
        #expect(matrix.support.eventRank == 2)
        #expect(try Self.density(matrix, Tensor([[1, 2], [3, 4]])) == [0])
        #expect(try Self.density(matrix, Tensor([[1, 2], [-3, 4]])) == [-.infinity])
        // Bounds of their own make a batch.
        #expect(ImproperUniform(.greaterThan([1, 2, 3])).batchShape == [3])
        #expect(ImproperUniform(.real).expanded(to: [4]).toEvent(1).eventShape == [4])
    }

    @Test func unconstrainedStartsLieInside() throws {
        for (support, shape) in [(Constraint.positive, []), (.simplex, [4]), (.ordered, [3]), (.positiveOrdered, [3]), (.interval(2, 5), [2])]
            as [(Constraint, Shape)]
        {
            let prior = ImproperUniform(support, eventShape: shape)
            let bijector = try bijector(to: prior.support)
            let x = Tensor(repeating: 0.7, shape: bijector.inverseShape(shape))
            #expect(try Self.density(prior, bijector.forward(x)) == [0], "\(support)")
        }
    }

    @Test func mistakes() {
        let failures: [(ImproperUniform, String)] = [
            (ImproperUniform(.simplex), "give eventShape"), (ImproperUniform(.boolean), "discrete"),
            (ImproperUniform(.ordered, eventShape: [0]), "positive"),
            (ImproperUniform(.real, batchShape: [-1]), "extents"), (ImproperUniform(.real, eventShape: [.max, .max]), "extents"),
            (ImproperUniform(.interval([1, 2], [1, 2, 3])), "broadcast"),
            (ImproperUniform(.greaterThan(.named("a", [2]) + .named("b", [3]))), "broadcast"),
        ]
        for (prior, text) in failures {
            #expect(prior.failure?.description.contains(text) == true, "\(prior.failure?.description ?? "none")")
            #expect(prior.logProb(1).failure != nil && prior.mean.failure != nil)
        }
        let source = RandomSource(site: "s", purpose: "model", origin: Origin())
        #expect(ImproperUniform(.positive).sample(source).failure?.description.contains("no draws") == true)
        #expect(!ImproperUniform(.positive).toEvent(0).isProper && Normal().isProper)
        #expect(ImproperUniform(.interval(3, 2)).parameters.contains { $0.violation != nil })
    }
}
