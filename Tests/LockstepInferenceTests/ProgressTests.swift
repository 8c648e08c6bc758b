import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// A fit says whether it was done.
@Suite struct ProgressTests {
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
        "y": .shared([28, 8, -3, 7, -1, 1, 18, 12] as [Double]), "sigma": .shared([15, 10, 16, 11, 9, 11, 10, 18] as [Double]),
    ]

    private func trends(_ fits: Fits) -> [FitProgress.Trend: Int] {
        fits.progress.compactMap { $0?.trend }.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    private func fits(
        _ model: Model, guide: any Guide, _ optimizer: any Optimizer, lanes: Int = 16, steps: Int, data: [String: LaneData] = [:],
        on device: Device, interval: Int = 50, precision: Precision = .float, convergence: Convergence? = nil
    ) throws -> Fits {
        var options = RunOptions()
        options.lossInterval = interval
        options.precision = precision
        options.convergence = convergence
        return try SVI(model, guide: guide, optimizer: optimizer)
            .run(keys: Key(1).split(lanes), steps: steps, data: data, device: device, options: options)
    }

    // MARK: The test

    /// Level losses are taken for falling, and for rising, in one lane of 2,000.
    @Test(arguments: [10, 20, 40, 100, 1000]) func falseAlarmsAreAsRareAsStated(_ windows: Int) {
        var random = SplitMix64(seed: UInt64(windows))
        let count = max(2000, TestLevel.choose(small: 400_000, medium: 1_000_000, full: 4_000_000) / windows)
        var falling = 0
        var rising = 0
        for _ in 0..<count {
            let losses = (0..<windows).map { _ in 30 + Self.normal(&random) }
            switch LossTrend(losses, rounding: 1e-7).trend {
            case .falling: falling += 1
            case .rising: rising += 1
            default: break
            }
        }
        // Binomial(count, 0.0005).
        let (mean, sd) = (Double(count) * 0.0005, (Double(count) * 0.0005).squareRoot())
        #expect(abs(Double(falling) - mean) < 4 * sd && abs(Double(rising) - mean) < 4 * sd, "\(falling), \(rising)")
    }

    /// Losses of few draws have heavy tails, and those of a wandering fit go together.
    @Test func oddLossesAreNotTakenForTrends() {
        var random = SplitMix64(seed: 1)
        var alarms = (heavy: 0, correlated: 0)
        for _ in 0..<5000 {
            // Student's t with 2 degrees of freedom: its variance is infinite.
            let heavy = (0..<40).map { _ -> Double in
                let (a, b) = (Self.normal(&random), Self.normal(&random))
                return 30 + Self.normal(&random) / ((a * a + b * b) / 2).squareRoot()
            }
            if LossTrend(heavy, rounding: 1e-7).trend != .level { alarms.heavy += 1 }
            var last = 0.0
            let correlated = (0..<40).map { _ -> Double in
                last = 0.3 * last + Self.normal(&random)
                return 30 + last
            }
            if LossTrend(correlated, rounding: 1e-7).trend != .level { alarms.correlated += 1 }
        }
        #expect(alarms.heavy < 25 && alarms.correlated < 50, "\(alarms)")
        #expect(LossTrend(Array(repeating: 5, count: 39) + [1e9], rounding: 1e-7).trend == .level)
        #expect(LossTrend(Array(repeating: 5, count: 32) + [1e9] + Array(repeating: 5, count: 7), rounding: 1e-7).trend == .level)
    }

    @Test func trendsAreSeen() {
        func trend(_ losses: [Double], rounding: Double = 1e-7) -> FitProgress.Trend { LossTrend(losses, rounding: rounding).trend }
        for count in [10, 13, 40, 75, 200, 2001] {
            let line = (0..<count).map { 100 - Double($0) / Double(count) }
            #expect(trend(line) == .falling && trend(line.map { -$0 }) == .rising, "\(count)")
            // It falls, and has been level for the last quarter.
            #expect(trend(line.map { max($0, 99.25) }) == .level, "\(count)")
            #expect(trend(Array(repeating: 7, count: count)) == .level)
            // As fits do: fast at first, then level for the last third.
            let usual = (0..<count).map { 30 + 100 * Foundation.exp(-30 * Double($0) / Double(count)) }
            #expect(trend(usual) == .level, "\(count)")
        }
        for count in 0..<10 { #expect(trend((0..<count).map { -Double($0) }) == .unknown) }
        // In each of the tested blocks a standard deviation is 1, and the line falls by 20 of them.
        var random = SplitMix64(seed: 5)
        let noisy = (0..<50).map { 1000 - 2 * Double($0) + Self.normal(&random) }
        let tested = LossTrend(noisy, rounding: 1e-7)
        #expect(tested.trend == .falling && abs((tested.fall ?? 0) - 18) < 4 * (tested.standardError ?? 0))
        // Standard error of a slope over ten points with noise 1, times nine: 9 / sqrt(82.5).
        #expect(abs((tested.standardError ?? 0) - 0.99) < 0.5)
        // Rounding and trifles are no trends.
        #expect(trend((0..<40).map { 1e6 - 0.01 * Double($0) }) == .level)
        #expect(trend((0..<40).map { 1e6 - 0.01 * Double($0) }, rounding: 1e-16) == .falling)
        #expect(trend((0..<40).map { 1 - 1e-5 * Double($0) }) == .level)
        // Windows of which every step was refused.
        #expect(trend((0..<40).map { $0 % 4 == 1 ? .nan : 100 - Double($0) }) == .falling)
        #expect(trend(Array(repeating: .nan, count: 40)) == .unknown)
    }

    private static func normal(_ random: inout SplitMix64) -> Double {
        (-2 * Foundation.log(Double.random(in: Double.leastNonzeroMagnitude..<1, using: &random))).squareRoot()
            * Foundation.cos(2 * Double.pi * Double.random(in: 0..<1, using: &random))
    }

    // MARK: Fits

    /// A location whose optimum is far beyond what the steps can reach.
    @Test(arguments: TestDevice.all) func farOptimaAreStillFalling(_ device: TestDevice) throws {
        for (scale, precision) in [(1.0, Precision.float), (100, .float), (1, .double)] where precision == .float || device.hasDouble {
            let model = Model { m in
                let a = m.sample("a", Normal(0, 1e6))
                m.plate("rows", 4) { m in m.observe("y", Normal(a, Tensor(scale)), [100_100, 99_900, 100_050, 99_950]) }
            }
            for guide in [AutoNormal(model) as any Guide, AutoDelta(model)] {
                let fits = try fits(model, guide: guide, Adam(learningRate: 0.01), steps: 1000, on: device.device, precision: precision)
                #expect(trends(fits) == [.falling: 16])
                let progress = try #require(fits[3].progress)
                #expect(!progress.isDone && progress.fall ?? 0 > 0)
                #expect(progress.description.contains("still falling: run more steps, or raise the learning rate"))
                #expect(fits.progress[3] == progress)
            }
        }
    }

    /// Slow descent, and steps too few; without number where the history is too short.
    @Test(arguments: TestDevice.all) func slowFitsAreStillFalling(_ device: TestDevice) throws {
        let slow = try fits(
            Self.eightSchools, guide: AutoNormal(Self.eightSchools), Adam(learningRate: 1e-3), lanes: 64, steps: 1000, data: Self.schools,
            on: device.device)
        // The noise of a draw hides what some lanes gain.
        #expect((trends(slow)[.falling] ?? 0) > 32 && trends(slow)[.rising] == nil, "\(trends(slow))")
        for (steps, interval) in [(400, 50), (400, 400), (400, 1000), (9, 1), (1, 1)] {
            let short = try fits(
                Self.eightSchools, guide: AutoNormal(Self.eightSchools), Adam(learningRate: 0.01), lanes: 4, steps: steps,
                data: Self.schools, on: device.device, interval: interval)
            #expect(trends(short) == [.unknown: 4])
            #expect(short[0].progress?.description.hasPrefix("too few steps to tell") == true)
            #expect(short[0].progress?.fall == nil && short[0].progress?.isDone == false)
        }
    }

    /// Ten steps a window, or one, or a window cut short: the answer is one of the steps.
    @Test(arguments: TestDevice.all) func doneFitsAreLevel(_ device: TestDevice) throws {
        let lanes = device.isInterpreter ? 128 : 1024
        for (rate, steps, interval) in [(0.01, 2000, 50), (0.03, 4000, 50), (0.03, 4000, 7), (0.1, 4000, 50)] {
            if device.isInterpreter, steps > 2000 { continue }
            let fits = try fits(
                Self.eightSchools, guide: AutoNormal(Self.eightSchools), Adam(learningRate: .constant(rate)), lanes: lanes, steps: steps,
                data: Self.schools, on: device.device, interval: interval)
            // Half a percent where the rate is large: 5 of 1,024, and seldom more than 10.
            #expect((trends(fits)[.level] ?? 0) >= lanes - (device.isInterpreter ? 4 : lanes / 100), "rate \(rate): \(trends(fits))")
            let done = fits.progress.compactMap(\.self).first { $0.trend == .level }
            #expect(done?.isDone == true && done?.description == "the loss is level" && done?.refusedShare == 0)
        }
    }

    /// A criterion that is met too early does not make a fit level.
    @Test(arguments: TestDevice.all) func stoppedFits(_ device: TestDevice) throws {
        let model = Model { m in m.observe("y", Normal(m.sample("a", Normal(0, 1e6)), 1), 1e5) }
        let fits = try fits(
            model, guide: AutoDelta(model), Adam(learningRate: 0.01), lanes: 4, steps: 5000, on: device.device,
            convergence: Convergence(tolerance: 0.1, window: 500))
        #expect(fits.status.allSatisfy { $0 == .converged(step: 1000) })
        #expect(trends(fits) == [.falling: 4])
        #expect(fits[0].progress?.refusedShare == nil)
        let lost = try SVI(
            Model { m in m.factor("f", log(m.param("x", -1))) }, guide: Model { _ in }, optimizer: SGD(learningRate: 1)
        ).run(keys: [Key(0)], steps: 5, device: device.device)
        #expect(lost.progress == [nil] && lost[0].progress == nil)
    }

    // MARK: Edges

    @Test(arguments: TestDevice.all) func latentsAtTheEdge(_ device: TestDevice) throws {
        let model = Model { m in
            m.sample("p", Uniform(0, 1))
            m.plate("rows", 2) { m in m.sample("wide", Uniform(-1, 3)) }
            m.sample("s", HalfNormal(1))
            m.sample("w", Dirichlet([1, 1, 1]))
            m.sample("free", Normal(0, 1))
        }
        let edge: [String: Tensor] = ["p": 0.9999998, "wide": [1, -0.999999], "s": 1e-31, "w": [1e-8, 0.99999998, 1e-8], "free": 1e5]
        let inside: [String: Tensor] = ["p": 0.99, "wide": [1, 2.9], "s": 1e-6, "w": [0.01, 0.98, 0.01]]
        for precision in [Precision.float, .double] where precision == .float || device.hasDouble {
            func edges(_ start: [String: Tensor]) throws -> [FitProgress.Edge]? {
                let guide = AutoDelta(model, initializer: .value(start))
                return try fits(model, guide: guide, Resting(), lanes: 2, steps: 20, on: device.device, precision: precision)[1]
                    .progress?.edges
            }
            let found = try #require(try edges(edge))
            #expect(found.map(\.site) == ["p", "wide", "s", "w"], "\(found)")
            #expect(found.allSatisfy { $0.kind == .bound && $0.count == 1 })
            #expect(found.map(\.element) == [[], [1], [], [1]])
            #expect(zip(found.map(\.value), [0.9999998, -0.999999, 1e-31, 0.99999998]).allSatisfy { abs($0 / $1 - 1) < 1e-4 })
            #expect(try edges(inside) == [])
        }
    }

    /// Lanes of one batch, of which the optimiser drives some outwards.
    @Test(arguments: TestDevice.all) func latentsDrivenToTheEdge(_ device: TestDevice) throws {
        let model = Model { m in
            let p = m.sample("p", Uniform(0, 1))
            let s = m.sample("s", HalfNormal(1))
            m.factor("outwards", -log(1 - p) - log(s))
        }
        let guide = AutoDelta(model, initializer: .value(["s": 0.5]))
        let fits = try fits(
            model, guide: guide, Adam(learningRate: .data("rate")), lanes: 4, steps: 73, data: ["rate": .perLane([1e-30, 1, 1e-30, 1])],
            on: device.device, interval: 5)
        let progress = fits.progress
        #expect(progress[0]?.edges == [] && progress[2]?.edges == [])
        for lane in [1, 3] {
            let edges = try #require(progress[lane]?.edges)
            #expect(edges.map(\.site) == ["p", "s"] && progress[lane]?.isDone == false, "\(edges)")
            #expect(progress[lane]?.description.contains("p is at the edge of its range") == true)
            #expect(fits[lane].progress == progress[lane])
        }
    }

    @Test(arguments: TestDevice.all) func paramsAtTheEdgeAndCollapsedScales(_ device: TestDevice) throws {
        let model = Model { m in
            let x = m.sample("x", Normal(0, 1))
            let share = m.param("share", 0.5, constraint: .unitInterval)
            m.factor("f", -log(share) + 0 * x)
        }
        let guide = Model { m in m.sample("x", Normal(m.param("loc", 0.0), m.param("scale", 0.5, constraint: .positive))) }
        let fits = try fits(
            model, guide: guide, Adam(learningRate: .data("rate")), lanes: 2, steps: 300, data: ["rate": .perLane([1e-30, 0.1])],
            on: device.device)
        #expect(fits[0].progress?.edges == [] && fits[1].progress?.edges?.map(\.site) == ["share"])

        let point = Model { m in m.sample("x", Normal(m.param("loc", 0.0), m.param("scale", 1e-34, constraint: .positive))) }
        let narrow = try self.fits(model, guide: point, Resting(), lanes: 1, steps: 10, on: device.device)
        #expect(narrow[0].progress?.edges?.map(\.site) == ["scale", "x"], "\(narrow[0].status): \(narrow[0].reason?.description ?? "")")
        #expect(narrow[0].progress?.edges?.map(\.kind) == [.bound, .collapsed])

        // In float a standard deviation of 1e-4 is lost on a location of 1e5; in double it is not.
        let sharp = Model { m in m.sample("a", Normal(0, 1e6)) }
        for precision in [Precision.float, .double] where precision == .float || device.hasDouble {
            let fits = try self.fits(
                sharp, guide: AutoNormal(sharp, initializer: .value(["a": 1e5]), initialScale: 1e-4), Resting(), lanes: 1,
                steps: 20, on: device.device, precision: precision)
            let edges = try #require(fits[0].progress?.edges)
            #expect(edges.map(\.kind) == (precision == .float ? [.collapsed] : []))
        }
    }

    // MARK: Refused steps

    /// As many as the history has no loss for.
    @Test(arguments: TestDevice.all) func refusedStepsOfTheLastTenth(_ device: TestDevice) throws {
        let model = Model { m in
            let x = m.param("x", 4)
            let u = m.sample("u", Uniform(0, 1))
            m.factor("f", -0.5 * x * x + log(u - 0.2) * 0)
        }.block(hide: ["u"])
        for steps in [1, 7, 20, 400] {
            let fits = try fits(
                model, guide: Model { _ in }, SGD(learningRate: 0.05), lanes: 50, steps: steps, on: device.device, interval: 1)
            let late = max(1, steps / 10)
            for lane in 0..<50 {
                let missing = try fits.losses(lane: lane).suffix(late).filter(\.isNaN).count
                #expect(fits[lane].progress?.refusedShare == Double(missing) / Double(late))
            }
        }
    }
}
