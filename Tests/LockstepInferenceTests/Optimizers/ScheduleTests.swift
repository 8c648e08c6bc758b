import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// Schedules against the formulas that Optax documents, step by step, on all devices, with numbers of the lane's own.
@Suite struct ScheduleTests {
    typealias Formula = @Sendable (_ step: Double, _ steps: Double, _ high: Double, _ low: Double) -> Double

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Of a high and a low number.
        let schedule: @Sendable (Hyperparameter, Hyperparameter) -> Hyperparameter
        let formula: Formula
    }

    private static func exponential(_ t: Double, _ steps: Double, _ from: Double, _ to: Double) -> Double {
        from * pow(to / from, min(t / steps, 1))
    }
    private static func polynomial(_ t: Double, _ steps: Double, _ from: Double, _ to: Double, _ power: Double = 1) -> Double {
        (from - to) * pow(1 - min(t / steps, 1), power) + to
    }
    private static func cosine(_ t: Double, _ steps: Double, _ from: Double, _ to: Double) -> Double {
        to + (from - to) * (1 + cos(.pi * min(t / steps, 1))) / 2
    }
    private static func oneCycle(_ t: Double, _ steps: Double, _ peak: Double, rise: Double, _ start: Double, _ end: Double) -> Double {
        let top = (rise * steps).rounded(.down)
        return t < top ? cosine(t, top, peak / start, peak) : cosine(t - top, steps - top, peak, peak / start / end)
    }

    static let cases: [Case] = [
        .init(testDescription: "constant", schedule: { high, _ in high }, formula: { _, _, high, _ in high }),
        .init(testDescription: "exponential", schedule: { .exponentialDecay(from: $0, to: $1) }, formula: exponential),
        .init(
            testDescription: "exponential growth over 30", schedule: { .exponentialDecay(from: $1, to: $0, over: 30) },
            formula: { t, _, high, low in exponential(t, 30, low, high) }),
        .init(testDescription: "linear", schedule: { .polynomialDecay(from: $0, to: $1) }, formula: { polynomial($0, $1, $2, $3) }),
        .init(
            testDescription: "cubic to 0", schedule: { high, _ in .polynomialDecay(from: high, to: 0, power: 3) },
            formula: { t, steps, high, _ in polynomial(t, steps, high, 0, 3) }),
        .init(
            testDescription: "root over 20", schedule: { .polynomialDecay(from: $0, to: $1, power: 0.5, over: 20) },
            formula: { t, _, high, low in polynomial(t, 20, high, low, 0.5) }),
        .init(testDescription: "cosine", schedule: { .cosine(from: $0, to: $1) }, formula: cosine),
        .init(
            testDescription: "cosine to 0 over 37", schedule: { high, _ in .cosine(from: high, over: 37) },
            formula: { t, _, high, _ in cosine(t, 37, high, 0) }),
        .init(
            testDescription: "one cycle", schedule: { high, _ in .oneCycle(peak: high) },
            formula: { t, steps, high, _ in oneCycle(t, steps, high, rise: 0.3, 25, 1e4) }),
        .init(
            testDescription: "one cycle of 40", schedule: { high, _ in .oneCycle(peak: high, rise: 0.5, startDivisor: 4, endDivisor: 10, over: 40) },
            formula: { t, _, high, _ in oneCycle(min(t, 40), 40, high, rise: 0.5, 4, 10) }),
        .init(
            testDescription: "warm-up to a constant", schedule: { high, low in .warmUp(steps: 7, from: low, then: high) },
            formula: { t, _, high, low in t < 7 ? low + (high - low) * t / 7 : high }),
        .init(
            testDescription: "warm-up to a cosine", schedule: { high, low in .warmUp(steps: 10, then: .cosine(from: high, to: low)) },
            formula: { t, steps, high, low in t < 10 ? high * t / 10 : cosine(t - 10, steps - 10, high, low) }),
        .init(
            testDescription: "piecewise", schedule: { high, low in .piecewise(high, then: [13: low, 40: 0.5]) },
            formula: { t, _, high, low in t < 13 ? high : t < 40 ? low : 0.5 }),
        .init(
            testDescription: "pieces that decay",
            schedule: { high, low in
                .piecewise(
                    .exponentialDecay(from: high, to: low), then: [16: .cosine(from: high, to: low), 48: .polynomialDecay(from: low, to: high)])
            },
            formula: { t, steps, high, low in
                t < 16 ? exponential(t, 16, high, low) : t < 48 ? cosine(t - 16, 32, high, low) : polynomial(t - 48, steps - 48, low, high)
            }),
    ]

    /// The steps of a run, longer than a kernel's table of steps, and no multiple of it.
    static let steps = 60

    /// - Returns: for each lane and each rate, its value at each step.
    private static func record(
        _ rates: [Hyperparameter], _ device: TestDevice, _ data: [String: LaneData] = [:], lanes: Int = 1,
        precision: Precision = .float, change: (inout RunOptions) -> Void = { _ in }
    ) throws -> [[ArraySlice<Double>]] {
        let model = Model { m in m.factor("f", 0 * m.param("x", Tensor(repeating: 0, shape: [rates.count, steps])).sum()) }
        var options = RunOptions()
        options.precision = precision
        change(&options)
        let found = try SVI(model, guide: Model { _ in }, optimizer: Recorder(values: rates))
            .run(keys: Key(0).split(lanes), steps: steps, data: data, device: device.device, options: options).unconstrained("x")
        return found.map { lane in rates.indices.map { lane[$0 * steps..<($0 + 1) * steps] } }
    }

    @Test(arguments: TestDevice.all)
    func followFormulas(_ device: TestDevice) throws {
        let highs = [0.1, 1, 0.003, 20, 0.37]
        let lows = [0.001, 0.9, 0.0029, 1e-6, 0.02]
        let data: [String: LaneData] = ["high": .perLane(highs), "low": .perLane(lows)]
        let rates = Self.cases.map { $0.schedule(.data("high"), .data("low")) } + Self.cases.map { $0.schedule(0.37, 0.02) }
        for precision in device.hasDouble ? [Precision.float, .double] : [.float] {
            let found = try Self.record(rates, device, data, lanes: 5, precision: precision)
            for (number, test) in Self.cases.enumerated() {
                for lane in 0..<5 {
                    for (step, value) in found[lane][number].enumerated() {
                        let expected = test.formula(Double(step), Double(Self.steps), highs[lane], lows[lane])
                        // The formulas cancel, where the result is small, to rounding of the high number.
                        let bound = (precision == .float ? 4e-6 : 2e-13) * abs(expected) + 4e-16 * highs[lane]
                        #expect(abs(value - expected) <= bound, "\(test.testDescription), step \(step), lane \(lane), \(precision): \(value)")
                    }
                }
                // Constants take another way: the host's, and tables.
                for (constant, read) in zip(found[0][Self.cases.count + number], found[4][number]) {
                    #expect(abs(constant - read) <= (precision == .float ? 2e-6 : 1e-13) * read, "\(test.testDescription)")
                }
            }
        }
    }

    /// A part of the steps in each launch, and lanes alone, change no bit.
    @Test(arguments: TestDevice.all)
    func areTheSameInPieces(_ device: TestDevice) throws {
        let rates = Self.cases.map { $0.schedule(.data("high"), 0.001) }
        let data: [String: LaneData] = ["high": .perLane([0.1, 0.5, 0.02])]
        let whole = try Self.record(rates, device, data, lanes: 3)
        let pieces = try Self.record(rates, device, data, lanes: 3) { $0.onProgress = { _ in } }
        #expect(pieces == whole)
        #expect(try Self.record(rates, device, ["high": .perLane([0.1])])[0] == whole[0])
    }

    /// The number of steps is given at the launch: one program serves runs of any length.
    @Test func programsDoNotKnowTheNumberOfSteps() throws {
        let model = Model { m in m.observe("y", Normal(m.sample("a", Normal(0, 1)), 1), 1) }
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: .warmUp(steps: 10, then: .oneCycle(peak: 0.1))))
        for device in TestDevice.all {
            let texts = try [100, 1000, 4321].map { steps in
                var options = RunOptions()
                options.lossInterval = steps
                let found = try svi.explain(steps: steps, lanes: 64, device: device.device, options: options)
                return [found.laneProgram] + found.kernels
            }
            #expect(texts[1] == texts[0] && texts[2] == texts[0])
        }
    }

    /// What is left of a schedule of constants in a kernel's step is a value from a table.
    @Test(arguments: TestDevice.all.filter { !$0.isInterpreter }, cases.dropFirst())
    func costsNothing(on device: TestDevice, _ test: Case) throws {
        let model = Model { m in m.observe("y", Normal(m.sample("a", Normal(0, 1)), 1), 1) }
        func step(_ rate: Hyperparameter) throws -> [Substring]? {
            var options = RunOptions()
            options.schedule = .lanes
            let found = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: rate))
                .explain(steps: 100, lanes: 64, device: device.device, options: options)
            if found.layout.laneWidth == 1 { return nil }
            let lines = found.kernels[0].split(separator: "\n")
            return lines.lastIndex { $0.contains("for (int ls_step") }.map { Array(lines[$0...]) }
        }
        guard let constant = try step(0.1), let scheduled = try step(test.schedule(0.1, 0.001)) else { return }
        // Adam's corrections and the rate: one product more.
        #expect(scheduled.count <= constant.count + 1, "\(scheduled.joined(separator: "\n"))")
    }
}
