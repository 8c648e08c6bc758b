import Lockstep
import Testing

@testable import LockstepInference

/// Gradients that are clipped, by the norm over all parameters of a lane or element by element.
@Suite struct ClippedTests {
    /// Gradients 3 s and 4 s, and -12 s in the second parameter: norm 13 s, where s is the lane's own.
    private static let model = Model { m in
        let s = m.data("s")
        let x = m.param("x", [1, 1])
        m.factor("f", -(s * 3 * x[0] + s * 4 * x[1] - s * 12 * m.param("y", 1)))
    }

    private func moves(_ optimizer: any Optimizer, _ device: TestDevice, s: [Double], limit: [Double]? = nil) throws -> [[Double]] {
        var data: [String: LaneData] = ["s": .perLane(s)]
        if let limit { data["limit"] = .perLane(limit) }
        let fits = try SVI(Self.model, guide: Model { _ in }, optimizer: optimizer)
            .run(keys: Key(0).split(s.count), steps: 1, data: data, device: device.device)
        #expect(fits.refusedGradients == s.map { _ in 0 } && fits.refusedLosses == s.map { _ in 0 })
        return zip(fits.unconstrained("x"), fits.unconstrained("y")).map { ($0 + $1).map { 1 - $0 } }
    }

    private func isClose(_ a: [Double], _ b: [Double]) -> Bool {
        zip(a, b).allSatisfy { abs($0 - $1) <= 2e-6 * max(abs($1), 0.1) }
    }

    @Test(arguments: TestDevice.all)
    func normIsOfAllParametersOfTheLane(_ device: TestDevice) throws {
        let scales = [0.01, 0.1, 1, 1e6, 1e25, 0]
        let found = try moves(Clipped(SGD(learningRate: 1), norm: 2.6), device, s: scales)
        for (lane, s) in scales.enumerated() {
            // As it is up to the norm, and with the limit for its norm beyond: squares of 1e25 overflow in float.
            let factor = s == 0 ? 0 : min(1, 2.6 / (13 * s)) * s
            #expect(isClose(found[lane], [3 * factor, 4 * factor, -12 * factor]), "\(s): \(found[lane])")
        }
        let limits = [1.3, 13, 26]
        let perLane = try moves(Clipped(SGD(learningRate: 1), norm: .data("limit")), device, s: [1, 1, 1], limit: limits)
        for (lane, factor) in [0.1, 1, 1].enumerated() { #expect(isClose(perLane[lane], [3 * factor, 4 * factor, -12 * factor])) }
    }

    @Test(arguments: TestDevice.all)
    func valueIsOfEachElement(_ device: TestDevice) throws {
        let scales = [0.01, 0.3, 1, 1e25]
        let found = try moves(Clipped(SGD(learningRate: 1), value: 1), device, s: scales)
        for (lane, s) in scales.enumerated() {
            #expect(isClose(found[lane], [3, 4, -12].map { max(-1, min(1, $0 * s)) }), "\(s)")
        }
    }

    /// Wrappers pass on what they do not do: both orders are one optimiser.
    @Test(arguments: TestDevice.all)
    func wrappersCompose(_ device: TestDevice) throws {
        let base = Adam(learningRate: .cosine(from: .data("limit")))
        let pairs: [any Optimizer] = [Averaged(Clipped(base, norm: 1), over: 0.5), Clipped(Averaged(base, over: 0.5), norm: 1)]
        let fits = try pairs.map {
            try SVI(Self.model, guide: Model { _ in }, optimizer: $0)
                .run(keys: Key(0).split(2), steps: 20, data: ["s": .perLane([0.1, 3]), "limit": .perLane([0.1, 0.2])], device: device.device)
        }
        #expect(fits[0].bits == fits[1].bits)
        // Both limits hold, the outer one first.
        let twice = try moves(Clipped(Clipped(SGD(learningRate: 1), norm: 1), value: 4), device, s: [1])
        let norm = 41.0.squareRoot()
        #expect(isClose(twice[0], [3 / norm, 4 / norm, -4 / norm]))
    }

    /// What is not finite is not made finite: the step is refused.
    @Test(arguments: TestDevice.all)
    func gradientsThatAreNotFiniteAreRefused(_ device: TestDevice) throws {
        let infinite = Model { m in m.factor("f", -sqrt(m.param("x", 0)) - m.param("y", 1)) }
        let undefined = Model { m in
            let x = m.param("x", 0)
            m.factor("f", sqrt(2 * x) - sqrt(x) - m.param("y", 1))
        }
        for model in [infinite, undefined] {
            for optimizer in [Clipped(SGD(learningRate: 1), norm: 1), Clipped(SGD(learningRate: 1), value: 1)] {
                let fits = try SVI(model, guide: Model { _ in }, optimizer: optimizer).run(keys: [Key(0)], steps: 3, device: device.device)
                #expect(fits.status == [.noValidStart])
            }
        }
    }

    @Test func programsThatDoNotClipDoNotChange() throws {
        func text(_ optimizer: any Optimizer) throws -> String {
            try SVI(Self.model, guide: Model { _ in }, optimizer: optimizer).explain(steps: 10, lanes: 4, data: ["s": .shared(1)], device: .cpu)
                .laneProgram
        }
        #expect(try text(Adam(learningRate: 0.1)) == text(Adam(learningRate: .constant(0.1))))
        #expect(try text(Clipped(Adam(learningRate: 0.1), norm: 1)) != text(Adam(learningRate: 0.1)))
    }
}
