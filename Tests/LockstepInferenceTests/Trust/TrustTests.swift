import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Which lanes are trusted, and why.
@Suite struct TrustTests {
    /// A standard normal, and a guide that stays.
    private func fits(_ loc: Double, _ scale: Double, lanes: Int = 4, on device: TestDevice) throws -> Fits {
        let model = Model { m in m.sample("a", Normal(0, 1)) }
        let guide = AutoNormal(model, initializer: .value(["a": Tensor(loc)]), initialScale: scale)
        return try SVI(model, guide: guide, optimizer: Resting()).run(keys: Key(2).split(lanes), steps: 1, device: device.device)
    }

    /// N(0, s) against N(0, 1) with 50,000 draws: the shape rises as s falls, 1 - s^2 for endless draws; what so many say is by ArviZ.
    @Test(arguments: TestDevice.all)
    func shapeRisesAsTheGuideNarrows(_ device: TestDevice) throws {
        var last = Double.infinity
        let goldens = try ParetoCase.goldens()["scales"].elements
        #expect(goldens.count == 4)
        for golden in goldens {
            let shapes = try fits(0, golden["scale"].number, on: device).trust(draws: 50_000).map(\.paretoShape)
            let mean = Statistics.mean(shapes)
            print("Pareto shape on \(device.testDescription), scale \(golden["scale"].number): \(mean), ArviZ \(golden["mean"].number)")
            // Four lanes beside a hundred sets of draws.
            let error = golden["deviation"].number * (1.0 / 4 + 1.0 / 100).squareRoot()
            #expect(abs(mean - golden["mean"].number) < 4 * error)
            #expect(mean < last)
            last = mean
        }
    }

    @Test(arguments: TestDevice.all)
    func closeGuidesAreGood(_ device: TestDevice) throws {
        for (loc, scale) in [(0, 1), (0.05, 1), (0, 1.05), (-0.05, 0.97)] {
            for trust in try fits(loc, scale, on: device).trust() {
                #expect(trust.verdict == .good, "\(loc), \(scale): \(trust)")
                #expect(trust.paretoShape < 0.5 && trust.effectiveSampleSize > 900)
            }
        }
    }

    /// A guide beside the posterior by d of its standard deviations: weights move its mean back by d.
    @Test(arguments: TestDevice.all)
    func shiftsAreFound(_ device: TestDevice) throws {
        for shift in [0.3, 0.4, -0.5] {
            for trust in try fits(shift, 1, on: device).trust() {
                #expect(trust.verdict == .usableWithResampling, "\(trust)")
                #expect(trust.reason.contains("weights move the mean of 'a' by"))
                let found = try #require(trust.largestShift)
                #expect(found.site == "a" && found.element == [] && abs(found.value + shift) < 5 * found.error && found.error < 0.1)
            }
        }
        // Lanes scatter by the error that they state.
        let many = try fits(0, 1.2, lanes: 300, on: device).trust(draws: 400).compactMap(\.largestShift)
        #expect(many.count == 300)
        let error = Statistics.mean(many.map(\.error))
        #expect(abs(Statistics.variance(many.map(\.value)).squareRoot() / error - 1) < 0.2)
        #expect(abs(Statistics.mean(many.map(\.value))) < 4 * error / 300.0.squareRoot() + 0.001)
    }

    /// In the space where the latent may be any number, and of the element that it is.
    @Test(arguments: TestDevice.all)
    func shiftsAreThoseOfCoordinates(_ device: TestDevice) throws {
        let model = Model { m in
            m.sample("b", Normal(1e4, 1))
            m.plate("rows", 3) { m in m.sample("rate", LogNormal(Tensor([0, 1, 2]), 1)) }
        }
        let starts: [String: Tensor] = ["b": Tensor(1e4), "rate": exp(Tensor([0, 1.4, 2]))]
        let guide = AutoNormal(model, initializer: .value(starts), initialScale: 1)
        let fits = try SVI(model, guide: guide, optimizer: Resting()).run(keys: Key(3).split(3), steps: 1, device: device.device)
        for trust in try fits.trust() {
            let found = try #require(trust.largestShift)
            #expect(found.site == "rate" && found.element == [1] && abs(found.value + 0.4) < 5 * found.error, "\(trust)")
            #expect(trust.verdict == .usableWithResampling && trust.reason.contains("'rate[1]'"))
        }
    }

