import Testing
import TestSupport
import LockstepTensor

/// A mistake travels in the expression, names what was done to which shapes, and survives everything.
@Suite struct CarriedErrorTests {
    static let bad = Tensor.named("a", [2]) + Tensor.named("b", [3])

    @Test func textNamesOperationAndShapes() {
        let a = Tensor.named("a", [2, 3]), b = Tensor.named("b", [4])
        let cases: [(Tensor, operation: String, shapes: [String])] = [
            (a + b, "+", ["[2, 3]", "[4]"]),
            (a .< b, ".<", ["[2, 3]", "[4]"]),
            (log(onePlus: a) * b, "*", ["[2, 3]", "[4]"]),
            (pow(a, b), "power", ["[2, 3]", "[4]"]),
            (a.broadcast(to: [5, 3]), "broadcast", ["[2, 3]", "[5, 3]"]),
            (a.reshape([4]), "reshape", ["[2, 3]", "[4]"]),
            (a.transposed([0]), "transposed", ["[2, 3]"]),
            (a.expandingShape(at: 4), "expandingShape", ["[2, 3]"]),
            (a.slice(axis: 1, 2..<5), "slice", ["[2, 3]"]),
            (a.slice(axis: 2, 0..<1), "slice", ["[2, 3]"]),
            (a[7], "element", ["[2, 3]"]),
            (Tensor.concatenate([a, b]), "concatenate", ["[2, 3]", "[4]"]),
            (Tensor.concatenate([]), "concatenate", []),
            (a.sum([0, 0]), "sum", ["[2, 3]"]),
            (a.max([3]), "max", ["[2, 3]"]),
            (a.any(), "any", ["[2, 3]"]),
            (a.logSumExp(axis: 2), "logSumExp", ["[2, 3]"]),
            (a.logSoftmax(axis: 2), "logSoftmax", ["[2, 3]"]),
            (a.cumulativeSum(axis: 2), "cumulativeSum", ["[2, 3]"]),
            (a.gather(b), "gather", ["[2, 3]", "[4]"]),
            (a.segmentSum(Tensor(integers: [1, 2, 3]), count: 4), "segmentSum", ["[2, 3]", "[3]"]),
            (matmul(a, b), "matmul", ["[2, 3]", "[4]"]),
            (Tensor([1, 2], shape: [3]), "Tensor", ["[3]"]),
            (select(a, 1, 0), "select", ["[2, 3]"]),
            (a .& b, ".&", ["[2, 3]", "[4]"]),
        ]
        for (tensor, operation, shapes) in cases {
            let text = tensor.failure?.description ?? "no failure"
            #expect(text.hasPrefix(operation), "\(text)")
            for shape in shapes { #expect(text.contains(shape), "\(operation): \(text)") }
        }
    }

    @Test func misuseNeverTraps() {
        let a = Tensor.named("a", [2, 3])
        let results: [Tensor] = [
            a[-1], a[.max], a.element(.min), a.element(0, axis: 9), a.slice(axis: 0, -3 ..< -1), a.reshape([-2, -3]), a.reshape([0]),
            a.broadcast(to: []), a.transposed([0, 0]), a.transposed([1, 0, 2]), Tensor.named("s")[0], Tensor.iota(-1),
            Tensor(repeating: 0, shape: [-1]), Tensor.concatenate([a, a], axis: 5), Tensor.stack([]),
            a.segmentSum(Tensor(integers: [0, 1]), count: -1), a.reshape([.max, 2]), Tensor(repeating: 1, shape: [.max, .max]),
            a.broadcast(to: [-1, 2, 3]), a.sum(axis: .min), Tensor(floatLiteral: .nan).asInt,
        ]
        for result in results { #expect(result.failure != nil || result.count >= 0) }
        #expect(a[-1].failure != nil)
        #expect(a[.max].failure != nil)
        #expect(a.reshape([-2, -3]).failure != nil)
        #expect(Tensor.iota(-1).failure != nil)
        #expect(Tensor(repeating: 0, shape: [-1]).failure != nil)
        #expect(a.segmentSum(Tensor(integers: [0, 1]), count: -1).failure != nil)
    }

    @Test func firstMistakeWins() {
        let first = Self.bad
        let second = Tensor.named("c", [5]) * Tensor.named("d", [6])
        #expect((first + second).failure == first.failure)
        #expect((first + Tensor.named("e", [7])).failure == first.failure)
        #expect(select(.named("m", [], .bool), first, second).failure == first.failure)
        #expect(Tensor.concatenate([.named("e", [7]), first, second]).failure == first.failure)
    }

    @Test func survivesEveryOperation() {
        let bad = Self.bad
        let good = Tensor.named("g", [2, 3])
        let index = Tensor(integers: [0, 1])
        for op in ElementOp.allCases {
            for position in 0..<op.arity {
                let operands = (0..<op.arity).map { i in
                    i == position ? bad : op.signature.inputs[i] == .bool ? Tensor.named("m", [2, 3], .bool) : good
                }
                #expect(Tensor.map(op, operands).failure == bad.failure, "\(op) operand \(position)")
            }
        }
        let results: [Tensor] = [
            bad.broadcast(to: [4]), bad.reshape([1]), bad.transposed([0]), bad.transposed, bad.expandingShape(at: 0), bad[0],
            bad.slice(axis: 0, 0..<1), .concatenate([good, bad]), .stack([bad, good]), bad.withoutGradient, bad.sum(), bad.mean(),
            bad.max(), bad.min(), bad.any(), bad.all(), bad.logSumExp(), bad.logSoftmax(), bad.cumulativeSum(), bad.gather(index),
            good.gather(bad), bad.segmentSum(index, count: 2), good.segmentSum(bad, count: 2), matmul(bad, good), matmul(good, bad),
            bad.asReal, bad.asInt, .random(RandomOp(.gamma, stream: 0, particle: 0, site: "s", origin: Origin()), bad, shape: [3]),
        ]
        for (i, result) in results.enumerated() { #expect(result.failure == bad.failure, "result \(i)") }
    }

    @Test func gradientCarriesTheMistake() {
        let x = Tensor.named("x", [2])
        let value = (x * Self.bad).sum()
        #expect(Gradient.of(value, withRespectTo: [x, Self.bad]).allSatisfy { $0.failure == Self.bad.failure })
    }

    @Test func evaluatorThrowsTheMistake() throws {
        #expect(throws: try #require(Self.bad.failure)) { try ReferenceEvaluator.evaluate(Self.bad) }
    }

    @Test func onlyRealScalarsHaveGradients() {
        let x = Tensor.named("x", [2])
        #expect(Gradient.of(x, withRespectTo: [x])[0].failure != nil)
        #expect(Gradient.of(x.sum().asInt, withRespectTo: [x])[0].failure != nil)
    }

    @Test func gradientThroughADrawNamesTheSite() throws {
        let source = RandomSource(site: "theta", purpose: "guide", origin: Origin())
        let alpha = Tensor.named("alpha", [2])
        let text = Gradient.of(source.gamma(alpha, [2]).sum(), withRespectTo: [alpha])[0].failure?.description ?? ""
        #expect(text.contains("theta") && text.contains("gamma"))
        // With other contributions too, and under broadcasting.
        let scalar = Tensor.named("alpha")
        let mixed = Gradient.of((source.gamma(scalar, [2]) * scalar).sum(), withRespectTo: [scalar])[0]
        #expect(mixed.failure?.description.contains("theta") == true)
        // Draws without parameters are constants.
        let constant = Gradient.of((source.normal([2]) * alpha).sum(), withRespectTo: [alpha])[0]
        #expect(constant.failure == nil)
    }

    @Test func noDerivativeForTheOrderOfZeta() {
        let s = Tensor.named("s")
        #expect(Gradient.of(hurwitzZeta(s, 1), withRespectTo: [s])[0].failure?.description.contains("hurwitzZeta") == true)
    }
}
