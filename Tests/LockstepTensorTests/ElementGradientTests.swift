import LockstepTensor
import TestSupport
import Testing

/// Every elementwise op against finite differences, first and second order.
@Suite struct ElementGradientTests {
    /// What is asked of one op: operands at several points, and which operands have a derivative.
    struct Row {
        var points: [[Double]]
        /// Operands whose derivative is compared; the others are held fixed.
        var varied: [Int] = [0]
        /// Whether the derivative is zero everywhere (and differences would straddle steps).
        var isFlat = false
        /// Whether the second derivative is compared too.
        var isSmooth = true
    }

    /// One row per op. The switch is exhaustive: an op without a row does not compile.
    static func row(_ op: ElementOp) -> Row {
        let line: [[Double]] = [[-3.1], [-0.7], [-0.01], [0.02], [0.4], [1.3], [4.2]]
        let positive: [[Double]] = [[0.05], [0.3], [0.9], [1.4616], [2.5], [9.7], [10.2], [57]]
        let inside: [[Double]] = [[-0.95], [-0.5], [-0.02], [0.01], [0.3], [0.7], [0.93]]
        let pairs: [[Double]] = [[-1.2, 0.7], [2.3, -1.4], [0.3, 2.9], [-2, -3]]
        switch op {
        case .negate, .exp, .expMinusOne, .sin, .cos, .atan, .sinh, .cosh, .tanh, .sigmoid, .softplus, .erf, .erfc:
            return Row(points: line)
        case .abs:
            return Row(points: line, isSmooth: false)
        case .tan:
            return Row(points: [[-1.2], [-0.4], [0.01], [0.9], [2.2]])
        case .sqrt, .log, .logGamma, .digamma, .stirlingError, .digammaError:
            return Row(points: positive)
        case .logOnePlus:
            return Row(points: [[-0.9], [-0.3], [-0.001], [0.002], [0.8], [20]])
        case .asin, .acos, .erfInverse:
            return Row(points: inside)
        case .add, .subtract, .multiply, .divide:
            return Row(points: pairs, varied: [0, 1])
        case .minimum, .maximum:
            return Row(points: pairs, varied: [0, 1], isSmooth: false)
        case .power:
            return Row(points: [[0.3, 2.2], [1.7, -1.3], [4, 0.5], [2, 3], [0.9, 0]], varied: [0, 1])
        case .hurwitzZeta:
            return Row(points: [[2, 0.3], [2, 5], [3, 1.2], [5.5, 12], [10, 0.8]], varied: [1])
        case .poissonLogMass:
            return Row(points: [[-3.1, 1, 0], [-0.7, 0.4, 0], [1.3, 3, 0], [4.2, 70, 0], [3.7, 40.5, 0]], varied: [0, 1])
        case .deviance, .logRatio:
            return Row(points: [[0.3, 2.2, 0], [1.7, 1.6, 0], [4, 1.1, 0], [2.03, 2.02, 0], [0.9, 1.4, 0]], varied: [0, 1])
        case .sign, .floor, .ceil, .isFinite, .toInt:
            return Row(points: line, isFlat: true)
        case .less, .lessOrEqual, .equal, .and, .or:
            return Row(points: pairs, varied: [0, 1], isFlat: true)
        case .not:
            return Row(points: line, isFlat: true)
        case .quotient, .remainder:
            return Row(points: [[7, 3], [-7, 3], [7, -3], [0, 5]], varied: [0, 1], isFlat: true)
        case .select:
            return Row(points: [[1, -1.2, 0.7], [0, 2.3, -1.4], [1, 0.4, 0.3]], varied: [1, 2])
        case .toReal:
            return Row(points: line)
        }
    }

    /// The op over inputs, each operand cast to the type that the op takes.
    static func apply(_ op: ElementOp, _ operands: [Tensor]) -> Tensor {
        var typed = zip(operands, op.row.inputs).map { $1 == .bool ? 0 .< $0 : $0 }
        if op == .quotient || op == .remainder { typed = typed.map(\.asInt) }
        // The third operand follows from the others.
        if op == .deviance || op == .logRatio { typed[2] = typed[0] - typed[1] }
        if op == .poissonLogMass { typed[2] = logGamma(typed[1] + 1) }
        return Tensor.map(op, typed).asReal
    }

