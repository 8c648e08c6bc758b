import LockstepDistributions
import LockstepModel
import LockstepTensor

/// Where fits start. The draws of a lane follow from its key, so lanes of distinct keys start apart.
public enum Initializer: Sendable {
    /// Uniform on (-radius, radius) in unconstrained space: Stan's and NumPyro's default with radius 2.
    case uniform(radius: Double = 2)
    /// The median of 15 draws from the prior, element by element; of a flat prior, which has none, as `uniform()`.
    case median
    /// A draw from the prior; of a flat prior, which has none, as `uniform()`.
    case sample
    /// Given values, in the latents' own space; latents without one start uniformly with radius 2.
    case value([String: Tensor])
    /// What a function makes of each latent: a value in the latent's own space, of `LatentStart.shape` or one that broadcasts to it.
    case custom(@Sendable (LatentStart) throws(ModelError) -> Tensor)

    /// What the given values are used for.
    ///
    /// - Parameters:
    ///   - trace: of the model.
    ///   - latents: those that start here.
    /// - Throws: `ModelError` for what no start can be.
    func uses(_ trace: Trace, _ latents: Set<String>) throws(ModelError) -> [Use] {
        if case .uniform(let radius) = self, !(radius >= 0 && radius <= 1e30) {
            throw ModelError(["Initializer"], "Initializer.uniform: the radius is \(radius); give a number from 0 to 1e30")
        }
        guard case .value(let values) = self else { return [] }
        var uses: [Use] = []
        for name in values.keys.sorted() {
            guard latents.contains(name), let distribution = trace[name]?.distribution else {
                let why = trace[name].map {
                    "this is no latent that the guide covers, but \($0.isObserved ? "observed" : "a \($0.kind.rawValue) site")"
                }
                throw ModelError(
                    [name], "\(Self.role) of '\(name)': \(why ?? "the guide covers no such latent"); \(Spelling.hint(name, among: latents))")
            }
            if let use = try use(name, distribution) { uses.append(use) }
        }
        return uses
    }

    private static let role = "Initializer.value"

    /// What the value given for a latent is used for; nil where there is none.
    func use(_ name: String, _ distribution: any Distribution) throws(ModelError) -> Use? {
        guard case .value(let values) = self, let value = values[name] else { return nil }
        if let failure = value.failure { throw ModelError(site: name, "\(Self.role) is wrong: \(failure)") }
        let shape = distribution.shape()
        guard Shapes.canBroadcast(value.shape, to: shape) else {
            throw ModelError(site: name, "\(Self.role) has shape \(value.shape), which does not broadcast to the latent's shape \(shape)")
        }
        for leaf in Graph.topologicalOrder([value]) {
            switch leaf.node.op {
            case .input, .random:
                throw ModelError(site: name, "\(Self.role) uses a tensor of a model's run; give numbers that are known before it")
            default: break
            }
        }
        return Use(site: name, role: Self.role, value.asReal.broadcast(to: shape), distribution.support, .inside)
    }

    /// The start of a latent in unconstrained space.
    func unconstrained(_ name: String, _ distribution: any Distribution, _ run: TraceRun) -> Tensor {
        let source = RandomSource(site: name, purpose: "initial", particle: run.particle, origin: run.origin)
        let bijector: any Bijector
        switch supportBijector(distribution) {
        case .success(let found): bijector = found
        case .failure(let error): return .failed(error)
        }
        switch self {
        case .uniform(let radius):
            let shape = bijector.inverseShape(distribution.batchShape + distribution.eventShape)
            return (source.uniform(shape) * 2 - 1) * Tensor(radius)
        // A flat prior has no draws.
        case .sample where !distribution.isProper, .median where !distribution.isProper:
            return Initializer.uniform().unconstrained(name, distribution, run)
        case .sample:
            return bijector.inverse(distribution.sample(source))
        case .median:
            return bijector.inverse(Self.medianOfFirstAxis(distribution.sample(source, sampleShape: [15])))
        case .value(let values):
            guard let value = values[name] else { return Initializer.uniform().unconstrained(name, distribution, run) }
            return bijector.inverse(value.broadcast(to: distribution.batchShape + distribution.eventShape))
        case .custom(let start):
            let latent = LatentStart(name: name, distribution: distribution, source: source)
            do {
                return bijector.inverse(try start(latent).broadcast(to: latent.shape))
            } catch {
                return .failed(TensorError("Initializer.custom", [latent.shape], error.description))
            }
        }
    }

    /// Where the parameters of a guide start that are locations of latents in unconstrained space.
    ///
    /// - Parameters:
    ///   - model: whose latents they are.
    ///   - names: of the latents.
    ///   - run: in which the latents start.
    ///   - parameter: the name of a latent's parameter.
    /// - Throws: `ModelError` for a start that cannot be.
    public func starts(
        of model: Model, _ names: Set<String>, _ run: TraceRun, parameter: (String) -> String
    ) throws -> PreparedGuide.Starts {
        let started = model.assign { name, distribution throws(ModelError) in
            guard names.contains(name) else { return nil }
            _ = try use(name, distribution)
            return supportBijector(distribution).forward(unconstrained(name, distribution, run))
        }
        let trace = try started.trace(run)
        var starts = PreparedGuide.Starts()
        starts.uses = try uses(trace, names)
        for site in trace.latents where names.contains(site.name) {
            guard let distribution = site.distribution else { continue }
            starts.values[parameter(site.name)] = unconstrained(site.name, distribution, run)
        }
        return starts
    }

    /// The middle of an odd number of values: the one that as many precede as follow, ties in order.
    static func medianOfFirstAxis(_ draws: Tensor) -> Tensor {
        guard draws.failure == nil, let count = draws.shape.first else { return draws }
        let rest = Array(draws.shape.dropFirst())
        let pairs = [count, count] + rest
        let ones = Shape(repeating: 1, count: rest.count)
        let own = draws.reshape([count, 1] + rest).broadcast(to: pairs)
        let other = draws.reshape([1, count] + rest).broadcast(to: pairs)
        let ownPlace = Tensor.iota(count).reshape([count, 1] + ones).broadcast(to: pairs)
        let otherPlace = Tensor.iota(count).reshape([1, count] + ones).broadcast(to: pairs)
        let precedes = (other .< own) .| ((other .== own) .& (otherPlace .< ownPlace))
        let isMiddle = precedes.asReal.sum(axis: 1) .== Tensor(Double(count / 2))
        return select(isMiddle, draws, 0).sum(axis: 0)
    }
}

/// A latent that is to start somewhere.
public struct LatentStart: Sendable {
    /// Of the site.
    public let name: String
    /// In the model, at the starts of the latents before it.
    public let distribution: any Distribution
    /// Of draws: a function of the lane's key and the attempt.
    public let source: RandomSource

    /// Of the value, over the plates of the site.
    public var shape: Shape { distribution.batchShape + distribution.eventShape }
}
