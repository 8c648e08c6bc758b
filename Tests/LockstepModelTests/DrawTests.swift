import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// Draws are functions of the key, the site's name, the purpose and the particle: of nothing else.
@Suite struct DrawTests {
    static func draws(_ model: Model, _ run: TraceRun = TraceRun(), key: UInt32 = 1) throws -> [String: [Double]] {
        let sites = try model.trace(run).sites
        let values = try ReferenceEvaluator.evaluate(sites.map(\.value), key: (key, 0))
        return Dictionary(uniqueKeysWithValues: zip(sites.map(\.name), values))
    }

    static let base = Model { m in
        m.sample("a", Normal(0, 1))
        m.plate("rows", 3) { m in m.sample("b", Gamma(2, 1)) }
    }

    @Test func otherSitesChangeNothing() throws {
        let expected = try Self.draws(Self.base)
        let more = Model { m in
            m.sample("new", Normal(0, 1))
            m.plate("rows", 3) { m in m.sample("b", Gamma(2, 1)) }
            m.sample("more", Beta(2, 2))
            m.sample("a", Normal(0, 1))
        }
        let variants: [(String, Model)] = [
            ("again", Self.base), ("added and reordered", more), ("hidden", more.block(hide: ["new", "more"])),
            ("conditioned", more.condition(["new": 1])), ("substituted", more.substitute(["more": 0.5])),
            ("seeded", Self.base.seed(Key(9))),
        ]
        for (name, model) in variants {
            let drawn = try Self.draws(model)
            #expect(drawn["a"] == expected["a"], "\(name)")
            #expect(drawn["b"] == expected["b"], "\(name)")
        }
        #expect(try Self.draws(Self.base.block(hide: ["b"]))["a"] == expected["a"])
        #expect(try Self.draws(Self.base.block(hide: ["a"]))["b"] == expected["b"])
    }

    @Test func keyPurposeAndParticleCount() throws {
        let runs = [TraceRun(), TraceRun(particle: 1), TraceRun(purpose: "guide")]
        var seen: Set<Double> = []
        for run in runs {
            for key: UInt32 in 1...4 { seen.insert(try #require(try Self.draws(Self.base, run, key: key)["a"]?.first)) }
        }
        #expect(seen.count == 12)
    }

    @Test func manySites() throws {
        // A graph of many sites, each of which uses the one before, is walked once and without recursion.
        let chain = Model { m in
            var x = m.sample("x", Normal(0, 1))
            for i in 0..<5_000 { x = m.sample("x\(i)", Normal(0.5 * x, 1)) }
        }
        let trace = try chain.trace()
        #expect(trace.sites.count == 5_001)
        #expect(trace["x4999"]?.value.shape == [])
    }

    @Test func manyTasksAtOnce() async throws {
        let model = EightSchoolsTests.model.block(hide: ["mu"]).condition(["tau": 2]).scale(0.5).seed(Key(1))
        let inputs = ["y": EightSchoolsTests.y, "sigma": EightSchoolsTests.sigma]
        let expected = try Self.summary(model, inputs)
        let results = try await withThrowingTaskGroup(of: [[Double]].self) { group in
            for _ in 0..<8 { group.addTask { try Self.summary(model, inputs) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count == 8)
        for result in results { #expect(result == expected) }
    }

    static func summary(_ model: Model, _ inputs: [String: [Double]]) throws -> [[Double]] {
        let trace = try model.trace()
        return try ReferenceEvaluator.evaluate([trace.logJoint] + trace.sites.map(\.value), inputs: inputs)
    }
}
