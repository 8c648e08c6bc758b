import LockstepCompiler
import LockstepTensor

/// One step that uses every tensor operation on arrays of some extent.
package enum TensorCases {
    /// Extents on both sides of each threshold: nothing, one, written out, just not, summed in parts.
    package static let extents = [0, 1, 3, 16, 17, 300]

    package static let lanes = 17

    /// - Parameter n: the extent of the leading axis of the operands.
    package static func all(extent n: Int) -> StepCase {
        let origin = Origin()
        var random = SplitMix64(seed: UInt64(n) + 1)
        func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in Double(Float(Double.random(in: -2...2, using: &random))) } }
        func rows(_ count: Int, _ bound: Int) -> [Double] { (0..<count).map { _ in Double(Int.random(in: 0..<max(bound, 1), using: &random)) } }
        var step = StepCase(values: [])
        step.lanes = lanes
        func shared(_ name: String, _ shape: Shape) -> Tensor {
            step.shared[name] = numbers(shape.elementCount)
            return .input(Input(.data, name, origin: origin), shape: shape, dtype: .real)
        }
        func own(_ name: String, _ shape: Shape) -> Tensor {
            step.perLane[name] = (0..<lanes).map { _ in numbers(shape.elementCount) }
            return .input(Input(.data, name, origin: origin), shape: shape, dtype: .real)
        }
        func index(_ name: String, _ count: Int, into bound: Int, isOwn: Bool) -> Tensor {
            if isOwn {
                step.perLane[name] = (0..<lanes).map { _ in rows(count, bound) }
            } else {
                step.shared[name] = rows(count, bound)
            }
            return .input(Input(.data, name, origin: origin), shape: [count], dtype: .int)
        }
        var stream: UInt32 = 0
        func draw(_ kind: RandomOp.Kind, _ parameter: Tensor?, _ shape: Shape) -> Tensor {
            stream += 1
            return .random(RandomOp(kind, stream: stream, particle: 1, site: "z", origin: origin), parameter, shape: shape)
        }

        let x = shared("x", [n]), y = own("y", [n]), m = own("m", [n, 3]), w = shared("w", [n, 3]), cube = own("cube", [2, n, 3])
        let small = own("small", [5]), table = shared("table", [5, 2])
        let picks = index("picks", n, into: 5, isOwn: false), ownPicks = index("ownPicks", n, into: 5, isOwn: true)
        let literal = Tensor(integers: rows(n, 5).map { Int($0) })
        let computed = pointwiseMax(pointwiseMin((abs(y) * 2).asInt, Tensor(integer: 4)), Tensor(integer: 0))
        let above = 0.25 .< m
        // Arrays that are computed for all lanes alike, and read by an index of each lane.
        let squares = exp(0.5 * table).sum(axis: 1) * 1.5

        var values: [(String, Tensor)] = []
        for (name, tensor) in [("x", x), ("y", y), ("m", m), ("w", w), ("cube", cube)] {
            for axes in Set([[0], [tensor.rank - 1], Array(tensor.shape.indices)]) {
                values.append(("sum \(axes) of \(name)", tensor.sum(axes)))
                if axes.allSatisfy({ tensor.shape[$0] > 0 }) {
                    values.append(("max \(axes) of \(name)", tensor.max(axes)))
                    values.append(("min \(axes) of \(name)", tensor.min(axes)))
                }
            }
            values.append(("view of \(name)", tensor.transposed(Array(tensor.shape.indices.reversed())).reshape([tensor.count]) * 2))
        }
        values += [
            ("sum of two axes", cube.sum([0, 1])), ("sum of outer axes", cube.sum([0, 2])), ("inner product", (m * w).sum()),
            ("any", above.any([0])), ("all", above.all([1])), ("any of all", above.any()), ("count", above.asReal.sum([0])),
            ("int sum", ownPicks.sum()), ("int of mask", above.asInt.sum([1])),
            ("broadcast", y.expandingShape(at: -1) * w), ("broadcast rows", small.broadcast(to: [n, 5]) + x.expandingShape(at: 1)),
            ("permuted", cube.transposed([2, 0, 1]) * 0.5), ("computed then permuted", exp(m).transposed + 1),
            ("slice", n > 1 ? y.slice(axis: 0, 1..<n) - x.slice(axis: 0, 0..<(n - 1)) : y),
            ("concatenated", .concatenate([x, y, exp(x)])), ("concatenated columns", .concatenate([m, w, sin(m)], axis: 1)),
            ("stacked", .stack([x, y], axis: 1)), ("cumulative", n <= 17 ? y.cumulativeSum() : y),
            ("iota", Tensor.iota(n).asReal + 0.5), ("iota int", Tensor.iota(n)),
            ("constant", Tensor(numbers(n))), ("detached", exp(y).withoutGradient), ("mask", above),
            ("gather data", small.gather(picks)), ("gather own", table.gather(ownPicks)), ("gather literal", small.gather(literal)),
            ("gather computed", small.gather(computed)), ("gather uniform by own", squares.gather(ownPicks) - squares.gather(picks)),
            ("gather mask", (0 .< small).gather(ownPicks)), ("gather kept mask", (0 .< table.sum(axis: 1)).gather(ownPicks)),
            ("gather ints", Tensor(integers: [4, 3, 2, 1, 0]).gather(ownPicks)),
            ("segments by data", m.segmentSum(picks, count: 5)), ("segments by own", m.segmentSum(ownPicks, count: 5)),
            ("segments computed", y.segmentSum(computed, count: 5)), ("segments of literal", x.segmentSum(literal, count: 6)),
            ("int segments", Tensor.iota(n).segmentSum(ownPicks, count: 5)),
            ("there and back", (y * y).segmentSum(picks, count: 5).gather(ownPicks)),
            ("softmax", m.logSoftmax(axis: 1)), ("centred", n > 0 ? y - y.mean() : y),
            ("uniform", draw(.uniform, nil, [n])), ("normal", draw(.normal, nil, [n, 3])), ("normal sum", draw(.normal, nil, [n]).sum()),
            ("gamma", draw(.gamma, exp(y), [n])), ("poisson", draw(.poisson, exp(x), [n])), ("poisson large", draw(.poisson, 50, [n])),
            ("huge constant", pointwiseMin(y, 1e300)),
        ]
        if n > 0 {
            let loss = square(y).segmentSum(picks, count: 5).max() + cube.logSumExp(axis: 1).sum() + pointwiseMax(y * x + 0.5 * y, x).max()
            for (name, gradient) in zip(["y", "cube", "x"], Gradient.of(loss, withRespectTo: [y, cube, x])) {
                values.append(("gradient \(name)", gradient))
            }
        }
        step.function = LaneFunction(
            states: values.map { .init($0, $1) }, perLane: ["y", "m", "cube", "small", "ownPicks"])
        return step
    }

    /// Functions that are made of several operations.
    ///
    /// - Parameter n: the extent of the leading axis of the operands.
    package static func functions(extent n: Int) -> StepCase {
        let origin = Origin()
        var random = SplitMix64(seed: UInt64(n) + 1)
        var step = StepCase(values: [])
        step.lanes = lanes
        func own(_ name: String, _ shape: Shape) -> Tensor {
            step.perLane[name] = (0..<lanes).map { _ in
                (0..<shape.elementCount).map { _ in Double(Float(Double.random(in: -2...2, using: &random))) }
            }
            return .input(Input(.data, name, origin: origin), shape: shape, dtype: .real)
        }
        let x = own("x", [n]), y = own("y", [n]), m = own("m", [n, 3]), w = own("w", [n, 3]), cube = own("cube", [2, n, 3]), small = own("small", [5])
        let batch = matmul(cube.transposed, m.expandingShape(at: 0))
        // Pairs are many.
        let some = n > 17 ? y[..<40] : y, rows = n > 17 ? m[..<40] : m
        let knots = Tensor([-1.8, -0.9, 0.1, 1, 2.1]) + 0.05 * small, heights = sin(small)
        let line = interpolate(y, knots: knots, values: heights), spline = cubicSpline(y, knots: knots, values: heights)
        // Lanes take different numbers of steps.
        let halvings = whileLoop(from: [small, 0], most: 30, while: { (0.2 .< abs($0[0])).any() }) { [0.5 * $0[0], $0[1] + 1] }
        let point = fixedPoint(from: Tensor([0.5, 0.2, 0.1, 0, 1]), most: 60, tolerance: 1e-7) { 0.4 * cos($0) + 0.1 * small }
        var values: [(String, Tensor)] = [
            ("halvings", halvings[1]), ("halved", halvings[0]), ("fixed point", point), ("batched product", batch),
            ("vector by batch", matmul(y, cube)), ("batch by vector", matmul(cube, small[..<3])),
            ("products of rows", m.product(axis: 1)), ("product of all", (1 + 0.1 * y).product()), ("outer", outer(small, y)), ("dot", dot(x, y)),
            ("slices", n > 2 ? cube[-1, 1..., ..<2] * w[..<(-1), 1...] : m), ("elements", n > 0 ? cube[..., -1] + m[0..., 0] * 2 : y),
            ("differences", m.diff() * w[..., 1...]), ("spread", n > 0 ? m.std(axis: 0, correction: 2) : y), ("variances", cube.variance(axis: 2)),
            ("sorted", some.sorted()), ("sorted columns", rows.sorted(axis: 0)), ("sorted rows", m.sorted()), ("order", rows.argSort(axis: 0)),
            ("place of the largest", cube.argMax(axis: 2)), ("place of the least", n > 0 ? m.argMin(axis: 0) : m),
            ("median", n > 0 ? rows.median(axis: 0) : y), ("quantiles", cube.quantile([0.1, 0.5, 1], axis: 2)),
            ("sorted ints", (some * 2).asInt.sorted()), ("places", searchSorted(knots, y)),
            ("places of equals", searchSorted(some, y, isRight: true)),
            ("line", line), ("spline", spline),
        ]
        values += DecompositionCases.values(small, extent: n)
        if n > 0 {
            let parts = batch.sum() + (1 + 0.1 * y).product() + m.std() + cube[..., 0, 1...].product(axis: 1).sum() + square(y.diff()).sum()
            for (name, gradient) in zip(["y", "m", "cube"], Gradient.of(parts, withRespectTo: [y, m, cube])) {
                values.append(("gradient by \(name)", gradient))
            }
            let places = some.sorted().weightedSum + rows.median(axis: 0).sum() + m.quantile([0.2, 0.9], axis: 1).mean()
            let order = places + line.mean() + spline.mean() + point.sum()
            for (name, gradient) in zip(["y", "m", "small"], Gradient.of(order, withRespectTo: [y, m, small])) {
                values.append(("gradient of order by \(name)", gradient))
            }
        }
        step.function = LaneFunction(states: values.map { .init($0, $1) }, perLane: Set(step.perLane.keys))
        return step
    }
}
