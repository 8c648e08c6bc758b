import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Moments, quantiles and draws of fits, one by one and all at once. The guides stay where they start.
@Suite struct PosteriorTests {
    static let model = Model { m in
        let a = m.sample("a", Normal(0, 1))
        let rate = m.sample("rate", LogNormal(0, 1))
        let w = m.sample("w", Dirichlet(Tensor([1, 2, 3])))
        // A support that moves with another latent.
        let below = m.sample("below", Uniform(0, rate))
        m.plate("rows", 4) { m in
            let b = m.sample("b", Normal(a, 1))
            m.deterministic("shift", 2 * b + rate)
        }
        m.deterministic("first", w[0] * below)
    }
    static let svi = SVI(model, guide: AutoNormal(model, initialScale: 0.5), optimizer: Resting())
    static let sites = ["a", "rate", "w", "below", "b", "shift", "first"]

    static func fits(_ lanes: Int, precision: Precision = .float) throws -> Fits {
        var options = RunOptions()
        options.precision = precision
        return try svi.run(keys: Key(3).split(lanes), steps: 1, device: .cpu, options: options)
    }

    @Test(arguments: Precision.allCases) func momentsOfNormalLatentsAreExact(_ precision: Precision) throws {
        let fits = try Self.fits(6, precision: precision)
        for site in ["a", "b"] {
            let (mean, sd, median) = try (fits.mean(site), fits.sd(site), fits.median(site))
            let parameters = try fits.parameters()
            #expect(mean.values == parameters["\(site)_auto_loc"]?.values)
            #expect(median.values == mean.values)
            #expect(sd.values == parameters["\(site)_auto_scale"]?.values)
            #expect(sd.values.allSatisfy { abs($0 - 0.5) < 1e-6 })
            #expect(mean.shape == (site == "b" ? [4] : []) && mean.lanes == 6)
        }
    }

    /// Within five standard errors of 4,000 draws.
    @Test func momentsOfOthersAreThoseOfDraws() throws {
        let fits = try Self.fits(5)
        let parameters = try fits.parameters()
        let loc = try #require(parameters["rate_auto_loc"]).values
        let b = try #require(parameters["b_auto_loc"])
        for lane in 0..<5 {
            // Of a log-normal variate.
            let mean = exp(loc[lane] + 0.125)
            let sd = mean * expm1(0.25).squareRoot()
            let (found, spread) = try (fits[lane].mean("rate")[0], fits[lane].sd("rate")[0])
            #expect(abs(found - mean) < 5 * sd / 4000.0.squareRoot())
            #expect(abs(spread / sd - 1) < 0.15)
            let shift = try fits[lane].mean("shift")
            for element in 0..<4 {
                #expect(abs(shift[element] - 2 * b[lane][element] - mean) < 5 * (1 + sd * sd).squareRoot() / 4000.0.squareRoot())
            }
            #expect(abs(try fits[lane].mean("w").reduce(0, +) - 1) < 1e-5)
            // An increasing function of one normal variate has exact quantiles.
            #expect(abs(try fits[lane].quantiles("rate", [0.975])[0][0] / exp(loc[lane] + 0.5 * 1.959964) - 1) < 1e-5)
        }
    }

    /// What is not a function of its own variate alone gets the quantiles of its draws.
    @Test func marginalQuantilesAreMarginal() throws {
        let fits = try Self.fits(2)
        let draws = try fits[1].sample(4000)
        for site in ["w", "below", "shift", "first"] {
            let values = try #require(draws[site])
            let found = try fits[1].quantiles(site, [0.1, 0.9])
            for element in 0..<max(values.shape.elementCount, 1) {
                let column = (0..<4000).map { values[$0][element] }.sorted()
                #expect(found[0][element] == column.quantile(0.1) && found[1][element] == column.quantile(0.9), "\(site)")
            }
        }
    }

