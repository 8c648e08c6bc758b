import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Importance weights of draws from guides that stay where they start.
@Suite struct LogWeightTests {
    /// y ~ N(a, 1) at 1.5 with a ~ N(0, 1): the posterior is N(0.75, 1 / sqrt 2).
    static func svi(_ loc: Double, _ scale: Double) -> SVI {
        let model = FinalEstimateTests.model()
        return SVI(model, guide: AutoNormal(model, initializer: .value(["a": Tensor(loc)]), initialScale: scale), optimizer: Resting())
    }

    private func run(_ svi: SVI, lanes: Int, on device: TestDevice, _ configure: (inout RunOptions) -> Void = { _ in }) throws -> Fits {
        var options = RunOptions()
        options.schedule = .lanes
        configure(&options)
        return try svi.run(keys: Key(4).split(lanes), steps: 1, device: device.device, options: options)
    }

    /// log p(x, z) - log q(z | x) is the log evidence, whatever z is.
    @Test(arguments: TestDevice.all, Precision.allCases)
    func exactGuidesWeighTheEvidence(_ device: TestDevice, _ precision: Precision) throws {
        if precision == .double, !device.hasDouble { return }
        let fits = try run(Self.svi(0.75, 0.5.squareRoot()), lanes: 5, on: device) { $0.precision = precision }
        let evidence = -0.5 * log(2 * Double.pi * 2) - 1.5 * 1.5 / 4
        let weights = try fits.logWeights(draws: 300)
        #expect(weights.lanes == 5 && weights.shape == [300])
        #expect(weights.values.allSatisfy { abs($0 - evidence) < (precision == .float ? 1e-5 : 1e-12) })
        for trust in try fits.trust(draws: 300) {
            #expect(trust.verdict == .good && trust.paretoShape == -.infinity && trust.draws == 300, "\(trust)")
            #expect(abs(trust.effectiveSampleSize - 300) < 0.01 && abs(trust.elbo - evidence) < 1e-5 && trust.nonFiniteDraws == 0)
        }
    }

    /// With a = m + s z the log weight is c + s (y - 2 m) z + (1 / 2 - s^2) z^2.
    @Test(arguments: TestDevice.all)
    func weightsHaveTheirMoments(_ device: TestDevice) throws {
        let fits = try run(Self.svi(0.5, 0.25), lanes: 100, on: device)
        let weights = try fits.logWeights(draws: 500).values
        #expect(weights.count == 50_000 && Set(weights).count > 40_000)
        #expect(abs(Statistics.mean(weights) - FinalEstimateTests.elbo) < 4 * FinalEstimateTests.deviation / 50_000.0.squareRoot())
        #expect(abs(Statistics.variance(weights).squareRoot() / FinalEstimateTests.deviation - 1) < 0.03)
        let trust = try fits.trust(draws: 500)
        for lane in 0..<100 {
            let own = Array(weights[(lane * 500)..<((lane + 1) * 500)])
            #expect(abs(trust[lane].elbo - Statistics.mean(own)) < 1e-6)
            #expect(abs(trust[lane].elboError / (Statistics.variance(own) / 500).squareRoot() - 1) < 1e-2)
        }
        // None of the draws that the final estimate has.
        #expect(fits.elbo != trust.map(\.elbo))
    }

    /// More draws begin with the fewer, and a lane does not know its batch or its wave.
    @Test(arguments: TestDevice.all)
    func lanesAreAlone(_ device: TestDevice) throws {
        let model = PosteriorTests.model
        let svi = SVI(model, guide: AutoNormal(model, initialScale: 0.5), optimizer: Resting())
        let all = try run(svi, lanes: 37, on: device)
        let weights = try all.logWeights(draws: 200)
        let (trust, shifts) = try (all.trust(draws: 200), all.resampled("shift", draws: 200))
        #expect(weights.values.allSatisfy(\.isFinite) && shifts.shape == [200, 4])
        let more = try all.logWeights(draws: 300)
        #expect((0..<37).allSatisfy { Array(more[$0].prefix(200)) == weights[$0] })
        for lane in [0, 17, 36] {
            var options = RunOptions()
            options.schedule = .lanes
            let solo = try svi.run(keys: [all.keys[lane]], steps: 1, device: device.device, options: options)
            #expect(try solo.logWeights(draws: 200)[0] == weights[lane] && all[lane].logWeights(draws: 200) == weights[lane])
            #expect(try solo.trust(draws: 200)[0] == trust[lane] && all[lane].trust(draws: 200) == trust[lane])
            #expect(try solo.resampled("shift", draws: 200)[0] == shifts[lane] && all[lane].resampled("shift", draws: 200).values == shifts[lane])
        }
        let waves = try run(svi, lanes: 37, on: device) { $0.memoryBudget = 20_000 }
        #expect(try waves.logWeights(draws: 200).values == weights.values && waves.trust(draws: 200) == trust)
        #expect(try waves.resampled("shift", draws: 200).values == shifts.values)
    }

