import Foundation
import LockstepTensor
import TestSupport
import Testing

/// Tensors and numbers in one expression: that it compiles, quickly, and means what it says.
@Suite struct NumberOperatorTests {
    static let x = Tensor.named("x"), y = Tensor.named("y")

    static func value(_ tensor: Tensor) throws -> Double {
        try ReferenceEvaluator.evaluate(tensor, inputs: ["x": [3], "y": [5]])[0]
    }

    @Test func literalsAndVariables() throws {
        let (x, y) = (Self.x, Self.y)
        let n = 3
        let r = 0.5
        let f: Float = 0.25
        let cases: [(Tensor, Double)] = [
            (2 * x, 6), (x + 1, 4), (1 - x / 2, -0.5), (x * n, 9), (n * x, 9), (x * y.count, 3), (x / n, 1), (n / x, 1), (n - x, 0),
            (0.5 * x * y + x - 1, 9.5), (r * x, 1.5), (x * r, 1.5), (x - r, 2.5), (r - x, -2.5), (x / r, 6), (r / x, 0.5 / 3), (x + r, 3.5),
            (r + x, 3.5), (f * x, 0.75), (-x * n + r, -8.5), (2 * n * x, 18), ((x - r) / Double(n) * (y + n), 20.0 / 3),
            (2 * (x - 1) * (y + 2) / (1 + x * x) - 3 * r, 1.3), (pow(x, 2), 9), (pow(x, n), 27), (pow(2, x), 8), (pow(r, x), 0.125),
            (pointwiseMin(x, n + 1), 3), (pointwiseMax(r, x), 3), (pointwiseMax(x, 10), 10), (select(x .< n, x, r), 0.5),
            (select(r .< x, 1, 0), 1), (select(x .> 2.5, n, r), 3), (select(x .>= n, r, y), 0.5), (logAddExp(x, n), 3 + log(2)),
            (clip(x, r, 2 * r), 1), (clip(x, 0, n), 3), (remainder(x, n - 1), 1), (atan2(n, x), Double.pi / 4), (square(x - n) + n, 3),
            (Tensor(n) + Tensor(r), 3.5), (Tensor([n, n]).sum() + Tensor(f), 6.25),
        ]
        for (number, (tensor, wanted)) in cases.enumerated() {
            #expect(tensor.dtype == .real && tensor.shape == [], "expression \(number)")
            let found = try Self.value(tensor)
            #expect(abs(found - wanted) < 1e-14, "expression \(number) is \(found), not \(wanted)")
        }
    }

    @Test func compoundAssignment() throws {
        var z = Self.x
        let n = 4
        z += 1
        z *= n
        z -= 0.5
        let r = 2.0
        z /= r
        z += Self.y
        #expect(try Self.value(z) == 12.75)
    }

    @Test func comparisons() throws {
        let n = 3, r = 3.5, x = Self.x
        let masks: [(Tensor, Bool)] = [
            (x .< n, false), (n .< x, false), (x .<= n, true), (n .<= x, true), (x .> n, false), (n .> x, false), (x .>= n, true), (n .>= x, true),
            (x .== n, true), (n .== x, true), (x .!= n, false), (n .!= x, false), (x .< r, true), (r .< x, false), (r .> x, true), (x .>= r, false),
            (x .== r, false), (r .!= x, true), (x .< 4, true), (2.5 .<= x, true),
        ]
        for (number, (mask, wanted)) in masks.enumerated() {
            #expect(mask.dtype == .bool)
            #expect(try Self.value(mask) == (wanted ? 1 : 0), "comparison \(number)")
        }
    }

    /// Ints stay ints beside ints, so that they can be indices; real numbers make reals of them.
    @Test func indices() throws {
        let index = Tensor(integers: [0, 1]), offset = 2
        #expect((index + offset).dtype == .int && (offset * index - offset).dtype == .int)
        #expect((index + 0.5).dtype == .real && (index / offset).dtype == .real)
        let table = Tensor([1, 2, 4, 8])
        #expect(try ReferenceEvaluator.evaluate(table[index + offset]) == [4, 8])
        #expect((index .< offset).dtype == .bool)
    }

    @Test func shapesBroadcast() throws {
        let v = Tensor([1, 2, 3])
        #expect(try ReferenceEvaluator.evaluate(v * v.count + v.shape[0]) == [6, 9, 12])
        #expect(try ReferenceEvaluator.evaluate(Tensor([[1, 2], [3, 4]]) / 2) == [0.5, 1, 1.5, 2])
        #expect(Tensor([[1, 2], [3, 4], [5, 6]]).shape == [3, 2])
        #expect(Tensor([[true, false]]).dtype == .real && Tensor([true, false]).dtype == .bool)
    }

    /// A number that is an operand makes no gradient rule fall back: it is a literal, as one that is written.
    @Test func numbersAreLiterals() {
        let n = 2, r = 2.0
        for tensor in [Self.x * n, Self.x * r, Self.x * 2] { #expect(tensor.node.inputs[1].splat == 2) }
        #expect((Self.x * n).node.inputs[1].dtype == .real)
    }

    /// Plain arithmetic is what it was: none of this becomes a tensor.
    @Test func numbersAloneStayNumbers() {
        let list = [1.5, 2.5]
        let sum = list.reduce(0, +)
        let mean = list.reduce(0, +) / Double(list.count)
        let squares = list.map { $0 * $0 - 1 }.reduce(0, +) / 2
        let scaled = 2 * list[0] + 1 / 2 - 0.5 * (1 + 2)
        let power = pow(2.0, 3) + exp(1.0) * 2
        let doubles: [Double] = [sum, mean, squares, scaled, power]
        #expect(doubles.allSatisfy { $0.isFinite })
        let ints = [1, 2, 3].reduce(0, +) * 2 - 1
        #expect(ints == 11)
    }

    /// As long as formulas of models become. Compilers that test every overload for every operator give up on these.
    @Test func longFormulas() throws {
        let (x, y) = (Self.x, Self.y)
        let (a, b, n) = (0.25, 1.5, 2)
        let cubic = 1 + 2 * x - 3 * x * x / 4 + 0.5 * x * x * x - a * x * y + b * y * y / n - n * x / (1 + y) + 7
        let density = -0.5 * (x - a) * (x - a) / (b * b) - log(b * y) - 0.5 * log(2 * Double.pi) + 2 * a * x - n * log(1 + exp(-(a * x + b)))
        let growth = b / (1 + exp(-a * (x - 3) / 4)) + 2 * a * (1 - x / 100) - 0.1 * x * b + 3 * y - 1
        let horner = 1.0 + x * (0.5 + x * (0.25 + x * (0.125 + x * (0.0625 + x * (0.03 + x * 0.01)))))
        for tensor in [cubic, density, growth, horner] { #expect(try Self.value(tensor).isFinite) }
        let polynomial = 1 + 6 - 6.75 + 13.5 - 3.75 + 18.75
        #expect(try abs(Self.value(cubic) - (polynomial - 1 + 7)) < 1e-13)
    }
}
