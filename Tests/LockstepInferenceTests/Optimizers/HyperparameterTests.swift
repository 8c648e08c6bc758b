import Lockstep
import Testing

@testable import LockstepInference

/// Numbers with which an optimiser makes no sense are refused before the run, wherever they come from.
@Suite struct HyperparameterTests {
    private static let model = Model { m in m.factor("f", -m.param("x", Tensor([1], shape: [1, 1])).sum()) }

    private static func text(
        _ optimizer: any Optimizer, data: [String: LaneData] = [:], lanes: Int = 1, precision: Precision = .float, device: Device = .cpu
    ) -> String? {
        var options = RunOptions()
        options.precision = precision
        let svi = SVI(model, guide: Model { _ in }, optimizer: optimizer)
        let run = errorText { _ = try svi.run(keys: Key(0).split(lanes), steps: 3, data: data, device: device, options: options) }
        let explained = errorText { _ = try svi.explain(steps: 3, lanes: lanes, data: data, device: device, options: options) }
        #expect(run == explained)
        return run
    }

    struct Constant: Sendable, CustomTestStringConvertible {
        let optimizer: any Optimizer
        let message: String
        var precision = Precision.float
        var testDescription: String { message }

        init(_ optimizer: any Optimizer, _ message: String, _ precision: Precision = .float) {
            self.optimizer = optimizer
            self.message = message
            self.precision = precision
        }
    }

    static let constants: [Constant] = [
        .init(Adam(learningRate: Double.nan), "Adam: learningRate is nan; give a finite number above 0"),
        .init(Adam(learningRate: Double.infinity), "Adam: learningRate is inf; give"),
        .init(Adam(learningRate: 0), "Adam: learningRate is 0.0; give"),
        .init(Adam(learningRate: -0.1), "Adam: learningRate is -0.1; give"),
        .init(Adam(learningRate: 1e39), "Adam: learningRate is 1e+39, which is inf to a run in float precision"),
        .init(Adam(learningRate: 1e-300 * 1e-10), "Adam: learningRate is 1e-310, which is 0.0 to a run in float precision"),
        .init(Adam(learningRate: 1e-40), "Adam: learningRate is 1e-40, which is 0.0 to a run in float precision"),
        .init(Adam(learningRate: 1e-300 * 1e-10), "Adam: learningRate is 1e-310, which is 0.0 to a run in double precision", .double),
        .init(Adam(beta1: 1), "Adam: beta1 is 1.0; give a number from 0 up to, but not including, 1"),
        .init(Adam(beta1: 2, beta2: -1), "Adam: beta1 is 2.0"),
        .init(Adam(beta1: 1 - 1e-9), "Adam: beta1 is 0.999999999, which is 1.0 to a run in float precision"),
        .init(Adam(beta2: -1), "Adam: beta2 is -1.0"),
        .init(Adam(beta2: .nan), "Adam: beta2 is nan"),
        .init(Adam(epsilon: .nan), "Adam: epsilon is nan; give a finite number that is not negative"),
        .init(Adam(epsilon: -1e-8), "Adam: epsilon is -1e-08"),
        .init(Adam(epsilon: .infinity), "Adam: epsilon is inf"),
        .init(SGD(learningRate: 0.1, momentum: .infinity), "SGD: momentum is inf"),
        .init(SGD(learningRate: 0.1, momentum: .nan), "SGD: momentum is nan"),
        .init(SGD(learningRate: 0), "SGD: learningRate is 0.0"),
        .init(SGD(learningRate: Float.infinity), "SGD: learningRate is inf"),
        .init(Adam(learningRate: .exponentialDecay(from: 0.1, to: 0)), "Adam: learningRate.to is 0.0; give a finite number above 0"),
        .init(
            Adam(learningRate: .exponentialDecay(from: 0.1, to: 0.01, over: 0)), "Adam: learningRate.over is 0.0; give a finite number of at least 1"),
        .init(Adam(learningRate: .polynomialDecay(from: -0.1, to: 0)), "Adam: learningRate.from is -0.1"),
        .init(Adam(learningRate: .polynomialDecay(from: 0.1, to: -0.1)), "Adam: learningRate.to is -0.1"),
        .init(Adam(learningRate: .polynomialDecay(from: 0.1, to: 0, power: .nan)), "Adam: learningRate.power is nan"),
        .init(Adam(learningRate: .cosine(from: 0)), "Adam: learningRate.from is 0.0"),
        .init(Adam(learningRate: .cosine(from: 1e39)), "Adam: learningRate.from is 1e+39, which is inf"),
        .init(Adam(learningRate: .oneCycle(peak: 0)), "Adam: learningRate.peak is 0.0"),
        .init(Adam(learningRate: .oneCycle(peak: 0.1, rise: 1.5)), "Adam: learningRate.rise is 1.5"),
        .init(Adam(learningRate: .oneCycle(peak: 0.1, startDivisor: 0)), "Adam: learningRate.startDivisor is 0.0"),
        .init(Adam(learningRate: .oneCycle(peak: 0.1, endDivisor: .infinity)), "Adam: learningRate.endDivisor is inf"),
        .init(SGD(learningRate: .warmUp(steps: 0, then: 0.1)), "SGD: learningRate.steps is 0.0"),
        .init(SGD(learningRate: .warmUp(steps: 5, then: .cosine(from: Double.nan))), "SGD: learningRate.then.from is nan"),
        .init(SGD(learningRate: .warmUp(steps: 5, from: -1, then: 0.1)), "SGD: learningRate.from is -1.0"),
        .init(SGD(learningRate: .piecewise(0, then: [5: 0.1])), "SGD: learningRate.first is 0.0"),
        .init(SGD(learningRate: .piecewise(0.1, then: [5: 0.01, 9: 0])), "SGD: learningRate.then[9] is 0.0"),
        .init(SGD(learningRate: .piecewise(0.1, then: [0: 0.01])), "SGD: learningRate.step is 0.0"),
        .init(Clipped(Adam(), norm: 0), "Clipped(Adam): norm is 0.0"),
        .init(Clipped(Adam(learningRate: -1), value: 1), "Clipped(Adam): learningRate is -1.0"),
        .init(Clipped(Adam(), value: Double.nan), "Clipped(Adam): value is nan"),
        .init(Averaged(Adam(), over: 0), "Averaged(Adam): share is 0.0; give a number above 0 up to 1"),
        .init(Averaged(Adam(), over: 1.5), "Averaged(Adam): share is 1.5"),
        .init(Averaged(Clipped(SGD(), norm: 1), over: .nan), "Averaged(Clipped(SGD)): share is nan"),
        .init(Recorder(values: [0]), "Recorder: value is 0.0; give a finite number above 0"),
        .init(Undeclared(value: .constant(.nan)), "Undeclared: hyperparameter 1 is nan; give a finite number"),
    ]

