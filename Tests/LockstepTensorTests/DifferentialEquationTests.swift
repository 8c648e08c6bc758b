import Foundation
import LockstepTensor
import TestSupport
import Testing

/// Solutions of differential equations: against the same method written plainly, closed forms, and SciPy.
@Suite struct DifferentialEquationTests {
    /// The classical method of Runge and Kutta: a row for each time.
    static func plain(_ start: [Double], _ times: [Double], _ steps: Int, _ derivative: (Double, [Double]) -> [Double]) -> [[Double]] {
        func moved(_ state: [Double], _ slope: [Double], _ length: Double) -> [Double] { zip(state, slope).map { $0 + length * $1 } }
        var rows = [start]
        for (begin, end) in zip(times, times.dropFirst()) {
            let size = (end - begin) / Double(steps)
            var state = rows[rows.count - 1]
            for number in 0..<steps {
                let time = begin + Double(number) * size
                let one = derivative(time, state)
                let two = derivative(time + size / 2, moved(state, one, size / 2))
                let three = derivative(time + size / 2, moved(state, two, size / 2))
                let four = derivative(time + size, moved(state, three, size))
                state = state.indices.map { state[$0] + size / 6 * (one[$0] + 2 * two[$0] + 2 * three[$0] + four[$0]) }
            }
            rows.append(state)
        }
        return rows
    }

    static func worst(_ found: [Double], _ wanted: [Double]) -> Double {
        found.count == wanted.count ? zip(found, wanted).reduce(0) { max($0, abs($1.0 - $1.1) / max(1, abs($1.1))) } : .infinity
    }

    static let times: [Double] = [0, 0.5, 1, 2.5, 4]

    static func preyAndPredators(_ times: Tensor, steps: Int) -> [Tensor] {
        odeSolve(from: [10, 5], at: times, stepsBetween: steps) { _, state in
            [(1.1 - 0.4 * state[1]) * state[0], (0.1 * state[0] - 0.4) * state[1]]
        }
    }

