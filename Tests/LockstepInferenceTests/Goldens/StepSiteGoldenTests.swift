import Lockstep
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// Log densities of models with sites in a recurrence, and their gradients, against NumPyro's `scan`: `Tests/Goldens/numpyro_scan.json`,
/// which the script next to it writes.
@Suite struct StepSiteGoldenTests {
    static let localLevel = Model { m in
        let sigma = m.sample("sigma", HalfNormal(1))
        m.scan("t", over: m.data("y", shape: [8]), from: 0.3) { m, level, y in
            let next = m.sample("level", Normal(level, sigma))
            m.observe("obs", Normal(next, 0.5), y)
            return next
        }
    }

    static let growth = Model { m in
        let (counts, x) = (m.data("counts", shape: [5, 3]), m.data("x", shape: [5]))
        let phi = m.sample("phi", Beta(2, 3))
        m.scan("t", over: [counts, x], from: [Tensor([1, 0.5, 2]), 0.2], isReversed: true) { m, carries, rows in
            let (rate, sum) = (carries[0], carries[1])
            let (next, effect) = m.plate("units", 3) { m in
                let next = m.sample("rate", Gamma(3, 3 / (phi * rate + 0.5)))
                let effect = m.sample("effect", StudentT(4, rows[1] * sum, 0.7))
                m.observe("count", Poisson(next * exp(0.1 * effect)), rows[0])
                return (next, effect)
            }
            let total = effect.sum()
            m.factor("bonus", -0.05 * total * total)
            return ([next, 0.5 * sum + effect.mean()], [])
        }
    }

    @Test func densitiesAreThoseOfNumPyro() throws {
        let rows = try JSONValue.read(Folders.goldens.appendingPathComponent("numpyro_scan.json"))["rows"].elements
        #expect(rows.count == 2)
        for row in rows {
            let name = row["model"].text
            let model = try #require(["local level": Self.localLevel, "growth": Self.growth][name])
            let origin = Origin()
            let names = row["values"].members.keys.sorted()
            let inputs = Dictionary(
                uniqueKeysWithValues: names.map {
                    ($0, Tensor.input(Input(.data, "value of " + $0, origin: origin), shape: row["values"][$0].shape))
                })
            let trace = try model.substitute(inputs).trace(TraceRun(origin: origin))
            let sites = trace.sites.filter { $0.logProb != nil }
            #expect(Set(sites.map(\.name)) == Set(row["terms"].members.keys))
            let outputs =
                [trace.logJoint] + sites.compactMap { $0.logProb?.sum() }
                + Gradient.of(trace.logJoint, withRespectTo: names.compactMap { inputs[$0] })
            var values = row["data"].members.mapValues(\.numbers)
            for name in names { values["value of " + name] = row["values"][name].numbers }
            let wanted =
                [row["logDensity"].numbers] + sites.map { row["terms"][$0.name].numbers } + names.map { row["gradient"][$0].numbers }
            for (found, wanted) in zip(try ReferenceEvaluator.evaluate(outputs, inputs: values), wanted) {
                #expect(NumPyroGoldens.error(found, wanted) < 1e-11, "\(name)")
            }
        }
    }
}
