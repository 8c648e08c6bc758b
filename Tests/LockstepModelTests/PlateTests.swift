import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// Plates: which axes they take, and what they make of a distribution.
@Suite struct PlateTests {
    @Test func nestedPlatesTakeTheRightmostFreeAxis() throws {
        let model = Model { m in
            m.plate("a", 5) { m in
                m.sample("outer", Normal(0, 1))
                m.plate("b", 3) { m in
                    m.sample("inner", Normal(0, 1))
                    m.sample("vector", Normal(0, 1).expanded(to: [2]).toEvent(1))
                }
            }
            m.sample("free", Normal(0, 1))
        }
        let trace = try model.trace()
        #expect(trace["outer"]?.value.shape == [5])
        #expect(trace["inner"]?.value.shape == [3, 5])
        #expect(trace["inner"]?.distribution?.batchShape == [3, 5])
        #expect(trace["inner"]?.logProb?.shape == [3, 5])
        #expect(trace["inner"]?.plates.map(\.name) == ["a", "b"])
        #expect(trace["inner"]?.plates.map(\.dim) == [-1, -2])
        #expect(trace["inner"]?.plates.map(\.size) == [5, 3])
        #expect(trace["vector"]?.value.shape == [3, 5, 2])
        #expect(trace["vector"]?.logProb?.shape == [3, 5])
        #expect(trace["free"]?.value.shape == [])
        #expect(trace["free"]?.plates == [])
    }

    @Test func dimsAsAsked() throws {
        let model = Model { m in
            m.plate("rows", 4, dim: -2) { m in
                m.sample("left", Normal(0, 1))
                m.plate("columns", 6) { m in m.sample("both", Normal(0, 1)) }
                m.plate("far", 2, dim: -4) { m in m.sample("three", Normal(0, 1)) }
            }
            m.plate("columns", 6, dim: -1) { m in m.sample("again", Normal(0, 1)) }
        }
        let trace = try model.trace()
        #expect(trace["left"]?.value.shape == [4, 1])
        #expect(trace["both"]?.value.shape == [4, 6])
        #expect(trace["three"]?.value.shape == [2, 1, 4, 1])
        #expect(trace["again"]?.value.shape == [6])
    }

    @Test func batchesExpandOrFit() throws {
        let model = Model { m in
            let loc = m.data("loc", shape: [4, 1])
            let wide = m.data("wide", shape: [3, 4, 6])
            m.plate("rows", 4, dim: -2) { m in
                m.plate("columns", 6, dim: -1) { m in
                    m.sample("x", Normal(loc, 1))
                    m.observe("y", Normal(wide, 1), 0)
                }
            }
        }
        let trace = try model.trace()
        #expect(trace["x"]?.value.shape == [4, 6])
        #expect(trace["y"]?.value.shape == [3, 4, 6])
        #expect(trace["y"]?.logProb?.shape == [3, 4, 6])
    }

    @Test func expandedSitesCountEachElement() throws {
        let model = Model { m in
            m.plate("rows", 10) { m in m.observe("y", Normal(0, 1), 0.5) }
        }
        let one = -0.5 * 0.25 - 0.9189385332046727
        #expect(try abs(HandlerTests.value(model.trace().logJoint) - 10 * one) < 1e-12)
    }

    @Test func elementsDrawApart() throws {
        let model = Model { m in m.plate("rows", 50) { m in m.sample("x", Normal(0, 1)) } }
        let values = try ReferenceEvaluator.evaluate(#require(try model.trace()["x"]?.value))
        #expect(Set(values).count == 50)
    }

    @Test func bodiesReturnWhatTheyLike() throws {
        let model = Model { m in
            let z = m.plate("rows", 3) { m in m.sample("z", Normal(0, 1)) }
            let pair = m.plate("pairs", 2) { m in (m.sample("u", Normal(0, 1)), m.sample("v", Normal(0, 1))) }
            m.plate("rows", 3) { m in
                m.deterministic("sum", z + 1)
            }
            m.plate("pairs", 2) { m in
                for (name, part) in [("p", pair.0), ("q", pair.1)] { m.observe(name, Normal(part, 1), 0) }
            }
            // Closures that do not escape may use the context too.
            let all = (0..<3).map { i in m.sample("x\(i)", Normal(0, 1)) }
            Self.prior(&m, all)
        }
        let trace = try model.trace()
        #expect(trace["sum"]?.value.shape == [3])
        #expect(trace["q"]?.value.shape == [2])
        #expect(trace["total"]?.value.shape == [])
        #expect(trace.sites.count == 10)
    }

    static func prior(_ m: inout ModelContext, _ parts: [Tensor]) {
        m.deterministic("total", parts.reduce(0, +))
    }

    @Test func errorsThrownInABodyPassThrough() throws {
        struct Stop: Error {}
        let model = Model { m in
            do {
                try m.plate("rows", 3) { m in
                    m.sample("before", Normal(0, 1))
                    throw Stop()
                }
            } catch {}
            // The plate is closed again.
            m.sample("after", Normal(0, 1))
        }
        let trace = try model.trace()
        #expect(trace["before"]?.value.shape == [3])
        #expect(trace["after"]?.value.shape == [])
    }
}