    @Test func pointsHaveNoSpread() throws {
        let model = Model { m in
            let rate = m.sample("rate", LogNormal(0, 1))
            m.deterministic("double", 2 * rate)
            m.deterministic("number", Tensor([3, 4]))
        }
        let fits = try SVI(model, guide: AutoDelta(model), optimizer: Resting()).run(keys: Key(0).split(3), steps: 1, device: .cpu)
        let rate = try #require(try fits.parameters()["rate_auto_loc"]).values
        for (site, expected) in [("rate", rate), ("double", rate.map { 2 * $0 }), ("number", [3, 4, 3, 4, 3, 4])] {
            #expect(try fits.mean(site).values == expected && fits.median(site).values == expected)
            #expect(try fits.sd(site).values.allSatisfy { $0 == 0 })
        }
    }

    /// All lanes at once, one by one, and in another batch.
    @Test func laneDoesNotKnowItsBatch() throws {
        let fits = try Self.fits(9)
        let few = try Self.svi.run(keys: [fits.keys[7]], steps: 1, device: .cpu)
        for site in Self.sites {
            let all = try (fits.mean(site), fits.sd(site), fits.median(site), fits.quantiles(site, [0.2, 0.7]))
            let one = few[0]
            for lane in [0, 7] {
                #expect(try all.0[lane] == fits[lane].mean(site) && all.1[lane] == fits[lane].sd(site))
                #expect(try all.2[lane] == fits[lane].median(site) && all.3.map { $0[lane] } == fits[lane].quantiles(site, [0.2, 0.7]))
            }
            #expect(try all.0[7] == one.mean(site) && all.1[7] == one.sd(site) && all.2[7] == one.median(site), "\(site)")
        }
        let draws = try fits.sample(11, key: Key(2))
        #expect(Set(draws.keys) == Set(Self.sites))
        for (site, values) in draws {
            #expect(values.lanes == 9 && values.shape.first == 11)
            for lane in [0, 7] { #expect(try values[lane] == fits[lane].sample(11, key: Key(2))[site]?.values) }
            #expect(Set((0..<9).map { values[$0] }).count == 9)
        }
    }

    @Test func lostLanesHaveNoNumbers() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.deterministic("b", exp(a))
            // Not known before the run.
            m.factor("f", log(m.data("sign", shape: []) + 0 * a))
        }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Resting())
            .run(keys: Key(0).split(3), steps: 1, data: ["sign": .perLane([1, -1, 2])], device: .cpu)
        for site in ["a", "b"] {
            for values in try [fits.mean(site), fits.sd(site), fits.median(site), fits.sample(5)[site]].compactMap(\.self) {
                #expect((0..<3).map { values[$0].allSatisfy(\.isNaN) } == [false, true, false])
                #expect((0..<3).map { values[$0].allSatisfy(\.isFinite) } == [true, false, true])
            }
        }
        for query in [{ _ = try fits[1].mean("a") }, { _ = try fits[1].summary() }, { _ = try fits[1].sample(2) }] as [() throws -> Void] {
            #expect(errorText(query)?.contains("no valid start") == true)
        }
        let none = try SVI(model, guide: AutoNormal(model), optimizer: Resting())
            .run(keys: Key(0).split(2), steps: 1, data: ["sign": .shared(-1)], device: .cpu)
        #expect(try none.mean("b").values.map(\.isNaN) == [true, true])
        #expect(try none.quantiles("b", [0.5])[0].lanes == 2)
    }

    @Test func mistakesAreNamed() throws {
        let fits = try Self.fits(2)
        let unknown = "there is no latent or deterministic site 'mu'; there are: \(Self.sites.joined(separator: ", "))"
        for query in [{ _ = try fits.mean("mu") }, { _ = try fits[0].sd("mu") }, { _ = try fits.quantiles("mu", [0.5]) }] as [() throws -> Void] {
            #expect(errorText(query) == unknown)
        }
        for probability in [0, 1, -0.1, .nan, .infinity] {
            #expect(errorText { _ = try fits.quantiles("a", [probability]) }?.contains("give numbers between 0 and 1") == true)
        }
        for lane in [-1, 2, .max, .min] {
            #expect(errorText { _ = try fits[lane].mean("a") } == "there is no lane \(lane); there are 2")
            #expect(errorText { _ = try fits[lane].sample(1) } == "there is no lane \(lane); there are 2")
            #expect(fits[lane].elbo.isNaN && fits[lane].status == .noValidStart)
        }
        #expect(throws: LockstepError.self) { try fits[0].quantiles("a", [2]) }
    }

    /// Counts that no machine holds are refused with what they would take.
    @Test func absurdCountsAreRefused() throws {
        let fits = try Self.fits(3)
        for count in [.max, 1 << 40, 1 << 62] {
            for query in [{ _ = try fits[0].sample(count) }, { _ = try fits.sample(count) }] as [() throws -> Void] {
                let text = try #require(errorText(query))
                #expect(text.contains("GB of memory") && text.contains("\(count) draws"), "\(text)")
            }
        }
        for count in [0, -1, .min] {
            #expect(errorText { _ = try fits.sample(count) } == "cannot draw \(count) samples; give at least 1")
            #expect(errorText { _ = try fits[0].sample(count) } == "cannot draw \(count) samples; give at least 1")
        }
        // Nothing to draw is no reason to count to the end of time.
        let empty = Model { m in m.factor("f", -m.param("x", 1)) }
        let nothing = try SVI(empty, guide: Model { _ in }, optimizer: SGD()).run(keys: [Key(0)], steps: 1, device: .cpu)
        #expect(errorText { _ = try nothing[0].sample(.max) }?.contains("GB of memory") == true)
        #expect(try nothing[0].summary().isEmpty)
    }

    @Test func absurdIntervalsAreLong() throws {
        var options = RunOptions()
        options.lossInterval = .max
        let fits = try Self.svi.run(keys: Key(0).split(2), steps: 3, device: .cpu, options: options)
        #expect(try fits.losses(lane: 1).count == 1)
        #expect(try Self.svi.explain(steps: 3, lanes: 2, device: .cpu, options: options).kernels.isEmpty)
    }

    /// The lane's key and the caller's: each matters, and neither undoes the other.
    @Test func keysOfLanesAndCallersDoNotCancel() throws {
        let model = Model { m in m.sample("a", Normal(0, 1)) }
        let svi = SVI(model, guide: AutoNormal(model, initializer: .value(["a": 0])), optimizer: Resting())
        let lanes = [0, 1, 2, 3, 7, 1 << 32, 3 << 32].map { Key($0) }
        let fits = try svi.run(keys: lanes, steps: 1, device: .cpu)
        var drawn: Set<[Double]> = []
        for lane in lanes.indices {
            for caller in [0, 1, 2, 3, 7, 1 << 32, 2 << 32, .max] as [UInt64] {
                drawn.insert(try #require(try fits[lane].sample(3, key: Key(caller))["a"]).values)
            }
        }
        #expect(drawn.count == lanes.count * 8)
        #expect(try fits[2].sample(3, key: Key(7))["a"]?.values == fits[2].sample(3, key: Key(7))["a"]?.values)
    }

    @Test func fitsAreACollection() throws {
        let fits = try Self.fits(7)
        #expect(fits.count == 7 && fits.lanes == 7 && fits.map(\.lane) == Array(0..<7))
        #expect(fits.first?.lane == 0 && fits.last?.lane == 6 && fits[2...3].map(\.lane) == [2, 3])
        #expect(fits.reversed().map(\.lane) == [6, 5, 4, 3, 2, 1, 0])
        #expect(fits.max { $0.elbo < $1.elbo }?.lane == fits.best.lane)
        #expect(zip(fits, fits.elbo).allSatisfy { $0.elbo == $1 })
        func count(_ fits: some RandomAccessCollection<Fit>) -> Int { fits.count }
        #expect(count(fits) == 7)
    }
}