    @Test(arguments: ElementOp.allCases)
    func firstDerivative(_ op: ElementOp) throws {
        let row = Self.row(op)
        #expect(row.points.allSatisfy { $0.count == op.arity })
        let operands = (0..<op.arity).map { Tensor.named("x\($0)", [row.points.count]) }
        let varied = row.varied.map { operands[$0] }
        let point = Dictionary(uniqueKeysWithValues: (0..<op.arity).map { i in ("x\(i)", row.points.map { $0[i] }) })
        let value = Self.apply(op, operands).weightedSum
        if row.isFlat {
            let gradients = try ReferenceEvaluator.evaluate(Gradient.of(value, withRespectTo: varied), inputs: point)
            #expect(gradients.allSatisfy { $0.allSatisfy { $0 == 0 } })
        } else {
            let report = try FiniteDifferences.check(value, withRespectTo: varied, at: point)
            #expect(report.worst < 1e-8, "\(op): \(report)")
        }
    }

    @Test(arguments: ElementOp.allCases.filter { !row($0).isFlat && row($0).isSmooth })
    func secondDerivative(_ op: ElementOp) throws {
        let row = Self.row(op)
        let operands = (0..<op.arity).map { Tensor.named("x\($0)", [row.points.count]) }
        let varied = row.varied.map { operands[$0] }
        let point = Dictionary(uniqueKeysWithValues: (0..<op.arity).map { i in ("x\(i)", row.points.map { $0[i] }) })
        let first = Gradient.of(Self.apply(op, operands).weightedSum, withRespectTo: varied)
        let value = first.map(\.weightedSum).reduce(0, +)
        let report = try FiniteDifferences.check(value, withRespectTo: varied, at: point)
        #expect(report.worst < 1e-7, "\(op): \(report)")
    }

    @Test func tiesShareTheGradient() throws {
        let a = Tensor.named("a", [3]), b = Tensor.named("b", [3])
        for op in [ElementOp.minimum, .maximum] {
            let gradients = try ReferenceEvaluator.evaluate(
                Gradient.of(Tensor.map(op, [a, b]).sum(), withRespectTo: [a, b]), inputs: ["a": [1, 2, 3], "b": [1, 5, 0]])
            let isMaximum = op == .maximum
            #expect(gradients[0] == [0.5, isMaximum ? 0 : 1, isMaximum ? 1 : 0])
            #expect(gradients[1] == [0.5, isMaximum ? 1 : 0, isMaximum ? 0 : 1])
        }
    }

    @Test func selectKeepsGradientsApart() throws {
        // The branch not taken has an infinite derivative; its guarded input keeps it out.
        let x = Tensor.named("x", [2])
        let positive = 0 .< x
        let value = select(positive, log(select(positive, x, 1)), -1).sum()
        let gradient = try ReferenceEvaluator.evaluate(Gradient.of(value, withRespectTo: [x]), inputs: ["x": [0, 4]])
        #expect(gradient == [[0, 0.25]])
    }

    @Test func powersAtZero() throws {
        // x^0, x^1 and x^2 have derivatives at 0, whether the exponent is a literal or not.
        let x = Tensor.named("x", [4]), y = Tensor.named("y", [4])
        let point = ["x": [0, 0, 0, -2.0], "y": [0, 1, 2, 3.0]]
        let free = Gradient.of(pow(x, y).sum(), withRespectTo: [x])
        let fixed = Gradient.of(pow(x, [0, 1, 2, 3]).sum(), withRespectTo: [x])
        let expected: [Double] = [0, 1, 0, 12]
        #expect(try ReferenceEvaluator.evaluate(free, inputs: point) == [expected])
        #expect(try ReferenceEvaluator.evaluate(fixed, inputs: point) == [expected])
        #expect(try ReferenceEvaluator.evaluate(Gradient.of(pow(x, 0).sum(), withRespectTo: [x]), inputs: point) == [[0, 0, 0, 0]])
        let exponent = Gradient.of(pow(x, y).sum(), withRespectTo: [y])
        #expect(try ReferenceEvaluator.evaluate(exponent, inputs: ["x": [0, 0, 1, 2], "y": [0, 1, 2, 3]])[0].allSatisfy { $0.isFinite })
    }
}
