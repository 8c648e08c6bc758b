import Foundation
import LockstepTensor
import TestSupport
import Testing

/// Solutions of differential equations in steps of chosen sizes: against closed forms, and SciPy.
@Suite struct AdaptiveStepTests {
    static let tolerances = [1e-3, 1e-5, 1e-7, 1e-9]
    static let times: [Double] = [0, 0.5, 1, 2.5, 4]

    /// The largest error in units of the tolerance.
    private static func error(_ found: [Double], _ wanted: [Double], _ tolerance: Double) -> Double {
        DifferentialEquationTests.worst(found, wanted) / tolerance
    }

    // MARK: Closed forms

    @Test(arguments: tolerances) func decay(_ tolerance: Double) throws {
        let found = odeSolve(from: 2, at: Tensor(Self.times), relativeTolerance: tolerance) { _, y in -0.7 * y }
        #expect(found.shape == [5])
        #expect(try Self.error(ReferenceEvaluator.evaluate(found), Self.times.map { 2 * exp(-0.7 * $0) }, tolerance) < 10)
    }

    @Test(arguments: tolerances) func oscillator(_ tolerance: Double) throws {
        let found = try ReferenceEvaluator.evaluate(
            odeSolve(from: [1, 0], at: Tensor(Self.times), relativeTolerance: tolerance) { _, state in [state[1], -state[0]] })
        #expect(Self.error(found[0], Self.times.map { cos($0) }, tolerance) < 10)
        #expect(Self.error(found[1], Self.times.map { -sin($0) }, tolerance) < 10)
    }

    @Test(arguments: tolerances) func logisticGrowth(_ tolerance: Double) throws {
        let found = odeSolve(from: 0.1, at: Tensor(Self.times), relativeTolerance: tolerance) { _, y in 1.5 * y * (1 - y) }
        #expect(try Self.error(ReferenceEvaluator.evaluate(found), Self.times.map { 1 / (1 + 9 * exp(-1.5 * $0)) }, tolerance) < 10)
    }

    /// By the exponential of the matrix.
    @Test(arguments: tolerances) func linearSystem(_ tolerance: Double) throws {
        let matrix = Tensor([[-0.4, 1.1, 0], [-0.9, -0.2, 0.3], [0.5, -0.6, -0.8]]), start: Tensor = [1, -0.5, 2]
        let found = odeSolve(from: start, at: Tensor(Self.times), relativeTolerance: tolerance) { _, state in matmul(matrix, state) }
        let wanted = try Self.times.flatMap { try ReferenceEvaluator.evaluate(matmul(matrixExp(Tensor($0) * matrix), start)) }
        #expect(try Self.error(ReferenceEvaluator.evaluate(found), wanted, tolerance) < 10)
    }

    /// Of the fifth order: a polynomial of that degree in time is right to rounding, however large the steps.
    @Test func theFifthOrder() throws {
        let found = odeSolve(from: 1, at: [1, 2, 4], relativeTolerance: 1e6) { time, _ in 6 * pow(time, 5) - 5 * pow(time, 4) }
        // t^6 - t^5 + 1.
        let exact = [1.0, 33, 3_073]
        #expect(try DifferentialEquationTests.worst(ReferenceEvaluator.evaluate(found), exact) > 1e-9)
        let less = odeSolve(from: 1, at: [1, 2, 4], relativeTolerance: 1e6) { time, _ in 5 * pow(time, 4) }
        #expect(try DifferentialEquationTests.worst(ReferenceEvaluator.evaluate(less), [1, 32, 1024]) < 1e-13)
    }

    // MARK: SciPy

    private struct Goldens: Decodable {
        struct Solution: Decodable {
            let name: String
            let times: [Double]
            let states: [[Double]]
        }

        let solutions: [Solution]

        static func load() throws -> Goldens {
            try JSONDecoder().decode(
                Goldens.self, from: Data(contentsOf: Repository.tests.appendingPathComponent("Goldens/differential_equations.json")))
        }
    }

    private static func derivative(_ name: String, _ time: Tensor, _ y: [Tensor]) -> [Tensor] {
        switch name {
        case "prey and predators": [(1.1 - 0.4 * y[1]) * y[0], (0.1 * y[0] - 0.4) * y[1]]
        case "van der Pol": [y[1], 5 * (1 - y[0] * y[0]) * y[1] - y[0]]
        default: [y[1], 0.3 * cos(2 * time) - sin(y[0])]
        }
    }

