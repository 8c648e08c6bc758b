import Lockstep
import Synchronization
import Testing

@testable import LockstepInference

/// Section 8 of the design, at the level of `SVI.run`: a lane is a function of its key and its data alone.
@Suite struct InvariantTests {
    /// Draws of several kinds, a plate, a latent that only the model has, and data.
    static let model = Model { m in
        let y = m.data("y", shape: [5])
        let mu = m.sample("mu", Normal(0, 5))
        let sigma = m.sample("sigma", HalfCauchy(1))
        m.plate("units", 5) { m in
            let theta = m.sample("theta", Normal(mu, sigma))
            let noise = m.sample("noise", Gamma(2, 3))
            m.observe("obs", Normal(theta + noise, 1), y)
        }
    }
    static let data: [String: LaneData] = ["y": .shared([1.5, -0.5, 2, 0.25, 3])]

    static func svi(particles: Int = 1) -> SVI {
        SVI(
            model, guide: AutoNormal(model.block(hide: ["noise"])), optimizer: Adam(learningRate: 0.05),
            loss: TraceELBO(particles: particles))
    }

    private func run(
        _ keys: [Key], on device: TestDevice, steps: Int = 70, _ configure: (inout RunOptions) -> Void = { _ in }
    ) throws -> Fits {
        var options = RunOptions()
        options.lossInterval = 7
        configure(&options)
        return try Self.svi().run(keys: keys, steps: steps, data: Self.data, device: device.device, options: options)
    }

    @Test(arguments: TestDevice.all)
    func laneDoesNotKnowTheBatchSize(_ device: TestDevice) throws {
        let keys = Key(0).split(20_000)
        let few = try run(Array(keys[..<8]), on: device)
        let many = try run(keys, on: device)
        for lane in 0..<8 { #expect(few.bits(lane) == many.bits(lane), "lane \(lane)") }
        for lane in [3, 7, 19_999] {
            #expect(try run([keys[lane]], on: device).bits(0) == many.bits(lane), "lane \(lane) alone")
        }
        #expect(Set(many.unconstrained("mu_auto_loc").map { $0[0] }).count > 19_900)
    }

    @Test(arguments: TestDevice.all)
    func laneDoesNotKnowItsPlace(_ device: TestDevice) throws {
        let keys = Key(1).split(37)
        let order = (0..<37).map { ($0 * 11 + 5) % 37 }
        let straight = try run(keys, on: device)
        let permuted = try run(order.map { keys[$0] }, on: device)
        for (place, lane) in order.enumerated() { #expect(permuted.bits(place) == straight.bits(lane), "lane \(lane)") }
        // Nor do draws afterwards.
        let draws = try straight[order[2]].sample(5)
        let moved = try permuted[2].sample(5)
        for (site, values) in draws { #expect((0..<5).allSatisfy { values[$0] == moved[site]?[$0] }, "\(site)") }
        #expect(try straight[order[2]].quantiles("noise", [0.3]) == permuted[2].quantiles("noise", [0.3]))
    }

    @Test(arguments: TestDevice.all)
    func laneDoesNotKnowItsWave(_ device: TestDevice) throws {
        let keys = Key(2).split(53)
        let whole = try run(keys, on: device)
        for budget in [1, 4_000, 20_000] {
            #expect(try run(keys, on: device) { $0.memoryBudget = budget }.bits == whole.bits, "\(budget) bytes")
        }
    }

    @Test(arguments: TestDevice.all)
    func laneDoesNotKnowTheLaunches(_ device: TestDevice) throws {
        let keys = Key(3).split(17)
        let whole = try run(keys, on: device, steps: 175)
        let calls = Mutex<[Double]>([])
        let pieces = try run(keys, on: device, steps: 175) { options in
            options.onProgress = { share in calls.withLock { $0.append(share) } }
            options.memoryBudget = 8_000
        }
        #expect(pieces.bits == whole.bits)
        let shares = calls.withLock { $0 }
        // By time: of a short run, after the first step, before the last tenth and at the end.
        #expect(shares.count >= 3 && shares == shares.sorted())
        #expect(abs((shares.last ?? 0) - 1) < 1e-12)
    }

    @Test(arguments: TestDevice.all)
    func repeatedRunsAreEqual(_ device: TestDevice) throws {
        let keys = Key(4).split(33)
        #expect(try run(keys, on: device).bits == run(keys, on: device).bits)
    }

    /// Equal keys are equal fits, wherever they are.
    @Test(arguments: TestDevice.all)
    func equalKeysAreEqualFits(_ device: TestDevice) throws {
        let fits = try run([Key(9), Key(8), Key(9)], on: device)
        #expect(fits.bits(0) == fits.bits(2))
        #expect(fits.bits(0) != fits.bits(1))
    }

    @Test func childrenDoNotDependOnTheirNumber() {
        let many = Key(6).split(1000)
        #expect(Array(Key(6).split(10)) == Array(many[..<10]))
        #expect(Key(6).fold(77) == many[77])
        #expect(Set(many).count == 1000)
        #expect(Set(many).isDisjoint(with: Key(7).split(1000)))
        #expect(Key(6).split(0).isEmpty && Key(6).split(-1).isEmpty)
    }

    /// The two devices agree: not bit for bit, but far beyond what any mistake would leave.
    @Test(arguments: TestDevice.all.filter { !$0.isInterpreter })
    func deviceAgreesWithInterpreter(_ device: TestDevice) throws {
        let keys = Key(5).split(64)
        let found = try run(keys, on: device, steps: 40)
        let expected = try run(keys, on: .interpreter, steps: 40)
        for name in ["mu_auto_loc", "mu_auto_scale", "theta_auto_loc"] {
            let pairs = zip(found.unconstrained(name).flatMap { $0 }, expected.unconstrained(name).flatMap { $0 })
            let worst = pairs.map { abs($0 - $1) / max(1, abs($1)) }.max() ?? .infinity
            #expect(worst < 2e-3, "\(name): \(worst)")
        }
    }

    /// The history is what it says: means over the interval, whatever the interval.
    @Test func historyIsMeansOfSteps() throws {
        let keys = Key(5).split(3)
        let single = try run(keys, on: .interpreter, steps: 100) {
            $0.lossInterval = 1
            $0.precision = .double
        }
        for interval in [2, 7, 50, 100, 1000] {
            let fits = try run(keys, on: .interpreter, steps: 100) {
                $0.lossInterval = interval
                $0.precision = .double
            }
            for lane in 0..<3 {
                let steps = try single.losses(lane: lane)
                let expected = stride(from: 0, to: 100, by: interval).map { first in
                    let window = steps[first..<min(first + interval, 100)]
                    return window.reduce(0, +) / Double(window.count)
                }
                let history = try fits.losses(lane: lane)
                #expect(history.count == expected.count)
                #expect(zip(history, expected).allSatisfy { abs($0 - $1) < 1e-9 * abs($1) }, "interval \(interval)")
                #expect(fits.initialLoss[lane] == steps[0])
                #expect(abs(fits.loss[lane] - steps[50...].reduce(0, +) / 50) < 1e-9 * abs(fits.loss[lane]))
            }
        }
    }
}
