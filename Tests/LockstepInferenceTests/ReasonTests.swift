import Lockstep
import Testing

@testable import LockstepInference

/// A lost lane says why, among lanes that are well.
@Suite struct ReasonTests {
    /// Lanes 0 and 2 of three are well, lane 1 is spoiled by its `k`.
    private func reason(
        _ device: TestDevice, _ precision: Precision, k: [Double] = [0, 1, 0], shape: Shape = [], guide: any Guide = Model { _ in },
        optimizer: any Optimizer = Resting(), steps: Int = 20, _ model: Model
    ) throws -> FitReason {
        var options = RunOptions()
        options.precision = precision
        options.startAttempts = 3
        let count = max(shape.elementCount, 1)
        #expect(k.count == 3 * count)
        let fits = try SVI(model, guide: guide, optimizer: optimizer)
            .run(keys: Key(4).split(3), steps: steps, data: ["k": .perLane(k)], device: device.device, options: options)
        #expect(fits.status[0] == .finished && fits.status[1].isLost && fits.status[2] == .finished, "\(fits.status)")
        #expect(fits[0].reason == nil && fits[2].reason == nil)
        let all = fits.laneReasons
        let reason = try #require(fits[1].reason)
        #expect(all == [nil, reason, nil])
        #expect(fits.reasons.count == 1 && fits.reasons.first?.lanes == [1] && fits.reasons.first?.reason == reason)
        #expect(reason.status == fits.status[1])
        #expect(!reason.description.contains("\n") && !reason.advice.isEmpty && !reason.advice.contains("\n"))
        return reason
    }

    private func number(_ reason: FitReason, _ name: String) throws -> Double {
        try #require(reason.numbers.first { $0.name == name }?.value, "\(name) in \(reason)")
    }

    private func each(_ device: TestDevice, _ body: (Precision) throws -> Void) rethrows {
        for precision in [Precision.float, .double] where precision == .float || device.hasDouble { try body(precision) }
    }

    // MARK: Parameters of distributions

    @Test(arguments: TestDevice.all) func scaleThatUnderflows(_ device: TestDevice) throws {
        try each(device) { precision in
            let model = Model { m in
                let scale = exp(-m.data("k", shape: [4]) * m.param("x", 1))
                m.plate("rows", 4) { m in m.observe("y", Normal(0.25, scale), [1, 2, 3, 4]) }
            }
            let k: [Double] = [0, 0, 0, 0, 0, 0, 1000, 1000, 1, 1, 1, 1]
            let reason = try reason(device, precision, k: k, shape: [4], model)
            #expect(reason.status == .noValidStart && reason.site == "y" && !reason.isInGuide)
            #expect(reason.kind == .parameter("scale") && reason.element == [2])
            #expect(try number(reason, "value") == 3 && number(reason, "loc") == 0.25 && number(reason, "scale") == 0)
            #expect(try !number(reason, "log density").isFinite)
            #expect(reason.operation == "exp(-1000) = 0")
            let text = "site 'y'[2]: scale of Normal is 0, but must be positive (exp(-1000) = 0, value 3, loc 0.25, scale 0, log density "
            #expect(reason.description.hasPrefix(text), "\(reason)")
            #expect(reason.advice.contains("underflowed"))
        }
    }

    /// In the steps of a scan: the element is the step.
    @Test(arguments: TestDevice.all) func scaleOfAStep(_ device: TestDevice) throws {
        try each(device) { precision in
            let model = Model { m in
                let x = m.param("x", 1)
                m.scan("t", over: [m.data("k", shape: [4]), Tensor([1, 2, 3, 4])], from: [0]) { m, carries, rows in
                    m.observe("y", Normal(0.25 + carries[0], exp(-rows[0] * x)), rows[1])
                    return ([carries[0] + 0.5], [])
                }
            }
            let k: [Double] = [0, 0, 0, 0, 0, 0, 1000, 1000, 1, 1, 1, 1]
            let reason = try reason(device, precision, k: k, shape: [4], model)
            #expect(reason.status == .noValidStart && reason.site == "y" && !reason.isInGuide)
            #expect(reason.kind == .parameter("scale") && reason.element == [2])
            #expect(try number(reason, "value") == 3 && number(reason, "loc") == 1.25 && number(reason, "scale") == 0)
        }
    }

