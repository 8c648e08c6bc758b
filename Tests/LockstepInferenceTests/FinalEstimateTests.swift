import Foundation
import Lockstep
import LockstepRuntime
import TestSupport
import Testing

@testable import LockstepInference

/// The ELBO of a fit's guide, estimated after the run.
@Suite struct FinalEstimateTests {
    /// a ~ N(0, 1), y ~ N(a, 1) at y = 1.5, beside a constant.
    static func model(_ constant: Double = 0) -> Model {
        Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.observe("y", Normal(a, 1), Tensor(1.5))
            m.factor("constant", Tensor(constant))
        }
    }

    /// A guide that stays at N(0.5, 0.25).
    static func svi(_ model: Model, particles: Int = 1) -> SVI {
        SVI(
            model, guide: AutoNormal(model, initializer: .value(["a": 0.5]), initialScale: 0.25), optimizer: Resting(),
            loss: TraceELBO(particles: particles))
    }

    /// Of `model` and that guide: E[log p] = -log 2 pi - (m^2 + s^2) / 2 - ((y - m)^2 + s^2) / 2; the entropy adds
    /// log s + (log 2 pi + 1) / 2.
    static let elbo = -log(2 * Double.pi) - (0.25 + 0.0625) / 2 - (1 + 0.0625) / 2 + log(0.25) + (log(2 * Double.pi) + 1) / 2
    /// With a = m + s z the integrand is c + s (y - 2 m) z + (1 / 2 - s^2) z^2, where Var z^2 = 2 and Cov(z, z^2) = 0.
    static let deviation = (pow(0.25 * 0.5, 2) + 2 * pow(0.5 - 0.0625, 2)).squareRoot()

    private func run(
        _ svi: SVI, lanes: Int = 300, steps: Int = 3, on device: TestDevice, precision: Precision = .float, draws: Int = 200,
        data: [String: LaneData] = [:], _ configure: (inout RunOptions) -> Void = { _ in }
    ) throws -> Fits {
        var options = RunOptions()
        options.precision = precision
        options.finalDraws = draws
        configure(&options)
        return try svi.run(keys: Key(4).split(lanes), steps: steps, data: data, device: device.device, options: options)
    }

    @Test(arguments: TestDevice.all, Precision.allCases)
    func meanAndErrorAreThoseOfTheGuide(_ device: TestDevice, _ precision: Precision) throws {
        if precision == .double, !device.hasDouble { return }
        for particles in [1, 3] {
            let fits = try run(Self.svi(Self.model(), particles: particles), on: device, precision: precision)
            let error = Self.deviation / 200.0.squareRoot()
            #expect(abs(Statistics.mean(fits.elbo) - Self.elbo) < 4 * error / 300.0.squareRoot())
            // Lanes scatter by the error that they state.
            #expect(abs(Statistics.variance(fits.elbo).squareRoot() / error - 1) < 0.2)
            #expect(abs(Statistics.mean(fits.elboError) / error - 1) < 0.03)
            #expect(fits.nonFiniteDraws.allSatisfy { $0 == 0 })
        }
    }

    /// In single precision a value near 1e5 is a multiple of 1/128: a mean of such numbers must not lose more.
    @Test(arguments: TestDevice.all, [1e5, -1e5, 1e6])
    func largeConstantsCostNoAccuracy(_ device: TestDevice, _ constant: Double) throws {
        let plain = try run(Self.svi(Self.model()), on: device)
        let shifted = try run(Self.svi(Self.model(constant)), on: device)
        let unit = Double(Float(constant).ulp).magnitude
        for lane in 0..<300 {
            #expect(abs(shifted.elbo[lane] - constant - plain.elbo[lane]) < unit)
            #expect(abs(shifted.elboError[lane] / plain.elboError[lane] - 1) < 0.05)
        }
    }

    @Test(arguments: TestDevice.all)
    func pointsHaveTheirLogJoint(_ device: TestDevice) throws {
        let model = Self.model()
        let svi = SVI(model, guide: AutoDelta(model, initializer: .value(["a": 0.5])), optimizer: Resting())
        let fits = try run(svi, lanes: 3, on: device)
        let joint = -log(2 * Double.pi) - 0.25 / 2 - 1.0 / 2
        for lane in 0..<3 {
            #expect(abs(fits.elbo[lane] - joint) < 1e-6)
            #expect(fits.elboError[lane] == 0)
        }
    }

    /// No draw of the estimate is one that a step saw.
    @Test(arguments: TestDevice.all)
    func drawsAreNotThoseOfTheSteps(_ device: TestDevice) throws {
        let fits = try run(Self.svi(Self.model()), lanes: 400, steps: 200, on: device, precision: .float) { $0.lossInterval = 200 }
        let losses = try (0..<400).map { try fits.losses(lane: $0)[0] }
        let pairs = zip(losses, fits.elbo).map { (-$0 - Self.elbo) * ($1 - Self.elbo) }
        // The mean of 400 products of independent numbers.
        let correlation = Statistics.mean(pairs) / (Self.deviation * Self.deviation / 200)
        #expect(abs(correlation) < 4.5 / 400.0.squareRoot())
    }

    @Test(arguments: TestDevice.all)
    func drawsOfAnyNumber(_ device: TestDevice) throws {
        let svi = Self.svi(Self.model())
        let none = try run(svi, lanes: 9, steps: 60, on: device, draws: 0)
        #expect((none.elbo + none.elboError + none.nonFiniteDraws).allSatisfy { $0.isNaN })
        #expect(none.best.lane == none.loss.indices.min { none.loss[$0] < none.loss[$1] })
        #expect(none.timings.finalCompile == 0)
        let one = try run(svi, lanes: 9, steps: 60, on: device, draws: 1)
        #expect(one.elbo.allSatisfy { $0.isFinite } && one.elboError.allSatisfy { $0.isNaN })
        let many = try run(svi, lanes: 9, steps: 60, on: device, draws: 777)
        #expect(many.elboError.allSatisfy { $0 < Self.deviation / 20 })
        #expect(many.best.lane == many.elbo.indices.max { many.elbo[$0] < many.elbo[$1] })
        #expect(many.best.elbo == many.elbo[many.best.lane] && many.best.elboError == many.elboError[many.best.lane])
        // What a lane came to does not depend on them.
        #expect(none.bits.map(\.parameters) == many.bits.map(\.parameters) && none.loss == many.loss)
        for draws in [-1, .min, .max, 1 << 23] {
            #expect(errorText { _ = try run(svi, on: device, draws: draws) } == "the number of final draws is \(draws); give 0 to 4194304")
        }
    }

    @Test(.enabled(if: Device.whyNoOpenCL == nil, "there is no OpenCL device"))
    func schedulesAgree() throws {
        let rows = 20_000
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", rows) { m in m.observe("y", Normal(a, 2), m.data("y", shape: [rows])) }
        }
        let svi = SVI(model, guide: AutoNormal(model, initializer: .value(["a": 0.5])), optimizer: Resting())
        let y = (0..<rows).map { sin(Double($0)) }
        func elbo(_ schedule: Schedule) throws -> [Double] {
            try run(svi, lanes: 5, on: TestDevice.all[0], data: ["y": .shared(y)]) { $0.schedule = schedule }.elbo
        }
        let plain = try elbo(.lanes)
        let isCPU = TestDevice.all[0].testDescription.contains("[CPU")
        // A vector of one lane, as on a GPU, has no parts.
        let parts = isCPU ? [Schedule.split(slices: 2, together: 2)] : []
        for schedule in parts + [.split(slices: 4, together: 1), .group(vectors: 1, workers: 2), .automatic] {
            for (a, b) in try zip(plain, elbo(schedule)) { #expect(abs(a / b - 1) < 2e-6, "\(schedule)") }
        }
    }

    /// The mean and the scatter of 4,096 lanes: what one lane's 200 draws say, another 200 of its own confirm.
    @Test(arguments: TestDevice.all)
    func disjointDrawsAgree(_ device: TestDevice) throws {
        let problem = try NumPyroGoldens.problem("eight-schools")
        let svi = SVI(problem.model, guide: AutoNormal(problem.guided), optimizer: Adam(learningRate: 0.01))
        let lanes = device.isInterpreter ? 512 : 4096
        let steps = TestLevel.choose(small: 300, medium: 1000, full: 2000)
        let few = try run(svi, lanes: lanes, steps: steps, on: device, draws: 200, data: problem.data)
        let all = try run(svi, lanes: lanes, steps: steps, on: device, draws: 400, data: problem.data)
        // The last 200 of 400, from the mean and the squared deviations of all.
        let apart = (0..<lanes).filter { lane in
            let first = few.elbo[lane]
            let second = 2 * all.elbo[lane] - first
            let firstSquares = pow(few.elboError[lane], 2) * 200 * 199
            let secondSquares = pow(all.elboError[lane], 2) * 400 * 399 - firstSquares - 100 * pow(first - second, 2)
            let error = ((firstSquares + secondSquares) / (200 * 199)).squareRoot()
            return !(abs(first - second) <= 3 * error)
        }
        print("disjoint draws of \(lanes) lanes on \(device.testDescription): \(apart.count) differ by more than 3 standard errors")
        #expect(Double(apart.count) <= 0.01 * Double(lanes))
        #expect(few.timings.final > 0 && few.timings.finalCompile > 0)
    }
}