    @Test(arguments: constants) func constantsAreChecked(_ bad: Constant) throws {
        let found = try #require(Self.text(bad.optimizer, precision: bad.precision))
        #expect(found.hasPrefix(bad.message), "\(found)")
    }

    @Test(arguments: TestDevice.all) func dataAreChecked(_ device: TestDevice) {
        func text(_ optimizer: any Optimizer, _ rates: [Double]) -> String? {
            Self.text(optimizer, data: ["rate": .perLane(rates)], lanes: rates.count, device: device.device)
        }
        let plain = Adam(learningRate: .data("rate"))
        #expect(text(plain, [0.1, 1, 1e-30]) == nil)
        #expect(text(plain, [0.1, -1, 0.1]) == "data 'rate' is -1.0 in lane 1, which Adam takes for learningRate; give a finite number above 0")
        #expect(
            text(plain, [0.1, 0, .infinity]) == """
                data 'rate' is 0.0 in lane 1, which Adam takes for learningRate; give a finite number above 0; \
                2 of the 3 lanes have such mistakes, and RunOptions.badData can leave them out
                """)
        #expect(text(plain, [0.1, 0.1, 1e39])?.hasPrefix("data 'rate' is 1e+39 in lane 2, which Adam takes for learningRate, which is inf") == true)
        #expect(text(plain, [1e-300 * 1e-10])?.contains("which is 0.0 to a run in float precision") == true)
        #expect(text(plain, [.nan])?.hasPrefix("data 'rate' is nan in lane 0, which Adam takes") == true)
        #expect(text(SGD(learningRate: .cosine(from: .data("rate"))), [1, 0])?.contains("in lane 1, which SGD takes for learningRate.from") == true)
        #expect(text(SGD(learningRate: .cosine(from: 1, to: .data("rate"))), [1, 0]) == nil)
        #expect(text(SGD(learningRate: .exponentialDecay(from: 1, to: .data("rate"))), [1, 0])?.contains("for learningRate.to;") == true)
        #expect(text(Clipped(SGD(), norm: .data("rate")), [1, -3])?.contains("which Clipped(SGD) takes for norm;") == true)
        #expect(text(Recorder(values: [.data("rate")]), [1, -3])?.contains("in lane 1, which Recorder takes for value;") == true)
        #expect(text(Undeclared(value: .data("rate")), [1, .infinity])?.contains("in lane 1, which Undeclared takes for hyperparameter 1;") == true)
        #expect(
            Self.text(plain, data: ["rate": .shared(-2)], lanes: 2, device: device.device)
                == "data 'rate' is -2.0, which Adam takes for learningRate; give a finite number above 0")
    }

    /// What is at the edge of what is possible runs.
    @Test(arguments: TestDevice.all) func extremesThatMakeSenseRun(_ device: TestDevice) throws {
        for optimizer in [
            Adam(learningRate: 1e-37), Adam(learningRate: 3e38), Adam(learningRate: 0.1, beta1: 0, beta2: 0, epsilon: 0), Adam(epsilon: 1e-60),
            SGD(learningRate: .cosine(from: 0.1, to: 0)), Adam(learningRate: 1), Adam(learningRate: Float(0.5)),
        ] as [any Optimizer] {
            #expect(Self.text(optimizer, device: device.device) == nil)
        }
        let rate = 0.25
        let steps = 2
        let fits = try SVI(Self.model, guide: Model { _ in }, optimizer: SGD(learningRate: rate))
            .run(keys: [Key(0)], steps: steps, device: device.device)
        #expect(fits.unconstrained("x") == [[0.5]])
        // Without memory Adam moves by the rate in the direction of the gradient.
        let signed = try SVI(Self.model, guide: Model { _ in }, optimizer: Adam(learningRate: rate, beta1: 0, beta2: 0, epsilon: 0))
            .run(keys: [Key(0)], steps: steps, device: device.device)
        #expect(signed.unconstrained("x") == [[0.5]])
    }
}

/// Reads a number that it does not declare.
private struct Undeclared: Optimizer {
    let value: Hyperparameter
    func update(
        _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
    ) -> (parameter: Tensor, slots: [Tensor]) { (parameter + read(value), []) }
}
