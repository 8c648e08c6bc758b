import LockstepDistributions
import LockstepModel
import LockstepTensor

/// A family of distributions over a model's latents: `AutoNormal`, `AutoDelta`, or any `Model` whose sample sites
/// bear the latents' names. A guide holds no cache: preparing it twice gives the same answer.
public protocol Guide: Sendable {
    /// Looks at what the guide needs to know of its model.
    ///
    /// - Parameter data: those of the run, whose shapes the model may take.
    /// - Throws: `ModelError` when a site cannot be guided.
    func prepare(_ data: GuideData) throws -> PreparedGuide
}

/// What a guide knows of the data of a run: their shapes.
public struct GuideData: Sendable {
    package let shapes: DataShapes?

    package init(_ shapes: DataShapes?) { self.shapes = shapes }
    /// The shapes of data as for `SVI.run`; the numbers do not count.
    public init(_ data: [String: LaneData]) { self.init(data.shapes(lanes: nil)) }
}

extension Guide {
    /// Prepares for a model that states the shapes of its data.
    public func prepare() throws -> PreparedGuide { try prepare(GuideData(nil)) }
}

/// A guide that knows its sites: pure functions of parameters and draws.
public struct PreparedGuide: Sendable {
    /// Something to optimise, in unconstrained space.
    package struct Parameter: Sendable {
        package let name: String
        /// Of the unconstrained value.
        package let shape: Shape
    }

    /// Which value of a latent is asked for.
    package enum Draw: Sendable {
        /// A random one.
        case sample
        /// The value below which a share of the draws lies, element by element.
        case quantile(Double)
    }

    /// What the guide says of the latents of one run.
    package struct Values: Sendable {
        /// The value of a latent by site and distribution; nil where the guide has none.
        package let assign: @Sendable (String, any Distribution) throws(ModelError) -> Tensor?
        /// The log density of these values, a scalar, given the model's trace under them.
        package let logDensity: @Sendable (Trace) -> Tensor
        /// The parameters as a user knows them, in their own space, given the model's trace.
        package let parameters: @Sendable (Trace) -> [(name: String, value: Tensor)]
        /// Of a guide that is a model.
        package let trace: Trace?
        /// The sites whose log densities make `logDensity`, as a search for what went wrong sees them.
        package let sites: @Sendable (Trace) -> [ExaminedSite]

        init(
            assign: @escaping @Sendable (String, any Distribution) throws(ModelError) -> Tensor?,
            logDensity: @escaping @Sendable (Trace) -> Tensor,
            parameters: @escaping @Sendable (Trace) -> [(name: String, value: Tensor)], trace: Trace? = nil,
            sites: @escaping @Sendable (Trace) -> [ExaminedSite] = { _ in [] }
        ) {
            self.assign = assign
            self.logDensity = logDensity
            self.parameters = parameters
            self.trace = trace
            self.sites = sites
        }
    }

    /// Where the parameters start.
    package struct Starts: Sendable {
        /// Unconstrained, by parameter.
        package var values: [String: Tensor] = [:]
        /// What the given ones are used for.
        package var uses: [Use] = []
    }

    package let parameters: [Parameter]
    /// The latents that the guide gives values to.
    package let latents: Set<String>
    /// The `param` sites of the fitted model, which are among the parameters.
    package let modelParams: Set<String>
    /// The data that the guide itself reads.
    package let data: [DataDeclaration]
    /// Whether `quantile` draws have a closed form.
    package let hasQuantiles: Bool
    /// The unconstrained start of each parameter.
    package let initial: @Sendable (TraceRun) throws -> Starts
    /// Values for given unconstrained parameters.
    package let values: @Sendable (Draw, [String: Tensor], TraceRun) throws -> Values

    init(
        parameters: [Parameter], latents: Set<String>, modelParams: Set<String> = [], data: [DataDeclaration],
        hasQuantiles: Bool, initial: @escaping @Sendable (TraceRun) throws -> Starts,
        values: @escaping @Sendable (Draw, [String: Tensor], TraceRun) throws -> Values
    ) {
        self.parameters = parameters
        self.latents = latents
        self.modelParams = modelParams
        self.data = data
        self.hasQuantiles = hasQuantiles
        self.initial = initial
        self.values = values
    }
}

/// A latent site that an automatic guide covers.
struct GuidedSite: Sendable {
    let name: String
    /// Of its unconstrained value.
    let shape: Shape

    /// The latents of a model, none of them discrete.
    static func sites(of model: Model, guide: String, _ data: GuideData) throws -> (sites: [GuidedSite], data: [DataDeclaration]) {
        let trace = try model.trace(TraceRun.prototype(data.shapes))
        if let discrete = trace.discreteLatents.first {
            throw ModelError(
                site: discrete.name,
                """
                \(guide) is a guide over continuous values and nothing sums this discrete latent out; \
                hide it with block(hide: ["\(discrete.name)"]), condition the model on it, or marginalise it by hand
                """)
        }
        let sites = try trace.latents.map { site in
            guard let distribution = site.distribution else { throw ModelError(site: site.name, "it has no distribution") }
            let shape = try bijector(to: distribution.support).inverseShape(site.value.shape)
            return GuidedSite(name: site.name, shape: shape)
        }
        return (sites, trace.data)
    }
}

/// The bijector to a distribution's support; the error of a discrete one is carried by what it is used on.
func supportBijector(_ distribution: any Distribution) -> Result<any Bijector, TensorError> {
    do {
        return .success(try bijector(to: distribution.support))
    } catch let error as TensorError {
        return .failure(error)
    } catch {
        return .failure(TensorError("bijector(to:)", [], "\(error)"))
    }
}

extension Result where Success == any Bijector, Failure == TensorError {
    func forward(_ x: Tensor) -> Tensor {
        switch self {
        case .success(let bijector): bijector.forward(x)
        case .failure(let error): .failed(error)
        }
    }
}
