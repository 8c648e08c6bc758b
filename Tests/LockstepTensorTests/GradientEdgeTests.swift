import LockstepTensor
import TestSupport
import Testing

/// Gradients where a part of an expression is excluded, or is not differentiable.
@Suite struct GradientEdgeTests {
    @Test(arguments: GradientEdge.all)
    func gradientAtTheEdge(_ edge: GradientEdge) throws {
        let values = Dictionary(uniqueKeysWithValues: edge.point.map { ($0.name, $0.values) })
        let found = try ReferenceEvaluator.evaluate(edge.expressions(.state), inputs: values)
        #expect(edge.error(of: found) < 1e-12, "\(found), not \(edge.gradients)")
    }

    /// An excluded row counts for nothing, whatever it holds: random expressions of rows, covariates and what rows share.
    @Test(arguments: 0..<48)
    func excludedRowsCountForNothing(_ seed: Int) throws {
        let expression = RowExpression(seed: UInt64(seed))
        let gradients = Gradient.of(expression.value, withRespectTo: expression.targets)
        let plain = try ReferenceEvaluator.evaluate([expression.value] + gradients, inputs: expression.point)
        #expect(plain.allSatisfy { $0.allSatisfy(\.isFinite) })
        for bad in [0, -1, Double.nan, .infinity, -.infinity, 1e300] {
            let found = try ReferenceEvaluator.evaluate([expression.value] + gradients, inputs: expression.spoilt(bad))
            #expect(found == plain, "\(bad): \(found), not \(plain)")
        }
        guard seed < 12 else { return }
        let report = try FiniteDifferences.check(expression.value, withRespectTo: expression.targets, at: expression.point)
        #expect(report.worst < 1e-6, "\(report)")
    }

    /// A draw that has no gradient says so, however its parameter was made.
    @Test func drawsWithoutAGradientSaySo() {
        let origin = Origin()
        let x = Tensor.input(Input(.state, "x", origin: origin), shape: [3])
        let wide = Tensor.input(Input(.state, "wide", origin: origin), shape: [2, 3])
        let source = RandomSource(site: "g", purpose: "test", origin: origin)
        let parameters = [
            x[1] - x[0], wide.slice(axis: 1, 1..<2).sum(), wide.transposed([1, 0])[2].sum(), Tensor.stack([x[0], x[2]], axis: 0)[1],
            x.reshape([1, 3])[0, 1], wide.max(), select(x .> 0, x, 1)[2],
        ]
        for parameter in parameters {
            let gradients = Gradient.of(source.gamma(exp(parameter), []), withRespectTo: [x, wide])
            #expect(gradients.contains { $0.failure?.description.contains("no reparameterised gradient") == true })
        }
    }
}

/// A sum over those rows that a mask keeps, of functions of what the rows have and what they share.
private struct RowExpression {
    let value: Tensor
    let targets: [Tensor]
    let point: [String: [Double]]
    private let keeps: [Bool]

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed &+ 1000)
        func numbers(_ count: Int, _ range: ClosedRange<Double>) -> [Double] { (0..<count).map { _ in .random(in: range, using: &random) } }
        let keeps = [true, false, true, true, false]
        let group = [0, 1, 0, 2, 1]
        let (w, t, s) = (Tensor.named("w", [3]), Tensor.named("t"), Tensor.named("s", [3]))
        let (x, y, e) = (Tensor.named("x", [5, 3]), Tensor.named("y", [5]), Tensor.named("e", [3]))
        let index = Tensor(integers: group)
        // The rows of group 1 are all excluded, and so is what the group has.
        let rows: [Tensor] = [
            matmul(x, w) + t, y * t, (e * exp(s))[index], log(e * exp(s))[index], (x * s).logSumExp(), y - s[index],
            (x * x).sum(axis: 1) * t, (x + w).max([1]),
        ]
        func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &random)] }
        var pool = rows
        for _ in 0..<6 {
            let (a, b) = (pick(pool), pick(pool))
            pool.append(
                pick([
                    a + b, a - b, a * tanh(b), a / (1 + b * b), sqrt(1 + a * a), log(onePlus: a * a), tanh(a), sin(a), softplus(a), sigmoid(a),
                    select(0 .< a, a, 0.5 * b), pointwiseMax(tanh(a), -0.9), pow(1 + a * a, tanh(b)), abs(a) * tanh(b),
                ]))
        }
        let mask = Tensor(keeps.map { $0 ? 1 : 0 }) .!= 0
        value = select(mask, pool.suffix(3).reduce(0, +), 0).sum() + 0.1 * (w.sum() + t + s.sum())
        targets = [w, t, s]
        point = [
            "w": numbers(3, -1...1), "t": numbers(1, 0.5...1.5), "s": numbers(3, -0.5...0.5),
            "x": numbers(15, -1...1), "y": numbers(5, -1...1), "e": numbers(3, 0.5...1.5),
        ]
        self.keeps = keeps
    }

    /// With another number wherever only excluded rows look.
    func spoilt(_ bad: Double) -> [String: [Double]] {
        var spoilt = point
        for row in keeps.indices where !keeps[row] {
            spoilt["y"]?[row] = bad
            for column in 0..<3 { spoilt["x"]?[3 * row + column] = bad }
        }
        spoilt["e"]?[1] = bad
        return spoilt
    }
}
