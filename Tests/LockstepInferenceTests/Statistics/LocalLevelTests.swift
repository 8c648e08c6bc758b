import Foundation
import Lockstep
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepInference

/// A level that walks and is seen in noise, with its sites in a scan: the posterior is normal, and known.
@Suite struct LocalLevelTests {
    static let (times, walk, noise) = (20, 0.6, 0.8)
    static let y: [Double] = {
        var (random, level) = (SplitMix64(seed: 5), 0.0)
        return (0..<times).map { _ in
            level += walk * (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0...1, using: &random) }
            return level + noise * Double.random(in: -1.7...1.7, using: &random)
        }
    }()
    static let data: [String: LaneData] = ["y": .shared(y)]

    static let model = Model { m in
        let y = m.data("y", shape: [times])
        m.scan("t", over: y, from: 0) { m, level, y in
            let next = m.sample("level", Normal(level, Tensor(walk)))
            m.observe("obs", Normal(next, Tensor(noise)), y)
            return next
        }
    }

    /// The same without a scan.
    static let plain = Model { m in
        let y = m.data("y", shape: [times])
        let level = m.sample("level", Normal(0, 1), shape: [times])
        let before = Tensor.concatenate([Tensor([0.0]), level[..<(-1)]], axis: 0)
        m.factor("walk", (Normal(before, Tensor(walk)).logProb(level) - Normal(0, 1).logProb(level)).sum())
        m.plate("t", times) { m in m.observe("obs", Normal(level, Tensor(noise)), y) }
    }

    /// The exact posterior: its mean, the diagonal of its precision matrix, which is tridiagonal, and the logarithm of that one's determinant.
    static let posterior: (mean: [Double], precision: [Double], logDeterminant: Double) = {
        let (a, b) = (1 / (walk * walk), 1 / (noise * noise))
        let diagonal = (0..<times).map { ($0 == times - 1 ? a : 2 * a) + b }
        // The algorithm of Thomas.
        var (upper, right, logDeterminant) = ([Double](), [Double](), 0.0)
        for t in 0..<times {
            let pivot = diagonal[t] + a * (upper.last ?? 0)
            right.append((y[t] * b + a * (right.last ?? 0)) / pivot)
            upper.append(-a / pivot)
            logDeterminant += log(pivot)
        }
        var mean = right
        for t in (0..<(times - 1)).reversed() { mean[t] = right[t] - upper[t] * mean[t + 1] }
        return (mean, diagonal, logDeterminant)
    }()

    private func svi(_ model: Model, _ optimizer: any Optimizer) -> SVI { SVI(model, guide: AutoNormal(model), optimizer: optimizer) }

    /// The mean field of a normal posterior has its means, and the standard deviations 1 / sqrt(precision).
    ///
    /// The mean of the last n iterates of a stochastic gradient has the covariance H^-1 S H^-1 / n, of the Hessian H and the covariance S of
    /// the gradient's noise (Polyak and Juditsky 1992). Here that is sd^2 / n for a location; for the logarithm of a scale H is 2, and S is
    /// 2 plus squared correlations of neighbours, together no more than 2.5.
    @Test(arguments: TestDevice.all) func isTheExactPosterior(_ device: TestDevice) throws {
        let (steps, lanes) = (4000, 4)
        let fits = try svi(Self.model, Averaged(Adam(learningRate: 0.02), over: 0.5))
            .run(keys: Key(0).split(lanes), steps: steps, data: Self.data, device: device.device)
        let n = Double(steps / 2).squareRoot()
        let (mean, precision, _) = Self.posterior
        for lane in 0..<lanes {
            let (means, sds) = try (fits[lane].mean("level"), fits[lane].sd("level"))
            #expect(fits.status[lane] == .finished && means.count == Self.times)
            for t in 0..<Self.times {
                let sd = 1 / precision[t].squareRoot()
                #expect(abs(means[t] - mean[t]) < 5 * sd / n, "mean \(t) of lane \(lane)")
                #expect(abs(sds[t] / sd - 1) < 5 * (2.5 / 4).squareRoot() / n, "sd \(t) of lane \(lane)")
            }
        }
        // Queries know the axis of time.
        let summary = try fits.best.summary()
        #expect(summary.shape(of: "level") == [Self.times])
        #expect(summary["level"].count == Self.times)
        let draws = try fits.best.sample(7)
        #expect(draws["level"]?[0].count == Self.times)
        #expect(try fits.best.quantiles("level", [0.1, 0.9]).map(\.count) == [Self.times, Self.times])
    }

    /// The largest posterior density is at its mean.
    @Test(arguments: TestDevice.all) func pointIsTheMean(_ device: TestDevice) throws {
        let fits = try SVI(Self.model, guide: AutoDelta(Self.model), optimizer: Adam(learningRate: .cosine(from: 0.05)))
            .run(keys: Key(1).split(3), steps: 2000, data: Self.data, device: device.device)
        for lane in 0..<3 {
            let level = try fits[lane].mean("level")
            #expect(NumPyroGoldens.error(level, Self.posterior.mean) < 1e-3)
        }
    }

    @Test(arguments: TestDevice.all) func lanesAreIndependent(_ device: TestDevice) throws {
        let keys = Key(2).split(37)
        let svi = svi(Self.model, Adam(learningRate: 0.05))
        let all = try svi.run(keys: keys, steps: 60, data: Self.data, device: device.device)
        for lane in [0, 17, 36] {
            #expect(try svi.run(keys: [keys[lane]], steps: 60, data: Self.data, device: device.device).bits(0) == all.bits(lane), "lane \(lane)")
        }
        #expect(Set(all.unconstrained("level_auto_loc").map { $0[0] }).count == 37)
        // Without a scan, the same but for rounding: draws are the same.
        let other = try self.svi(Self.plain, Adam(learningRate: 0.05)).run(keys: keys, steps: 60, data: Self.data, device: device.device)
        for (a, b) in zip(all.unconstrained("level_auto_loc"), other.unconstrained("level_auto_loc")) {
            #expect(NumPyroGoldens.error(a, b) < 2e-3)
        }
    }

    // MARK: Guides

    /// A guide whose steps condition on the step before can be the posterior itself: then each draw has the evidence.
    @Test func aGuideWithAScanIsThePosterior() throws {
        let (a, b) = (1 / (Self.walk * Self.walk), 1 / (Self.noise * Self.noise))
        // What is seen later says of each level, as precision and precision times mean.
        var (slopes, offsets, sds) = ([Double](), [Double](), [Double]())
        var (precision, weighted) = (0.0, 0.0)
        for y in Self.y.reversed() {
            (precision, weighted) = (precision + b, weighted + b * y)
            let whole = a + precision
            slopes.insert(a / whole, at: 0)
            offsets.insert(weighted / whole, at: 0)
            sds.insert((1 / whole).squareRoot(), at: 0)
            (precision, weighted) = (precision * a / whole, weighted * a / whole)
        }
        let (slope, offset, sd) = (Tensor(slopes), Tensor(offsets), Tensor(sds))
        let guide = Model { m in
            m.scan("t", over: [slope, offset, sd], from: [0]) { m, carries, rows in
                ([m.sample("level", Normal(rows[0] * carries[0] + rows[1], rows[2]))], [])
            }
        }
        let prepared = try guide.prepare()
        #expect(prepared.latents == ["level"])
        let (trace, values) = try prepared.trace(Self.model, .sample, [:], TraceRun(purpose: "step"))
        let elbo = trace.logJoint - values.logDensity(trace)
        // The evidence, by the filter of Kalman.
        var (evidence, mean, variance) = (0.0, 0.0, 0.0)
        for y in Self.y {
            variance += Self.walk * Self.walk
            let spread = variance + Self.noise * Self.noise
            evidence += try #require(try ReferenceEvaluator.evaluate(Normal(Tensor(mean), Tensor(spread.squareRoot())).logProb(Tensor(y))).first)
            let gain = variance / spread
            (mean, variance) = (mean + gain * (y - mean), (1 - gain) * variance)
        }
        var seen: Set<Double> = []
        for key: UInt32 in 1...10 {
            let level = try #require(trace["level"]?.value)
            let found = try ReferenceEvaluator.evaluate([elbo, level], inputs: ["y": Self.y], key: (key, 0))
            #expect(abs(found[0][0] - evidence) < 1e-9 * abs(evidence))
            seen.formUnion(found[1])
        }
        #expect(seen.count == 10 * Self.times)
        // Learned, it has nine tenths of what the best mean field misses: half of log(product of the precisions / their determinant).
        let missed = 0.5 * (Self.posterior.precision.reduce(0) { $0 + log($1) } - Self.posterior.logDeterminant)
        let learned = Model { m in
            let slope = m.param("slope", Tensor(repeating: 0.5, shape: [Self.times]))
            let offset = m.param("offset", Tensor(repeating: 0, shape: [Self.times]))
            let sd = m.param("sd", Tensor(repeating: 0.5, shape: [Self.times]), constraint: .positive)
            m.scan("t", over: [slope, offset, sd], from: [0]) { m, carries, rows in
                ([m.sample("level", Normal(rows[0] * carries[0] + rows[1], rows[2]))], [])
            }
        }
        let fits = try SVI(Self.model, guide: learned, optimizer: Adam(learningRate: .cosine(from: 0.05)))
            .run(keys: Key(3).split(2), steps: 1500, data: Self.data, device: .cpu)
        for lane in 0..<2 {
            let gap = evidence - fits.elbo[lane]
            #expect(-5 * fits.elboError[lane] < gap && gap < 0.1 * missed, "\(gap), of \(missed)")
        }
    }

    // MARK: Starts

    @Test(arguments: ["uniform", "median", "sample", "value"]) func starts(_ name: String) throws {
        let value = Tensor(Self.y)
        let all: [String: Initializer] = ["uniform": .uniform(), "median": .median, "sample": .sample, "value": .value(["level": value])]
        let initializer = try #require(all[name])
        let run = TraceRun(purpose: "initial")
        let starts = try AutoNormal(Self.model, initializer: initializer).prepare().initial(run)
        let loc = try #require(starts.values["level_auto_loc"])
        #expect(loc.shape == [Self.times])
        let found = try ReferenceEvaluator.evaluate(loc)
        #expect(Set(found).count == Self.times)
        if name == "value" { #expect(found == Self.y) }
        if name == "sample" {
            // The prior's own draws of that run.
            let prior = try ReferenceEvaluator.evaluate(#require(try Self.model.trace(run)["level"]?.value), inputs: ["y": Self.y])
            #expect(found == prior)
        }
        // The median of 15 has a standard deviation of about 1.25 / sqrt(15) of that of a draw; each is 0 on average.
        if name == "median" { #expect(abs(found[0]) < 5 * 1.25 * Self.walk / 15.0.squareRoot()) }
        let fits = try SVI(Self.model, guide: AutoNormal(Self.model, initializer: initializer), optimizer: Adam(learningRate: 0.01))
            .run(keys: Key(0).split(3), steps: 5, data: Self.data, device: .cpu)
        #expect(fits.status.allSatisfy { $0 == .finished })
    }
}