    @Test(arguments: TestDevice.all) func scaleThatIsNegativeOrNaN(_ device: TestDevice) throws {
        try each(device) { precision in
            let negative = Model { m in m.observe("y", Normal(0, 1 - 3 * m.data("k") * m.param("x", 1)), 0.5) }
            let reason = try reason(device, precision, negative)
            #expect(reason.kind == .parameter("scale") && reason.element == [] && reason.site == "y")
            #expect(try number(reason, "scale") == -2)
            let nan = Model { m in m.observe("y", StudentT(4, 0, log(0.5 - m.data("k") * m.param("x", 1)) + 2), 0.5) }
            let other = try self.reason(device, precision, nan)
            #expect(other.kind == .parameter("scale") && other.operation == "log(-0.5) = nan")
            #expect(try number(other, "scale").isNaN)
            #expect(other.advice.contains("logarithm of a negative number"))
        }
    }

    @Test(arguments: TestDevice.all) func locationThatOverflows(_ device: TestDevice) throws {
        try each(device) { precision in
            // The deterministic site comes first.
            let model = Model { m in
                let rate = m.deterministic("rate", exp(m.data("k", shape: [2]) * m.param("x", 1)))
                m.plate("rows", 2) { m in m.observe("y", Normal(rate, 1), [1, 2]) }
            }
            let reason = try reason(device, precision, k: [0, 1, 0, 900, 1, 0], shape: [2], model)
            #expect(reason.site == "rate" && reason.kind == .value && reason.element == [1])
            #expect(reason.operation == "exp(900) = inf" && reason.advice.contains("overflows"))
            let unnamed = Model { m in
                let rate = exp(m.data("k", shape: [2]) * m.param("x", 1))
                m.plate("rows", 2) { m in m.observe("y", Poisson(rate), [1, 2]) }
            }
            let other = try self.reason(device, precision, k: [0, 1, 0, 900, 1, 0], shape: [2], unnamed)
            #expect(other.site == "y" && other.kind == .parameter("rate") && other.element == [1])
        }
    }

    // MARK: Events

