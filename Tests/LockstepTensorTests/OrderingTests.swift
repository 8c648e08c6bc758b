import Foundation
import LockstepTensor
import TestSupport
import Testing

/// Order along an axis: against the host's own sorting, and NumPy.
@Suite struct OrderingTests {
    static let axes: [(shape: Shape, axis: Int)] = [
        ([5], 0), ([1], -1), ([0], 0), ([2, 3], 0), ([2, 3], 1), ([2, 6, 3], 1), ([4, 2, 3], -3), ([2, 3, 7], -1), ([2, 1, 3], 1), ([3, 0, 2], 1),
        ([0, 3], 1), ([3, 0], 0), ([20], 0), ([2, 40], 1),
    ]

    /// Numbers with ties, NaN and infinities.
    static func numbers(_ count: Int, seed: UInt64) -> [Double] {
        let pool: [Double] = [0, -0.0, 1, 1, 2.5, -1, -3.25, .nan, .infinity, -.infinity, 1e-300, 7]
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in pool[Int.random(in: 0..<pool.count, using: &random)] }
    }

    /// Places in ascending order, equal ones as they come and NaN last.
    static func order(_ numbers: [Double]) -> [Int] {
        numbers.indices.sorted { a, b in
            let (x, y) = (numbers[a], numbers[b])
            if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? a < b : y.isNaN }
            return x == y ? a < b : x < y
        }
    }

    static func plainQuantile(_ numbers: [Double], _ q: Double) -> Double {
        if numbers.contains(where: \.isNaN) { return .nan }
        let sorted = numbers.sorted(), place = q * Double(numbers.count - 1)
        let (low, high) = (sorted[Int(place.rounded(.down))], sorted[Int(place.rounded(.up))])
        let share = place - place.rounded(.down)
        return share == 0 ? low : (1 - share) * low + share * high
    }

    /// What a function of lists makes of each line along an axis, in row-major order.
    static func along(_ values: [Double], _ shape: Shape, _ axis: Int, _ function: ([Double]) -> [Double]) -> [Double] {
        let (before, extent, after) = (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
        return (0..<before).flatMap { outer in
            let lines = (0..<after).map { inner in function((0..<extent).map { values[(outer * extent + $0) * after + inner] }) }
            return (0..<(lines.first?.count ?? 0)).flatMap { place in lines.map { $0[place] } }
        }
    }

    static func expect(_ tensor: Tensor, _ shape: Shape, _ wanted: [Double], inputs: [String: [Double]] = [:], _ what: String) throws {
        #expect(tensor.failure == nil && tensor.shape == shape, "\(what)")
        let found = try ReferenceEvaluator.evaluate(tensor, inputs: inputs)
        try #require(found.count == wanted.count, "\(what)")
        for (a, b) in zip(found, wanted) { #expect(a == b || a.isNaN && b.isNaN || abs(a - b) <= 1e-14 * max(1, abs(b)), "\(what): \(a), not \(b)") }
    }

    @Test(arguments: axes.indices) func isTheHostsOrder(_ number: Int) throws {
        let (shape, axis) = Self.axes[number]
        let x = Tensor.named("x", shape)
        let position = axis < 0 ? axis + shape.count : axis
        for seed in 1...4 as ClosedRange<UInt64> {
            let values = Self.numbers(shape.reduce(1, *), seed: seed)
            let what = "\(shape) along \(axis), \(values)"
            func check(_ tensor: Tensor, _ shape: Shape, _ name: String, _ function: ([Double]) -> [Double]) throws {
                try Self.expect(tensor, shape, Self.along(values, x.shape, position, function), inputs: ["x": values], "\(name) of \(what)")
            }
            try check(x.sorted(axis: axis), shape, "sorted") { line in Self.order(line).map { line[$0] } }
            try check(x.argSort(axis: axis), shape, "argSort") { Self.order($0).map(Double.init) }
            guard shape[position] > 0 else { continue }
            var rest = shape
            rest.remove(at: position)
            try check(x.argMax(axis: axis), rest, "argMax") { line in
                let best = line.firstIndex { $0.isNaN } ?? line.firstIndex(of: line.max() ?? 0) ?? -1
                return [Double(best)]
            }
            try check(x.argMin(axis: axis), rest, "argMin") { line in
                let best = line.firstIndex { $0.isNaN } ?? line.firstIndex(of: line.min() ?? 0) ?? -1
                return [Double(best)]
            }
            try check(x.median(axis: axis), rest, "median") { [Self.plainQuantile($0, 0.5)] }
            for q in [0, 0.3, 0.75, 1] { try check(x.quantile(q, axis: axis), rest, "quantile \(q)") { [Self.plainQuantile($0, q)] } }
        }
    }

    /// numpy.quantile([3.1, -0.4, 2.2, 7.5, 0.9, 5.8], [0, 0.05, 0.3, 0.5, 0.95, 1]), and of a matrix with [0.1, 0.75] and axis=0.
    @Test func quantilesAreNumPys() throws {
        let x: Tensor = [3.1, -0.4, 2.2, 7.5, 0.9, 5.8]
        try Self.expect(x.quantile([0, 0.05, 0.3, 0.5, 0.95, 1]), [6], [-0.4, -0.07500000000000001, 1.55, 2.6500000000000004, 7.075, 7.5], "vector")
        let rows = Tensor([[0.5, -1.25, 2, 4], [-0.75, 1.5, 3, 0.125], [6, -2.5, 0.25, 1]])
        try Self.expect(rows.quantile([0.1, 0.75], axis: 0), [2, 4], [-0.5, -2.25, 0.6, 0.3, 3.25, 0.125, 2.5, 2.5], "matrix")
        try Self.expect(rows.quantile([], axis: 0), [0, 4], [], "none")
        try Self.expect(rows.quantile([0, 1, 0]), [3], [-2.5, 6, -2.5], "all")
    }

    @Test func allElements() throws {
        let x = Tensor([[3, -1, 2], [7, 7, -1]])
        try Self.expect(argMax(x), [], [3], "argMax")
        try Self.expect(argMin(x), [], [1], "argMin")
        try Self.expect(median(x), [], [2.5], "median")
        try Self.expect(quantile(x, 0.2), [], [-1], "quantile")
        try Self.expect(quantile(x, [0, 1], axis: 1), [2, 2], [-1, -1, 3, 7], "quantiles")
        try Self.expect(sorted(x), [2, 3], [-1, 2, 3, -1, 7, 7], "sorted")
        try Self.expect(argSort(x, axis: 0), [2, 3], [0, 0, 1, 1, 1, 0], "argSort")
        try Self.expect(median(x, axis: 1), [2], [2, 7], "median of rows")
        let scalar = Tensor(4)
        try Self.expect(scalar.argMax(), [], [0], "argMax of a scalar")
        try Self.expect(scalar.median() + scalar.quantile(0.3), [], [8], "a scalar")
    }

    /// Infinities are numbers among others, where NumPy makes some of them NaN.
    @Test func infinities() throws {
        let x: Tensor = [.infinity, 1, .infinity, -.infinity]
        try Self.expect(x.sorted(), [4], [-.infinity, 1, .infinity, .infinity], "sorted")
        try Self.expect(x.quantile([0, 0.25, 0.5, 0.9, 1]), [5], [-.infinity, -.infinity, .infinity, .infinity, .infinity], "quantiles")
        try Self.expect(Tensor([-.infinity, .infinity]).median(), [], [.nan], "between the infinities")
        try Self.expect(Tensor([-.infinity, -.infinity]).argMax(), [], [0], "argMax")
        try Self.expect(Tensor([.infinity, .infinity]).argMin(), [], [0], "argMin")
    }

    @Test func intsAndMasks() throws {
        let ints = Tensor(integers: [3, -7, 3, 0]), mask = Tensor([false, true, true, false])
        try Self.expect(ints.sorted(), [4], [-7, 0, 3, 3], "ints")
        try Self.expect(ints.argSort(), [4], [1, 3, 0, 2], "places of ints")
        try Self.expect(mask.sorted(), [4], [0, 0, 1, 1], "mask")
        try Self.expect(mask.argMax(), [], [1], "place of true")
        try Self.expect(mask.argMin(), [], [0], "place of false")
        try Self.expect(ints.median(), [], [1.5], "median of ints")
        #expect(ints.sorted().dtype == .int && ints.argSort().dtype == .int && ints.argMin().dtype == .int && mask.argMax().dtype == .int)
        #expect(mask.sorted().dtype == .real && ints.median().dtype == .real && ints.quantile([0]).dtype == .real)
        #expect(Tensor.named("x", [2, 3]).argSort().dtype == .int && Tensor(integers: []).sorted().dtype == .int)
    }

    @Test func gradients() throws {
        let x = Tensor.named("x", [2, 4])
        let point = ["x": [0.5, -1.2, 2.1, 0.9, -0.3, 1.7, 0.1, -2.4]]
        let results: [Tensor] = [
            sin(x.sorted()), sin(x.sorted(axis: 0)), x.median(axis: 1), square(x.median()), exp(x.quantile([0.1, 0.5, 0.77], axis: 1)),
            x.quantile(0.35) * x, x.gather(Tensor(integers: [1, 0])) * x.argSort().asReal, x.sorted()[..., -1] * x[0, 1],
        ]
        for (number, tensor) in results.enumerated() {
            let report = try FiniteDifferences.check(tensor.weightedSum, withRespectTo: [x], at: point)
            #expect(report.worst < 1e-7, "\(number): \(report)")
        }
    }

    @Test func gradientsOfTies() throws {
        let x = Tensor.named("x", [3])
        func gradient(_ value: Tensor, _ at: [Double]) throws -> [Double] {
            try ReferenceEvaluator.evaluate(Gradient.of(value, withRespectTo: [x]), inputs: ["x": at])[0]
        }
        #expect(try gradient((x.sorted() * [2, 3, 5]).sum(), [3, 1, 3]) == [3, 2, 5])
        #expect(try gradient(x.median(), [4, 4, 4]) == [0, 1, 0])
        #expect(try gradient(x.quantile(0.25), [3, 1, 2]) == [0, 0.5, 0.5])
        #expect(try gradient(x.quantile(0), [.infinity, 1, 2]) == [0, 1, 0])
    }

    @Test func mistakesAreSaid() {
        func reason(_ tensor: Tensor) -> String { tensor.failure?.reason ?? "none" }
        let x = Tensor.named("x", [2, 3]), empty = Tensor([], shape: [0, 2]), long = Tensor(repeating: 0, shape: [46341])
        let beyond: [Tensor] = [
            x.sorted(axis: 2), x.argSort(axis: .min), x.argMax(axis: -3), x.argMin(axis: 2), x.median(axis: .max), x.quantile(0.5, axis: 7),
        ]
        for tensor in beyond { #expect(reason(tensor).contains("there is no axis")) }
        for tensor in [empty.argMax(axis: 0), empty.argMin(), empty.median(), empty.quantile(0.5, axis: 0), empty.quantile([0.5])] {
            #expect(reason(tensor).contains("there is nothing along"))
        }
        for tensor in [long.sorted(), long.argSort(), long.median(), long.quantile([0.1])] { #expect(reason(tensor).contains("too many pairs")) }
        #expect(long.argMax().failure == nil && long[1...].sorted().failure == nil)
        for q in [-0.1, 1.1, .nan, .infinity] { #expect(reason(x.quantile([0.5, q])).contains("not a number from 0 to 1")) }
        #expect(reason(Tensor(1).sorted()).contains("there is no axis -1"))
    }
}
