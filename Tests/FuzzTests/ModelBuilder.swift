import Lockstep
import TestSupport

/// Writes the sites of one random model into a context: scalars, then a plate of groups, then one of rows that gathers from
/// the groups. It runs at each trace, and makes the same choices each time.
struct ModelBuilder {
    private var random: SplitMix64
    private let groups: Int
    private let rows: Int
    /// Real values of moderate size, by the shape they have.
    private var scalars: [Tensor] = [0.5]
    private var ofGroups: [Tensor] = []
    private var ofRows: [Tensor] = []
    private var sites = 0

    init(seed: UInt64) {
        random = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15)
        groups = Int.random(in: 1...5, using: &random)
        rows = [1, 2, 3, 7, 16, 17, 33].randomElement(using: &random) ?? 7
    }

    mutating func build(_ m: inout ModelContext) {
        for _ in 0..<upTo(3) + 1 { scalarSite(&m) }
        if chance(2) { vectorSite(&m) }
        if chance(3) { scalars.append(tanh(m.param(name("param"), 0.3))) }
        if chance(3) { scalars.append(tanh(log(m.param(name("param"), 1.2, constraint: .positive)))) }
        let groups = groups, rows = rows
        m.plate("groups", groups) { m in
            for _ in 0..<upTo(2) + 1 { groupSite(&m) }
        }
        m.plate("rows", rows) { m in
            ofRows.append(m.data(name("real"), shape: [rows]))
            let index = m.indices(name("index"), shape: [rows], below: groups)
            for value in ofGroups { ofRows.append(value[index]) }
            if chance(4) { ofRows.append(tanh(m.sample(name("latent"), prior(scalars)))) }
            for _ in 0..<upTo(4) + 1 { ofRows.append(combined(ofRows + scalars, shape: [rows])) }
            for _ in 0..<upTo(2) + 1 { observe(&m) }
        }
        if chance(3) { m.factor(name("factor"), -square(combined(scalars, shape: []))) }
        if chance(3), let value = ofRows.last { m.deterministic(name("deterministic"), value) }
    }

    // MARK: Choices

    private mutating func upTo(_ most: Int) -> Int { Int.random(in: 0..<most, using: &random) }
    private mutating func chance(_ oneIn: Int) -> Bool { upTo(oneIn) == 0 }
    private mutating func pick<T>(_ choices: [T]) -> T { choices[upTo(choices.count)] }
    private mutating func name(_ word: String) -> String {
        sites += 1
        return "\(word)\(sites)"
    }

    // MARK: Latents

    private mutating func scalarSite(_ m: inout ModelContext) {
        scalars.append(tame(m.sample(name("latent"), prior(scalars))))
    }

    private mutating func groupSite(_ m: inout ModelContext) {
        ofGroups.append(tame(m.sample(name("latent"), prior(scalars + ofGroups))))
        if chance(2) { ofGroups.append(combined(ofGroups + scalars, shape: [groups])) }
    }

    private mutating func vectorSite(_ m: inout ModelContext) {
        let name = name("latent")
        let value =
            switch upTo(4) {
            case 0: m.sample(name, Normal(0, positive(pick(scalars))).expanded(to: [3]).toEvent(1))
            case 1: m.sample(name, Dirichlet([1.5, 2, 0.8]))
            case 2: m.sample(name, TransformedDistribution(Normal([0, 1, 0.5], 1).toEvent(1), OrderedBijector()))
            default: m.sample(name, LogNormal([0, 0.5, 1], 0.4).toEvent(1))
            }
        scalars.append(tanh(value.sum(axis: -1)))
        scalars.append(tanh(value[1] - value[0]))
        scalars.append(tanh(value.logSumExp()))
    }

    private mutating func prior(_ pool: [Tensor]) -> any Distribution {
        let (a, b) = (pick(pool), pick(pool))
        return switch upTo(13) {
        case 0, 1, 2: Normal(a, positive(b))
        case 3: StudentT(4, a, positive(b))
        case 4: LogNormal(0.5 * a, 0.3 + 0.2 * positive(b))
        case 5: HalfNormal(positive(a))
        case 6: HalfCauchy(positive(a))
        case 7: Exponential(positive(a))
        case 8: Gamma(positive(a) + 0.5, positive(b))
        case 9: Beta(positive(a) + 0.5, positive(b) + 0.5)
        case 10: Uniform(-1.5, 2)
        case 11: TransformedDistribution(Normal(a, positive(b)), SoftplusBijector())
        default: Cauchy(a, positive(b))
        }
    }

    // MARK: Expressions

    private func positive(_ x: Tensor) -> Tensor { softplus(x) + 0.3 }
    /// Latents may be anything; what is made of them stays moderate.
    private func tame(_ x: Tensor) -> Tensor { 2 * tanh(0.5 * x) }

    private mutating func combined(_ pool: [Tensor], shape: Shape) -> Tensor {
        let (a, b) = (pick(pool), pick(pool))
        let wide = a.broadcast(to: shape)
        let next: Tensor =
            switch upTo(16) {
            case 0: a + b
            case 1: a - 0.5 * b
            case 2: a * b
            case 3: a / positive(b)
            case 4: select(b .< a, a, 0.5 * b)
            case 5: sin(a) * cos(b)
            case 6: pointwiseMax(a, b)
            case 7: pow(positive(a), tanh(b))
            case 8: log(positive(a)) + expMinusOne(tanh(b))
            case 9: logGamma(positive(a)) - erf(b)
            case 10: atan(a) + sqrt(positive(b))
            case 11: shape.isEmpty ? abs(a) : wide.cumulativeSum(axis: 0) / Tensor(Double(shape[0]))
            case 12: shape.isEmpty ? square(a) : wide.logSoftmax(axis: 0) * 0.3
            case 13: shape.isEmpty ? sigmoid(a) : wide - wide.mean()
            case 14: shape.isEmpty ? -a : wide.max() - wide
            default: shape.isEmpty ? asin(0.5 * tanh(a)) : wide.segmentSum(.iota(shape[0]), count: shape[0])
            }
        return tame(next).broadcast(to: shape)
    }

    // MARK: Observations

    private mutating func observe(_ m: inout ModelContext) {
        let rows = rows
        switch upTo(5) {
        case 0:
            let name = name("mask")
            let mask = m.data(name, shape: [rows]) .!= 0
            let missing = chance(2) ? "/" + name : ""
            m.mask(mask) { m in observation(&m, missing: missing) }
        case 1:
            let weight = m.data(name("weight"), shape: [rows])
            m.scale(weight) { m in observation(&m) }
        case 2: m.scale(0.7) { m in observation(&m) }
        default: observation(&m)
        }
    }

    private mutating func observation(_ m: inout ModelContext, missing: String = "") {
        let pool = ofRows + scalars
        let (a, b) = (pick(pool), pick(pool))
        let (distribution, word) = family(a, b)
        let value = m.data(name(word) + missing, shape: [rows])
        m.observe(name("observed"), distribution, word == "class" ? value.asInt : value)
    }

    /// A distribution, and the word for the data that it takes.
    private mutating func family(_ a: Tensor, _ b: Tensor) -> (any Distribution, String) {
        switch upTo(15) {
        case 0, 1: (Normal(a, positive(b)), "real")
        case 2: (StudentT(positive(a) + 1, a, positive(b)), "real")
        case 3: (Cauchy(a, positive(b)), "real")
        case 4: (LogNormal(a, positive(b)), "positive")
        case 5: (Gamma(positive(a), positive(b)), "positive")
        case 6: (Exponential(positive(a)), "positive")
        case 7: (HalfNormal(positive(a)), "positive")
        case 8: (Beta(positive(a), positive(b)), "unit")
        case 9: (Bernoulli(logits: a), "bit")
        case 10: (Bernoulli(probabilities: 0.05 + 0.9 * sigmoid(a)), "bit")
        case 11: (Poisson(positive(a)), "count")
        case 12: (Poisson(logRate: a), "count")
        case 13: (Categorical(logits: .stack([a, 0, b].map { $0.broadcast(to: [rows]) }, axis: -1)), "class")
        default:
            (MixtureSameFamily(Categorical(logits: [0.2, -0.3]), Normal(.stack([a, b].map { $0.broadcast(to: [rows]) }, axis: -1), [0.5, 1])), "real")
        }
    }
}