    @Test(arguments: TestDevice.all) func elementsOfEvents(_ device: TestDevice) throws {
        try each(device) { precision in
            // Batch [2], event [3]; the second event's last element.
            let k = [0, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 1.0] + [0, 0, 0, 0, 0, 0]
            let normal = Model { m in
                let scale = 1 - m.data("k", shape: [2, 3]) * m.param("x", 1)
                m.plate("rows", 2) { m in m.observe("y", Normal(0, scale).toEvent(1), Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])) }
            }
            let reason = try reason(device, precision, k: k, shape: [2, 3], normal)
            #expect(reason.site == "y" && reason.kind == .parameter("scale") && reason.element == [1, 2])
            #expect(try number(reason, "value") == 6 && number(reason, "scale") == 0)
            let dirichlet = Model { m in
                let concentration = 1 - 2 * m.data("k", shape: [2, 3]) * m.param("x", 1)
                m.plate("rows", 2) { m in m.observe("w", Dirichlet(concentration), [0.5, 0.25, 0.25]) }
            }
            let other = try self.reason(device, precision, k: k, shape: [2, 3], dirichlet)
            #expect(other.site == "w" && other.kind == .parameter("concentration") && other.element == [1, 2])
            #expect(try number(other, "concentration") == -1 && number(other, "value") == 0.25)
        }
    }

    @Test(arguments: TestDevice.all) func mixturesAndPlatesInPlates(_ device: TestDevice) throws {
        try each(device) { precision in
            let mixture = Model { m in
                let scale = 1 - m.data("k", shape: [2]) * m.param("x", 1)
                m.plate("rows", 3) { m in
                    m.observe("y", MixtureSameFamily(Categorical(probabilities: [0.5, 0.5]), Normal([-1, 1], scale)), [1, 2, 3])
                }
            }
            let reason = try reason(device, precision, k: [0, 0, 0, 1, 0, 0], shape: [2], mixture)
            #expect(reason.site == "y" && reason.kind == .parameter("scale"), "\(reason)")
            let nested = Model { m in
                let scale = (1 - m.data("k", shape: [2]) * m.param("x", 1)).reshape([2, 1])
                m.plate("columns", 3) { m in
                    m.plate("rows", 2) { m in m.observe("y", Cauchy(0, scale), Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])) }
                }
            }
            let other = try self.reason(device, precision, k: [0, 0, 0, 1, 0, 0], shape: [2], nested)
            #expect(other.site == "y" && other.kind == .parameter("scale") && other.element == [1, 0])
            #expect(try number(other, "value") == 4)
        }
    }

    // MARK: Values

    @Test(arguments: TestDevice.all) func hiddenDrawThatOverflows(_ device: TestDevice) throws {
        try each(device) { precision in
            let model = Model { m in
                let b = m.sample("b", LogNormal(1000 * m.data("k") * m.param("x", 1), 1))
                m.observe("y", Normal(b, 1), 2)
            }.block(hide: ["b"])
            let reason = try reason(device, precision, model)
            #expect(reason.site == "b" && reason.kind == .value && reason.operation?.hasPrefix("exp(") == true)
            #expect(try number(reason, "value") == .infinity && number(reason, "loc") == 1000)
            // Spoiled by the distribution that it is drawn from.
            let spoiled = Model { m in
                let b = m.sample("b", Normal(0, exp(1000 * m.data("k") * m.param("x", 1))))
                m.observe("y", Normal(b, 1), 2)
            }.block(hide: ["b"])
            let other = try self.reason(device, precision, spoiled)
            #expect(other.site == "b" && other.kind == .parameter("scale"))
        }
    }

    @Test(arguments: TestDevice.all) func sitesOfAGuide(_ device: TestDevice) throws {
        try each(device) { precision in
            let model = Model { m in
                let k = m.data("k")
                let s = m.sample("s", HalfNormal(1))
                m.observe("y", Normal(k * 0, s), 1)
            }
            let wide = Model { m in m.sample("s", LogNormal(0, exp(1000 * m.data("k") * m.param("p", 1)))) }
            let reason = try reason(device, precision, guide: wide, model)
            #expect(reason.site == "s" && reason.isInGuide && reason.kind == .parameter("scale"))
            #expect(reason.description.hasPrefix("site 's' of the guide: scale of LogNormal is inf"))
            let outside = Model { m in m.sample("s", Normal(5 - 10 * m.data("k") * m.param("p", 1), 0.1)) }
            let other = try self.reason(device, precision, guide: outside, model)
            #expect(other.site == "s" && !other.isInGuide && other.kind == .support)
            #expect(try number(other, "value") < 0)
            #expect(other.description.contains("outside of the support of HalfNormal: it must be positive"))
            #expect(other.advice.contains("let the guide draw the site"))
        }
    }

    /// Where the rate is absurd, the latent overflows on its way.
    @Test(arguments: TestDevice.all) func divergedLatents(_ device: TestDevice) throws {
        try each(device) { precision in
            let model = Model { m in
                let rate = m.sample("rate", LogNormal(0, 1))
                m.observe("y", Normal(rate + 0 * m.data("k"), 0.5), 1)
            }
            var options = RunOptions()
            options.precision = precision
            let rates = (0..<16).map { $0 % 2 == 0 ? 0.01 : 1e30 }
            let data: [String: LaneData] = ["k": .shared(0), "lr": .perLane(rates)]
            let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: .data("lr")))
                .run(keys: Key(0).split(16), steps: 40, data: data, device: device.device, options: options)
            let reasons = fits.laneReasons
            // A location far below 0 harms nothing.
            #expect(fits.status.filter(\.isLost).count >= 2)
            for lane in 0..<16 {
                #expect(fits.status[lane].isLost == (reasons[lane] != nil) && fits[lane].reason == reasons[lane])
                guard let reason = reasons[lane] else { continue }
                #expect(reason.status == fits.status[lane] && reason.advice.hasPrefix("try a smaller learning rate"))
                #expect(reason.site == "rate", "\(reason)")
            }
        }
    }

    // MARK: Factors

    @Test(arguments: TestDevice.all) func factors(_ device: TestDevice) throws {
        try each(device) { precision in
            let division = Model { m in
                let k = m.data("k", shape: [3])
                m.plate("rows", 3) { m in m.factor("f", 1 / (k * m.param("x", 1) - 1)) }
            }
            let reason = try reason(device, precision, k: [0, 0, 0, 0, 1, 0, 0, 0, 0], shape: [3], division)
            #expect(reason.site == "f" && reason.kind == .density && reason.element == [1] && reason.operation == "1 / 0 = inf")
            #expect(try number(reason, "term") == .infinity)
            #expect(reason.advice.contains("divides by 0"))

            // x moves by 0.1 a step from 0: at step 6 it has passed 0.55.
            let logarithm = Model { m in
                let x = m.param("x", 0)
                m.factor("slope", x + log((10 - 9.45 * m.data("k") - x).withoutGradient) * 0)
            }
            let moved = try self.reason(device, precision, optimizer: SGD(learningRate: 0.1), steps: 40, logarithm)
            #expect(moved.status == .diverged(step: 6) && moved.site == "slope" && moved.kind == .density)
            #expect(moved.operation?.hasPrefix("log(-0.0") == true, "\(moved)")
        }
    }

    /// Finite terms whose sum overflows.
    @Test(arguments: TestDevice.all) func sumsThatOverflow(_ device: TestDevice) throws {
        let model = Model { m in
            let k = m.data("k")
            m.plate("rows", 4) { m in m.factor("f", [1, 2, 3, 1] * (k * m.param("x", 1))) }
        }
        let reason = try reason(device, .float, k: [0, 1e38, 1], model)
        #expect(reason.site == "f" && reason.kind == .density && reason.element == [2])
        #expect(reason.description.contains("their sum is not"))
    }

    // MARK: Gradients

    @Test(arguments: TestDevice.all) func gradientsThatAreNotFinite(_ device: TestDevice) throws {
        try each(device) { precision in
            // x[1] of lane 1 goes from 1 to 0, where the derivative of its square root is infinite.
            let model = Model { m in
                let x = m.param("x", [1, 1, 1])
                let weight = m.data("k", shape: [3])
                m.factor("calm", -0.1 * (x - 1) * (x - 1).sum())
                m.plate("rows", 3) { m in m.factor("root", -sqrt(x) * weight) }
            }
            let k = [0, 0, 0, 0, 1, 0, 0, 0, 0.0]
            let reason = try reason(device, precision, k: k, shape: [3], optimizer: SGD(learningRate: 2), steps: 30, model)
            #expect(reason.status == .diverged(step: 1))
            #expect(reason.kind == .gradient("x") && reason.site == "root" && reason.element == [1], "\(reason)")
            #expect(try !number(reason, "gradient").isFinite)
            #expect(reason.description.contains("gradient with respect to x[1]"), "\(reason)")
            #expect(reason.operation?.contains("/ 0") == true, "\(reason)")
        }
    }

    @Test(arguments: TestDevice.all) func gradientsWhoseSquareOverflows(_ device: TestDevice) throws {
        let model = Model { m in
            let k = m.data("k")
            m.factor("steep", -k * m.param("x", 1))
            m.factor("flat", -m.param("z", 1))
        }
        let reason = try reason(device, .float, k: [0, 1e25, 1], model)
        #expect(reason.kind == .gradient("x") && reason.site == "steep")
        #expect(abs(try number(reason, "gradient") / 1e25 - 1) < 1e-6)
        #expect(reason.description.contains("whose square is not finite"))
    }

    // MARK: Many lanes

    /// Reasons are grouped with their counts; each lane has the reason that it has alone.
    @Test(arguments: TestDevice.all) func groups(_ device: TestDevice) throws {
        let k = (0..<60).map { Double([0, 0, 1, 0, 0][$0 % 5]) }
        let model = Model { m in
            let (k, x) = (m.data("k"), m.param("x", 1))
            m.observe("a", Normal(0, 1 - k * (2 - k) * x), 1)
            m.observe("b", Normal(exp(450 * k * (k - 1) * x), 1), 1)
        }
        let mixed = k.enumerated().map { $0.offset % 7 == 3 ? 2 : $0.element }
        let svi = SVI(model, guide: Model { _ in }, optimizer: Resting())
        let keys = Key(1).split(60)
        let fits = try svi.run(keys: keys, steps: 5, data: ["k": .perLane(mixed)], device: device.device)
        let reasons = fits.reasons
        #expect(reasons.map(\.reason.site) == ["a", "b"] || reasons.map(\.reason.site) == ["b", "a"])
        let (a, b) = (mixed.indices.filter { mixed[$0] == 1 }, mixed.indices.filter { mixed[$0] == 2 })
        #expect(reasons.first { $0.reason.site == "a" }?.lanes == a && reasons.first { $0.reason.site == "b" }?.lanes == b)
        #expect(reasons[0].count >= reasons[1].count)
        #expect(reasons[0].description.hasPrefix("\(reasons[0].count) lanes: site '"))
        let alone = try svi.run(keys: [keys[b[0]]], steps: 5, data: ["k": .shared(2)], device: device.device)
        #expect(alone[0].reason == fits[b[0]].reason)
    }

    /// The draws are those of the step that failed: a lane of the same key that goes on had them in its loss.
    @Test(arguments: TestDevice.all) func numbersAreThoseOfTheStep(_ device: TestDevice) throws {
        // x moves by 0.1 a step from 0; beyond the bound the scale is 0.
        let model = Model { m in
            let x = m.param("x", 0)
            let z = m.sample("z", Normal(0, 1))
            m.factor("slope", x)
            m.observe("y", Normal(z, select(x .< m.data("bound"), Tensor(1), Tensor(0))), 2)
        }.block(hide: ["z"])
        var options = RunOptions()
        options.lossInterval = 1
        options.startAttempts = 1
        let key = Key(7)
        let fits = try SVI(model, guide: Model { _ in }, optimizer: SGD(learningRate: 0.1)).run(
            keys: [key, key, key], steps: 40, data: ["bound": .perLane([0.55, 100, -1])], device: device.device, options: options)
        #expect(fits.status == [.diverged(step: 6), .finished, .noValidStart])
        let losses = try fits.losses(lane: 1)
        for (lane, step) in [(0, 6), (2, 0)] {
            let reason = try #require(fits[lane].reason)
            #expect(reason.site == "y" && reason.kind == .parameter("scale"))
            let loc = try number(reason, "loc")
            let expected = 0.5 * (2 - loc) * (2 - loc) + 0.918938533 - 0.1 * Double(step)
            #expect(abs(losses[step] - expected) < 1e-4, "lane \(lane): loc \(loc), \(losses[step]) against \(expected)")
        }
    }

    /// Lanes by the thousand, each lost at a step of its own, are looked into in one go.
    @Test func thousandsOfLanes() throws {
        // x moves by 0.01 a step from 0.
        let model = Model { m in
            let x = m.param("x", 0)
            m.factor("slope", x)
            m.plate("rows", 100) { m in
                m.observe("y", Normal(x, select(x .< m.data("bound"), Tensor(1), Tensor(0))), Tensor(repeating: 2, shape: [100]))
            }
        }
        let lanes = 3000
        let bounds = (0..<lanes).map { 0.005 + 0.01 * Double($0 % 500) }
        let fits = try SVI(model, guide: Model { _ in }, optimizer: SGD(learningRate: 1e-4)).run(
            keys: Key(0).split(lanes), steps: 2000, data: ["bound": .perLane(bounds)], device: .auto)
        let lost = fits.status.filter(\.isLost).count
        #expect(lost > 1000 && Set(fits.status.map { "\($0)" }).count > 100)
        let reasons = fits.reasons
        #expect(reasons.count == 1 && reasons.first?.count == lost)
        #expect(fits.laneReasons.compactMap(\.self).allSatisfy { $0.site == "y" && $0.kind == .parameter("scale") && $0.element == [0] })
    }

    // MARK: First steps

    /// A lane whose first step is refused has no initial loss, and others have theirs.
    @Test(arguments: TestDevice.all) func refusedFirstStepsHaveNoLoss(_ device: TestDevice) throws {
        try each(device) { precision in
            let model = Model { m in
                let s = m.sample("s", HalfNormal(1))
                m.observe("y", Normal(0, s), 1)
            }
            let guide = Model { m in m.sample("s", Normal(m.param("loc", 0.3), 0.5)) }
            var options = RunOptions()
            options.precision = precision
            options.lossInterval = 1
            let fits = try SVI(model, guide: guide, optimizer: Adam(learningRate: 0.001))
                .run(keys: Key(0).split(200), steps: 1, device: device.device, options: options)
            let refused = fits.refusedLosses.map { $0 > 0 }
            #expect(refused.contains(true) && refused.contains(false))
            for lane in 0..<200 {
                #expect(fits.initialLoss[lane].isNaN == refused[lane])
                let history = try fits.losses(lane: lane)
                if !refused[lane] { #expect(abs(fits.initialLoss[lane] - history[0]) <= 1e-6 * abs(history[0])) }
            }
        }
    }

    @Test(arguments: TestDevice.all) func refusedFirstGradientsHaveNoLoss(_ device: TestDevice) throws {
        // A trial of the start has other draws than the first step: here it passes, by the step's number.
        let model = Model { m in
            let u = m.sample("u", Uniform(0, 1))
            let x = m.param("x", 1)
            // The gradient is 1e25 where the draw is above one half.
            m.factor("f", select(0.5 .< u, Tensor(1e25), Tensor(1)) * (x - 1))
        }
        let fits = try SVI(model, guide: Model { _ in }, optimizer: Resting())
            .run(keys: Key(0).split(100), steps: 1, device: device.device)
        let refused = fits.refusedGradients.map { $0 > 0 }
        #expect(refused.contains(true) && refused.contains(false))
        for lane in 0..<100 { #expect(fits.initialLoss[lane].isNaN == refused[lane]) }
    }
}
