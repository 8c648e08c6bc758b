import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// Masks and scales against densities that are written out.
@Suite struct WeightingTests {
    static let y: [Double] = [0.5, -1, 2, 4]

    static func normal(_ x: Double) -> Double { -0.5 * x * x - 0.9189385332046727 }

    static func model(_ wrap: @escaping @Sendable (inout ModelContext, (inout ModelContext) -> Void) -> Void) -> Model {
        Model { m in
            m.plate("rows", 4) { m in
                wrap(&m) { m in m.observe("y", Normal(0, 1), Tensor(y)) }
            }
        }
    }

    static let even = Tensor.iota(4).asReal .< 1.5
    static let plain = model { m, body in body(&m) }

    @Test func valuesInBodyAndOutside() throws {
        let full = Self.y.map(Self.normal)
        let masked = [full[0], full[1], 0, 0]
        let cases: [(String, Model, [Double])] = [
            ("plain", Self.plain, full),
            ("mask in body", Self.model { m, body in m.mask(Self.even) { m in body(&m) } }, masked),
            ("mask as handler", Self.plain.mask(Self.even), masked),
            ("scale in body", Self.model { m, body in m.scale(3) { m in body(&m) } }, full.map { 3 * $0 }),
            ("scale as handler", Self.plain.scale(3), full.map { 3 * $0 }),
            ("elementwise scale", Self.plain.scale([1, 2, 3, 4]), zip(full, [1, 2, 3, 4]).map(*)),
            ("scales multiply", Self.plain.scale(3).scale(2), full.map { 6 * $0 }),
            ("masks meet", Self.plain.mask(Self.even).mask(0.5 .< Tensor.iota(4).asReal), [0, full[1], 0, 0]),
            ("mask, then scale", Self.plain.mask(Self.even).scale(2), masked.map { 2 * $0 }),
            ("scale, then mask", Self.plain.scale(2).mask(Self.even), masked.map { 2 * $0 }),
            ("block, then scale", Self.plain.block(expose: ["y"]).scale(2), full.map { 2 * $0 }),
        ]
        for (name, model, expected) in cases {
            let trace = try model.trace()
            let result = try ReferenceEvaluator.evaluate(#require(trace["y"]?.logProb))
            #expect(result.count == 4, "\(name)")
            for (a, b) in zip(result, expected) { #expect(abs(a - b) < 1e-12, "\(name): \(result)") }
            let joint = try ReferenceEvaluator.evaluate(trace.logJoint)[0]
            #expect(abs(joint - expected.reduce(0, +)) < 1e-12, "\(name)")
        }
    }

    @Test func scopesCloseAgain() throws {
        let model = Model { m in
            m.scale(2) { m in m.observe("x", Normal(0, 1), 1) }
            m.observe("y", Normal(0, 1), 1)
            m.plate("rows", 2) { m in m.sample("z", Normal(0, 1)) }
            m.sample("w", Normal(0, 1))
        }
        let trace = try model.trace()
        let (x, y) = (try HandlerTests.value(trace["x"]?.logProb), try HandlerTests.value(trace["y"]?.logProb))
        #expect(abs(x - 2 * y) < 1e-12)
        #expect(trace["z"]?.value.shape == [2])
        #expect(trace["w"]?.value.shape == [])
        #expect(trace["w"]?.plates == [])
    }

    @Test func missingValuesSpoilNoGradient() throws {
        let distributions: [any Distribution] = [
            Normal(0, 1), LogNormal(0, 1), HalfCauchy(1), Gamma(2, 1), Beta(2, 2), Exponential(1), Poisson(3),
            Bernoulli(logits: 0.3), Delta(0.75),
        ]
        for distribution in distributions {
            let model = Model { m in
                let loc = m.param("loc", 0.3)
                let data = m.data("y", shape: [2])
                m.plate("rows", 2) { m in
                    m.mask([false, true].mask) { m in
                        m.observe("y", Normal(loc, 2), data)
                        m.observe("other", distribution, [.nan, 0.75])
                    }
                }
            }
            let run = TraceRun()
            let loc = Tensor.input(Input(.state, "loc", origin: run.origin), shape: [])
            let trace = try model.substitute(["loc": loc]).trace(run)
            let gradients = Gradient.of(trace.logJoint, withRespectTo: [loc])
            let result = try ReferenceEvaluator.evaluate([trace.logJoint] + gradients, inputs: ["y": [.nan, 1.3], "loc": [0.3]])
            #expect(result.allSatisfy { $0.allSatisfy(\.isFinite) }, "\(distribution)")
            #expect(abs(result[1][0] - (1.3 - 0.3) / 4) < 1e-12)
        }
    }

    @Test func maskedEvents() throws {
        // One mask element per event, of which the density is one number.
        let points = Tensor([1, 2, .nan, 4, 5, 6], shape: [2, 3])
        let model = Model { m in
            m.plate("rows", 2) { m in
                m.mask([true, false].mask) { m in
                    m.observe("y", Normal(0, 1).expanded(to: [2, 3]).toEvent(1), points.withoutGradient)
                }
            }
        }
        let masked = try model.trace()
        let result = try ReferenceEvaluator.evaluate(#require(masked["y"]?.logProb))
        #expect(result.count == 2)
        #expect(result[0].isNaN)
        #expect(result[1] == 0)
    }

    @Test func factorsCountPerElement() throws {
        let model = Model { m in
            m.factor("once", 0.5)
            m.plate("rows", 3) { m in
                m.factor("each", -2)
                m.mask([true, false, true].mask) { m in m.scale(10) { m in m.factor("two", 1) } }
            }
        }
        let trace = try model.trace()
        #expect(trace["each"]?.logProb?.shape == [3])
        #expect(try HandlerTests.value(trace.logJoint) == 0.5 - 6 + 20)
        #expect(trace["once"]?.kind == .factor)
        let hidden = try model.block(hide: ["each"]).trace()
        #expect(try HandlerTests.value(hidden.logJoint) == 0.5 + 20)
    }
}

extension [Bool] {
    /// A mask of known values.
    var mask: Tensor { Tensor(map { $0 ? 1.0 : 0.0 }) .!= 0 }
}
