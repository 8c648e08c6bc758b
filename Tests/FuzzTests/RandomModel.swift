import Lockstep
import TestSupport

/// A model that nobody would think of, with data, a guide and handlers, written with the public interface alone. The same
/// seed gives the same model.
struct RandomModel {
    let model: Model
    let guide: any Guide
    let data: RandomData
    let particles: Int
    /// What was chosen, for messages.
    let notes: [String]

    /// - Throws: what tracing the model throws; a model that is mistaken has nothing to compare.
    init(seed: UInt64, lanes: Int) throws {
        var random = SplitMix64(seed: seed)
        let base = Model { m in
            var builder = ModelBuilder(seed: seed)
            builder.build(&m)
        }
        var handled = HandledModel(base, &random)
        try handled.addHandlers(&random)
        model = handled.model
        guide = try RandomGuide.guide(for: handled, &random)
        particles = [1, 1, 1, 2, 3].randomElement(using: &random) ?? 1
        data = RandomData(seed: seed, lanes: lanes, for: try base.trace().data)
        notes = handled.notes + ["guide \(type(of: guide))", "\(particles) particles"]
    }
}

/// Data by the names that `ModelBuilder` gives: the first word of a name says what its numbers are, and what stands behind
/// `/` is the mask without which rows are missing.
struct RandomData {
    private struct Arrays {
        let isShared: Bool
        /// One, or one for each lane.
        var values: [[Double]]
    }

    private var arrays: [String: Arrays] = [:]

    init(seed: UInt64, lanes: Int, for declarations: [DataDeclaration]) {
        var random = SplitMix64(seed: seed ^ 0xDA7A)
        for declaration in declarations {
            let mask = declaration.name.split(separator: "/").dropFirst().first.flatMap { arrays[String($0)] }
            let isShared = mask?.isShared ?? (Int.random(in: 0..<3, using: &random) != 0)
            var values = (0..<(isShared ? 1 : lanes)).map { _ in Self.array(declaration, &random) }
            if let mask {
                values = zip(values, mask.values).map { zip($0, $1).map { $1 == 0 ? .nan : $0 } }
            }
            arrays[declaration.name] = Arrays(isShared: isShared, values: values)
        }
    }

    func values(of lanes: Range<Int>) -> [String: LaneData] {
        arrays.mapValues { $0.isShared ? .shared($0.values[0]) : .perLane(Array($0.values[lanes])) }
    }

    private static func array(_ declaration: DataDeclaration, _ random: inout SplitMix64) -> [Double] {
        let count = declaration.shape.reduce(1, *)
        return (0..<count).map { _ in
            switch declaration.name.prefix(while: { $0.isLetter }) {
            case "positive": .random(in: 0.1...3, using: &random)
            case "unit": .random(in: 0.05...0.95, using: &random)
            case "bit", "mask": Double(Int.random(in: 0...1, using: &random))
            case "count": Double(Int.random(in: 0...6, using: &random))
            case "class": Double(Int.random(in: 0..<3, using: &random))
            case "weight": [0, 0.5, 1, 2].randomElement(using: &random) ?? 1
            case "index": Double(Int.random(in: 0..<(declaration.bound ?? 1), using: &random))
            default: .random(in: -2...2, using: &random)
            }
        }
    }
}

/// The handlers around a model.
struct HandledModel {
    private(set) var model: Model
    /// The model that an automatic guide is built over.
    private(set) var guided: Model
    private(set) var notes: [String] = []

    init(_ base: Model, _ random: inout SplitMix64) {
        model = base
        guided = base
    }

    mutating func addHandlers(_ random: inout SplitMix64) throws {
        func chance() -> Bool { Int.random(in: 0..<6, using: &random) == 0 }
        if chance(), let site = try model.trace().latents.randomElement(using: &random), let value = Self.inside(site) {
            model = model.condition([site.name: value])
            notes.append("condition \(site.name)")
        }
        if chance(), let site = try model.trace().params.randomElement(using: &random) {
            model = model.substitute([site.name: Tensor(repeating: 0.7, shape: site.value.shape)])
            notes.append("substitute \(site.name)")
        }
        if chance() {
            model = model.scale(0.5)
            notes.append("scale")
        }
        if chance() {
            model = model.seed(Key(17))
            notes.append("seed")
        }
        guided = model
        if chance(), let site = try model.trace().latents.randomElement(using: &random), try model.trace().latents.count > 1 {
            guided = model.block(hide: [site.name])
            notes.append("hide \(site.name) from the guide")
        }
    }

    /// A value that a latent may have; nil where no single number will do.
    private static func inside(_ site: Site) -> Tensor? {
        let value: Double
        switch site.distribution?.support {
        case .real: value = -0.3
        case .positive, .nonNegative: value = 0.8
        case .unitInterval: value = 0.4
        default: return nil
        }
        return Tensor(repeating: value, shape: site.value.shape)
    }
}

/// Automatic guides, and guides written as models.
enum RandomGuide {
    static func guide(for handled: HandledModel, _ random: inout SplitMix64) throws -> any Guide {
        let model = handled.guided
        let initializers: [Initializer] = [.uniform(), .uniform(radius: 0.5), .median, .sample]
        let initializer = initializers.randomElement(using: &random) ?? .uniform()
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return AutoDelta(model, initializer: initializer)
        case 1: return try written(for: model) ?? AutoNormal(model, initializer: initializer)
        default: return AutoNormal(model, initializer: initializer)
        }
    }

    /// A normal distribution for each latent, moved into its support; nil where some support needs more than that.
    private static func written(for model: Model) throws -> Model? {
        let latents = try model.trace().latents
        var supports: [Constraint] = []
        for latent in latents {
            switch latent.distribution?.support {
            case .some(.real): supports.append(.real)
            case .some(.positive): supports.append(.positive)
            case .some(.unitInterval): supports.append(.unitInterval)
            default: return nil
            }
        }
        let sites = zip(latents, supports).map { (name: $0.name, shape: $0.value.shape, support: $1) }
        return Model { m in
            for site in sites {
                let loc = m.param("loc of \(site.name)", Tensor(repeating: 0.1, shape: site.shape))
                let scale = m.param("scale of \(site.name)", Tensor(repeating: 0.3, shape: site.shape), constraint: .positive)
                let normal = Normal(loc, scale)
                switch site.support {
                case .positive: m.sample(site.name, LogNormal(loc, scale))
                case .unitInterval: m.sample(site.name, TransformedDistribution(normal, SigmoidBijector()))
                default: m.sample(site.name, normal)
                }
            }
        }
    }
}
