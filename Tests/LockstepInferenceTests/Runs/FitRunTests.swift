import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Runs that go on as they are told to, and are saved and resumed on the way.
@Suite struct FitRunTests {
    /// What is run, and how.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let algorithm: any LaneAlgorithm
        var data = InvariantTests.data
        var steps = 60
        var configure: @Sendable (inout RunOptions) -> Void = { _ in }
    }

    /// Lanes half of whose starts are far out, where the loss is infinite.
    private static let steep = Model { m in
        let x = m.sample("x", Normal(0, 1))
        m.factor("wall", select(1 .< x, Tensor(-Double.infinity), 0) - x * x)
    }

    /// Lanes are left behind soon.
    private static let early: Convergence = {
        var rule = Stationarity()
        (rule.first, rule.growth, rule.coolingOfParameter, rule.cooling, rule.notableWay) = (8, 1.2, 1, 0.2, 3)
        return Convergence(rule)
    }()

    private static let cases: [Case] = {
        let model = InvariantTests.model
        let guide = AutoNormal(model.block(hide: ["noise"]))
        let rate = Hyperparameter.exponentialDecay(from: 0.1, to: 0.01)
        return [
            Case(testDescription: "svi", algorithm: InvariantTests.svi()),
            Case(
                testDescription: "averaged, with a schedule and clipped",
                algorithm: SVI(model, guide: guide, optimizer: Averaged(Clipped(Adam(learningRate: rate), norm: 5), over: 0.4)), steps: 90),
            Case(
                testDescription: "converging", algorithm: SVI(model, guide: guide, optimizer: Adam(learningRate: 0.1)), steps: 150,
                configure: { $0.convergence = Convergence(tolerance: 0.2, window: 20) }),
            Case(
                testDescription: "converging by itself", algorithm: SVI(model, guide: guide, optimizer: Adam(learningRate: 0.1)), steps: 600,
                configure: { $0.convergence = early }),
            Case(
                testDescription: "other starts",
                algorithm: SVI(steep, guide: AutoDelta(steep, initializer: .uniform(radius: 2)), optimizer: SGD(learningRate: 0.01)),
                data: [:], configure: { $0.startAttempts = 2 }),
            Case(testDescription: "minimize", algorithm: Minimize(model.condition(["noise": Tensor(repeating: 0.5, shape: [5])])), steps: 80),
        ]
    }()

    private static func options(_ test: Case) -> RunOptions {
        var options = RunOptions()
        options.lossInterval = 7
        options.finalDraws = 20
        test.configure(&options)
        return options
    }

    /// As bits: what all lanes came to, and whether they were done.
    private static func text(_ fits: Fits) -> String { "\(fits.bits) \(fits.progress) \(fits.outcome.driftPace) \(fits.outcome.refusedLate)" }

    @Test(arguments: cases, TestDevice.all) func piecesAreTheWhole(_ test: Case, _ device: TestDevice) throws {
        let (keys, options) = (Key(3).split(23), Self.options(test))
        let whole = try test.algorithm.run(keys: keys, steps: test.steps, data: test.data, device: device.device, options: options)
        let run = try test.algorithm.start(keys: keys, steps: test.steps, data: test.data, device: device.device, options: options)
        #expect(run.progress == 0 && !run.isFinished)
        var pieces = 0
        var before = 0.0
        while !run.isFinished {
            try run.advance(7)
            #expect(before < run.progress)
            before = run.progress
            pieces += 1
        }
        #expect(pieces > 1 && before == 1)
        #expect(try Self.text(run.fits()) == Self.text(whole))
    }

    /// Each time another program goes on from the file.
    @Test(arguments: cases, TestDevice.all) func resumedIsUndisturbed(_ test: Case, _ device: TestDevice) throws {
        let (keys, options) = (Key(3).split(23), Self.options(test))
        let whole = try test.algorithm.run(keys: keys, steps: test.steps, data: test.data, device: device.device, options: options)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("run-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        var run = try test.algorithm.start(keys: keys, steps: test.steps, data: test.data, device: device.device, options: options)
        var random = SplitMix64(seed: 9)
        while !run.isFinished {
            try run.advance(Int(random.next() % 23) + 1)
            try run.state().write(to: file)
            run = try test.algorithm.resume(RunState(contentsOf: file), data: test.data, device: device.device, options: options)
        }
        #expect(try Self.text(run.fits()) == Self.text(whole))
    }

    /// Waves that have come to an end, one that has not, and lanes whose turn has not come.
    @Test(arguments: TestDevice.all) func wavesAreSavedToo(_ device: TestDevice) throws {
        var options = RunOptions()
        options.finalDraws = 20
        options.badData = .leaveOut
        let keys = Key(5).split(40)
        let model = Model { m in
            m.observe("y", Normal(m.sample("mu", Normal(0, 5)), 1), m.data("y"))
        }
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.1))
        var y = (0..<40).map { Double($0) / 10 }
        y[3] = .nan
        let data: [String: LaneData] = ["y": .perLane(y)]
        let whole = try svi.run(keys: keys, steps: 30, data: data, device: device.device, options: options)
        #expect(whole.status[3] == .badData)
        options.memoryBudget = whole.layout.bytesPerLane * 16
        var run = try svi.start(keys: keys, steps: 30, data: data, device: device.device, options: options)
        var seen: [[FitStatus]] = []
        while !run.isFinished {
            try run.advance(20)
            seen.append(try run.fits().status)
            run = try svi.resume(try run.state(), data: data, device: device.device, options: options)
        }
        #expect(try run.fits().bits == whole.bits)
        // After 20 steps of the first wave, then 30.
        let first = try #require(seen.first)
        #expect(first[0] == .running(step: 20) && first[3] == .badData && first[39] == .waiting)
        #expect(seen.count > 3 && seen[1][0] == .finished && seen[1][39] == .waiting)
        #expect(try run.fits().status == whole.status)
    }

    /// Between its steps a run can be asked what a finished one can.
    @Test(arguments: TestDevice.all) func runsCanBeLookedAt(_ device: TestDevice) throws {
        let options = Self.options(Self.cases[0])
        let keys = Key(1).split(3)
        let run = try InvariantTests.svi().start(keys: keys, steps: 60, data: InvariantTests.data, device: device.device, options: options)
        #expect(try run.fits().status == Array(repeating: .waiting, count: 3))
        #expect(throws: LockstepError.self) { try run.fits()[0].mean("mu") }
        try run.advance(30)
        let half = try run.fits()
        #expect(half.status == Array(repeating: .running(step: 30), count: 3))
        #expect(half.elbo.allSatisfy { $0.isFinite } && half.reasons.isEmpty)
        #expect(try half.losses(lane: 0).prefix { !$0.isNaN }.count == 5)
        let mean = try half[1].mean("mu")[0]
        try run.advance()
        // What was read before is not what the lanes hold now.
        #expect(try half[1].mean("mu")[0] == mean && run.fits()[1].mean("mu")[0] != mean)
    }

    // MARK: Mistakes

    private func resumed(
        _ algorithm: any LaneAlgorithm, data: [String: LaneData] = InvariantTests.data, _ configure: (inout RunOptions) -> Void = { _ in }
    ) -> String? {
        errorText {
            var options = RunOptions()
            options.finalDraws = 20
            let run = try InvariantTests.svi().start(keys: [Key(1), Key(2)], steps: 9, data: InvariantTests.data, device: .cpu, options: options)
            try run.advance(4)
            configure(&options)
            _ = try algorithm.resume(run.state(), data: data, device: .cpu, options: options)
        }
    }

    @Test func whatDoesNotBelongTogetherIsAnError() {
        #expect(resumed(InvariantTests.svi()) == nil)
        let model = InvariantTests.model
        let other = SVI(model, guide: AutoNormal(model.block(hide: ["noise"])), optimizer: Adam(learningRate: 0.06))
        #expect(resumed(other)?.contains("the algorithm") == true)
        #expect(resumed(InvariantTests.svi(), data: ["y": .shared([1.5, -0.5, 2, 0.25, 4])])?.contains("the data") == true)
        #expect(resumed(InvariantTests.svi()) { $0.precision = .double }?.contains("the precision") == true)
        #expect(resumed(InvariantTests.svi()) { $0.finalDraws = 21 }?.contains("the options") == true)
    }

    @Test func filesThatHoldNoRunAreErrors() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("run-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(errorText { _ = try RunState(contentsOf: file) }?.contains("cannot read the saved run \(file.path)") == true)
        let run = try InvariantTests.svi().start(keys: [Key(1)], steps: 9, data: InvariantTests.data, device: .cpu)
        try run.advance(4)
        try run.state().write(to: file)
        let bytes = try Data(contentsOf: file)
        try bytes.prefix(bytes.count / 2).write(to: file)
        #expect(errorText { _ = try RunState(contentsOf: file) }?.contains("\(file.path) holds no saved run") == true)
        #expect(errorText { try run.state().write(to: file.appendingPathComponent("x")) }?.contains("cannot save the run in") == true)
    }

    @Test func whatMakesNoSenseIsAnError() throws {
        let run = try InvariantTests.svi().start(keys: [Key(1)], steps: 9, data: InvariantTests.data, device: .cpu)
        #expect(errorText { try run.advance(0) } == "cannot advance 0 steps in inf seconds; give at least 1 step, and some time")
        #expect(errorText { try run.advance(for: -1) } == "cannot advance \(Int.max) steps in -1.0 seconds; give at least 1 step, and some time")
    }
}
