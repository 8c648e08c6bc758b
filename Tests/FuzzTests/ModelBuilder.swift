import Lockstep
import TestSupport

/// Writes the sites of one random model into a context: scalars, then a plate of groups, then one of rows that gathers from
/// the groups. It runs at each trace, and makes the same choices each time.
struct ModelBuilder {
    private var random: SplitMix64
    /// One in some. A driver's compiler takes about as long as the text is: many small models find more than few large ones.
    private let isLarge: Bool
    /// Those of the loss; they are written out, too.
    let particles: Int
    private let groups: Int
    private let rows: Int
    /// Real values of moderate size, by the shape they have.
    private var scalars: [Tensor] = [0.5]
    private var ofGroups: [Tensor] = []
    private var ofRows: [Tensor] = []
    private var sites = 0

    init(seed: UInt64) {
        random = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15)
        isLarge = Int.random(in: 0..<24, using: &random) == 0
        particles = !isLarge && Int.random(in: 0..<12, using: &random) == 0 ? Int.random(in: 2...3, using: &random) : 1
        groups = Int.random(in: 1...(isLarge ? 4 : 2), using: &random)
        // Short loops are written out.
        rows = (isLarge ? [1, 2, 3, 17, 33] : [1, 1, 2, 2, 5, 7, 16, 17, 17, 17, 18, 18, 33, 33]).randomElement(using: &random) ?? 17
    }

    mutating func build(_ m: inout ModelContext) {
        for _ in 0..<some(3) { scalarSite(&m) }
        if chance(isLarge ? 2 : 8) { vectorSite(&m) }
        if chance(isLarge ? 3 : 6) { scalars.append(tanh(m.param(name("param"), 0.3))) }
        if chance(isLarge ? 3 : 6) { scalars.append(tanh(log(m.param(name("param"), 1.2, constraint: .positive)))) }
        let groups = groups, rows = rows
        if isLarge || chance(3) {
            m.plate("groups", groups) { m in
                for _ in 0..<(isLarge ? some(2) : 1) { groupSite(&m) }
            }
        }
        if !isLarge && chance(12) { return }
        m.plate("rows", rows) { m in
            ofRows.append(m.data(name("real"), shape: [rows]))
            if !ofGroups.isEmpty {
                let index = m.indices(name("index"), shape: [rows], below: groups)
                for value in ofGroups { ofRows.append(value[index]) }
            }
            if chance(isLarge ? 4 : 8) { ofRows.append(tanh(m.sample(name("latent"), prior(scalars)))) }
            for _ in 0..<some(4) { ofRows.append(combined(ofRows + scalars, shape: [rows])) }
            for _ in 0..<some(2) { observe(&m) }
        }
        if chance(isLarge ? 3 : 6) { m.factor(name("factor"), -square(combined(scalars, shape: []))) }
        if chance(3), let value = ofRows.last { m.deterministic(name("deterministic"), value) }
    }

    // MARK: Choices

    private mutating func upTo(_ most: Int) -> Int { Int.random(in: 0..<most, using: &random) }
    /// Up to `most` in a large model; mostly one in another.
    private mutating func some(_ most: Int) -> Int { isLarge ? upTo(most) + 1 : chance(6) ? min(most, 2) : 1 }
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

    private mutating func positive(_ x: Tensor) -> Tensor {
        switch upTo(4) {
        case 0: softplus(x) + 0.3
        case 1: abs(x) + 0.3
        default: 0.5 * square(x) + 0.3
        }
    }

    /// Latents may be anything; what is made of them stays moderate.
    private mutating func tame(_ x: Tensor) -> Tensor { chance(3) ? 2 * tanh(0.5 * x) : clip(x, -2, 2) }

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
        switch upTo(10) {
        case 0, 1:
            let mask = name("mask")
            let counts = m.data(mask, shape: [rows]) .!= 0
            m.mask(counts) { m in observation(&m, chance(4) ? .none : .where([mask])) }
        case 2, 3:
            let weight = name("weight")
            let data = m.data(weight, shape: [rows])
            // Weights may follow from latents.
            let weights = chance(4) ? data * exp(0.2 * pick(scalars)) : data
            m.scale(weights) { m in observation(&m, chance(4) ? .none : .where([weight])) }
        case 4:
            let mask = name("mask")
            let counts = m.data(mask, shape: [rows]) .!= 0
            // A row that is excluded may have any weight, too.
            let weight = name("weight") + Exclusion.where([mask]).suffix
            let weights = m.data(weight, shape: [rows])
            m.mask(counts) { m in m.scale(weights) { m in observation(&m, .where([mask, weight])) } }
        case 5:
            let kept = (0..<rows).map { _ in RandomNumbers.number("mask", &random) }
            m.mask(Tensor(kept) .!= 0) { m in observation(&m, .known(kept)) }
        case 6:
            let weights = (0..<rows).map { _ in RandomNumbers.number("weight", &random) }
            m.scale(Tensor(weights)) { m in observation(&m, .known(weights)) }
        case 7: m.scale(0.7) { m in observation(&m, .none) }
        default: observation(&m, .none)
        }
    }

    private mutating func observation(_ m: inout ModelContext, _ exclusion: Exclusion) {
        let pool = ofRows + scalars
        var (a, b) = (pick(pool), pick(pool))
        var spread: Tensor?
        if exclusion.excludes {
            if chance(2) {
                let covariate = numbers(&m, "real", exclusion)
                a = chance(2) ? a + covariate : a * covariate
            }
            if chance(3) { b = b - numbers(&m, "real", exclusion) }
            if chance(2) { spread = numbers(&m, "spread", exclusion) }
        }
        let (distribution, word) = family(a, b, spread)
        let value = numbers(&m, word, exclusion)
        m.observe(name("observed"), distribution, word == "class" ? value.asInt : value)
    }

    /// Numbers for the rows, of which those that are excluded may hold anything.
    private mutating func numbers(_ m: inout ModelContext, _ word: String, _ exclusion: Exclusion) -> Tensor {
        guard case .known(let kept) = exclusion else { return m.data(name(word) + exclusion.suffix, shape: [rows]) }
        return Tensor(kept.map { $0 == 0 ? RandomNumbers.anything(&random) : RandomNumbers.number(word, &random) })
    }

    /// A distribution, and the word for the data that it takes.
    ///
    /// - Parameter spread: takes the place of a parameter that must be positive.
    private mutating func family(_ a: Tensor, _ b: Tensor, _ spread: Tensor?) -> (any Distribution, String) {
        func scale(_ x: Tensor) -> Tensor { spread ?? positive(x) }
        switch upTo(15) {
        case 0, 1: return (Normal(a, scale(b)), "real")
        case 2: return (StudentT(positive(a) + 1, a, scale(b)), "real")
        case 3: return (Cauchy(a, scale(b)), "real")
        case 4: return (LogNormal(a, scale(b)), "positive")
        case 5: return (Gamma(positive(a), scale(b)), "positive")
        case 6: return (Exponential(scale(a)), "positive")
        case 7: return (HalfNormal(scale(a)), "positive")
        case 8: return (Beta(positive(a), scale(b)), "unit")
        case 9: return (Bernoulli(logits: a), "bit")
        case 10: return (Bernoulli(probabilities: 0.05 + 0.9 * sigmoid(a)), "bit")
        case 11: return (Poisson(scale(a)), "count")
        case 12: return (Poisson(logRate: a), "count")
        case 13: return (Categorical(logits: stacked([a, 0, b])), "class")
        default:
            let scales = spread.map { stacked([$0, 1]) } ?? [0.5, 1]
            return (MixtureSameFamily(Categorical(logits: [0.2, -0.3]), Normal(stacked([a, b]), scales)), "real")
        }
    }

    private func stacked(_ columns: [Tensor]) -> Tensor { .stack(columns.map { $0.broadcast(to: [rows]) }, axis: -1) }
}

/// Which rows count for nothing, so that whatever they hold must not matter.
enum Exclusion {
    case none
    /// Those for which some of the data of these names are 0.
    case `where`([String])
    /// Those for which these numbers are 0.
    case known([Double])

    var excludes: Bool { if case .none = self { false } else { true } }

    /// What it adds to the names of data: the names that it goes by, without what was added to those.
    var suffix: String {
        guard case .where(let names) = self else { return "" }
        return names.map { "/" + ($0.split(separator: "/").first ?? "") }.joined()
    }
}