    @Test(arguments: ["prey and predators", "van der Pol", "pendulum that is pushed"], [1e-6, 1e-9, 1e-12])
    func isSciPys(_ name: String, _ tolerance: Double) throws {
        let golden = try #require(Goldens.load().solutions.first { $0.name == name })
        let start = golden.states.map { Tensor($0[0]) }
        let found = try ReferenceEvaluator.evaluate(
            odeSolve(from: start, at: Tensor(golden.times), relativeTolerance: tolerance, mostSteps: 4_000) { Self.derivative(name, $0, $1) })
        // Errors of steps add up.
        for place in 0..<2 { #expect(Self.error(found[place], golden.states[place], tolerance) < 30) }
    }

    // MARK: What goes wrong

    private static func vanDerPol(_ mu: Tensor, steps: Int = 500) -> [Tensor] {
        odeSolve(from: [2, 0], at: [0, 0.001, 2, 4], relativeTolerance: 1e-6, mostSteps: steps) { _, y in
            [y[1], mu * (1 - y[0] * y[0]) * y[1] - y[0]]
        }
    }

    @Test func stiffEquationsReachTheBound() throws {
        let easy = try ReferenceEvaluator.evaluate(Self.vanDerPol(5)), hard = try ReferenceEvaluator.evaluate(Self.vanDerPol(1_000))
        #expect(easy.allSatisfy { $0.allSatisfy(\.isFinite) })
        for row in hard { #expect(row[0].isFinite && row[1].isFinite && row[2].isNaN && row[3].isNaN) }
        #expect(try ReferenceEvaluator.evaluate(Self.vanDerPol(5, steps: 4))[0].map(\.isNaN) == [false, false, true, true])
    }

    @Test func whatIsNoNumber() throws {
        func solved(_ start: Tensor, _ times: Tensor = [0, 1, 2], _ derivative: (Tensor, Tensor) -> Tensor) throws -> [Double] {
            try ReferenceEvaluator.evaluate(odeSolve(from: start, at: times, relativeTolerance: 1e-6, derivative))
        }
        // Infinite at time 1.
        #expect(try solved(1, [0, 0.5, 2, 3]) { _, y in y * y }.map(\.isNaN) == [false, false, true, true])
        #expect(try solved(.init(Double.nan)) { _, y in -y }.allSatisfy(\.isNaN))
        #expect(try solved(-1) { _, y in log(y) }.map(\.isNaN) == [false, true, true])
        #expect(try solved(1, [0, .nan, 1]) { _, y in -y }.map(\.isNaN) == [false, true, true])
        // A step that is too far is only refused.
        let root = try solved(1, [0, 1.9]) { _, y in -sqrt(y) }
        #expect(abs(root[1] - 0.0025) < 1e-5)
    }

    @Test func timesOfAllKinds() throws {
        func decay(_ times: Tensor, from start: Tensor = 1) throws -> [Double] {
            try ReferenceEvaluator.evaluate(odeSolve(from: start, at: times, relativeTolerance: 1e-8) { _, y in -y })
        }
        #expect(try decay([3]) == [1] && decay([0.5, 0.5, 0.5]) == [1, 1, 1])
        #expect(try DifferentialEquationTests.worst(decay([0, 0, 1, 0, -1]), [1, 1, exp(-1), 1, exp(1)]) < 1e-7)
        #expect(try DifferentialEquationTests.worst(decay(Tensor.iota(2), from: Tensor(integers: [1, 2])), [1, 2, exp(-1), 2 * exp(-1)]) < 1e-7)
        #expect(odeSolve(from: [], at: [0, 1], relativeTolerance: 1) { _, state in state }.isEmpty)
    }

    // MARK: Derivatives

    @Test func gradients() throws {
        let times = Tensor.named("t", [4]), start = Tensor.named("s", [2]), rate = Tensor.named("r"), still = Tensor.named("q")
        let swing = odeSolve(from: [start, still], at: times, relativeTolerance: 1e-10, mostSteps: 60) { time, state in
            [.stack([state[0].element(1), -rate * sin(state[0].element(0)) + 0.1 * time]), state[0].sum() * state[1] * 0.1]
        }
        let value = swing[0].weightedSum + swing[1].weightedSum
        let point: [String: [Double]] = ["t": [0.1, 0.5, 1.2, 1.4], "s": [0.8, -0.3], "r": [1.7], "q": [0.4]]
        let report = try FiniteDifferences.check(value, withRespectTo: [times, start, rate, still], at: point)
        #expect(report.worst < 1e-6, "\(report)")
    }

    @Test func secondDerivatives() throws {
        let start = Tensor.named("s"), rate = Tensor.named("r"), times = Tensor.named("t", [3])
        let growth = odeSolve(from: start, at: times, relativeTolerance: 1e-10, mostSteps: 40) { _, y in rate * y * (1 - y) }
        let first = Gradient.of(growth.weightedSum, withRespectTo: [start, rate, times])
        let point: [String: [Double]] = ["t": [0, 0.5, 0.8], "s": [0.2], "r": [1.3]]
        let report = try FiniteDifferences.check(
            first[0] + 2 * first[1] + first[2].weightedSum, withRespectTo: [start, rate, times], at: point)
        #expect(report.worst < 1e-5, "\(report)")
    }

    /// y = s exp(-r t): dy/ds = exp(-r t), dy/dr = -t y, dy/dt = -r y.
    @Test(arguments: [1e-4, 1e-6, 1e-9]) func sensitivities(_ tolerance: Double) throws {
        let start = Tensor.named("s"), rate = Tensor.named("r"), end = Tensor.named("t")
        let decay = odeSolve(from: start, at: .stack([0, 0.4, end]), relativeTolerance: tolerance) { _, y in -rate * y }
        let point: [String: [Double]] = ["s": [1.5], "r": [0.8], "t": [3]]
        let found = try ReferenceEvaluator.evaluate(Gradient.of(decay.element(2), withRespectTo: [start, rate, end]), inputs: point)
        let y = exp(-0.8 * 3)
        for (found, wanted) in zip(found, [y, -3 * 1.5 * y, -0.8 * 1.5 * y]) { #expect(abs(found[0] - wanted) < 5 * tolerance) }
    }

    /// A lane that is lost has no derivatives, unless nobody looks at it.
    @Test func gradientsOfWhatIsLost() throws {
        let s = Tensor.named("s")
        let solution = odeSolve(from: s, at: [0, 0.5, 2], relativeTolerance: 1e-6) { _, y in y * y }
        func slope(_ value: Tensor) throws -> Double {
            try ReferenceEvaluator.evaluate(Gradient.of(value, withRespectTo: [s])[0], inputs: ["s": [1]])[0]
        }
        #expect(try slope(solution.sum()).isNaN)
        // y = s / (1 - s t).
        #expect(try abs(slope(solution.element(1)) - 4) < 1e-4)
    }

    /// Steps are a loop, however many.
    @Test func sizeDoesNotGrow() {
        func size(_ count: Int, _ most: Int) -> Int {
            let times = Tensor.named("t", [count])
            let solution = odeSolve(from: 1, at: times, relativeTolerance: 1e-6, mostSteps: most) { time, y in -time * y }
            return DecompositionGoldens.size([solution] + Gradient.of(solution.sum(), withRespectTo: [times]))
        }
        #expect(size(5, 4) == size(50, 4_000))
    }

    @Test func mistakesAreSaid() {
        func reason(_ results: [Tensor]) -> String { results.first?.failure?.reason ?? "none" }
        func solve(
            _ times: Tensor, _ relative: Double = 1e-3, _ absolute: Double? = nil, steps: Int = 9,
            _ derivative: (Tensor, [Tensor]) -> [Tensor] = { _, state in state }
        ) -> [Tensor] {
            odeSolve(
                from: [1, Tensor.named("s", [2])], at: times, relativeTolerance: relative, absoluteTolerance: absolute, mostSteps: steps, derivative)
        }
        #expect(solve([0, 1]).allSatisfy { $0.failure == nil })
        for times in [1, Tensor([]), Tensor([[1, 2]])] { #expect(reason(solve(times)).contains("the times must be a vector")) }
        for steps in [0, -1, .min, .max] { #expect(reason(solve([0, 1], steps: steps)).contains("steps between two times")) }
        for bad in [0, -1, .nan, .infinity] as [Double] {
            #expect(reason(solve([0, 1], bad)).contains("must be positive") && reason(solve([0, 1], 1e-3, bad)).contains("must be positive"))
        }
        #expect(reason(solve([0, 1]) { _, state in [state[0]] }).contains("the derivative has shapes [[]]"))
        let failed = Tensor.failed(TensorError("test", [], "of its own"))
        #expect(reason(solve([0, 1]) { _, state in [state[0] + failed, state[1]] }) == "of its own")
        #expect(solve(failed).count == 2 && reason(solve(failed)) == "of its own")
        #expect(odeSolve(from: failed, at: [0, 1], relativeTolerance: 1) { _, y in y }.failure == failed.failure)
    }
}
