import Lockstep
import LockstepCompiler
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepInference

/// Several draws a step, as an axis of the step.
@Suite struct ParticleTests {
    static let eightSchools = Model { m in
        let sigma = m.data("sigma", shape: [8])
        let mu = m.sample("mu", Normal(0, 5))
        let tau = m.sample("tau", HalfCauchy(5))
        m.plate("school", 8) { m in
            let z = m.sample("z", Normal(0, 1))
            m.observe("y", Normal(mu + tau * z, sigma), m.data("y", shape: [8]))
        }
    }
    static let schools: [String: LaneData] = [
        "y": .shared([28, 8, -3, 7, -1, 1, 18, 12]), "sigma": .shared([15, 10, 16, 11, 9, 11, 10, 18]),
    ]

    /// Draws of all kinds: those of the hidden latents come from the prior.
    static let manyDraws = Model { m in
        let rate = m.sample("rate", Gamma(2, 3))
        let level = m.sample("level", Normal(0, 1))
        m.plate("units", 5) { m in
            let noise = m.sample("noise", Gamma(1.7, 2))
            let count = m.sample("count", Poisson(1.5))
            let share = m.sample("share", Uniform(0, 1))
            m.observe("obs", Normal(level + noise + 0.1 * rate * count + share, 1), m.data("y", shape: [5]))
        }
    }
    static let five: [String: LaneData] = ["y": .shared([1.5, -0.5, 2, 0.25, 3])]

    static func svi(_ name: String, particles: Int) -> SVI {
        let isSchools = name == "eight schools"
        let guide = AutoNormal(isSchools ? eightSchools : manyDraws.block(hide: ["noise", "count", "share"]))
        return SVI(
            isSchools ? eightSchools : manyDraws.block(hide: ["count"]), guide: guide, optimizer: Adam(learningRate: 0.05),
            loss: TraceELBO(particles: particles))
    }

    static func data(_ name: String) -> [String: LaneData] { name == "eight schools" ? schools : five }

    // MARK: Values

