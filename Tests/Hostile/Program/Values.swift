import Foundation
import Lockstep
import Synchronization

/// Hostile values for the arguments of one call, chosen by its number: the same ones whenever it is asked again.
// Of one thread: a call is made on that of its process.
final class Values: @unchecked Sendable {
    private var state: UInt64
    /// Tensors of the run that the call is made in; empty outside of a model.
    private let own: [Tensor]
    private let ownSource: RandomSource?
    /// The one that the process was told.
    let target: Device

    init(number: Int, device: Device, own: [Tensor] = [], source: RandomSource? = nil) {
        state = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
        target = device
        self.own = own
        ownSource = source
    }

    /// SplitMix64.
    private func next(_ count: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(count))
    }

    /// Says what is chosen and what comes of it, where a person asks.
    static func tell(_ text: @autoclosure () -> String) {
        if CommandLine.arguments.last == "values" { FileHandle.standardError.write(Data((text().prefix(200) + "\n").utf8)) }
    }

    func pick<Value>(_ pool: [Value]) -> Value {
        let place = next(pool.count)
        Self.tell("\(pool[place])")
        return pool[place]
    }

    private func pick<Value>(named pool: KeyValuePairs<String, Value>) -> Value {
        let (name, value) = pool[next(pool.count)]
        Self.tell(name)
        return value
    }

    func optional<Value>(_ value: @autoclosure () throws -> Value) rethrows -> Value? { next(4) == 0 ? nil : try value() }
    func many<Value>(_ value: () throws -> Value) rethrows -> [Value] { try (0..<next(4)).map { _ in try value() } }

    // MARK: Numbers and text

    static let ints = [Int.min, -(1 << 40), -2, -1, 0, 1, 2, 3, 7, 1 << 20, 1 << 31, 1 << 40, .max]
    static let doubles = [
        Double.nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 1e308, -1e39, 1.5, -1, 0.5, 1, 3e9,
        .greatestFiniteMagnitude,
    ]

    func int() -> Int { pick(Self.ints) }
    func seed() -> UInt64 { pick([0, 1, .max]) }
    func double() -> Double { pick(Self.doubles) }
    func float() -> Float { pick([Float.nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1.5]) }
    func bool() -> Bool { pick([false, true]) }
    func string() -> String {
        pick([
            "", "\0", String(repeating: "x", count: 5000), "a/b", "z", "w", "y", "\\\"\n\t%n%s*/", "e\u{301}\u{1F600}", "guide/z", "9", "B:2:9",
        ])
    }
    func ints() -> [Int] { pick([[], [0], [-1], [0, 0], [0, 1], [1, 0], [-1, -2], [.min], [.max, .max], [3, 1, 2], [2, -5]]) }
    func doubles() -> [Double] {
        pick([
            [], [.nan], [0.5], [1, 2, 3], [.infinity, 0, -1], [0, 1], [-0.5, 2], Array(repeating: 1e308, count: 5000),
            [.leastNonzeroMagnitude, -0.0, 1],
        ])
    }
    func bools() -> [Bool] { pick([[], [true], [false, true, false], Array(repeating: false, count: 100)]) }
    func rows() -> [[Double]] {
        pick([[], [[]], [[1], [1, 2]], [[.nan, 1, 2], [3, .infinity, 5]], [[], [1]], Array(repeating: [1, 2, 3], count: 2)])
    }
    func strings() -> [String] { many { string() } }
    func names() -> Set<String> { Set(strings()) }

    /// Extents that cannot be, too many elements, none, and some.
    func shape() -> Shape {
        pick([
            [], [0], [1], [3], [2, 3], [3, 0], [-1], [.min], [.max], [.max, .max], [.max, 0], [1 << 31], [1 << 16, 1 << 15], [1 << 7],
            [1 << 32, 1 << 32], Array(repeating: 1, count: 40), Array(repeating: 2, count: 70), [1, 1, 3],
        ])
    }

    // MARK: Ranges

    private static let bounds = [(Int.min, Int.max), (0, .max), (.min, 0), (0, 0), (-1, -1), (0, 2), (-3, -1), (1, 3), (.max, .max), (.min, .min)]

    private func bound() -> (Int, Int) { pick(Self.bounds) }
    func range() -> Range<Int> {
        let (lower, upper) = bound()
        return lower..<upper
    }
    func closedRange() -> ClosedRange<Int> {
        let (lower, upper) = bound()
        return lower...upper
    }
    func rangeFrom() -> PartialRangeFrom<Int> { int()... }
    func rangeUpTo() -> PartialRangeUpTo<Int> { ..<int() }
    func rangeThrough() -> PartialRangeThrough<Int> { ...int() }
    func realRange() -> ClosedRange<Double> {
        pick([-.infinity ... .infinity, 0...0, -1e308...1e308, .leastNonzeroMagnitude...1, .infinity ... .infinity, -0.0...0])
    }
    // A range from NaN is refused by Swift itself.
    func realRangeFrom() -> PartialRangeFrom<Double> { pick([-Double.infinity, 0, .infinity, 1e308])... }
    func realRangeThrough() -> PartialRangeThrough<Double> { ...pick([-Double.infinity, 0, .infinity, -1e308]) }

    func axisIndex() -> AxisIndex {
        switch next(5) {
        case 0: .element(int())
        case 1: .range(lower: optional(int()), upper: optional(int()))
        case 2: .closedRange(lower: optional(int()), upper: int())
        case 3: .newAxis
        default: .ellipsis
        }
    }

    func index() -> any TensorIndex {
        switch next(7) {
        case 0: range()
        case 1: closedRange()
        case 2: rangeFrom()
        case 3: rangeUpTo()
        case 4: rangeThrough()
        case 5: axisIndex()
        default: int()
        }
    }

    // MARK: Tensors

    /// A tensor that escaped from another run.
    static let foreign: (tensor: Tensor, source: RandomSource?) = {
        let probe = SourceProbe()
        let model = Model { m in
            m.sample("probe", probe)
            m.sample("z", Normal(0, 1), shape: [3])
        }
        let trace = try? model.trace()
        return (trace?["z"]?.value ?? 0, probe.source)
    }()

    func tensor() -> Tensor {
        // Those of the run get as far as kernels.
        if !own.isEmpty, next(3) > 0 {
            let place = next(own.count)
            Self.tell("own \(place)")
            return own[place]
        }
        return pick(named: [
            "nan": Tensor(.nan), "inf": Tensor(.infinity), "0": 0, "-0.0": Tensor(-0.0), "5e-324": Tensor(.leastNonzeroMagnitude),
            "1e308": Tensor(1e308),
            "-1": -1, "1.5": 1.5, "[]": Tensor([Double]()), "[3]": [1, 2, 3], "[nan, inf, -inf]": [.nan, .infinity, -.infinity],
            "[2,3]": Tensor([[0.5, 1, 2], [3, -4, 5]]), "[3,0]": Tensor(repeating: 1, shape: [3, 0]), "ints": Tensor(integers: [0, 2, 1]),
            "extreme ints": Tensor(integers: [.max, .min, -1]), "no ints": Tensor(integers: []), "mask": Tensor([true, false, true]),
            "failed": Tensor([1, 2]) + Tensor([1, 2, 3]), "foreign": Self.foreign.tensor,
            "big": Tensor(repeating: 1, shape: [2, 1 << 7]), "too big": Tensor(repeating: 1, shape: [1 << 20, 1 << 20]),
            "iota": Tensor.iota(3), "deep": Tensor(repeating: 0.5, shape: Array(repeating: 1, count: 40)),
        ])
    }
    func tensors() -> [Tensor] { many { tensor() } }
    func tensorsByName() -> [String: Tensor] { byName { tensor() } }
    func shapesByName() -> [String: Shape] { byName { shape() } }
    func byName<Value>(_ value: () -> Value) -> [String: Value] {
        Dictionary(many { (string(), value()) }, uniquingKeysWith: { first, _ in first })
    }
    func tensorError() throws -> TensorError { try found((Tensor([1, 2]) + Tensor([1, 2, 3])).failure) }
    func source() throws -> RandomSource {
        Self.tell(ownSource == nil ? "foreign source" : "own source")
        return try found(ownSource ?? Self.foreign.source)
    }

    // MARK: Distributions

    func constraint() -> Constraint {
        switch next(12) {
        case 0: .real
        case 1: .positive
        case 2: .unitInterval
        case 3: .interval(tensor(), tensor())
        case 4: .greaterThan(tensor())
        case 5: .simplex
        case 6: .ordered
        case 7: .positiveOrdered
        case 8: .boolean
        case 9: .integerInterval(tensor(), tensor())
        case 10: .independent(.positive, axes: int())
        default: .nonNegative
        }
    }

    func bijector() -> any Bijector {
        switch next(8) {
        case 0: ExpBijector()
        case 1: SigmoidBijector()
        case 2: SoftplusBijector()
        case 3: AffineBijector(tensor(), tensor())
        case 4: StickBreakingBijector()
        case 5: OrderedBijector()
        case 6: IndependentBijector(ExpBijector(), axes: int())
        default: ComposedBijector(many { next(2) == 0 ? ExpBijector() as any Bijector : AffineBijector(tensor(), tensor()) })
        }
    }
    func bijectors() -> [any Bijector] { many { bijector() } }

    func batched() -> any BatchedDistribution {
        switch next(14) {
        case 0: Normal(tensor(), tensor())
        case 1: HalfNormal(tensor())
        case 2: LogNormal(tensor(), tensor())
        case 3: Beta(tensor(), tensor())
        case 4: Gamma(tensor(), tensor())
        case 5: Cauchy(tensor(), tensor())
        case 6: Dirichlet(tensor())
        case 7: StudentT(tensor(), tensor(), tensor())
        case 8: Uniform(tensor(), tensor())
        case 9: Exponential(tensor())
        case 10: Bernoulli(logits: tensor())
        case 11: Categorical(probabilities: tensor())
        case 12: Poisson(tensor())
        default: ImproperUniform(constraint(), batchShape: shape(), eventShape: shape())
        }
    }

    func distribution() -> any Distribution {
        switch next(6) {
        case 0: Independent(batched(), int())
        case 1: MixtureSameFamily(Categorical(logits: tensor()), batched())
        case 2: TransformedDistribution(batched(), bijector())
        case 3: Delta(tensor(), logDensity: tensor(), eventRank: int())
        default: batched()
        }
    }
}

struct NothingFound: Error {}

func found<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw NothingFound() }
    return value
}

/// A distribution of a user's own, which keeps the source that it is given.
final class SourceProbe: Distribution {
    private let kept = Mutex<RandomSource?>(nil)
    var source: RandomSource? { kept.withLock { $0 } }

    let batchShape: Shape = []
    let support = Constraint.real
    let parameters: [DistributionParameter] = []
    let failure: TensorError? = nil
    let mean: Tensor = 0
    let variance: Tensor = 1
    func logProb(_ value: Tensor) -> Tensor { -square(value) }
    func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        kept.withLock { $0 = source }
        return source.normal(sampleShape)
    }
    func expanded(to batchShape: Shape) -> any Distribution { self }
}