    /// No spread of its own makes up for what a mean field leaves out.
    @Test(arguments: TestDevice.all)
    func wrongGuidesAreNotGood(_ device: TestDevice) throws {
        let correlation = 0.95
        let rest = (1 - correlation * correlation).squareRoot()
        let correlated = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.sample("b", Normal(correlation * a, Tensor(rest)))
        }
        let fits = try SVI(correlated, guide: AutoNormal(correlated), optimizer: Adam(learningRate: 0.02))
            .run(keys: Key(1).split(16), steps: 1500, device: device.device)
        let found = try fits.trust()
        #expect(found.allSatisfy { $0.verdict == .notTrusted || $0.verdict == .usableWithResampling }, "\(found)")
        #expect(found.contains { $0.verdict == .notTrusted && $0.reason.contains("tails are too light") })
        let funnel = Model { m in
            let v = m.sample("v", Normal(0, 3))
            m.plate("rows", 9) { m in m.sample("x", Normal(0, exp(v / 2))) }
        }
        let narrow = try SVI(funnel, guide: AutoNormal(funnel), optimizer: Adam(learningRate: 0.02))
            .run(keys: Key(1).split(16), steps: 1500, device: device.device).trust()
        #expect(narrow.allSatisfy { $0.verdict == .notTrusted || $0.verdict == .usableWithResampling }, "\(narrow)")
        #expect(narrow.filter { $0.verdict == .notTrusted }.count >= 8)
    }

    @Test func lostLanesFailed() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.factor("f", log(m.data("sign", shape: []) + 0 * a))
        }
        let guide = AutoNormal(model, initializer: .value(["a": 0]), initialScale: 1)
        let fits = try SVI(model, guide: guide, optimizer: Resting())
            .run(keys: Key(0).split(3), steps: 1, data: ["sign": .perLane([1, -1, 2])], device: .cpu)
        let trust = try fits.trust(draws: 200)
        #expect(trust.map(\.verdict) == [.good, .failed, .good])
        #expect(trust[1].reason == "the lane has no result: no valid start" && trust[1].paretoShape.isNaN && trust[1].elbo.isNaN)
        #expect(trust[1].largestShift == nil && trust[1].draws == 200)
        #expect(abs(trust[2].elbo - log(2)) < 1e-5)
        for values in try [fits.logWeights(draws: 50), fits.resampled("a", draws: 50)] {
            #expect((0..<3).map { values[$0].allSatisfy(\.isNaN) } == [false, true, false])
            #expect((0..<3).map { values[$0].allSatisfy(\.isFinite) } == [true, false, true])
        }
        #expect(try fits[1].trust().verdict == .failed)
        #expect(errorText { _ = try fits[1].logWeights() }?.contains("no valid start") == true)
        #expect(errorText { _ = try fits[1].resampled("a") }?.contains("no valid start") == true)
        let none = try SVI(model, guide: guide, optimizer: Resting())
            .run(keys: Key(0).split(2), steps: 1, data: ["sign": .shared(-1)], device: .cpu)
        #expect(try none.trust().map(\.verdict) == [.failed, .failed] && none.logWeights().values.allSatisfy(\.isNaN))
        #expect(try none.resampled("a", draws: 7).shape == [7])
    }

    @Test func pointsAreNoPosterior() throws {
        let model = Model { m in
            m.sample("b", Normal(0, 1))
            m.sample("a", Normal(0, 1))
        }
        let points = try SVI(model, guide: AutoDelta(model), optimizer: Resting()).run(keys: Key(0).split(2), steps: 1, device: .cpu)
        for trust in try points.trust() { #expect(trust.verdict == .notTrusted && trust.reason.contains("gives 'b' no spread"), "\(trust)") }
    }

    /// The weights say that the guide will do where it is; it had not stopped there.
    @Test func movingFitsAreNotGood() throws {
        let model = Model { m in
            m.sample("a", Normal(0, 1))
            m.factor("f", -m.param("x", 0))
        }
        var options = RunOptions()
        options.lossInterval = 10
        func run(_ rate: Double) throws -> Trust {
            let guide = AutoNormal(model, initializer: .value(["a": 0]), initialScale: 1)
            return try SVI(model, guide: guide, optimizer: SGD(learningRate: rate))
                .run(keys: [Key(0)], steps: 500, device: .cpu, options: options).trust()[0]
        }
        let (moving, resting) = try (run(1e-3), run(1e-9))
        #expect(moving.verdict == .usableWithResampling && moving.reason.contains("still falling"), "\(moving)")
        #expect(resting.verdict == .good, "\(resting)")
    }

    /// Half of the draws lie where the posterior is not.
    @Test func strayDrawsAreSeen() throws {
        let model = Model { m in m.sample("a", Uniform(0, 1)) }
        let guide = Model { m in m.sample("a", Uniform(0, m.param("top", 2))) }
        let fits = try SVI(model, guide: guide, optimizer: Resting()).run(keys: Key(0).split(3), steps: 1, device: .cpu)
        for (lane, trust) in try fits.trust(draws: 400).enumerated() {
            #expect(trust.verdict == .usableWithResampling && trust.paretoShape == -.infinity, "\(trust)")
            #expect(abs(trust.nonFiniteDraws - 0.5) < 0.1 && trust.reason.contains("where the posterior is not"))
            #expect(try fits.resampled("a", draws: 400)[lane].allSatisfy { $0 >= 0 && $0 <= 1 })
        }
    }

    /// A sixth of the draws has a density that is no number.
    @Test func undefinedWeightsAreNotTrusted() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.factor("f", 1e-30 * log(1 - a))
        }
        let guide = AutoNormal(model, initializer: .value(["a": 0]), initialScale: 1)
        let fits = try SVI(model, guide: guide, optimizer: Resting()).run(keys: Key(0).split(3), steps: 1, device: .cpu)
        for trust in try fits.trust() { #expect(trust.verdict == .notTrusted && trust.reason.contains("that is no number"), "\(trust)") }
    }

    @Test func limitsAreThoseOfThePaper() {
        #expect(abs(Trust.shapeLimit(100) - 0.5) < 1e-12 && abs(Trust.shapeLimit(1000) - 2.0 / 3) < 1e-12)
        #expect(Trust.shapeLimit(10_000) == 0.7 && Trust.shapeLimit(1 << 22) == 0.7)
        func shift(_ value: Double, _ error: Double) -> Bool { Trust.Shift(site: "a", element: [], value: value, error: error).isNotable }
        // What may be 0.3 is never let pass; what is within two errors of 0.15 is.
        #expect(!shift(0.149, 0) && shift(-0.16, 0) && !shift(0.2, 0.03) && shift(0.25, 0.03) && shift(0, 0.16))
        #expect(shift(.nan, 0.1) && shift(.infinity, .infinity) && shift(0, .nan))
    }
}
