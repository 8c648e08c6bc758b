import Foundation
import LockstepTensor
import TestSupport
import Testing

/// Loops that end when a condition does, and solutions of equations.
@Suite struct WhileLoopTests {
    /// Steps until a number is 1: halved when even, else three times it and one (Collatz).
    private static func collatz(_ number: Tensor, most: Int) -> [Tensor] {
        whileLoop(from: [number, 0], most: most, while: { 1 .< $0[0] }) { carried in
            let half = 0.5 * carried[0]
            return [select(floor(half) .== half, half, 3 * carried[0] + 1), carried[1] + 1]
        }
    }

    @Test(arguments: [(1.0, 0.0), (2, 1), (6, 8), (7, 16), (27, 111)]) func stepsUntilTheConditionEnds(_ number: Double, _ steps: Double) throws {
        #expect(try ReferenceEvaluator.evaluate(Self.collatz(Tensor(number), most: 200)) == [[1], [steps]])
    }

    @Test func noMoreStepsThanThat() throws {
        #expect(try ReferenceEvaluator.evaluate(Self.collatz(27, most: 1)) == [[82], [1]])
        #expect(try ReferenceEvaluator.evaluate(Self.collatz(27, most: 2)) == [[41], [2]])
        #expect(try ReferenceEvaluator.evaluate(Self.collatz(27, most: 0)) == [[27], [0]])
    }

    /// What steps make of a lane that is done is not looked at.
    @Test func stepsThatAreNotTakenChangeNothing() throws {
        let roots = whileLoop(from: [Tensor(2.0)], most: 9, while: { 0 .< $0[0] }) { [sqrt($0[0] - 1) - 0.5] }
        let wanted = [2.0, 0.5, Double.nan]
        #expect(try ReferenceEvaluator.evaluate(roots[0])[0].isNaN == wanted[2].isNaN)
        let kept = whileLoop(from: [Tensor(2.0)], most: 9, while: { 1 .< $0[0] }) { [sqrt($0[0] - 1) - 0.5] }
        #expect(try ReferenceEvaluator.evaluate(kept[0]) == [wanted[1]])
    }

    @Test func noGradientFlowsThroughSteps() throws {
        let x = Tensor.input(Input(.data, "x", origin: Origin()), shape: [])
        let end = whileLoop(from: [x], most: 5, while: { $0[0] .< 10 }) { [2 * $0[0]] }[0]
        let gradient = Gradient.of(end + x, withRespectTo: [x])
        #expect(try ReferenceEvaluator.evaluate([end] + gradient, inputs: ["x": [3]]) == [[12], [1]])
    }

    @Test func mistakesAreSaid() {
        func reason(_ most: Int, _ condition: ([Tensor]) -> Tensor, _ step: ([Tensor]) -> [Tensor]) -> String {
            whileLoop(from: [Tensor([1.0, 2])], most: most, while: condition, step)[0].failure?.reason ?? "none"
        }
        #expect(reason(-1, { ($0[0] .< 1).any() }) { $0 }.contains("there cannot be -1 steps"))
        #expect(reason(3, { $0[0] .< 1 }) { $0 }.contains("a mask without axes"))
        #expect(reason(3, { $0[0].sum() }) { $0 }.contains("a mask without axes"))
        #expect(reason(3, { ($0[0] .< 1).any() }) { [$0[0].sum()] }.contains("carries on [[]] and gets [[2]]"))
        #expect(reason(3, { ($0[0] .< 1).any() }) { $0 + $0 }.contains("gets [[2]]"))
        let failed = Tensor.failed(TensorError("test", [], "of its own"))
        #expect(whileLoop(from: [failed], most: 3, while: { _ in Tensor(mask: true) }) { $0 }[0].failure?.reason == "of its own")
    }

    // MARK: Fixed points

    /// x = a cos(x) + b / 4 for two numbers.
    private static func cosines(_ a: Tensor, _ b: Tensor, tolerance: Double = 1e-12) -> Tensor {
        fixedPoint(from: Tensor([0.3, 0.1]), most: 200, tolerance: tolerance) { x in a * cos(x) + 0.25 * b }
    }

    @Test func solvesTheEquation() throws {
        let x = try ReferenceEvaluator.evaluate(Self.cosines(Tensor(0.7), Tensor([1.0, -2])))
        for (x, b) in zip(x, [1.0, -2]) { #expect(abs(x - (0.7 * cos(x) + 0.25 * b)) < 1e-11) }
    }

    /// And derivatives of derivatives, which solve the equation of the adjoint.
    @Test func gradientsAreThoseOfTheSolution() throws {
        let origin = Origin()
        let a = Tensor.input(Input(.data, "a", origin: origin), shape: []), b = Tensor.input(Input(.data, "b", origin: origin), shape: [2])
        let x = Self.cosines(a, b)
        let point: [String: [Double]] = ["a": [0.6], "b": [0.5, -1.2]]
        let value = x.weightedSum
        #expect(try FiniteDifferences.check(value, withRespectTo: [a, b], at: point).worst < 1e-5)
        let first = Gradient.of(value, withRespectTo: [a, b])
        #expect(try FiniteDifferences.check(first[0] + first[1].weightedSum, withRespectTo: [a, b], at: point).worst < 1e-5)
        // dx/da = cos x / (1 + a sin x).
        let wanted = try ReferenceEvaluator.evaluate((cos(x) / (1 + a * sin(x))).weightedSum, inputs: point)
        #expect(try abs(ReferenceEvaluator.evaluate(first[0], inputs: point)[0] - wanted[0]) < 1e-9)
    }

    @Test func mistakesOfFixedPointsAreSaid() {
        func reason(_ tolerance: Double, _ function: (Tensor) -> Tensor) -> String {
            fixedPoint(from: Tensor([1.0, 2]), tolerance: tolerance, function).failure?.reason ?? "none"
        }
        #expect(reason(1e-6) { $0.sum() }.contains("keep their shapes"))
        #expect(reason(0) { $0 }.contains("is not positive"))
        #expect(reason(.nan) { $0 }.contains("is not positive"))
        #expect(fixedPoint(from: Tensor(1.0), most: -3) { $0 }.failure?.reason.contains("-3 steps") == true)
        #expect(reason(1e-6) { _ in .failed(TensorError("test", [], "of its own")) } == "of its own")
    }
}
