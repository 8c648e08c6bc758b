import LockstepCompiler
import LockstepTensor

/// Random steps: several states that read each other's old values, data of all kinds, draws, gathers, gradients.
/// The same seed gives the same step.
package enum RandomStep {
    package static func make(seed: UInt64, operations: Int = 14) -> StepCase {
        var maker = Maker(random: SplitMix64(seed: seed))
        return maker.make(operations)
    }
}

private struct Maker {
    var random: SplitMix64
    let origin = Origin()
    /// Reals, kept between -10 and 10 or so.
    var pool: [Tensor] = []
    var rows = 3
    /// Indices into 0 ..< rows, by kind.
    var indices: [Tensor] = []
    var drawn: UInt32 = 0

    mutating func pick<T>(_ choices: [T]) -> T { choices[number(choices.count)] }
    mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    mutating func values(_ count: Int) -> [Double] { (0..<count).map { _ in Double.random(in: -1.5...1.5, using: &random) } }
    mutating func rowNumbers(_ count: Int) -> [Int] { (0..<count).map { _ in number(rows) } }

    /// Extents on both sides of what is written out, and of what is summed in parts.
    static let extents: [(rows: Int, columns: Int)] = [(3, 2), (1, 3), (16, 3), (17, 2), (5, 17), (40, 1), (300, 2), (20, 20), (257, 1)]

    mutating func make(_ operations: Int) -> StepCase {
        let columns: Int
        (rows, columns) = pick(Self.extents)
        let shapes: [(String, Shape)] = [("s", []), ("a", [rows]), ("b", [rows]), ("m", [rows, columns]), ("t", [columns, rows])]
        func input(_ kind: Input.Kind, _ name: String, _ shape: Shape, _ dtype: DType = .real) -> Tensor {
            .input(Input(kind, name, origin: origin), shape: shape, dtype: dtype)
        }
        let states = shapes.map { input(.state, $0, $1) }
        let lanes = 3
        pool =
            states + [
                input(.data, "x", [rows, columns]), input(.data, "own", [rows]), input(.scalar, "rate", []),
                input(.scalar, Input.step, [], .int).asReal, tanh(Tensor.iota(rows).asReal * 0.1),
            ]
        indices = [
            input(.data, "index", [rows], .int), input(.data, "ownIndex", [rows], .int), Tensor(integers: rowNumbers(rows)), Tensor.iota(rows),
        ]
        indices.append(indices[0].gather(indices[1]))
        for _ in 0..<operations { grow() }

        var function: [LaneFunction.State] = []
        let loss = (0..<3).map { _ in pick(pool).mean() }.reduce(0, +)
        let gradients = Gradient.of(loss, withRespectTo: states)
        for ((name, shape), (state, gradient)) in zip(shapes, zip(states, gradients)) {
            let usable = gradient.failure == nil ? gradient : 0
            let next = number(3) == 0 ? state : fitted(pick(pool), shape)
            function.append(.init(name, 0.5 * next - tanh(usable)))
        }
        let recorded = pick(pool)
        let slot = input(.scalar, Input.step, [], .int)
        var step = StepCase(
            LaneFunction(
                states: function, records: [.init("loss", slots: 3, slot: slot, value: loss), .init("seen", slots: 2, slot: slot, value: recorded)],
                perLane: ["own", "ownIndex"]))
        step.lanes = lanes
        step.advances = [2]
        step.scalars = ["rate": 0.25]
        for (name, shape) in shapes { step.initial[name] = (0..<lanes).map { _ in values(shape.elementCount) } }
        step.shared = ["x": values(rows * columns), "index": rowNumbers(rows).map(Double.init)]
        step.perLane = [
            "own": (0..<lanes).map { _ in values(rows) }, "ownIndex": (0..<lanes).map { _ in rowNumbers(rows).map(Double.init) },
        ]
        return step
    }

    /// `x` brought to another shape: summed to a scalar where there is no nearer way.
    private mutating func fitted(_ x: Tensor, _ shape: Shape) -> Tensor {
        if x.shape == shape.reversed(), x.rank == 2 { return x.transposed }
        if x.count == shape.elementCount { return x.reshape(shape) }
        return (Shapes.canBroadcast(x.shape, to: shape) ? x : tanh(x.sum())).broadcast(to: shape)
    }

    /// Adds one tensor, kept small in extent and in size.
    mutating func grow() {
        var next: Tensor
        switch number(8) {
        case 0...2: next = elementwise()
        case 3, 4: next = rearranged()
        case 5: next = reduced()
        case 6: next = indexed()
        default: next = choosing()
        }
        if next.count > 700 { next = next.sum(axis: -1) }
        if next.count > 700 { next = next.sum() }
        pool.append(pick([tanh(next), 0.5 * tanh(0.3 * next), sin(next)]))
    }

