import Foundation
import Lockstep
import LockstepExamples
import TestSupport
import Testing

@testable import LockstepCompiler
@testable import LockstepInference
@testable import LockstepRuntime

/// Lanes that stop once they only wander about where they were to go.
@Suite struct AutomaticConvergenceTests {
    // MARK: The rule

    /// What a lane came by, step by step.
    private struct Path {
        var losses: [Double] = []
        var parameters: [[Double]] = []

        /// Noise about a way that comes to its end.
        init(steps: Int, seed: UInt64, noise: Double, wander: Double, speed: Double) {
            var random = SplitMix64(seed: seed)
            func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + Double(random.next() >> 11) * 0x1p-53 } }
            var offset = [0.0, 0.0]
            for step in 0..<steps {
                offset = offset.map { 0.9 * $0 + wander * normal() }
                let way = exp(-speed * Double(step))
                losses.append(12 + 30 * way + noise * normal())
                parameters.append([2 - 3 * way + offset[0], -1 + 5 * way + offset[1]])
            }
        }
    }

    private struct Outcome: Hashable {
        var coolingStart = 0.0
        var coolingLength = 0.0
        var isStationary = false
        var stoppedAt: Int?
        var mean: [Double] = []
    }

    /// The rule, as one would write it down for one lane.
    private func expected(_ path: Path, _ rule: Stationarity, steps: Int) -> Outcome {
        var outcome = Outcome()
        var (next, looks, from) = (rule.first, 0, 0)
        var before: (mean: Double, error: Double, parameters: [Double]) = (0, 0, [0, 0])
        func moments(_ values: ArraySlice<Double>) -> (mean: Double, variance: Double) {
            let mean = values.reduce(0, +) / Double(values.count)
            return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
        }
        let shortest = rule.coolingOfParameter * 2
        let latest = min(Double(steps) / (1 + rule.cooling), max(Double(steps) - shortest, 0.5 * Double(steps))).rounded(.down)
        for step in 0..<steps {
            let done = Double(step + 1)
            if outcome.coolingStart > 0 {
                let isOver = outcome.coolingStart + outcome.coolingLength <= done
                if outcome.isStationary, isOver, outcome.stoppedAt == nil { outcome.stoppedAt = step + 1 }
                continue
            }
            let closes = next <= done
            let loss = moments(path.losses[from...step])
            let ways = (0..<2).map { place in moments(path.parameters[from...step].map { $0[place] }[...]) }
            if closes, looks >= 2 {
                let error = loss.variance / Double(step + 1 - from) + before.error
                let fall = before.mean - loss.mean
                let isLevel = fall <= 0 || fall * fall <= rule.notableFall * rule.notableFall * error
                let isSettled = (0..<2).allSatisfy {
                    (ways[$0].mean - before.parameters[$0]) * (ways[$0].mean - before.parameters[$0]) <= rule.notableWay * ways[$0].variance
                }
                outcome.isStationary = isLevel && isSettled
            }
            if outcome.isStationary || latest <= done {
                outcome.coolingStart = done
                let decay = min(max((rule.cooling * done).rounded(.down), shortest), Double(steps) - done)
                outcome.coolingLength = outcome.isStationary ? decay : Double(steps) - done
            }
            guard closes else { continue }
            before = (loss.mean, loss.variance / Double(step + 1 - from), ways.map(\.mean))
            (next, looks, from) = ((rule.growth * done).rounded(.down), looks + 1, step + 1)
        }
        return outcome
    }

    @Test(arguments: TestDevice.all) func stretchesAreComparedByTheRule(_ device: TestDevice) throws {
        guard device.hasDouble else { return print("no double precision: the rule is looked at on other devices") }
        let steps = 1500
        let paths = [
            Path(steps: steps, seed: 1, noise: 1, wander: 0.3, speed: 0.02), Path(steps: steps, seed: 2, noise: 0.2, wander: 0.01, speed: 0.01),
            Path(steps: steps, seed: 3, noise: 5, wander: 0.3, speed: 0.002), Path(steps: steps, seed: 4, noise: 0.01, wander: 1e-4, speed: 1e-4),
            Path(steps: steps, seed: 5, noise: 2, wander: 1, speed: 0.1), Path(steps: steps, seed: 6, noise: 3, wander: 1, speed: 0.06),
            Path(steps: steps, seed: 7, noise: 1, wander: 1, speed: 0.04), Path(steps: steps, seed: 8, noise: 2, wander: 2, speed: 0.05),
        ]
        var rule = Stationarity()
        rule.coolingOfParameter = 60
        let origin = Origin()
        func data(_ name: String, _ count: Int) -> Tensor { .input(Input(.data, name, origin: origin), shape: [count]) }
        let step = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int)
        let watch = StationaryWatch(
            rule, parameters: [("way", data("ways", 2 * steps).reshape([steps, 2]).gather(step))], loss: data("losses", steps).gather(step),
            step: step, steps: Tensor(Double(steps)), isLive: StateName.frozen.before(origin, dtype: .int) .== Tensor(integer: 0),
            counts: Tensor(mask: true), origin: origin)
        let frozen = StateName.frozen.before(origin, dtype: .int)
        let hasStopped = watch.hasConverged .& (frozen .== Tensor(integer: 0))
        let stopped = StateName.stoppedAt.before(origin, dtype: .int)
        let program = try Lowering.lower(
            LaneFunction(
                states: watch.states + [
                    .init(StateName.frozen, select(hasStopped, Tensor(integer: 2), frozen)),
                    .init(StateName.stoppedAt, select(hasStopped, step + Tensor(integer: 1), stopped)),
                ], starts: watch.starts, perLane: ["losses", "ways"]))
        let executable = try device.device.choice().compile(program, precision: .double, lanes: paths.count, schedule: .automatic).executable
        let execution = try executable.start(
            LaneInputs(
                keys: Key(0).split(paths.count),
                data: ["losses": .perLane(paths.flatMap(\.losses)), "ways": .perLane(paths.flatMap { $0.parameters.flatMap { $0 } })]))
        try execution.begin(attempt: 0)
        try execution.advance(from: 0, count: steps, scalars: [:])
        let outcomes = try paths.indices.map { lane in
            let stoppedAt = Int(try execution.read(.stoppedAt).lane(lane)[0])
            return Outcome(
                coolingStart: try execution.read(.coolingStart).lane(lane)[0], coolingLength: try execution.read(.coolingLength).lane(lane)[0],
                isStationary: try execution.read(.isStationary).lane(lane)[0] == 1, stoppedAt: stoppedAt == 0 ? nil : stoppedAt)
        }
        #expect(outcomes == paths.map { expected($0, rule, steps: steps) })
        // All ends are among them.
        #expect(outcomes.contains { !$0.isStationary } && Set(outcomes.compactMap(\.stoppedAt)).count >= 2, "\(outcomes)")
    }

    // MARK: Fits

    private static func schools(rate: Double = 0.05) throws -> (svi: SVI, data: [String: LaneData]) {
        let problem = try #require(Example.named("eight-schools")).problem()
        return (SVI(problem.model, guide: AutoNormal(problem.model), optimizer: Adam(learningRate: .constant(rate))), problem.data)
    }

    private static func options(_ draws: Int) -> RunOptions {
        var options = RunOptions()
        options.finalDraws = draws
        options.convergence = .automatic
        return options
    }

    /// How many lanes lose more than a tenth of a nat by stopping; and steps that are done for nothing.
    @Test(arguments: TestDevice.all) func stoppingCostsLittle(_ device: TestDevice) throws {
        let (svi, data) = try Self.schools()
        let keys = Key(1).split(device.isInterpreter ? 64 : 512)
        var options = Self.options(2000)
        let stopped = try svi.run(keys: keys, steps: 12_000, data: data, device: device.device, options: options)
        options.convergence = nil
        let whole = try SVI(svi.model, guide: svi.guide, optimizer: Adam(learningRate: .cosine(from: 0.05)))
            .run(keys: keys, steps: 12_000, data: data, device: device.device, options: options)
        let ends = stopped.status.map { status in if case .converged(let step) = status { step } else { nil as Int? } }
        let dear = keys.indices.filter { ends[$0] != nil && whole.elbo[$0] - stopped.elbo[$0] > 0.1 }
        #expect(ends.filter { $0 != nil }.count > keys.count * 7 / 10)
        #expect(Double(dear.count) <= 0.02 * Double(keys.count), "\(dear.count) of \(keys.count)")
        let needed = ends.reduce(0) { $0 + ($1 ?? 12_000) }
        #expect(needed < 9000 * keys.count)
        // Blocks of few lanes are left only together.
        if !device.isInterpreter { #expect(Double(stopped.timings.laneSteps) < 1.15 * Double(needed)) }
        #expect(stopped.timings.laneSteps >= needed && whole.timings.laneSteps == 12_000 * keys.count)
    }

    /// Whoever stops beside them, and with whom they go on.
    @Test(arguments: TestDevice.all) func lanesAreSolo(_ device: TestDevice) throws {
        let (svi, data) = try Self.schools(rate: 0.1)
        let keys = Key(2).split(device.isInterpreter ? 300 : 150)
        var options = Self.options(20)
        let fits = try svi.run(keys: keys, steps: 3000, data: data, device: device.device, options: options)
        #expect(Set(fits.status).count > 3)
        #expect(fits.timings.laneSteps < 3000 * keys.count)
        options.schedule = fits.layout.schedule ?? .automatic
        for lane in [0, 17, 99, 149] {
            let alone = try svi.run(keys: [keys[lane]], steps: 3000, data: data, device: device.device, options: options)
            #expect(alone.bits(0) == fits.bits(lane))
        }
    }

    /// A run that is too short ends with a rate of nothing too: its loss is below that of a rate that never falls.
    @Test(arguments: TestDevice.all) func ceilingsDecayToo(_ device: TestDevice) throws {
        let (svi, data) = try Self.schools(rate: 0.1)
        var options = Self.options(500)
        var rule = Stationarity()
        rule.notableWay = 0
        options.convergence = Convergence(rule)
        let keys = Key(3).split(32)
        let fits = try svi.run(keys: keys, steps: 1500, data: data, device: device.device, options: options)
        #expect(fits.status.allSatisfy { $0 == .finished })
        options.convergence = nil
        let plain = try svi.run(keys: keys, steps: 1500, data: data, device: device.device, options: options)
        #expect(keys.indices.filter { fits.elbo[$0] > plain.elbo[$0] }.count >= 30)
    }

    /// Far from where it is to go, and slow: no lane takes that for the end.
    @Test(arguments: TestDevice.all) func aLongWayIsNoEnd(_ device: TestDevice) throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1e6))
            m.observe("y", Normal(a, 1e4), m.data("y"))
        }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01)).run(
            keys: Key(0).split(8), steps: 4000, data: ["y": .perLane((0..<8).map { 1e5 + 10 * Double($0) })], device: device.device,
            options: Self.options(20))
        #expect(fits.status.allSatisfy { $0 == .finished })
    }

    /// What stops by itself does as it did.
    @Test(arguments: TestDevice.all) func minimizeIsAsItWas(_ device: TestDevice) throws {
        let model = Model { m in
            let (a, s) = (m.sample("a", Normal(0, 3)), m.sample("s", HalfNormal(2)))
            m.plate("rows", 3) { m in m.observe("y", Normal(a, s), m.data("y", shape: [3])) }
        }
        let data: [String: LaneData] = ["y": .shared([1, 2, 4])]
        var options = Self.options(20)
        let fits = try Minimize(model).run(keys: Key(0).split(5), steps: 80, data: data, device: device.device, options: options)
        options.convergence = nil
        let plain = try Minimize(model).run(keys: Key(0).split(5), steps: 80, data: data, device: device.device, options: options)
        #expect(fits.bits == plain.bits && fits.status.contains { if case .converged = $0 { true } else { false } })
    }
}
