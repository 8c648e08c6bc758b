import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Tables of models of the same observations.
@Suite struct ComparisonTests {
    private static let y = [2.1, 1.9, 2.4, 1.6, 2.0, 2.2]

    /// y_i ~ N(a, 1) and N(0, 1), with guides that are the posterior where there is one.
    private func models() throws -> [String: LeaveOneOut] {
        let (mean, sd) = CriteriaCases.posterior(Self.y)
        let level = try CriteriaCases.fits(CriteriaCases.model(), mean, sd, lanes: 2, data: ["y": .shared(Self.y)])
        let nothing = Model { m in
            m.sample("a", Normal(0, 1))
            m.plate("rows", 6) { m in m.observe("y", Normal(0, 1), m.data("y", shape: [6])) }
        }
        let without = try CriteriaCases.fits(nothing, 0, 1, lanes: 2, data: ["y": .shared(Self.y)])
        return ["level": try level.loo(), "nothing": try without.loo(), "again": try level.loo(key: Key(1))]
    }

    @Test func bestIsFirst() throws {
        let models = try models()
        let table = try LeaveOneOut.compare(models, lane: 1)
        #expect(table.rows.count == 3 && table.rows[2].name == "nothing")
        let (best, worst) = (table.rows[0], table.rows[2])
        #expect(best.difference == 0 && best.differenceError == 0 && best.elpd == models[best.name]?.elpd[1])
        #expect(table.rows[1].difference >= 0 && table.rows[1].difference < 0.2 && table.rows[1].differenceError < 0.1)
        // log p(y_i | y without i) less log N(y_i; 0, 1), by the closed form.
        let terms = zip(CriteriaCases.leftOut(Self.y), Self.y).map { $0 - CriteriaCases.logNormal($1, 0, 1) }
        let expected = CriterionSum(terms)
        #expect(abs(worst.difference - expected.total) < 0.2 && abs(worst.differenceError / expected.error - 1) < 0.1)
        #expect(abs(worst.elpd - Self.y.reduce(0) { $0 + CriteriaCases.logNormal($1, 0, 1) }) < 1e-4 && abs(worst.effectiveParameters) < 1e-4)
        #expect(worst.untrustedCount == 0 && worst.standardError > 0)
        let lines = "\(table)".split(separator: "\n")
        #expect(lines.count == 4 && lines[0].hasPrefix("model") && lines[3].hasPrefix("nothing") && lines[0].contains("p_loo"))
    }

    @Test func mistakesAreNamed() throws {
        let models = try models()
        let level = try #require(models["level"])
        #expect(errorText { _ = try LeaveOneOut.compare([:]) } == "there are no models to compare")
        #expect(errorText { _ = try LeaveOneOut.compare(models, lane: 2) } == "'again' has no lane 2; it has 2")
        #expect(errorText { _ = try LeaveOneOut.compare(models, lane: -1) } == "'again' has no lane -1; it has 2")
        let fewer = try CriteriaCases.exact(Array(Self.y.prefix(4)), lanes: 2).loo()
        #expect(
            errorText { _ = try LeaveOneOut.compare(["a": level, "b": fewer]) }
                == "'a' and 'b' are not models of the same observations: 6 observations of 'y' [6], and 4 observations of 'y' [4]; "
                + "compare models that observe the same data under the same names of sites")
        // As many, but not the same.
        func masked(_ marks: [Double]) throws -> LeaveOneOut {
            let model = Model { m in
                let a = m.sample("a", Normal(0, 1))
                m.plate("rows", 6) { m in
                    m.mask(Tensor(marks) .!= 0) { m in m.observe("y", Normal(a, 1), m.data("y", shape: [6])) }
                }
            }
            return try CriteriaCases.fits(model, 1, 0.5, lanes: 1, data: ["y": .shared(Self.y)]).loo()
        }
        let (first, last) = try (masked([1, 1, 1, 1, 1, 0]), masked([0, 1, 1, 1, 1, 1]))
        #expect(errorText { _ = try LeaveOneOut.compare(["a": first, "b": last]) }?.contains("not models of the same observations") == true)
        #expect(try LeaveOneOut.compare(["a": first, "b": first]).rows.map(\.difference) == [0, 0])
        let bad = try GridCases.withBadDataset().loo(draws: 100)
        #expect(
            errorText { _ = try LeaveOneOut.compare(["a": bad], lane: 1) }
                == "lane 1 of 'a' has nothing to compare: it was lost, or none of its observations count")
    }
}
