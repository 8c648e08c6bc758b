import Foundation
import Lockstep
import LockstepRuntime
import TestSupport
import Testing

@testable import LockstepInference

/// Predictions of fits whose guides stay where they start.
@Suite struct PredictTests {
    /// A regression that takes its shapes from the data: with a ~ N(0.5, 0.25^2), y at x is N(0.5 x, 1 + x^2 / 16).
    private static let model = Model { m in
        let x = m.data("x")
        let a = m.sample("a", Normal(0, 1))
        m.deterministic("line", a * x)
        m.plate("rows", x.shape.first ?? 1) { m in m.observe("y", Normal(a * x, 1), m.data("y")) }
    }
    private static let x = [-2.0, 0, 1, 4]
    private static let draws = 8000

    private func fits(lanes: Int = 3, on device: TestDevice, _ configure: (inout RunOptions) -> Void = { _ in }) throws -> Fits {
        try CriteriaCases.fits(
            Self.model, 0.5, 0.25, lanes: lanes, data: ["x": .shared(Self.x), "y": .shared([0.5, 1, -2, 1])], on: device.device, configure)
    }

    private func check(_ found: Predictions, at x: [Double], lane: Int) throws {
        let (mean, sd, all) = try (found.mean("y")[lane], found.sd("y")[lane], #require(found["y"])[lane])
        let ends = try found.interval("y", 0.8)
        let root = Double(found.draws).squareRoot()
        #expect(mean.count == x.count && all.count == x.count * found.draws)
        for (element, x) in x.enumerated() {
            let deviation = (1 + x * x / 16).squareRoot()
            #expect(abs(mean[element] - 0.5 * x) < 5 * deviation / root && abs(sd[element] / deviation - 1) < 5 / root / 2.0.squareRoot())
            // The density at the ends is 0.1755 / deviation.
            let error = 5 * (0.1 * 0.9).squareRoot() / 0.1755 * deviation / root
            #expect(abs(ends.lower[lane][element] - 0.5 * x + 1.2815516 * deviation) < error)
            #expect(abs(ends.upper[lane][element] - 0.5 * x - 1.2815516 * deviation) < error)
        }
        // Elements of one draw have the slope in common.
        let (first, last) = (x[0], x[x.count - 1])
        let products = (0..<found.draws).map { (all[$0 * x.count] - 0.5 * first) * (all[($0 + 1) * x.count - 1] - 0.5 * last) }
        let spread = ((1 + first * first / 16) * (1 + last * last / 16) + pow(first * last / 16, 2)).squareRoot()
        #expect(abs(Statistics.mean(products) - first * last / 16) < 5 * spread / root)
    }

    @Test(arguments: TestDevice.all, Precision.allCases)
    func observationsHaveTheirMoments(_ device: TestDevice, _ precision: Precision) throws {
        if precision == .double, !device.hasDouble { return }
        let fits = try fits(on: device) { $0.precision = precision }
        let found = try fits.predict(draws: Self.draws)
        #expect(found.sites == ["line", "y"] && found.lanes == 3 && found["y"]?.shape == [Self.draws, 4] && found["a"] == nil)
        for lane in 0..<3 { try check(found, at: Self.x, lane: lane) }
        // What is deterministic goes with its draw: the slope at x = 1 and 4, and none at 0.
        let lines = try #require(found["line"])[1]
        #expect((0..<Self.draws).allSatisfy { lines[4 * $0 + 1] == 0 && abs(lines[4 * $0 + 3] - 4 * lines[4 * $0 + 2]) < 1e-5 })
        #expect(Set(lines).count > Self.draws && found["y"]?[0] != found["y"]?[1])
    }

    /// At other places, of which there are others; what was observed is not asked for.
    @Test(arguments: TestDevice.all) func otherDataMakeOtherPredictions(_ device: TestDevice) throws {
        let fits = try fits(on: device)
        let x = [3.0, -2, 0.5, 1, 8, -1]
        let found = try fits.predict(draws: Self.draws, data: ["x": .shared(x)])
        #expect(found["y"]?.shape == [Self.draws, 6])
        for lane in 0..<3 { try check(found, at: x, lane: lane) }
        let own = try fits.predict(draws: Self.draws, data: ["x": .perLane([[3, -2], [0, 1], [5, 1]])])
        for (lane, x) in [[3.0, -2], [0, 1], [5, 1]].enumerated() { try check(own, at: x, lane: lane) }
        #expect(try fits[1].predict(draws: Self.draws, data: ["x": .shared(x)])["y"]?[0] == found["y"]?[1])
    }

    @Test(arguments: TestDevice.all) func lanesAreAlone(_ device: TestDevice) throws {
        let fits = try fits(lanes: 37, on: device)
        let all = try #require(try fits.predict(draws: 50, key: Key(2))["y"])
        for lane in [0, 17, 36] {
            let own = try fits[lane].predict(draws: 50, key: Key(2))
            #expect(own.lanes == 1 && own["y"]?[0] == all[lane])
        }
        let parts = try self.fits(lanes: 37, on: device) { $0.memoryBudget = 20_000 }
        #expect(try parts.predict(draws: 50, key: Key(2))["y"]?.values == all.values)
        #expect(try fits.predict(draws: 50, key: Key(3))["y"]?.values != all.values)
        let more = try #require(try fits.predict(draws: 60, key: Key(2))["y"])
        #expect(Array(more[5].prefix(200)) == all[5])
    }

    /// What a step draws goes to the next: with y_t ~ N(y_t-1 / 2, 1) variances are 1, 1.25, 1.3125, not 1 thrice.
    @Test(arguments: TestDevice.all) func recurrencesGoOnFromTheirDraws(_ device: TestDevice) throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.scan("t", over: m.data("y"), from: 4) { m, before, y in m.observe("y", Normal(a * before, 1), y) }
        }
        let guide = AutoDelta(model, initializer: .value(["a": 0.5]))
        let fits = try SVI(model, guide: guide, optimizer: Resting())
            .run(keys: [Key(1)], steps: 1, data: ["y": .shared([100, 200, 300])], device: device.device)
        let found = try fits.predict(draws: Self.draws)
        let (mean, sd) = try (found.mean("y")[0], found.sd("y")[0])
        let root = Double(Self.draws).squareRoot()
        for (step, variance) in [1, 1.25, 1.3125].enumerated() {
            #expect(abs(mean[step] - 4 * pow(0.5, Double(step + 1))) < 5 * variance.squareRoot() / root)
            #expect(abs(sd[step] / variance.squareRoot() - 1) < 5 / root / 2.0.squareRoot())
        }
    }

    /// Of two sites the second follows from the first: both are drawn, or one.
    @Test func sitesAreChosen() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            let first = m.observe("first", Normal(a, 1), m.data("first", shape: []))
            m.observe("count", Poisson(exp(first)), m.data("count", shape: []))
        }
        let fits = try CriteriaCases.fits(model, 0.5, 0.01, lanes: 1, data: ["first": .shared(2), "count": .shared(7)])
        let second = try fits.predict(draws: Self.draws, sites: ["count"])
        #expect(second.sites == ["count"])
        let counts = try #require(second["count"])[0]
        #expect(counts.allSatisfy { $0 >= 0 && $0 == $0.rounded() })
        // Of rate exp(2), not of what would be drawn at first.
        #expect(abs(Statistics.mean(counts) - exp(2)) < 5 * exp(1) / Double(Self.draws).squareRoot())
        let both = try fits.predict(draws: Self.draws)
        #expect(both.sites == ["first", "count"])
        #expect(try abs(both.mean("first")[0][0] - 0.5) < 5 / Double(Self.draws).squareRoot())
        // A log-normal mean: exp(0.5 + 1 / 2), with the variance of a Poisson variate of such a rate.
        let rate = exp(1.0)
        #expect(try abs(both.mean("count")[0][0] - rate) < 5 * (rate + rate * rate * (exp(1) - 1)).squareRoot() / Double(Self.draws).squareRoot())
        #expect(
            errorText { _ = try fits.predict(sites: ["a"]) } == "there is no observed site 'a' to predict; there are: first, count")
    }

    @Test(arguments: TestDevice.all) func rowsOfALanesOwn(_ device: TestDevice) throws {
        let model = Model { m in
            let x = m.data("x")
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", rowsOf: "x") { m in
                m.deterministic("line", a * x)
                m.mask(x .< 100) { m in m.observe("y", Normal(a * x, 1), m.data("y")) }
            }
        }
        let tables = [[1.0, 2, 3], [], [4, 200]]
        let fits = try CriteriaCases.fits(
            model, 0.5, 0.25, lanes: 3, data: ["x": .ragged(tables), "y": .ragged(tables)], on: device.device)
        let found = try fits.predict(draws: 3000)
        for (lane, table) in tables.enumerated() {
            for site in ["y", "line"] {
                let mean = try found.mean(site)[lane]
                #expect(mean.count > 3 && mean.dropFirst(table.count).allSatisfy(\.isNaN))
                // What a mask takes out is filled in: at 200 it is N(100, 50^2).
                for (row, x) in table.enumerated() { #expect(abs(mean[row] - 0.5 * x) < 5 * (1 + x * x / 16).squareRoot() / 3000.0.squareRoot()) }
            }
        }
        // Other rows, of other numbers.
        let others = [[1.0], [7, 8], [0, 0, 0, 2]]
        let next = try fits.predict(draws: 3000, data: ["x": .ragged(others), "y": .ragged(others)])
        for (lane, table) in others.enumerated() {
            let mean = try next.mean("y")[lane]
            #expect(mean.dropFirst(table.count).allSatisfy(\.isNaN) && mean.prefix(table.count).allSatisfy(\.isFinite))
        }
    }

    @Test func lostLanesHaveNone() throws {
        let found = try GridCases.withBadDataset().fits.predict(draws: 5)
        let sites = try #require(found["obs"])
        #expect(found.sites == ["signal", "obs"] && found.lanes == 48 && sites.shape == [5, 6])
        for lane in 0..<48 { #expect(sites[lane].allSatisfy { $0.isNaN == (lane / 12 == 1) }) }
    }

    @Test func mistakesAreNamed() throws {
        let fits = try fits(on: .interpreter)
        for draws in [0, -1, .min, .max] {
            #expect(errorText { _ = try fits.predict(draws: draws) } == "the number of draws is \(draws); give 1 to 262144")
        }
        #expect(errorText { _ = try fits[3].predict() } == "there is no lane 3; there are 3")
        #expect(errorText { _ = try fits.predict(data: ["z": .shared(1)]) }?.contains("data 'z' is not read by the model") == true)
        #expect(errorText { _ = try fits.predict(data: ["x": .shared([1, .nan])]) }?.contains("x") == true)
        #expect(errorText { _ = try fits.predict(data: ["x": .perLane([[1], [2]])]) }?.contains("give one for each of the 3 lanes") == true)
        let found = try fits.predict(draws: 3)
        #expect(errorText { _ = try found.mean("a") } == "there is no prediction of 'a'; there are: line, y")
        #expect(errorText { _ = try found.quantiles("y", [0.5, 1]) } == "a quantile's probability is 1.0; give numbers between 0 and 1")
        #expect(errorText { _ = try found.interval("y", 1) } == "an interval's share is 1.0; give a number between 0 and 1")
        // Indices beyond the rows are found before they are used.
        let groups = Model { m in
            let a = m.sample("a", Normal(0, 1), shape: [2])
            let group = m.indices("group")
            m.plate("rows", group.shape.first ?? 1) { m in m.observe("y", Normal(a[group], 1), m.data("y")) }
        }
        let grouped = try SVI(groups, guide: AutoNormal(groups), optimizer: Resting())
            .run(keys: [Key(0)], steps: 1, data: ["group": .shared([0, 1, 1]), "y": .shared([0.5, 1, 2])], device: .cpu)
        #expect(try grouped.predict(draws: 3, data: ["group": .shared([1, 0])])["y"]?.shape == [3, 2])
        #expect(errorText { _ = try grouped.predict(draws: 3, data: ["group": .shared([1, 2])]) }?.contains("group") == true)
    }
}
