import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// Sites in the steps of a recurrence are sites with an axis for time.
@Suite struct StepSiteTests {
    @Test(arguments: StepSiteCase.names) func isTheLoopWrittenOut(_ name: String) throws {
        let one = try #require(StepSiteCase.named(name))
        let found = try one.tensors(one.scanned, writtenOut: false)
        let wanted = try one.tensors(one.writtenOut, writtenOut: true)
        let (a, b) = try (
            ReferenceEvaluator.evaluate(found.values, inputs: one.point), ReferenceEvaluator.evaluate(wanted.values, inputs: one.point)
        )
        #expect(a.count == 1 + one.latents.count)
        #expect(zip(a, b).allSatisfy { StepSiteCase.distance($0, $1) < 1e-11 })
        #expect(a.allSatisfy { $0.allSatisfy { $0 != 0 && $0.isFinite } })
        for latent in one.latents { #expect(found.trace[latent.name]?.value.shape == latent.shape) }
        // Site by site, in the order of time.
        for site in found.trace.sites {
            let parts = wanted.trace.sites.filter { $0.name == site.name || $0.name.hasPrefix(site.name + "_") }
            let terms = parts.compactMap { $0.logProb?.sum() }
            guard let logProb = site.logProb, !terms.isEmpty else { continue }
            let (own, others) = try (
                ReferenceEvaluator.evaluate(logProb.sum(), inputs: one.point), ReferenceEvaluator.evaluate(terms.reduce(0, +), inputs: one.point)
            )
            #expect(StepSiteCase.distance(own, others) < 1e-11, "\(site.name)")
            let times = site.value.rank - parts[0].value.rank
            #expect(Array(site.value.shape.dropFirst(times)) == parts[0].value.shape)
            #expect(Array(logProb.shape.dropFirst(times)) == parts[0].logProb?.shape)
            #expect(site.distribution?.batchShape == (site.distribution == nil ? nil : logProb.shape), "\(site.name)")
        }
    }

    @Test(arguments: StepSiteCase.names) func gradientsAreFiniteDifferences(_ name: String) throws {
        let one = try #require(StepSiteCase.named(name))
        let (trace, _, inputs) = try one.tensors(one.scanned, writtenOut: false)
        let report = try FiniteDifferences.check(trace.logJoint, withRespectTo: inputs, at: one.point)
        #expect(report.worst < 1e-6, "\(report)")
    }

    /// The distribution of a site of all steps has the densities that the site has, at its own values.
    @Test(arguments: StepSiteCase.names) func distributionsHaveTheDensities(_ name: String) throws {
        let one = try #require(StepSiteCase.named(name))
        let trace = try one.tensors(one.scanned, writtenOut: false).trace
        for site in trace.sites where name != "weights" {
            guard let distribution = site.distribution, let logProb = site.logProb else { continue }
            let found = try ReferenceEvaluator.evaluate([distribution.logProb(site.value), logProb], inputs: one.point)
            #expect(StepSiteCase.distance(found[0], found[1]) < 1e-12, "\(site.name)")
            // Each parameter is where it must lie.
            for parameter in distribution.parameters {
                let holds = parameter.constraint.check(parameter.value)
                #expect(try ReferenceEvaluator.evaluate(holds, inputs: one.point).allSatisfy { $0 == 1 }, "\(parameter.name)")
            }
        }
    }

    /// A recurrence of one site in plates around and inside, and two time axes: shapes, and which axis is which.
    @Test func axes() throws {
        let model = Model { m in
            m.plate("units", 5) { m in
                m.scan("t", over: Tensor.iota(4), from: 0) { m, carry, row in
                    m.plate("parts", 3) { m in
                        m.sample("a", Normal(0, 1))
                        m.sample("b", Normal(0, 1), shape: [2])
                    }
                    m.scan("s", over: Tensor.iota(6), from: 0) { m, carry, row in
                        m.sample("c", Normal(0, 1))
                        m.deterministic("d", row.asReal)
                        return carry
                    }
                    m.deterministic("e", row.asReal + carry)
                    m.deterministic("f", 2)
                    m.param("p", 1)
                    return carry + 1
                }
            }
        }
        let trace = try model.trace()
        #expect(trace.sites.map(\.name) == ["a", "b", "c", "d", "e", "f", "p"])
        #expect(trace.sites.map(\.value.shape) == [[4, 3, 5], [4, 3, 5, 2], [4, 6, 5], [4, 6], [4], [4], []])
        #expect(trace.sites.prefix(3).map(\.logProb?.shape) == [[4, 3, 5], [4, 3, 5], [4, 6, 5]])
        #expect(trace["b"]?.distribution?.eventShape == [2])
        #expect(trace["a"]?.plates.map(\.name) == ["units", "parts"])
        let values = try ReferenceEvaluator.evaluate([#require(trace["e"]?.value), #require(trace["d"]?.value)])
        #expect(values == [[0, 2, 4, 6], (0..<4).flatMap { _ in [0.0, 1, 2, 3, 4, 5] }])
    }

    // MARK: Handlers

    static let walk = Model { m in
        let end = m.scan("t", over: Tensor.iota(3), from: 1) { m, level, _ in
            let next = m.sample("level", Normal(level, 0.5))
            m.sample("noise", Normal(next, 1))
            return next
        }
        m.sample("end", Normal(end, 1))
    }

    @Test func handlersSeeTheSiteOnce() throws {
        let level: [Double] = [0.5, -1, 2]
        let chain = try HandlerTests.normal(0.5, 1, 0.5) + HandlerTests.normal(-1, 0.5, 0.5) + HandlerTests.normal(2, -1, 0.5)
        let conditioned = try Self.walk.condition(["level": Tensor(level)]).trace()
        #expect(conditioned["level"]?.isObserved == true)
        #expect(try abs(HandlerTests.value(conditioned["level"]?.logProb?.sum()) - chain) < 1e-12)
        #expect(conditioned.latents.map(\.name) == ["noise", "end"])
        // One number for all steps.
        let flat = try Self.walk.substitute(["level": 1, "end": 1]).trace()
        #expect(try ReferenceEvaluator.evaluate(#require(flat["level"]?.value)) == [1, 1, 1])
        #expect(flat["level"]?.isLatent == true)
        let replayed = try Self.walk.replay(flat).trace()
        #expect(try ReferenceEvaluator.evaluate(#require(replayed["level"]?.value)) == [1, 1, 1])
        let hidden = try Self.walk.block(hide: ["level"]).trace()
        #expect(hidden.sites.map(\.name) == ["noise", "end"])
        #expect(hidden["noise"]?.logProb?.shape == [3])
        // Masks and scales of all steps, and of one.
        let fixed = Self.walk.condition(["level": Tensor(level), "noise": 0, "end": 0])
        let masked = try fixed.mask(Tensor([1, 0, 1]) .!= 0).block(hide: ["end", "noise"]).trace()
        #expect(try ReferenceEvaluator.evaluate(#require(masked["level"]?.logProb))[1] == 0)
        let scaled = try fixed.block(hide: ["end", "noise"]).scale(Tensor([2, 0, 1])).trace()
        let wanted = try 2 * HandlerTests.normal(0.5, 1, 0.5) + HandlerTests.normal(2, -1, 0.5)
        #expect(try abs(HandlerTests.value(scaled.logJoint) - wanted) < 1e-12)
    }

    /// A mask around a scan may tell its steps apart; what it excludes may be anything.
    @Test func masksAroundHaveTheAxisOfTime() throws {
        let y = Tensor.input(Input(.data, "y", origin: StepSiteCase.origin), shape: [3])
        let level = Tensor.input(Input(.data, "level", origin: StepSiteCase.origin), shape: [3])
        let model = Model { m in
            m.mask(y.isFinite) { m in
                m.scan("t", over: y, from: 0) { m, level, y in
                    let next = m.sample("level", Normal(level, 1))
                    m.observe("obs", Normal(next, 0.5), y)
                    return next
                }
            }
        }
        let trace = try model.substitute(["level": level]).trace(TraceRun(origin: StepSiteCase.origin))
        let inputs = ["y": [0.5, .nan, 1], "level": [0.1, 0.2, 0.3]]
        let found = try ReferenceEvaluator.evaluate([trace.logJoint] + Gradient.of(trace.logJoint, withRespectTo: [level]), inputs: inputs)
        let levels = try HandlerTests.normal(0.1, 0, 1) + HandlerTests.normal(0.3, 0.2, 1)
        let wanted = try levels + HandlerTests.normal(0.5, 0.1, 0.5) + HandlerTests.normal(1, 0.3, 0.5)
        #expect(abs(found[0][0] - wanted) < 1e-12)
        let gradient: [Double] = [-0.1 + 1.6, 0.1, -0.1 + 2.8]
        #expect(StepSiteCase.distance(found[1], gradient) < 1e-12)
    }

    // MARK: What a step carries

    @Test func intsBecomeRealsAndSitesStaySites() throws {
        let model = Model { m in
            let sum = m.scan("t", over: Tensor([0.5, 0.25]), from: Tensor(integers: [1]).element(0)) { m, sum, row in
                m.observe("obs", Normal(sum.asReal, 1), row)
                return sum + row
            }
            m.deterministic("sum", sum)
        }
        let trace = try model.trace()
        #expect(trace.sites.map(\.name) == ["obs", "sum"])
        #expect(try ReferenceEvaluator.evaluate(#require(trace["sum"]?.value)) == [1.75])
    }

    @Test func errorsThrownInAStepPassThrough() throws {
        struct Stop: Error {}
        let model = Model { m in
            m.sample("before", Normal(0, 1))
            do {
                try m.scan("t", over: Tensor.iota(3), from: 0) { m, carry, _ -> Tensor in
                    m.sample("inside", Normal(carry, 1))
                    throw Stop()
                }
            } catch {}
            m.sample("inside", Normal(0, 1))
        }
        let trace = try model.trace()
        #expect(trace.sites.map(\.name) == ["before", "inside"])
        #expect(trace["inside"]?.value.shape == [])
    }
}
