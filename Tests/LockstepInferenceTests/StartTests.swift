import Lockstep
import Testing

@testable import LockstepInference

/// Starts: drawn again until loss and gradient are finite.
@Suite struct StartTests {
    @Test(arguments: TestDevice.all)
    func impossibleModelHasNoValidStart(_ device: TestDevice) throws {
        let model = Model { m in
            let bad = m.data("bad")
            let x = m.sample("x", Normal(0, 1))
            m.factor("never", select(0.5 .< bad, Tensor(-Double.infinity), 0) + 0 * x)
        }
        let keys = Key(0).split(6)
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
        let fits = try svi.run(keys: keys, steps: 60, data: ["bad": .perLane([0, 1, 0, 0, 1, 1])], device: device.device)
        #expect(fits.status == [.finished, .noValidStart, .finished, .finished, .noValidStart, .noValidStart])
        let parameters = try fits.parameters()
        for lane in [1, 4, 5] {
            #expect(fits.loss[lane].isNaN && fits.initialLoss[lane].isNaN)
            let history = try fits.losses(lane: lane)
            #expect(history.allSatisfy { $0.isNaN })
            #expect(parameters.values.allSatisfy { $0[lane].allSatisfy { $0.isNaN } })
            #expect(fits.refusedLosses[lane] == 0 && fits.refusedGradients[lane] == 0)
            #expect(errorText { _ = try fits[lane].median("x") } == "lane \(lane) has no result: no valid start")
            #expect(errorText { _ = try fits[lane].sample(3) } == "lane \(lane) has no result: no valid start")
            #expect(errorText { _ = try fits[lane].parameters() } == "lane \(lane) has no result: no valid start")
        }
        #expect([0, 2, 3].contains(fits.best.lane))
        let alone = try svi.run(keys: [keys[2]], steps: 60, data: ["bad": .shared(0)], device: device.device)
        #expect(alone.bits(0) == fits.bits(2))
        let lost = try svi.run(keys: [keys[2]], steps: 60, data: ["bad": .shared(1)], device: device.device)
        #expect(errorText { _ = try lost.best.median("x") } == "lane 0 has no result: no valid start")
    }

