import Foundation
import Lockstep
import LockstepRuntime
import TestSupport
import Testing

@testable import LockstepInference

/// Leave-one-out and WAIC of fits against closed forms.
@Suite struct LeaveOneOutTests {
    /// Standard deviations of one estimate by 4,000 draws, as 60 repetitions in NumPy with ArviZ's smoothing have them.
    private static let deviations = [0.016, 0.002, 0.026, 0.002, 0.0085, 0.0062]

    private func check(_ fits: Fits) throws {
        let loo = try fits.loo(draws: 4000)
        let (leftOut, whole) = (CriteriaCases.leftOut(CriteriaCases.y), CriteriaCases.whole(CriteriaCases.y))
        let (pointwise, lanes) = (try #require(loo.pointwise["y"]), Double(fits.lanes))
        #expect(loo.lanes == fits.lanes && loo.isCorrected && loo.draws == 4000 && loo.sites == ["y"] && pointwise.shape == [6])
        for (element, value) in leftOut.enumerated() {
            let mean = (0..<fits.lanes).reduce(0) { $0 + pointwise[$1][element] } / lanes
            #expect(abs(mean - value) < 5 * Self.deviations[element] / lanes.squareRoot() + 1e-3, "y[\(element)]: \(mean), \(value)")
        }
        let expected = leftOut.reduce(0, +)
        #expect(abs(Statistics.mean(loo.elpd) - expected) < 5 * 0.04 / lanes.squareRoot())
        let effective = whole.densities.reduce(0, +) - expected
        #expect(abs(Statistics.mean(loo.effectiveParameters) - effective) < 5 * 0.045 / lanes.squareRoot())
        let error = CriterionSum(leftOut).error
        #expect(loo.standardError.allSatisfy { abs($0 / error - 1) < 0.1 })
        #expect(loo.observations.allSatisfy { $0 == 6 } && loo.untrustedCounts.allSatisfy { $0 == 0 })
        #expect(Set(loo.elpd).count == fits.lanes)
    }

    @Test(arguments: TestDevice.all, Precision.allCases)
    func exactGuidesHaveTheClosedForm(_ device: TestDevice, _ precision: Precision) throws {
        if precision == .double, !device.hasDouble { return }
        try check(CriteriaCases.exact(lanes: 8, on: device.device) { $0.precision = precision })
    }

    /// Weights make a wide guide beside the posterior as good; without them it is off by 1.8.
    @Test(arguments: TestDevice.all) func weightsCorrectTheGuide(_ device: TestDevice) throws {
        let (mean, sd) = CriteriaCases.posterior(CriteriaCases.y)
        let fits = try CriteriaCases.fits(
            CriteriaCases.model(), mean + 0.15, 1.4 * sd, lanes: 8, data: ["y": .shared(CriteriaCases.y)], on: device.device)
        try check(fits)
        let plain = try fits.loo(draws: 4000, corrected: false)
        #expect(!plain.isCorrected)
        #expect(Statistics.mean(plain.elpd) < CriteriaCases.leftOut(CriteriaCases.y).reduce(0, +) - 1)
    }

    @Test(arguments: TestDevice.all) func waicHasTheClosedForm(_ device: TestDevice) throws {
        let (mean, sd) = CriteriaCases.posterior(CriteriaCases.y)
        let wide = try CriteriaCases.fits(
            CriteriaCases.model(), mean + 0.15, 1.4 * sd, lanes: 8, data: ["y": .shared(CriteriaCases.y)], on: device.device)
        let whole = CriteriaCases.whole(CriteriaCases.y)
        let variances = whole.variances.reduce(0, +)
        for fits in [try CriteriaCases.exact(lanes: 8, on: device.device), wide] {
            let waic = try fits.waic(draws: 4000)
            #expect(abs(Statistics.mean(waic.effectiveParameters) - variances) < 5 * 0.038 / 8.0.squareRoot())
            #expect(abs(Statistics.mean(waic.elpd) - whole.densities.reduce(0, +) + variances) < 5 * 0.033 / 8.0.squareRoot())
            let pointwise = try #require(waic.pointwise["y"])
            for lane in 0..<8 { #expect(abs(pointwise[lane].reduce(0, +) - waic.elpd[lane]) < 1e-9) }
            // The variances are 0.51 and 0.99 at -1.5 and 3, and below 0.2 elsewhere.
            #expect(waic.untrustedCounts.allSatisfy { $0 == 2 } && waic.standardError.allSatisfy { $0 > 0 } && waic.elpd.count == 8)
        }
        #expect(try wide.waic(draws: 4000, corrected: false).effectiveParameters.allSatisfy { $0 > variances + 1 })
    }

    /// What a fit says does not depend on the others, nor on how many lanes there is room for.
    @Test(arguments: TestDevice.all) func lanesAreAlone(_ device: TestDevice) throws {
        let fits = try CriteriaCases.exact(lanes: 37, on: device.device)
        let (loo, waic) = try (fits.loo(draws: 200, key: Key(3)), fits.waic(draws: 200, key: Key(3)))
        for lane in [0, 17, 36] {
            let (own, ownWAIC) = try (fits[lane].loo(draws: 200, key: Key(3)), fits[lane].waic(draws: 200, key: Key(3)))
            #expect(own.lanes == 1 && own.elpd[0] == loo.elpd[lane] && own.pointwise["y"]?[0] == loo.pointwise["y"]?[lane])
            #expect(own.paretoShapes["y"]?[0] == loo.paretoShapes["y"]?[lane] && ownWAIC.elpd[0] == waic.elpd[lane])
        }
        let parts = try CriteriaCases.exact(lanes: 37, on: device.device) { $0.memoryBudget = 100_000 }
        #expect(try parts.loo(draws: 200, key: Key(3)).elpd == loo.elpd)
        #expect(try fits.loo(draws: 200, key: Key(2)).elpd != loo.elpd)
    }

    @Test func outliersAreNotTrusted() throws {
        var y = CriteriaCases.y
        y[3] = 12
        let loo = try CriteriaCases.exact(y, lanes: 4).loo()
        for lane in 0..<4 {
            let rows = loo.untrusted(lane: lane)
            let worst = try #require(rows.first)
            #expect(worst.site == "y" && worst.index == [3] && worst.name == "y[3]" && worst.paretoShape > loo.shapeLimit)
            #expect(rows.count == loo.untrustedCounts[lane] && worst.paretoShape == loo.paretoShapes["y"]?[lane][3])
            let text = try loo.report(lane: lane)
            #expect(text.contains("\(rows.count) of 6 observations are not to be trusted") && text.contains("y[3] ("), "\(text)")
            #expect(text.contains("above 0.67"), "\(text)")
        }
        #expect(abs(loo.shapeLimit - (1 - 1 / log10(1024.0))) < 1e-12)
        let good = try CriteriaCases.exact([0.1, -0.1, 0.2, 0, 0.1, -0.3, 0.2, 0.1], lanes: 1).loo(draws: 4000)
        #expect(try good.report().contains("no Pareto shape of the 8 observations is above 0.70") && good.untrusted().isEmpty)
        #expect(good.untrusted(lane: 5).isEmpty && errorText { _ = try good.report(lane: 5) } == "there is no lane 5; there are 1")
    }

    /// Elements that a mask or a weight of 0 excludes are as if they were not there.
    @Test(arguments: TestDevice.all) func maskedRowsAreNotThere(_ device: TestDevice) throws {
        let y = CriteriaCases.y
        func model(_ body: @escaping @Sendable (inout ModelContext, Tensor) -> Void) -> Model {
            Model { m in
                let a = m.sample("a", Normal(0, 1))
                m.plate("rows", 6) { m in body(&m, a) }
            }
        }
        let marks = Tensor([1, 1, 0, 1, 0, 1])
        let masked = model { m, a in m.mask(marks .!= 0) { m in m.observe("y", Normal(a, 1), m.data("y", shape: [6])) } }
        let weighed = model { m, a in m.scale(marks) { m in m.observe("y", Normal(a, 1), m.data("y", shape: [6])) } }
        let rows = [0, 1, 3, 5]
        let plain = try CriteriaCases.fits(
            CriteriaCases.model(rows: 4), 0.3, 0.4, lanes: 3, data: ["y": .shared(rows.map { y[$0] })], on: device.device
        ).loo(draws: 500)
        var missing = y
        missing[2] = .nan
        for (model, data) in [(masked, missing), (weighed, y)] {
            let loo = try CriteriaCases.fits(model, 0.3, 0.4, lanes: 3, data: ["y": .shared(data)], on: device.device).loo(draws: 500)
            #expect(loo.observations == [4, 4, 4])
            for lane in 0..<3 {
                let (found, expected) = try (#require(loo.pointwise["y"])[lane], #require(plain.pointwise["y"])[lane])
                #expect(found[2].isNaN && found[4].isNaN && loo.paretoShapes["y"]?[lane][2].isNaN == true)
                #expect(zip(rows.map { found[$0] }, expected).allSatisfy { abs($0 - $1) < 1e-4 })
                #expect(abs(loo.elpd[lane] - plain.elpd[lane]) < 1e-3 && abs(loo.standardError[lane] - plain.standardError[lane]) < 1e-3)
                #expect(loo.untrusted(lane: lane).allSatisfy { $0.index != [2] && $0.index != [4] })
            }
        }
    }

    /// Rows of a lane's own: as a fit of just these.
    @Test(arguments: TestDevice.all) func raggedLanesAreFitsOfTheirRows(_ device: TestDevice) throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", rowsOf: "y") { m in m.observe("y", Normal(a, 1), m.data("y")) }
        }
        let tables = [[0.5, -1, 2], [], CriteriaCases.y, [1.5]]
        let fits = try CriteriaCases.fits(model, 0.3, 0.4, lanes: 4, data: ["y": .ragged(tables)], on: device.device)
        let loo = try fits.loo(draws: 300)
        #expect(loo.observations == [3, 0, 6, 1] && loo.elpd[1].isNaN && loo.standardError[3].isNaN && loo.untrusted(lane: 1).isEmpty)
        #expect(try loo.report(lane: 1).hasPrefix("there is nothing to say"))
        for (lane, table) in tables.enumerated() {
            let found = try #require(loo.pointwise["y"])[lane]
            #expect(found.count > table.count && found.dropFirst(table.count).allSatisfy(\.isNaN))
            if table.isEmpty { continue }
            let solo = try SVI(model, guide: AutoNormal(model, initializer: .value(["a": 0.3]), initialScale: 0.4), optimizer: Resting())
                .run(keys: [fits.keys[lane]], steps: 1, data: ["y": .shared(table)], device: device.device).loo(draws: 300)
            #expect(abs(solo.elpd[0] - loo.elpd[lane]) < 1e-3)
            let own = try #require(solo.pointwise["y"])[0]
            #expect(own.count == table.count && zip(found, own).allSatisfy { abs($0 - $1) < 1e-4 })
            let values = try #require(try fits[lane].logLikelihood(draws: 5)["y"])
            #expect(values[0].prefix(table.count).allSatisfy(\.isFinite) && values[0].dropFirst(table.count).allSatisfy(\.isNaN))
        }
    }

    @Test func gridsHaveTheBestOfEachDataset() throws {
        let grid = try GridCases.run(GridCases.datasets())
        let (loo, waic) = try (grid.loo(draws: 200), grid.waic(draws: 200))
        #expect(loo.lanes == 4 && waic.elpd.count == 4 && loo.sites == ["obs"])
        for (dataset, best) in grid.best.enumerated() {
            let own = try #require(best)
            #expect(try own.loo(draws: 200).elpd[0] == loo.elpd[dataset] && own.waic(draws: 200).elpd[0] == waic.elpd[dataset])
            #expect(loo.elpd[dataset].isFinite && loo.observations[dataset] == 6)
        }
        let bad = try GridCases.withBadDataset().loo(draws: 200)
        #expect(bad.elpd.map(\.isNaN) == [false, true, false, false] && bad.observations == [6, 0, 6, 6])
        #expect(bad.elpd[2] == loo.elpd[2] && bad.pointwise["obs"]?[1].allSatisfy(\.isNaN) == true && bad.untrustedCounts[1] == 0)
    }

    @Test func mistakesAreNamed() throws {
        let fits = try CriteriaCases.exact(lanes: 2)
        for draws in [99, 0, -1, .min, .max] {
            let text = "the number of draws is \(draws); give 100 to 262144"
            #expect(errorText { _ = try fits.loo(draws: draws) } == text && errorText { _ = try fits.waic(draws: draws) } == text)
            #expect(errorText { _ = try fits[0].loo(draws: draws) } == text && errorText { _ = try fits[0].waic(draws: draws) } == text)
        }
        for lane in [-1, 2, .max] {
            #expect(errorText { _ = try fits[lane].loo() } == "there is no lane \(lane); there are 2")
            #expect(errorText { _ = try fits[lane].waic() } == "there is no lane \(lane); there are 2")
        }
        let empty = Model { m in m.sample("a", Normal(0, 1)) }
        let none = try CriteriaCases.fits(empty, 0, 1, lanes: 1)
        #expect(errorText { _ = try none.loo() } == "the model observes nothing, so that there is nothing to predict or to leave out")
        #expect(throws: LockstepError.self) { _ = try none.waic() }
    }

    /// Of a lane that was lost there is no number.
    @Test func lostLanesHaveNone() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.observe("y", Normal(a, 1), Tensor(0.5))
            m.factor("f", log(m.data("sign", shape: []) + 0 * a))
        }
        let fits = try CriteriaCases.fits(model, 0.2, 0.5, lanes: 3, data: ["sign": .perLane([1, -1, 1])])
        let loo = try fits.loo(draws: 100)
        #expect(loo.elpd.map(\.isNaN) == [false, true, false] && loo.observations == [1, 0, 1])
        #expect(loo.pointwise["y"]?.shape == [] && loo.pointwise["y"]?[1][0].isNaN == true)
        #expect(try fits.waic(draws: 100).elpd.map(\.isNaN) == [false, true, false])
    }
}