    /// Each resampled value is one of the weighed draws, as often as its smoothed weight says.
    @Test(arguments: TestDevice.all)
    func resampledDrawsAreTheWeighedOnes(_ device: TestDevice) throws {
        let fits = try run(Self.svi(0.5, 0.25), lanes: 4, on: device)
        let draws = 30
        let (weights, values) = try (fits.logWeights(draws: draws), fits.resampled("a", draws: draws))
        func logWeight(_ a: Double) -> Double {
            let z = (a - 0.5) / 0.25
            return -log(2 * Double.pi) / 2 + log(0.25) + (z * z - a * a - (1.5 - a) * (1.5 - a)) / 2
        }
        for lane in 0..<4 {
            let smoothed = ParetoSmoothing(weights[lane], rounding: 1e-3).logWeights
            var times = Array(repeating: 0, count: draws)
            for value in values[lane] {
                let distances = weights[lane].map { abs($0 - logWeight(value)) }
                let nearest = try #require(distances.indices.min { distances[$0] < distances[$1] })
                #expect(distances[nearest] < 1e-4)
                times[nearest] += 1
            }
            #expect(zip(times, smoothed).allSatisfy { abs(Double($0) - Double(draws) * exp($1)) < 1 + 1e-9 })
            #expect(Set(values[lane]).count > 3)
        }
    }

    /// From a wide guide beside the posterior, resampled draws have its moments; what follows from a draw goes with it.
    @Test(arguments: TestDevice.all)
    func resampledDrawsAreThePosterior(_ device: TestDevice) throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.deterministic("pair", Tensor.stack([a, -2 * a]))
        }
        let svi = SVI(model, guide: AutoNormal(model, initializer: .value(["a": 0.5]), initialScale: 1.3), optimizer: Resting())
        let fits = try run(svi, lanes: 200, on: device)
        let (a, pair) = try (fits.resampled("a", draws: 500), fits.resampled("pair", draws: 500))
        #expect(abs(Statistics.mean(a.values)) < 0.02 && abs(Statistics.variance(a.values) - 1) < 0.03)
        #expect(pair.shape == [500, 2])
        for lane in [0, 199] { #expect(pair[lane] == a[lane].flatMap { [$0, -2 * $0] }) }
        let own = try fits[7].resampled("pair", draws: 500)
        #expect(own.lanes == 500 && own.shape == [2] && own[3] == Array(pair[7][6..<8]))
        #expect(Set((0..<200).map { a[$0] }).count == 200)
    }

    @Test func latentsWithoutAGuideWeighNothing() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.sample("b", Normal(a, 3))
        }
        let guide = AutoNormal(model.block(hide: ["b"]), initializer: .value(["a": 0]), initialScale: 1)
        let fits = try run(SVI(model, guide: guide, optimizer: Resting()), lanes: 3, on: .interpreter)
        #expect(try fits.logWeights(draws: 100).values.allSatisfy { abs($0) < 1e-5 })
        #expect(try fits.resampled("b", draws: 100).values.allSatisfy(\.isFinite))
        #expect(try fits.trust(draws: 100).allSatisfy { $0.verdict == .good && $0.largestShift?.site == "a" })
    }

    @Test func mistakesAreNamed() throws {
        let fits = try run(Self.svi(0.5, 0.25), lanes: 2, on: .interpreter)
        for draws in [0, -1, .min, .max, 1 << 23] {
            let text = "the number of weighed draws is \(draws); give 1 to 262144"
            #expect(errorText { _ = try fits.logWeights(draws: draws) } == text && errorText { _ = try fits[0].logWeights(draws: draws) } == text)
            #expect(errorText { _ = try fits.resampled("a", draws: draws) } == text)
        }
        #expect(errorText { _ = try fits.trust(draws: 99) } == "the number of weighed draws is 99; give 100 to 262144")
        #expect(errorText { _ = try fits.resampled("mu") } == "there is no latent or deterministic site 'mu'; there are: a")
        for lane in [-1, 2, .max] {
            #expect(errorText { _ = try fits[lane].trust() } == "there is no lane \(lane); there are 2")
            #expect(errorText { _ = try fits[lane].logWeights() } == "there is no lane \(lane); there are 2")
            #expect(errorText { _ = try fits[lane].resampled("a") } == "there is no lane \(lane); there are 2")
        }
    }
}
