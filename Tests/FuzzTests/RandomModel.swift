import Lockstep
import TestSupport

/// A model that nobody would think of, with data, a guide and handlers, written with the public interface alone. The same
/// seed gives the same model.
struct RandomModel {
    let model: Model
    let guide: any Guide
    let data: RandomData
    /// The same, with good numbers in rows that count for nothing; nil where there are none.
    let tidyData: RandomData?
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
        particles = ModelBuilder(seed: seed).particles
        let declarations = try base.trace().data
        data = RandomData(seed: seed, lanes: lanes, for: declarations)
        tidyData = data.hasExcluded ? RandomData(seed: seed, lanes: lanes, for: declarations, isTidy: true) : nil
        notes = handled.notes + ["guide \(type(of: guide))", "\(particles) particles"]
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
