import Lockstep
import Testing

@testable import LockstepInference

/// Lanes that fail are frozen at their last finite state, say so, and cost the others nothing.
@Suite struct DivergenceTests {
    static let model = Model { m in
        let y = m.data("y", shape: [4])
        let rate = m.sample("rate", LogNormal(0, 1))
        let loc = m.sample("loc", Normal(0, 3))
        m.plate("rows", 4) { m in m.observe("obs", Normal(loc * rate, 0.5), y) }
    }
    static let data: [String: LaneData] = ["y": .shared([1, 2, 1.5, 0.5])]
    static let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: .data("lr")))

    private func run(_ keys: [Key], _ rates: [Double], on device: TestDevice, steps: Int = 120) throws -> Fits {
        var data = Self.data
        data["lr"] = .perLane(rates)
        var options = RunOptions()
        options.lossInterval = 10
        return try Self.svi.run(keys: keys, steps: steps, data: data, device: device.device, options: options)
    }

    @Test(arguments: TestDevice.all)
    func absurdRatesFreezeTheirLanesOnly(_ device: TestDevice) throws {
        let keys = Key(0).split(24)
        let rates = keys.indices.map { lane in lane % 5 == 2 ? 1e6 : lane % 5 == 4 ? 1e30 : 0.01 }
        // A rate of 1e6 is refused now and then, and may or may not end its lane; 1e30 surely does.
        let bad = rates.indices.filter { rates[$0] > 1e6 }
        let fits = try run(keys, rates, on: device)
        for lane in bad {
            guard case .diverged(let step) = fits.status[lane] else {
                Issue.record("lane \(lane) with rate \(rates[lane]): \(fits.status[lane])")
                continue
            }
            #expect((0..<20).contains(step), "lane \(lane): step \(step)")
            #expect(fits.loss[lane].isNaN)
            #expect(fits.refusedLosses[lane] + fits.refusedGradients[lane] >= 10)
            let history = try fits.losses(lane: lane)
            #expect(history.suffix(8).allSatisfy { $0.isNaN }, "a number for a lane that has none")
            #expect(fits.initialLoss[lane].isFinite)
        }
        // The rest are as if the others had never been.
        let good = rates.indices.filter { rates[$0] < 1 }
        let alone = try run(good.map { keys[$0] }, good.map { rates[$0] }, on: device)
        for (place, lane) in good.enumerated() {
            #expect(fits.status[lane] == .finished)
            #expect(fits.bits(lane) == alone.bits(place), "lane \(lane)")
        }
        #expect(!bad.contains(fits.best.lane))
        for lane in rates.indices {
            let parameters = fits.outcome.parameters.values.flatMap { $0.lane(lane) }
            #expect(parameters.allSatisfy { $0.isFinite }, "lane \(lane), rate \(rates[lane]): \(parameters)")
        }
    }

    /// More steps change nothing of a frozen lane.
    @Test(arguments: TestDevice.all)
    func frozenLanesStay(_ device: TestDevice) throws {
        let keys = Key(1).split(5)
        let rates = [1e30, 0.01, 1e25, 1e30, 1e35]
        let short = try run(keys, rates, on: device, steps: 60)
        let long = try run(keys, rates, on: device, steps: 180)
        for lane in [0, 2, 3, 4] {
            #expect(short.status[lane].isLost && short.status[lane] == long.status[lane])
            #expect(short.bits(lane).parameters == long.bits(lane).parameters)
            #expect(short.refusedLosses[lane] == long.refusedLosses[lane])
            #expect(short.refusedGradients[lane] == long.refusedGradients[lane])
        }
        #expect(short.bits(1).parameters != long.bits(1).parameters)
    }

    /// The loss turns to NaN at a step of its own in each lane: exactly from there on the lane is lost.
    @Test(arguments: TestDevice.all)
    func divergenceTellsItsStep(_ device: TestDevice) throws {
        // x moves by 0.1 a step from 0; from x = bound on, the density is not finite.
        let model = Model { m in
            let bound = m.data("bound")
            let x = m.param("x", 0)
            m.factor("slope", x + log((bound - x).withoutGradient) * 0)
        }
        let bounds = [0.55, 1.05, 2.55, 100]
        let fits = try SVI(model, guide: Model { _ in }, optimizer: SGD(learningRate: 0.1))
            .run(keys: Key(0).split(4), steps: 100, data: ["bound": .perLane(bounds)], device: device.device)
        #expect(fits.status == [.diverged(step: 6), .diverged(step: 11), .diverged(step: 26), .finished])
        #expect(fits.refusedLosses == [10, 10, 10, 0])
        #expect(fits.refusedGradients == [0, 0, 0, 0])
        let x = fits.unconstrained("x").map { $0[0] }
        for (found, expected) in zip(x, [0.6, 1.1, 2.6, 10]) { #expect(abs(found - expected) < 1e-4) }
    }

    /// A finite loss with a gradient that is not is counted apart.
    @Test(arguments: TestDevice.all)
    func refusedGradientsAreCountedApart(_ device: TestDevice) throws {
        // The derivative of sqrt is infinite at 0, where x arrives after one step.
        let model = Model { m in
            let x = m.param("x", 1)
            m.factor("f", x * 0 - sqrt(abs(x)))
        }
        let fits = try SVI(model, guide: Model { _ in }, optimizer: SGD(learningRate: 2))
            .run(keys: [Key(0)], steps: 30, device: device.device)
        #expect(fits.status == [.diverged(step: 1)])
        #expect(fits.refusedLosses == [0] && fits.refusedGradients == [10])
        #expect(fits.unconstrained("x") == [[0]])

        // A gradient whose square overflows counts as one that is not finite: -2e12, then 4e24.
        let steep = Model { m in
            let x = m.param("x", 1)
            m.factor("f", -1e12 * x * x)
        }
        let overflowing = try SVI(steep, guide: Model { _ in }, optimizer: SGD(learningRate: 1))
            .run(keys: [Key(0)], steps: 30, device: device.device)
        #expect(overflowing.status == [.diverged(step: 1)])
        #expect(overflowing.refusedLosses == [0] && overflowing.refusedGradients == [10])
        #expect(abs(overflowing.unconstrained("x")[0][0] / -2e12 - 1) < 1e-5)
    }

    /// A few refused steps do not end a lane.
    @Test(arguments: TestDevice.all)
    func singleRefusalsAreSteppedOver(_ device: TestDevice) throws {
        // A draw below 0.2 spoils its step: about one in five.
        let model = Model { m in
            let x = m.param("x", 4)
            let u = m.sample("u", Uniform(0, 1))
            m.factor("f", -0.5 * x * x + log(u - 0.2) * 0)
        }
        let fits = try SVI(model, guide: Model { _ in }, optimizer: SGD(learningRate: 0.05))
            .run(keys: Key(0).split(200), steps: 400, device: device.device)
        #expect(fits.status.allSatisfy { $0 == .finished })
        let mean = Double(fits.refusedLosses.reduce(0, +)) / 200
        // Binomial(400, 0.2): mean 80, sd 8; over 200 lanes 0.57.
        #expect(abs(mean - 80) < 3)
        #expect(fits.loss.allSatisfy { $0.isFinite })
        #expect(fits.unconstrained("x").allSatisfy { abs($0[0]) < 1e-3 })
    }

    /// Whatever the rate, what a lane carries is finite.
    @Test(arguments: TestDevice.all)
    func overflowingUpdatesAreNotTaken(_ device: TestDevice) throws {
        let model = Model { m in m.factor("f", -1e15 * m.param("x", 1)) }
        for optimizer in [SGD(learningRate: 1e30), SGD(learningRate: 3e38, momentum: 0.9), Adam(learningRate: 3e38)] as [any Optimizer] {
            let fits = try SVI(model, guide: Model { _ in }, optimizer: optimizer)
                .run(keys: [Key(0)], steps: 30, device: device.device)
            #expect(fits.outcome.parameters.values.allSatisfy { $0.lane(0).allSatisfy { $0.isFinite } })
        }
    }
}
