import LockstepTensor
import TestSupport
import Testing

/// Curves through points: against NumPy, SciPy and what such curves have to be.
@Suite struct InterpolationTests {
    static let x = Tensor.named("x", [8])
    static let knots = Tensor.named("k", [5])
    static let values = Tensor.named("v", [5])
    static let point: [String: [Double]] = [
        "x": [-2.5, -1, -0.25, 0.5, 1.3, 2, 2.75, 4], "k": [-1, 0.5, 1, 2, 3.5], "v": [0.5, -1, 2, 1.5, -0.25],
    ]
    /// Away from the knots.
    static let between: [Double] = [-2.5, -0.6, -0.25, 0.75, 1.3, 1.6, 2.75, 4]

    static func expect(_ tensor: Tensor, _ wanted: [Double], _ inputs: [String: [Double]] = point, tolerance: Double = 1e-13) throws {
        #expect(tensor.failure == nil && tensor.count == wanted.count)
        let found = try ReferenceEvaluator.evaluate(tensor, inputs: inputs)
        for (a, b) in zip(found, wanted) {
            #expect(a == b || a.isNaN && b.isNaN || abs(a - b) <= tolerance * max(1, abs(b)), "\(found), not \(wanted)")
        }
    }

    /// numpy.searchsorted([-1, 0.5, 1, 2, 3.5], x) and with side="right".
    @Test func places() throws {
        let left = searchSorted(Self.knots, Self.x), right = searchSorted(Self.knots, Self.x.reshape([2, 4]), isRight: true)
        #expect(left.dtype == .int && left.shape == [8] && right.shape == [2, 4])
        try Self.expect(left, [0, 0, 1, 1, 3, 3, 4, 5])
        try Self.expect(right, [0, 1, 1, 2, 3, 4, 4, 5])
        #expect(searchSorted(Self.knots, 1.5).shape == [])
        try Self.expect(searchSorted([], Self.x), [0, 0, 0, 0, 0, 0, 0, 0])
        try Self.expect(searchSorted(Tensor(integers: [1, 2, 2, 5]), Tensor(integers: [2, 0, 9])), [1, 0, 4])
        try Self.expect(searchSorted([0.5], Tensor([true, false])), [1, 0])
    }

    /// NaN is the largest number of all, as it is to NumPy.
    @Test func placesOfWhatIsNoNumber() throws {
        let edges: Tensor = [-.infinity, 0, 1, 1, .infinity, .nan]
        let x: Tensor = [.nan, .infinity, -.infinity, 1]
        try Self.expect(searchSorted(edges, x), [5, 4, 0, 2])
        try Self.expect(searchSorted(edges, x, isRight: true), [6, 5, 1, 4])
        try Self.expect(searchSorted([3, 1, 2], [2.5, 0]), [2, 0])
    }

    /// numpy.interp(x, k, v).
    @Test func lines() throws {
        let line = interpolate(Self.x, knots: Self.knots, values: Self.values)
        try Self.expect(line, [0.5, 0.5, -0.25, -1, 1.85, 1.5, 0.625, -0.25])
        #expect(line.dtype == .real && interpolate(0, knots: Self.knots, values: Self.values).shape == [])
        #expect(interpolate(Self.x.reshape([4, 2]), knots: Self.knots, values: Self.values).shape == [4, 2])
        // At the knots, their values to the last bit.
        let point = Self.point.merging(["x": (Self.point["k"] ?? []) + [.infinity, -.infinity, .nan]]) { $1 }
        try Self.expect(line, (Self.point["v"] ?? []) + [-0.25, 0.5, .nan], point, tolerance: 0)
        try Self.expect(interpolate([-1, 0, 0.5, 9, .nan], knots: [0], values: [3]), [3, 3, 3, 3, .nan])
        // numpy.interp([-1, 0, 1, 2], [0, 0, 1], [1, 2, 3])
        try Self.expect(interpolate([-1, 0, 1, 2], knots: [0, 0, 1], values: [1, 2, 3]), [1, 2, 3, 3])
        try Self.expect(interpolate(Tensor.iota(3), knots: Tensor(integers: [0, 2]), values: Tensor(integers: [1, 2])), [1, 1.5, 2])
    }