    /// Three starts in four are refused: the lanes try on, each with draws of its own, and none of that shows in the
    /// others.
    @Test(arguments: TestDevice.all)
    func lanesTryUntilTheyStart(_ device: TestDevice) throws {
        let model = Model { m in
            let x = m.sample("x", Normal(0, 1))
            m.factor("half", select(0 .< x, 0, Tensor(-Double.infinity)))
            let y = m.sample("y", Normal(0, 1))
            m.factor("other half", select(0 .< y, 0, Tensor(-Double.infinity)))
        }
        let keys = Key(0).split(300)
        let svi = SVI(model, guide: AutoDelta(model), optimizer: Resting())
        let fits = try svi.run(keys: keys, steps: 1, device: device.device)
        #expect(fits.status.allSatisfy { $0 == .finished })
        for name in ["x_auto_loc", "y_auto_loc"] {
            let starts = fits.unconstrained(name).map { $0[0] }
            #expect(starts.allSatisfy { 0 < $0 && $0 < 2 })
            #expect(Set(starts).count == 300)
        }
        for lane in [0, 1, 2, 3, 4, 299] {
            #expect(try svi.run(keys: [keys[lane]], steps: 1, device: device.device).bits(0) == fits.bits(lane))
        }
        // One attempt starts a quarter of them: 75, sd 7.5.
        var options = RunOptions()
        options.startAttempts = 1
        let once = try svi.run(keys: keys, steps: 1, device: device.device, options: options)
        let started = once.status.filter { $0 == .finished }.count
        #expect((45...105).contains(started))
        // Those are the same as before.
        for lane in 0..<300 where once.status[lane] == .finished { #expect(once.bits(lane) == fits.bits(lane)) }
    }

    @Test(arguments: TestDevice.all)
    func givenValuesAreTheStart(_ device: TestDevice) throws {
        let model = Model { m in
            m.sample("p", Beta(2, 2))
            m.sample("w", Dirichlet([1, 1, 1]))
            m.sample("free", Normal(0, 1))
        }
        let start: [String: Tensor] = ["p": 0.25, "w": [0.5, 0.3, 0.2]]
        let fits = try SVI(model, guide: AutoDelta(model, initializer: .value(start)), optimizer: Resting())
            .run(keys: Key(0).split(4), steps: 1, device: device.device)
        let parameters = try fits.parameters()
        for lane in 0..<4 {
            #expect(abs((parameters["p_auto_loc"]?[lane][0] ?? .nan) - 0.25) < 1e-6)
            #expect(zip(parameters["w_auto_loc"]?[lane] ?? [], [0.5, 0.3, 0.2]).allSatisfy { abs($0 - $1) < 1e-6 })
        }
        #expect(Set((0..<4).map { parameters["free_auto_loc"]?[$0][0] ?? .nan }).count == 4)
    }

    /// The median of draws is a median: of 15 standard normal ones it has standard deviation 0.32.
    @Test func medianStartsAreMedians() throws {
        let model = Model { m in m.sample("x", Normal(1, 2)) }
        func starts(_ initializer: Initializer) throws -> [Double] {
            try SVI(model, guide: AutoDelta(model, initializer: initializer), optimizer: Resting())
                .run(keys: Key(0).split(2000), steps: 1, device: .cpu).unconstrained("x_auto_loc").map { $0[0] }
        }
        func moments(_ values: [Double]) -> (mean: Double, sd: Double) {
            let mean = values.reduce(0, +) / Double(values.count)
            return (mean, (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot())
        }
        let median = moments(try starts(.median))
        #expect(abs(median.mean - 1) < 0.06 && abs(median.sd - 0.64) < 0.05)
        let sample = moments(try starts(.sample))
        #expect(abs(sample.mean - 1) < 0.2 && abs(sample.sd - 2) < 0.15)
        let uniform = moments(try starts(.uniform(radius: 3)))
        #expect(abs(uniform.mean) < 0.17 && abs(uniform.sd - 3.0.squareRoot()) < 0.1)
    }

    @Test(arguments: TestDevice.all)
    func scalesStartWhereAsked(_ device: TestDevice) throws {
        let model = Model { m in m.sample("x", Normal(0, 1)) }
        for (guide, scale) in [(AutoNormal(model), 0.1), (AutoNormal(model, initialScale: 0.7), 0.7)] {
            let fits = try SVI(model, guide: guide, optimizer: Resting()).run(keys: [Key(0)], steps: 1, device: device.device)
            #expect(abs((try fits.parameters()["x_auto_scale"]?[0][0] ?? .nan) - scale) < 1e-6)
        }
    }

    /// A param is real, whatever its initial value is made of.
    @Test(arguments: TestDevice.all)
    func paramsStartFromIntegersAndMasks(_ device: TestDevice) throws {
        let model = Model { m in
            let a = m.param("a", Tensor(integers: [3, -2]))
            let b = m.param("b", m.indices("k", shape: [2]) + 1, constraint: .positive)
            let c = m.param("c", Tensor([true, false]))
            m.factor("f", -square(a + b + c).sum())
        }
        let svi = SVI(model, guide: Model { _ in }, optimizer: Resting())
        let fits = try svi.run(keys: [Key(0)], steps: 1, data: ["k": .shared([1, 4])], device: device.device)
        let parameters = try fits.parameters()
        #expect(parameters["a"]?[0] == [3, -2] && parameters["c"]?[0] == [1, 0])
        #expect(zip(parameters["b"]?[0] ?? [], [2.0, 5]).allSatisfy { abs($0 - $1) < 1e-5 })
    }
}
