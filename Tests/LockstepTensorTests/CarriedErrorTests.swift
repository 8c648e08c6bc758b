import LockstepTensor
import TestSupport
import Testing

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
            (a[7], "element", ["[2, 3]"]), (a[-3], "element", ["[2, 3]"]),
            (a[0, 0, 0], "subscript", ["[2, 3]"]), (a[..., 3], "subscript", ["[2, 3]", "3 is not within axis 1"]),
            (a[1..<9], "subscript", ["[2, 3]", "1..<9 is not within axis 0"]), (a[...(-9)], "subscript", ["[2, 3]"]),
            (a.product([0, 0]), "product", ["[2, 3]"]), (a.diff(axis: 2), "diff", ["[2, 3]"]),
            (a.std(axis: 5), "sum", ["[2, 3]"]), (a.variance([0, -2]), "sum", ["[2, 3]"]),
            (dot(a, b), "dot", ["[2, 3]", "[4]"]), (outer(a, b), "outer", ["[2, 3]", "[4]"]), (matmul(a, 2), "matmul", ["[2, 3]", "[]"]),
            (matmul(.named("m", [2, 4, 3]), .named("n", [3, 3, 5])), "matmul", ["[2, 4, 3]", "[3, 3, 5]", "broadcast"]),
            (Tensor([[1, 2], [3.5]]), "Tensor", ["1 numbers in row 1", "2 in row 0"]),
            (logAddExp(a, b), ".<", ["[2, 3]", "[4]"]), (remainder(a, b), "/", ["[2, 3]", "[4]"]), (clip(a, b, 2), "maximum", ["[2, 3]", "[4]"]),
            (Tensor.concatenate([a, b]), "concatenate", ["[2, 3]", "[4]"]),
            (Tensor.concatenate([]), "concatenate", []),
            (a.sum([0, 0]), "sum", ["[2, 3]"]),
            (a.max([3]), "max", ["[2, 3]"]),
            (a.any(), "any", ["[2, 3]"]),
            (a.logSumExp(axis: 2), "logSumExp", ["[2, 3]"]),
            (a.logSoftmax(axis: 2), "logSoftmax", ["[2, 3]"]),
            (a.cumulativeSum(axis: 2), "cumulativeSum", ["[2, 3]"]),
            (a.gather(b), "gather", ["[2, 3]", "[4]"]),
            (a.sorted(axis: 2), "sorted", ["[2, 3]"]), (a.argSort(axis: -3), "argSort", ["[2, 3]"]), (a.argMax(axis: 2), "argMax", ["[2, 3]"]),
            (Tensor([], shape: [0, 2]).argMin(axis: 0), "argMin", ["[0, 2]", "axis 0"]), (Tensor([]).median(), "median", ["[0]"]),
            (a.quantile(-1), "quantile", ["[2, 3]", "-1.0"]), (a.quantile([0.5, 2], axis: 0), "quantile", ["[2, 3]", "2.0"]),
            (searchSorted(a, b), "searchSorted", ["[2, 3]", "[4]"]), (interpolate(a, knots: b, values: a), "interpolate", ["[2, 3]", "[4]"]),
            (cubicSpline(b, knots: a, values: a), "cubicSpline", ["[4]", "[2, 3]"]),
            (odeSolve(from: a, at: 1) { _, y in y }, "odeSolve", ["[]", "[2, 3]"]),
            (odeSolve(from: a, at: b, stepsBetween: 0) { _, y in y }, "odeSolve", ["[4]", "[2, 3]", "0 steps"]),
            (odeSolve(from: a, at: b) { _, y in y[0] }, "odeSolve", ["[2, 3]", "[[3]]"]),
            (symmetricEigen(a).values, "symmetricEigen", ["[2, 3]"]), (symmetricEigen(b).vectors, "symmetricEigen", ["[4]"]),
            (qr(a).q, "qr", ["[2, 3]"]), (qr(b).r, "qr", ["[4]"]), (matrixExp(a), "matrixExp", ["[2, 3]"]),
            (fft(.named("x", [3, 67])).re, "fft", ["[3, 67]", "factor 67"]), (fft(1).im, "fft", ["[]"]),
            (inverseFFT(a, b), "inverseFFT", ["[2, 3]", "[4]"]), (inverseFFT(a, a, count: 2), "inverseFFT", ["[2, 3]", "of 2"]),
            (a.segmentSum(Tensor(integers: [1, 2, 3]), count: 4), "segmentSum", ["[2, 3]", "[3]"]),
            (matmul(a, b), "matmul", ["[2, 3]", "[4]"]),
            (Tensor([1, 2], shape: [3]), "Tensor", ["[3]"]),
            (select(a, 1, 0), "select", ["[2, 3]"]),
            (a .& b, ".&", ["[2, 3]", "[4]"]),
        ]
        Self.check(cases)
    }

    private static func check(_ cases: [(Tensor, operation: String, shapes: [String])]) {
        for (tensor, operation, shapes) in cases {
            let text = tensor.failure?.description ?? "no failure"
            #expect(text.hasPrefix(operation), "\(text)")
            for shape in shapes { #expect(text.contains(shape), "\(operation): \(text)") }
        }
    }

    @Test func textOfMatrices() {
        let a = Tensor.named("a", [2, 3]), b = Tensor.named("b", [4]), square = Tensor.named("s", [3, 2, 2])
        Self.check([
            (cholesky(a), "cholesky", ["[2, 3]", "square"]), (cholesky(b), "cholesky", ["[4]"]), (cholesky(1), "cholesky", ["[]"]),
            (logDeterminant(b), "logDeterminant", ["[4]"]), (inverse(a), "inverse", ["[2, 3]"]),
            (triangularSolve(a, b), "triangularSolve", ["[2, 3]"]), (triangularSolve(b, b, isLower: false), "triangularSolve", ["[4]"]),
            (triangularSolve(square, b), "triangularSolve", ["[3, 2, 2]", "[4]", "only axis", "which is 2"]),
            (triangularSolve(square, .named("c", [3, 1])), "triangularSolve", ["[3, 2, 2]", "[3, 1]", "last but one"]),
            (triangularSolve(square, .named("c", [2, 2, 1]), isLower: false), "triangularSolve", ["[3, 2, 2]", "[2, 2, 1]", "broadcast"]),
            (triangularSolve(square, 1), "triangularSolve", ["[3, 2, 2]", "[]"]),
            (solve(a, b), "solve", ["[2, 3]"]), (solve(square, b), "solve", ["[3, 2, 2]", "[4]"]),
            (kronecker(a, b), "kronecker", ["[2, 3]", "[4]"]), (kronecker(square, .named("c", [2, 1, 1])), "kronecker", ["[3, 2, 2]", "[2, 1, 1]"]),
            (b.diagonal, "diagonal", ["[4]"]), (Tensor.named("c").asDiagonal, "asDiagonal", ["[]"]), (b.tril(), "tril", ["[4]"]),
            (b.triu(1), "triu", ["[4]"]), (Tensor.identity(-1), "identity", ["-1"]),
        ])
    }

    @Test func misuseNeverTraps() {
        let a = Tensor.named("a", [2, 3])
        let results: [Tensor] = [
            a[-3], a[.min], a[.max], a.element(.min), a.element(0, axis: 9), a.slice(axis: 0, -3 ..< -1), a.reshape([-2, -3]), a.reshape([0]),
            a.broadcast(to: []), a.transposed([0, 0]), a.transposed([1, 0, 2]), Tensor.named("s")[0], Tensor.iota(-1),
            Tensor(repeating: 0, shape: [-1]), Tensor.concatenate([a, a], axis: 5), Tensor.stack([]),
            a.segmentSum(Tensor(integers: [0, 1]), count: -1), a.reshape([.max, 2]), Tensor(repeating: 1, shape: [.max, .max]),
            a.broadcast(to: [-1, 2, 3]), a.sum(axis: .min), Tensor(floatLiteral: .nan).asInt,
        ]
        for result in results { #expect(result.failure != nil || result.count >= 0) }
        #expect(a[-3].failure != nil)
        #expect(a[.max].failure != nil)
        #expect(a.reshape([-2, -3]).failure != nil)
        #expect(Tensor.iota(-1).failure != nil)
        #expect(Tensor(repeating: 0, shape: [-1]).failure != nil)
        #expect(a.segmentSum(Tensor(integers: [0, 1]), count: -1).failure != nil)
    }

    /// Extremes of every argument of what is made of other operations.
    @Test func extremesNeverTrap() {
        let a = Tensor.named("a", [2, 3]), scalar = Tensor.named("s"), empty = Tensor([], shape: [0])
        let parts: [Tensor] = [
            a[Int.min...], a[..<Int.min], a[...Int.max], a[...Int.min], a[Int.min..<Int.max], a[Int.min...Int.max], a[Int.max...],
            a[AxisIndex.range(lower: 2, upper: 1)], a[AxisIndex.closedRange(lower: .max, upper: .max)], a[..., ..., ..., 0], a[0, 0, 0, ...],
            a[AxisIndex.closedRange(lower: nil, upper: -4)], a[0, Int.min], a[Int.max, ...], empty[-1], scalar[0...], scalar[0],
        ]
        for (number, part) in parts.enumerated() { #expect(part.failure != nil, "part \(number)") }
        let wrong: [Tensor] = [
            a.product(axis: .min), a.product([.max]), a.diff(axis: .max), a.std(axis: .min), a.mean(axis: .max), a.max(axis: .min), a.all(axis: .max),
            matmul(a, scalar), dot(a, a), outer(a, scalar),
        ]
        for (number, tensor) in wrong.enumerated() { #expect(tensor.failure != nil, "tensor \(number)") }
        let unordered: [Tensor] = [
            a.sorted(axis: .min), a.argSort(axis: .max), a.argMax(axis: .min), a.argMin(axis: .max), a.median(axis: .min), scalar.sorted(),
            empty.argMax(), empty.quantile(0.5), a.quantile(.nan), a.quantile([.infinity]), a.quantile([0.5], axis: .max), searchSorted(scalar, a),
            interpolate(a, knots: empty, values: empty), cubicSpline(a, knots: scalar, values: scalar),
            odeSolve(from: a, at: empty) { _, y in y },
            odeSolve(from: a, at: [0, 1], stepsBetween: .max) { _, y in y }, odeSolve(from: a, at: scalar, stepsBetween: .min) { _, y in y },
            symmetricEigen(scalar).values, symmetricEigen(a).vectors, qr(scalar).q, qr(a).r, matrixExp(empty), fft(empty).re, fft(scalar).im,
            inverseFFT(a, a, count: .max), inverseFFT(a, a, count: .min), inverseFFT(empty, empty), inverseFFT(empty, empty, count: 0),
        ]
        for (number, tensor) in unordered.enumerated() { #expect(tensor.failure != nil, "order \(number)") }
        let fine: [Tensor] = [
            scalar[...], a[newAxis, newAxis, newAxis], empty[...(-1)], a.variance(correction: .min), a.variance(correction: .max),
            matmul(a, Tensor([], shape: [3, 0])), matmul(empty, empty), outer(empty, empty), empty.diff(), empty.product(), empty.std(),
            Tensor([], shape: [2, 0]).std(axis: 1), Tensor([[Double]]()), round(empty), clip(empty, 0, 1), empty.sorted(), empty.argSort(),
            Tensor([], shape: [0, 3]).median(axis: 1), scalar.argMax(), scalar.median(), a.quantile([]), searchSorted(empty, empty),
            interpolate(empty, knots: [1, 0], values: [1, 2]), cubicSpline(scalar, knots: [.nan, 0, 0], values: [1, .infinity, 2]),
            odeSolve(from: empty, at: [0, .nan, .infinity]) { _, y in y }, symmetricEigen(Tensor([], shape: [0, 0])).vectors,
            symmetricEigen(Tensor(repeating: .nan, shape: [2, 2])).values, qr(Tensor([], shape: [0, 0])).q, qr(Tensor([], shape: [4, 0])).r,
            matrixExp(Tensor(repeating: .infinity, shape: [1, 1])), fft(Tensor([], shape: [0, 3])).re, fft([.nan]).im, inverseFFT([1], [0], count: 1),
        ]
        for (number, tensor) in fine.enumerated() { #expect(tensor.failure == nil, "tensor \(number)") }
        let ints = Tensor.iota(3)
        var numbers: [Tensor] = [a * Int.max, a / 0, a * Double.nan, remainder(a, 0), pow(a, Int.min), atan2(a, Double.nan)]
        numbers += [ints + Int.max, ints + Int.min, clip(a, Double.infinity, -Double.infinity), clip(a, Double.nan, 1), Tensor(Int.min)]
        for (number, tensor) in numbers.enumerated() { #expect(tensor.failure == nil && tensor.dtype == .real, "number \(number)") }
    }

    @Test func extremesOfMatricesNeverTrap() {
        let a = Tensor.named("a", [2, 3]), empty = Tensor([], shape: [0, 0]), large = Tensor(repeating: 1, shape: [1 << 16, 1])
        let wrong: [Tensor] = [
            .identity(.min), .identity(.max), .identity(1 << 20), Tensor(repeating: 1, shape: [1 << 20]).asDiagonal,
            kronecker(large, large.transposed),
            kronecker(large, large), solve(empty, a), cholesky(large),
        ]
        for (number, tensor) in wrong.enumerated() { #expect(tensor.failure != nil, "tensor \(number)") }
        let fine: [Tensor] = [
            a.tril(.max), a.tril(.min), a.triu(.max), a.triu(.min), empty.tril(.min), empty.triu(.max), .identity(0), cholesky(empty), inverse(empty),
            logDeterminant(empty), solve(empty, Tensor([])), triangularSolve(empty, empty), kronecker(empty, a), empty.diagonal,
            Tensor([]).asDiagonal,
            cholesky(Tensor(repeating: .nan, shape: [2, 2])), solve(Tensor(repeating: .infinity, shape: [2, 2]), [1, .nan]),
        ]
        for (number, tensor) in fine.enumerated() { #expect(tensor.failure == nil, "tensor \(number)") }
    }

    @Test func mistakesSurviveMatrixOperations() {
        let bad = Self.bad, square = Tensor.named("q", [3, 3])
        let results: [Tensor] = [
            cholesky(bad), logDeterminant(bad), inverse(bad), solve(bad, square), solve(square, bad), triangularSolve(bad, square),
            triangularSolve(bad, square, isLower: false), triangularSolve(square, bad, isTransposed: true), lowerProduct(bad, square),
            lowerProduct(square, bad), kronecker(bad, square), kronecker(square, bad), bad.diagonal, bad.asDiagonal, bad.tril(), bad.triu(.min),
        ]
        for (number, tensor) in results.enumerated() { #expect(tensor.failure == bad.failure, "result \(number)") }
    }

    @Test func mistakesSurviveWhatIsMadeOfOperations() {
        let bad = Self.bad, good = Tensor.named("g", [2, 3])
        let parts: [Tensor] = [bad[...], bad[1..., 0], bad[-1, newAxis], bad[0, ...], bad[0, 0, 0, 0]]
        let reduced: [Tensor] = [bad.product(), bad.diff(), bad.std(), bad.variance(axis: 3), bad.mean(axis: 1), product(bad), std(bad, axis: 7)]
        let elements: [Tensor] = [
            clip(bad, 0, 1), clip(good, bad, 1), clip(good, 0, bad), logAddExp(bad, good), logAddExp(good, bad), atan2(bad, good), atan2(good, bad),
            remainder(bad, good), remainder(good, bad), round(bad), bad.rounded(), bad.clamped(to: 0...1), bad.clamped(to: 0...),
            bad.clamped(to: ...1),
        ]
        let products: [Tensor] = [dot(bad, good), dot(good, bad), outer(bad, good), outer(good, bad)]
        let ordered: [Tensor] = [
            bad.sorted(), bad.argSort(axis: 9), bad.argMax(), argMin(bad, axis: 1), median(bad), quantile(bad, 7), bad.quantile([0.5]),
            searchSorted(bad, good), searchSorted(good, bad),
            interpolate(bad, knots: good, values: good), interpolate(good, knots: bad, values: good),
            cubicSpline(good, knots: good, values: bad), odeSolve(from: bad, at: good) { _, y in y }, odeSolve(from: good, at: bad) { _, y in y },
            odeSolve(from: good, at: [0, 1, 2]) { _, y in y * bad },
        ]
        let taken: [Tensor] = [
            symmetricEigen(bad).values, symmetricEigen(bad).vectors, qr(bad).q, qr(bad).r, matrixExp(bad), fft(bad).re, fft(bad).im,
            inverseFFT(bad, good), inverseFFT(good, bad, count: -1),
        ]
        let numbers: [Tensor] = [bad * 2.5, bad.count - bad, bad .< Double.pi, select(.named("m", [], .bool), 1.5, bad)]
        for (number, tensor) in (parts + reduced + elements + products + ordered + taken + numbers).enumerated() {
            #expect(tensor.failure == bad.failure, "result \(number)")
        }
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
                    i == position ? bad : op.row.inputs[i] == .bool ? Tensor.named("m", [2, 3], .bool) : good
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