    /// scipy.interpolate.CubicSpline(k, v, bc_type="natural")(x), outside of the knots too.
    @Test func splines() throws {
        let spline = cubicSpline(Self.x, knots: Self.knots, values: Self.values)
        try Self.expect(
            spline,
            [
                1.9999999999999991, 0.5, -2.0055650684931505, -1, 2.6863561643835614, 1.5, 0.291095890410959, -0.5695078640284117,
            ], tolerance: 1e-12)
        #expect(cubicSpline(Self.x.reshape([2, 2, 2]), knots: Self.knots, values: Self.values).shape == [2, 2, 2])
        try Self.expect(cubicSpline([-1, 7, .nan], knots: [2], values: [3]), [3, 3, .nan])
        try Self.expect(cubicSpline([-1, 0.5, 3], knots: [0, 1], values: [1, 3]), [-1, 2, 7])
        // Of three points the one bend is 3 (s1 - s0) / (h0 + h1): -6 at 1 here.
        try Self.expect(cubicSpline([0, 0.5, 1, 1.5, 2], knots: [0, 1, 2], values: [0, 2, 0]), [0, 1.375, 2, 1.375, 0])
        try Self.expect(
            cubicSpline(Self.x, knots: Self.knots, values: 2 * Self.knots - 1), (Self.point["x"] ?? []).map { 2 * $0 - 1 }, tolerance: 1e-12)
        let point = Self.point.merging(["x": [Double](repeating: .nan, count: 8)]) { $1 }
        try Self.expect(spline, [Double](repeating: .nan, count: 8), point)
    }

    /// Two continuous derivatives, the second of which is 0 at the ends.
    @Test func splinesAreSmooth() throws {
        let x = Tensor.named("x", [10])
        let gap = 1e-9
        let knots = Self.point["k"] ?? []
        let point = Self.point.merging(["x": knots.flatMap { [$0 - gap, $0 + gap] }]) { $1 }
        let first = Gradient.of(cubicSpline(x, knots: Self.knots, values: Self.values).sum(), withRespectTo: [x])[0]
        let second = Gradient.of(first.sum(), withRespectTo: [x])[0]
        for derivative in try ReferenceEvaluator.evaluate([first, second], inputs: point) {
            for knot in knots.indices { #expect(abs(derivative[2 * knot] - derivative[2 * knot + 1]) < 1e-6, "\(derivative)") }
        }
        let bends = try ReferenceEvaluator.evaluate(second, inputs: point)
        #expect([0, 1, 8, 9].allSatisfy { abs(bends[$0]) < 1e-6 })
    }

    @Test func gradients() throws {
        let point = Self.point.merging(["x": Self.between]) { $1 }
        let inputs = [Self.x, Self.knots, Self.values]
        let line = interpolate(Self.x, knots: Self.knots, values: Self.values), spline = cubicSpline(Self.x, knots: Self.knots, values: Self.values)
        for (name, curve) in [("line", line), ("spline", spline)] {
            let report = try FiniteDifferences.check(curve.weightedSum, withRespectTo: inputs, at: point)
            #expect(report.worst < 1e-6, "\(name): \(report)")
            let square = try FiniteDifferences.check(sin(curve).weightedSum * Self.x[1], withRespectTo: inputs, at: point)
            #expect(square.worst < 1e-6, "\(name): \(square)")
        }
    }

    /// What is not taken counts for nothing, divided by zero or not.
    @Test func gradientsBesideEqualKnots() throws {
        let x = Tensor.named("x", [3]), knots = Tensor.named("k", [3]), values = Tensor.named("v", [3])
        let gradients = Gradient.of(interpolate(x, knots: knots, values: values).sum(), withRespectTo: [x, knots, values])
        let found = try ReferenceEvaluator.evaluate(gradients, inputs: ["x": [-1, 2, 0.25], "k": [0, 1, 1], "v": [1, 3, 7]])
        #expect(found == [[0, 0, 2], [-1.5, -0.5, 0], [1.75, 0.25, 1]])
    }

    @Test func mistakesAreSaid() {
        func reason(_ tensor: Tensor) -> String { tensor.failure?.reason ?? "none" }
        let x = Self.x, matrix = Tensor.named("m", [2, 3])
        #expect(reason(searchSorted(matrix, x)).contains("must be a vector") && reason(searchSorted(1, x)).contains("must be a vector"))
        for (knots, values) in [(Self.knots, x), (matrix, matrix), (1, 1), ([], [])] as [(Tensor, Tensor)] {
            #expect(reason(interpolate(x, knots: knots, values: values)).contains("vectors of one length"))
            #expect(reason(cubicSpline(x, knots: knots, values: values)).contains("vectors of one length"))
        }
    }
}
