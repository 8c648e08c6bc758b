import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// The line search by itself: along functions of one variable it ends at a step that fulfils the strong Wolfe conditions.
@Suite struct LineSearchTests {
    /// One search from 0 along a model's only parameter, whose start is the first length that is tried.
    struct Search: LaneAlgorithm {
        let model: Model
        let method: LBFGS
        var guide: any Guide { AutoDelta(model) }
        let loss: any Loss = TraceELBO()

        func prepare(_ problem: LaneProblem) throws -> LanePlan {
            func int(_ name: String) -> Tensor { problem.state(name, dtype: .int) }
            let length = problem.parameters[0].value
            let (loss, slopes) = try problem.valueAndGradients(of: self.loss)
            let (startLoss, startSlopes) = try problem.valueAndGradients(of: self.loss, at: [0])
            let start = LineSearch.Point(length: 0, loss: startLoss, slope: startSlopes[0])
            let isFirst = int("trials") .== Tensor(integer: 0)
            func point(_ name: String) -> LineSearch.Point {
                let carried = LineSearch.Point(
                    length: problem.state(name + " length"), loss: problem.state(name + " loss"), slope: problem.state(name + " slope"))
                return .select(isFirst, start, carried)
            }
            let one = Tensor(integer: 1), zero = Tensor(integer: 0)
            let search = LineSearch(
                method, start: start, trial: .init(length: length, loss: loss, slope: slopes[0]),
                isFinite: loss.isFinite .& square(slopes[0]).isFinite,
                memory: .init(low: point("low"), other: point("other"), isBracketed: int("bracketed") .== one),
                trials: int("trials") + one, isSettling: int("settling") .== one, epsilon: problem.precision.epsilon)
            func states(_ name: String, _ point: LineSearch.Point) -> [LanePlan.State] {
                [
                    .init(name + " length", next: point.length), .init(name + " loss", next: point.loss),
                    .init(name + " slope", next: point.slope),
                ]
            }
            return try LanePlan(
                problem, loss: startLoss, gradients: [], parameters: [select(search.accepts, length, search.next)],
                states: states("low", search.memory.low) + states("other", search.memory.other) + [
                    .init("bracketed", next: select(search.memory.isBracketed, one, zero)), .init("trials", next: int("trials") + one),
                    .init("settling", next: select(search.settles, one, zero)),
                ], stop: .init(converged: search.accepts, stalled: search.fails))
        }
    }

    /// A function of one variable and a number of its own, on the device and on the host.
    struct Function: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let onDevice: @Sendable (_ length: Tensor, _ number: Tensor) -> Tensor
        /// Loss and slope.
        let onHost: @Sendable (_ length: Double, _ number: Double) -> (loss: Double, slope: Double)
        /// What losses are off by, beside rounding.
        var noise = 0.0

        static let all = [
            Function(testDescription: "quadratic", onDevice: { square($0 - $1) }, onHost: { (pow($0 - $1, 2), 2 * ($0 - $1)) }),
            Function(
                testDescription: "cubic", onDevice: { $0 * square($0) - 3 * square($1) * $0 },
                onHost: { (pow($0, 3) - 3 * $1 * $1 * $0, 3 * ($0 * $0 - $1 * $1)) }),
            Function(
                testDescription: "quartic", onDevice: { square(square($0 - $1)) - $0 },
                onHost: { (pow($0 - $1, 4) - $0, 4 * pow($0 - $1, 3) - 1) }),
            // Moré and Thuente 1994, functions 1 and 2.
            Function(
                testDescription: "with a long tail", onDevice: { -$0 / (square($0) + 2 * square($1)) },
                onHost: { (-$0 / ($0 * $0 + 2 * $1 * $1), ($0 * $0 - 2 * $1 * $1) / pow($0 * $0 + 2 * $1 * $1, 2)) }),
            Function(
                testDescription: "flat at its start",
                onDevice: { square(square($0 / $1 + 0.004)) * ($0 / $1 - 1.996) },
                onHost: { length, number in
                    let x = length / number + 0.004
                    return (pow(x, 4) * (x - 2), (5 * pow(x, 4) - 8 * pow(x, 3)) / number)
                }),
            Function(
                testDescription: "with a wall", onDevice: { -log($1 - $0) - 20 / $1 * $0 },
                onHost: { (-log($1 - $0) - 20 / $1 * $0, 1 / ($1 - $0) - 20 / $1) }),
            // Of a height that hides what the search changes of it, with noise in the last digits.
            Function(
                testDescription: "in noise", onDevice: { 1e8 + square(1e-5 * ($0 / $1 - 1)) + (1e-8 * sin(1e7 * $0)).withoutGradient },
                onHost: { (1e8 + pow(1e-5 * ($0 / $1 - 1), 2), 2e-10 / $1 * ($0 / $1 - 1)) }, noise: 2e-8),
        ]
    }

    @Test(arguments: Function.all, [0.1, 0.9])
    func stepsFulfilTheConditions(_ function: Function, curvature: Double) throws {
        let model = Model { m in m.factor("f", -function.onDevice(m.param("length", m.data("first", shape: [])), m.data("number", shape: []))) }
        let firsts = [1e-3, 0.1, 1, 10, 1e3], numbers = [0.02, 0.5, 1, 3, 50]
        let cases = firsts.flatMap { first in numbers.map { (first: first, number: $0) } }
        let method = LBFGS(curvature: curvature)
        var options = RunOptions()
        (options.precision, options.finalDraws) = (.double, 0)
        let fits = try Search(model: model, method: method).run(
            keys: Key(0).split(cases.count), steps: 60,
            data: ["first": .perLane(cases.map(\.first)), "number": .perLane(cases.map(\.number))], device: .cpu, options: options)
        var trials = 0
        for (lane, row) in cases.enumerated() {
            let length = fits.unconstrained("length")[lane][0]
            let (start, end) = (function.onHost(0, row.number), function.onHost(length, row.number))
            let rounding = 4 * Double.ulpOfOne * max(abs(start.loss), 1) + function.noise
            #expect(end.loss <= start.loss + method.decrease * length * start.slope + rounding, "\(row): \(length)")
            #expect(abs(end.slope) <= curvature * abs(start.slope) * (1 + 1e-9), "\(row): \(length)")
            guard case .converged(let step) = fits.status[lane] else {
                Issue.record("\(row): \(fits.status[lane])")
                continue
            }
            trials += step
            // It ends by itself, not for want of trials.
            #expect(step < method.mostTrials, "\(row)")
        }
        print("line search \(function.testDescription), curvature \(curvature): \(Double(trials) / Double(cases.count)) trials")
    }

    /// Where nothing lower is found a search ends.
    @Test func searchesForNothingEnd() throws {
        // The slope promises what the loss does not keep.
        let model = Model { m in
            let length = m.param("length", m.data("first", shape: []))
            m.factor("f", length - 2 * length.withoutGradient)
        }
        let fits = try Search(model: model, method: LBFGS()).run(
            keys: Key(0).split(3), steps: 60, data: ["first": .perLane([0.01, 1, 100])], device: .cpu)
        #expect(fits.status.allSatisfy { if case .stalled(let step) = $0 { step <= 25 } else { false } }, "\(fits.status)")
    }
}