    @Test(arguments: [1, 2, 10, 20]) func isTheMethodWrittenPlainly(_ steps: Int) throws {
        let found = try ReferenceEvaluator.evaluate(Self.preyAndPredators(Tensor(Self.times), steps: steps))
        let wanted = Self.plain([10, 5], Self.times, steps) { _, s in [(1.1 - 0.4 * s[1]) * s[0], (0.1 * s[0] - 0.4) * s[1]] }
        for place in 0..<2 { #expect(Self.worst(found[place], wanted.map { $0[place] }) < 1e-12) }
    }

    /// scipy.integrate.solve_ivp(f, (0, 4), [10, 5], t_eval=times, rtol=1e-12, atol=1e-13, method="DOP853").y
    @Test func isNearSciPys() throws {
        let found = try ReferenceEvaluator.evaluate(Self.preyAndPredators(Tensor(Self.times), steps: 20))
        let wanted = [
            [10.0, 5.653100096224892, 2.881093313738026, 0.6830337107963317, 0.5194393353111378],
            [5.0, 6.0326541582815585, 6.067427711830031, 4.099104889790166, 2.4432448688063553],
        ]
        for place in 0..<2 { #expect(Self.worst(found[place], wanted[place]) < 1e-6) }
    }

    @Test func closedForms() throws {
        let times: Tensor = [0, 0.3, 1.1, 2]
        let decay = odeSolve(from: 2, at: times) { _, y in -0.7 * y }
        #expect(decay.shape == [4])
        #expect(Self.worst(try ReferenceEvaluator.evaluate(decay), [0, 0.3, 1.1, 2].map { 2 * exp(-0.7 * $0) }) < 1e-6)
        let driven = odeSolve(from: [Tensor(1)], at: [0, 0.5, 1.5]) { time, state in [cos(time) * state[0]] }
        #expect(Self.worst(try ReferenceEvaluator.evaluate(driven[0]), [0, 0.5, 1.5].map { exp(sin($0)) }) < 2e-6)
        // A polynomial of third degree in time is integrated exactly.
        let cube = odeSolve(from: 1, at: [1, 2, 4], stepsBetween: 1) { time, y in 4 * time * time * time + 0 * y }
        #expect(Self.worst(try ReferenceEvaluator.evaluate(cube), [1, 16, 256]) < 1e-13)
    }

    /// Half the step, a sixteenth of the error.
    @Test func errorsShrinkWithTheFourthPower() throws {
        func error(_ steps: Int) throws -> Double {
            let found = odeSolve(from: [1, 0], at: [0, 1, 3], stepsBetween: steps) { _, state in [state[1], -state[0]] }
            let values = try ReferenceEvaluator.evaluate(found)
            return max(Self.worst(values[0], [1, cos(1), cos(3)]), Self.worst(values[1], [0, -sin(1), -sin(3)]))
        }
        let errors = try [10, 20, 40].map(error)
        #expect((14...18).contains(errors[0] / errors[1]) && (14...18).contains(errors[1] / errors[2]), "\(errors)")
    }

    @Test func timesOfAllKinds() throws {
        func decay(_ times: Tensor, from start: Tensor = 1) -> Tensor { odeSolve(from: start, at: times) { _, y in -y } }
        #expect(try ReferenceEvaluator.evaluate(decay([3])) == [1])
        let still = try ReferenceEvaluator.evaluate(decay([0.5, 0.5, 0.5]))
        #expect(still == [1, 1, 1])
        // There and back.
        let back = try ReferenceEvaluator.evaluate(decay([0, 1, 0]))
        #expect(abs(back[1] - exp(-1)) < 1e-6 && abs(back[2] - 1) < 1e-6)
        let whole = try ReferenceEvaluator.evaluate(decay(Tensor.iota(3), from: Tensor(integers: [1, 2])))
        #expect(Self.worst(whole, [1, 2, exp(-1), 2 * exp(-1), exp(-2), 2 * exp(-2)]) < 2e-6)
        let lost = try ReferenceEvaluator.evaluate(decay([0, .nan, 1]))
        #expect(lost[0] == 1 && lost[1].isNaN && lost[2].isNaN)
    }

    @Test func shapes() throws {
        let matrix = Tensor.named("m", [2, 2]), state = Tensor.named("s", [2, 3])
        let found = odeSolve(from: [state, Tensor.named("t")], at: [0, 0.4, 0.5], stepsBetween: 3) { _, now in
            [matmul(matrix, now[0]), now[0].sum() - now[1]]
        }
        #expect(found.map(\.shape) == [[3, 2, 3], [3]])
        let point: [String: [Double]] = ["m": [0.2, -1, 0.7, -0.3], "s": [1, 2, -1, 0.5, 0, 3], "t": [0.25]]
        let m = point["m"] ?? [], start = (point["s"] ?? []) + [0.25]
        let wanted = Self.plain(start, [0, 0.4, 0.5], 3) { (_: Double, now: [Double]) -> [Double] in
            var slope: [Double] = []
            for row in 0..<2 { for column in 0..<3 { slope.append(m[2 * row] * now[column] + m[2 * row + 1] * now[3 + column]) } }
            let sum: Double = now[..<6].reduce(0, +)
            return slope + [sum - now[6]]
        }
        let values = try ReferenceEvaluator.evaluate(found, inputs: point)
        #expect(Self.worst(values[0], wanted.flatMap { $0[..<6] }) < 1e-13 && Self.worst(values[1], wanted.map { $0[6] }) < 1e-13)
        #expect(odeSolve(from: [], at: [0, 1]) { _, state in state }.isEmpty)
    }

    @Test func gradients() throws {
        let times = Tensor.named("t", [4]), start = Tensor.named("s", [2]), rate = Tensor.named("r")
        let swing = odeSolve(from: start, at: times, stepsBetween: 3) { time, state in
            Tensor.stack([state[1], -rate * sin(state[0]) + 0.1 * time])
        }
        #expect(swing.shape == [4, 2])
        let report = try FiniteDifferences.check(
            swing.weightedSum, withRespectTo: [times, start, rate], at: ["t": [0.1, 0.5, 1.2, 1.4], "s": [0.8, -0.3], "r": [1.7]])
        #expect(report.worst < 1e-6, "\(report)")
    }

    /// Steps are a loop, however many.
    @Test func sizeDoesNotGrow() {
        func size(_ count: Int, _ steps: Int) -> Int { Graph.topologicalOrder(Self.preyAndPredators(.named("t", [count]), steps: steps)).count }
        #expect(size(5, 4) == size(500, 4000))
    }

    @Test func mistakesAreSaid() {
        func reason(_ results: [Tensor]) -> String { results.first?.failure?.reason ?? "none" }
        func solve(_ times: Tensor, _ steps: Int = 2, _ derivative: (Tensor, [Tensor]) -> [Tensor] = { _, state in state }) -> [Tensor] {
            odeSolve(from: [1, Tensor.named("s", [2])], at: times, stepsBetween: steps, derivative)
        }
        #expect(solve([0, 1]).allSatisfy { $0.failure == nil })
        for times in [1, Tensor([]), Tensor([[1, 2]])] { #expect(reason(solve(times)).contains("the times must be a vector")) }
        for steps in [0, -1, .min, .max] { #expect(reason(solve([0, 1], steps)).contains("steps between two times")) }
        #expect(reason(solve([0, 1]) { _, state in [state[0]] }).contains("the derivative has shapes [[]]"))
        #expect(reason(solve([0, 1]) { _, state in [state[1], state[0]] }).contains("the derivative has shapes [[2], []]"))
        #expect(reason(solve([0, 1, 2]) { _, _ in [] }).contains("the derivative has shapes []"))
        let failed = Tensor.failed(TensorError("test", [], "of its own"))
        #expect(reason(solve([0, 1, 2]) { _, state in [state[0] + failed, state[1]] }) == "of its own")
        #expect(solve(failed).count == 2 && reason(solve(failed)) == "of its own" && solve([0, 1], 0).count == 2)
        #expect(odeSolve(from: failed, at: [0, 1]) { _, y in y }.failure == failed.failure)
        #expect(odeSolve(from: 1, at: [0, 1, 2]) { _, y in y + Tensor([1, 2]) }.failure != nil)
    }
}
