import LockstepTensor

/// Random smooth expressions over `x` [3], `y` [2, 3] and `z` []: every op that has a derivative, in arrangements
/// that nobody would think of. The same seed gives the same expression.
package struct RandomExpression: Sendable {
    package let value: Tensor
    package let inputs: [Tensor]
    package let point: [String: [Double]]

    package init(seed: UInt64, operations: Int = 12) {
        var generator = Generator(random: SplitMix64(seed: seed))
        let shapes: [(String, Shape)] = [("x", [3]), ("y", [2, 3]), ("z", [])]
        inputs = shapes.map { Tensor.named($0, $1) }
        point = Dictionary(
            uniqueKeysWithValues: shapes.map { name, shape in
                (name, (0..<shape.elementCount).map { _ in Double.random(in: -1.5...1.5, using: &generator.random) })
            })
        generator.pool = inputs
        for _ in 0..<operations { generator.grow() }
        value = generator.pool.map { $0.mean() }.reduce(0, +)
    }
}

private struct Generator {
    var random: SplitMix64
    var pool: [Tensor] = []

    mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &random)] }

    /// Adds one tensor, kept small in extent and in size.
    mutating func grow() {
        var next = Bool.random(using: &random) ? elementwise() : rearranged()
        if next.count > 36 { next = next.sum(axis: -1) }
        pool.append(Bool.random(using: &random) ? tanh(next) : 0.5 * next)
    }

    /// A positive tensor away from zero.
    private func positive(_ x: Tensor) -> Tensor { softplus(x) + 0.5 }

    private mutating func elementwise() -> Tensor {
        let a = pick(pool), b = partner(a)
        let small = tanh(a)
        return pick([
            a + b, a - b, tanh(a) * b, a / positive(b), pow(positive(a), tanh(b)), select(mask(a), a, -a),
            sin(a), cos(a), tan(0.9 * small), asin(0.9 * small), acos(0.9 * small), atan(a), sinh(small), cosh(small), tanh(a),
            exp(small), expMinusOne(small), log(positive(a)), log(onePlus: 0.8 * small), sqrt(positive(a)), square(a),
            sigmoid(a), softplus(a), logGamma(positive(a)), digamma(positive(a)), hurwitzZeta(2.5, positive(a)),
            stirlingError(positive(a)), digammaError(positive(a)), deviance(positive(a), positive(b)), logBeta(positive(a), positive(b)),
            logGammaRatio(positive(a), positive(b)), logOnePlusExcess(square(a)), poissonLogMass(positive(a), logMean: b),
            erf(a), erfc(a), erfInverse(0.8 * small), logit(sigmoid(a)), -a,
        ])
    }

    /// A tensor that broadcasts with `a`.
    private mutating func partner(_ a: Tensor) -> Tensor {
        pick(pool.filter { Shapes.broadcast([$0.shape, a.shape]) != nil })
    }

    /// A fixed mask of the shape of `a`.
    private mutating func mask(_ a: Tensor) -> Tensor {
        let bits = (0..<a.count).map { _ in Double(Int.random(in: 0...1, using: &random)) }
        return 0.5 .< Tensor(bits, shape: a.shape)
    }

    private mutating func rearranged() -> Tensor {
        let a = pick(pool.filter { $0.rank > 0 })
        let axis = Int.random(in: 0..<a.rank, using: &random)
        let extent = a.shape[axis]
        let rows = (0..<4).map { _ in Int.random(in: 0..<a.shape[0], using: &random) }
        let segments = (0..<a.shape[0]).map { _ in Int.random(in: 0..<3, using: &random) }
        let start = Int.random(in: 0..<extent, using: &random)
        let end = Int.random(in: (start + 1)...extent, using: &random)
        let last = a.shape[a.rank - 1]
        let weights = (0..<(2 * last)).map { _ in Double.random(in: -1...1, using: &random) }
        let order = Array(a.shape.indices).shuffled(using: &random)
        return pick([
            a.sum(axis: axis), a.mean([axis]), a.sum(), a.logSumExp(axis: axis), a.logSoftmax(axis: axis), a.cumulativeSum(axis: axis),
            a.reshape([a.count]), a.reshape([1] + a.shape), a.expandingShape(at: -1), a.transposed(order), a.slice(axis: axis, start..<end),
            a.element(start, axis: axis), .concatenate([a, sin(a)], axis: axis), .stack([a, cos(a)], axis: axis), a.broadcast(to: [2] + a.shape),
            a[Tensor(integers: rows)], a.segmentSum(Tensor(integers: segments), count: 3),
            matmul(a.reshape([a.count / last, last]), Tensor(weights, shape: [last, 2])),
        ])
    }
}