    private func positive(_ x: Tensor) -> Tensor { softplus(x) + 0.5 }

    private mutating func partner(_ a: Tensor) -> Tensor {
        pick(pool.filter { Shapes.broadcast([$0.shape, a.shape]) != nil })
    }

    private mutating func elementwise() -> Tensor {
        let a = pick(pool)
        let b = partner(a), c = partner(a + b)
        return pick([
            a + b, a - b, a * b, a / positive(b), pow(positive(a), tanh(b)), a * b + c, a - c * b, exp(-square(a)), log(positive(a)),
            log(onePlus: a * a), sqrt(positive(a)), sigmoid(a), softplus(a), logGamma(positive(a)), digamma(positive(a)),
            logBeta(positive(a), positive(b)), deviance(positive(a), positive(b)), poissonLogMass(positive(a), logMean: tanh(b)),
            erf(a), atan(a), abs(a), -a, cos(a), expMinusOne(tanh(a)), pointwiseMax(a, b), pointwiseMin(a, 0.1 * b), a,
        ])
    }

    /// Operations that jump: a difference in the last place must not decide, so that comparisons are of unlike things.
    private mutating func choosing() -> Tensor {
        let a = pick(pool), b = partner(pick([a]))
        let limit = Tensor(Double.random(in: -0.5...0.5, using: &random))
        let isAbove = limit .< a, isBelow = (b + 0.0137 * square(b) + 0.003) .< limit
        return pick([
            select(isAbove, a, b), select(isAbove .& isBelow, b, 0.3 * a), select(isAbove .| .!isBelow, a, 1), isAbove.asReal, a + sign(a - limit),
            floor(3 * a + limit) + ceil(a - limit), select(a.isFinite, b, 0), (isAbove.asInt + 2).asReal * b,
            pointwiseMin((2.5 * a + limit).asInt, 1).asReal, isAbove.any().asReal + b, select(isAbove .== isBelow, a, b),
            isAbove.all([0].filter { $0 < isAbove.rank }).asReal * limit,
        ])
    }

    private mutating func rearranged() -> Tensor {
        let a = pick(pool.filter { $0.rank > 0 && $0.count > 0 })
        let axis = number(a.rank)
        let extent = a.shape[axis]
        let start = number(extent)
        let end = start + 1 + number(extent - start)
        let order = Array(a.shape.indices).shuffled(using: &random)
        var reversed = a.reshape(a.shape.reversed())
        if a.rank == 1 { reversed = a.reshape([a.count, 1]) }
        return pick([
            a.reshape([a.count]), reversed, a.expandingShape(at: -1) * 0.5, a.transposed(order), a.slice(axis: axis, start..<end),
            a.element(start, axis: axis), .concatenate([a, cos(a)], axis: axis), .stack([a, 0.5 * a], axis: axis),
            a.broadcast(to: [2] + a.shape) * 0.25, .concatenate([a.slice(axis: axis, start..<end), a], axis: axis), a.withoutGradient,
        ])
    }

    private mutating func reduced() -> Tensor {
        let a = pick(pool.filter { $0.rank > 0 && $0.count > 0 })
        let axis = number(a.rank)
        return pick([
            a.sum(axis: axis), a.mean([axis]), a.sum(), a.max([axis]), a.min(), a.logSumExp(axis: axis), a.logSoftmax(axis: axis),
            a.shape[axis] <= 20 ? a.cumulativeSum(axis: axis) : a, a - a.mean([axis]).expandingShape(at: axis), square(a).sum() * 0.01,
        ])
    }

    private mutating func indexed() -> Tensor {
        let index = pick(indices)
        let a = pick(pool.filter { $0.rank > 0 && $0.shape[0] == rows })
        drawn += 1
        let stream = drawn
        let kind = pick([RandomOp.Kind.uniform, .normal])
        let draws = Tensor.random(RandomOp(kind, stream: stream, particle: 0, site: "z", origin: origin), shape: a.shape)
        let numbers = (a.count == rows ? 3 * a.reshape([rows]) + 0.017 : Tensor.iota(rows).asReal).asInt
        let computed = pointwiseMax(pointwiseMin(numbers, Tensor(integer: rows - 1)), Tensor(integer: 0))
        return pick([
            a.gather(index), a.segmentSum(index, count: rows), a.segmentSum(index, count: rows).gather(index), a * draws, draws,
            a.gather(computed), a.segmentSum(computed, count: rows), exp(0.1 * a).gather(index) - a,
        ])
    }
}