    @Test(arguments: ["eight schools", "many draws"], [2, 5]) func isTheMeanOfSeparateTraces(_ name: String, _ particles: Int) throws {
        let svi = Self.svi(name, particles: particles)
        let shapes = Self.data(name).shapes(lanes: 1)
        let guide = try svi.guide.prepare(GuideData(shapes))
        let origin = Origin()
        let parameters = guide.carried(origin)
        let step = LossStep(model: svi.model, guide: guide, parameters: parameters, origin: origin, data: shapes)
        let names = parameters.keys.sorted()
        let targets = names.compactMap { parameters[$0] }
        func all(_ loss: Tensor) -> [Tensor] { [loss] + Gradient.of(loss, withRespectTo: targets) }
        let found = all(try svi.loss.value(of: step))
        let losses = try (0..<particles).map { particle in
            let (model, own) = try step.logDensities(particle: particle)
            return own - model
        }
        let wanted = all(losses.reduce(0, +) / Double(particles))

        var inputs: [String: [Double]] = ["y": [28, 8, -3, 7, -1, 1, 18, 12], "sigma": [15, 10, 16, 11, 9, 11, 10, 18]]
        if name != "eight schools" { inputs = ["y": [1.5, -0.5, 2, 0.25, 3]] }
        for (number, name) in names.enumerated() {
            let count = parameters[name]?.count ?? 0
            inputs[StateName.parameter(name).text] = (0..<count).map { 0.3 * Double($0 + number) - 0.7 }
        }
        for stepNumber in [UInt32(0), 6] {
            let a = try ReferenceEvaluator.evaluate(found, inputs: inputs, key: (3, 4), step: stepNumber)
            let b = try ReferenceEvaluator.evaluate(wanted, inputs: inputs, key: (3, 4), step: stepNumber)
            for (own, other) in zip(a.joined(), b.joined()) { #expect(abs(own - other) <= 1e-11 * max(1, abs(other))) }
        }
    }

    // MARK: Fits

    @Test(arguments: TestDevice.all, ["eight schools", "many draws"]) func laneIsThatOfASoloFit(_ device: TestDevice, _ name: String) throws {
        for particles in [2, 7] {
            let svi = Self.svi(name, particles: particles)
            let keys = Key(3).split(21)
            let all = try svi.run(keys: keys, steps: 30, data: Self.data(name), device: device.device)
            #expect(all.status.allSatisfy { $0 == .finished })
            for lane in [0, 13, 20] {
                #expect(try svi.run(keys: [keys[lane]], steps: 30, data: Self.data(name), device: device.device).bits(0) == all.bits(lane))
            }
            #expect(Set(all.loss).count == 21)
        }
    }

    /// Lanes of one device come to what those of the other do.
    @Test(.enabled(if: Device.whyNoOpenCL == nil, "there is no OpenCL device"), arguments: ["eight schools", "many draws"])
    func devicesAgree(_ name: String) throws {
        let svi = Self.svi(name, particles: 6)
        let keys = Key(5).split(4)
        let losses = try TestDevice.all.map { device in
            try svi.run(keys: keys, steps: 12, data: Self.data(name), device: device.device).loss
        }
        for other in losses.dropFirst() {
            for (a, b) in zip(losses[0], other) { #expect(abs(a - b) < 2e-3 * max(1, abs(a)), "\(losses)") }
        }
    }

    // MARK: Size

    private static func program(_ name: String, particles: Int) throws -> LaneProgram {
        let step = try StepFunction(svi(name, particles: particles), slots: 1, data: data(name).shapes(lanes: 1)).step
        return try Lowering.lower(LaneFunction(states: step.states, records: step.records))
    }

    /// The text of the lane program, and of the kernel where there is a device.
    private static func sizes(_ name: String, particles: Int) throws -> [Int] {
        let explained = try svi(name, particles: particles).explain(steps: 100, lanes: 4096, data: data(name))
        return [try program(name, particles: particles).description.utf8.count, explained.kernels.reduce(0) { $0 + $1.utf8.count }]
    }

    @Test(arguments: ["eight schools", "many draws"]) func textDoesNotGrow(_ name: String) throws {
        // How far loops are unrolled depends on their lengths, up to some dozens; sums of very many rows are compensated.
        let (few, many) = (try Self.sizes(name, particles: 64), try Self.sizes(name, particles: 4096))
        for (a, b) in zip(few, many) { #expect(Double(b) < 1.2 * Double(a) || a == b, "\(few) and \(many)") }
    }

    /// A kernel of many particles is about as long as that of one.
    @Test func textIsThatOfOneParticle() throws {
        let (one, many) = (try Self.sizes("eight schools", particles: 1), try Self.sizes("eight schools", particles: 32))
        print("eight schools: text of the lane program and of the kernel \(one) with one particle, \(many) with 32")
        for (a, b) in zip(one, many) { #expect(Double(b) < 1.3 * Double(a) || a == b, "\(one) and \(many)") }
    }

    @Test func loweringTimeDoesNotGrow() throws {
        let clock = ContinuousClock()
        func time(_ particles: Int) throws -> Duration {
            try (0..<3).map { _ in try clock.measure { _ = try Self.program("eight schools", particles: particles) } }.min() ?? .zero
        }
        // Were they written out, it would be some hundred times as long.
        let (few, many) = (try time(64), try time(4096))
        #expect(many < few * 4)
    }

    // MARK: Reasons

    /// A draw that spoils a lane is found among those of all particles.
    @Test(arguments: TestDevice.all) func reasonIsThatOfAParticle(_ device: TestDevice) throws {
        let model = Model { m in
            let z = m.sample("z", Normal(0, 1))
            m.observe("y", Normal(z, sqrt(3 - m.data("k") * z * z)), 0.5)
        }
        let svi = SVI(model, guide: AutoNormal(model, initialScale: 1), optimizer: Resting(), loss: TraceELBO(particles: 40))
        let fits = try svi.run(keys: Key(4).split(2), steps: 20, data: ["k": .perLane([0, 1])], device: device.device)
        #expect(fits.status[0] == .finished && fits.status[1].isLost)
        let reason = try #require(fits[1].reason)
        #expect(reason.site == "y" && reason.kind == .parameter("scale"))
        #expect(reason.operation?.hasPrefix("sqrt(-") == true, "\(reason)")
    }
}
