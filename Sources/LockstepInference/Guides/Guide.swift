import LockstepDistributions
import LockstepModel
import LockstepTensor

/// A family of distributions over a model's latents: `AutoNormal`, `AutoDelta`, any `Model` whose sample sites
/// bear the latents' names, or one of your own. A guide holds no cache: preparing it twice gives the same answer.
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
    public struct Parameter: Sendable {
        /// By which fits have it.
        public let name: String
        /// Of the unconstrained value.
        public let shape: Shape

        /// Of the unconstrained value, which is what a lane carries.
        public init(name: String, shape: Shape) {
            self.name = name
            self.shape = shape
        }
    }

    /// Which value of a latent is asked for.
    public enum Draw: Sendable {
        /// A random one.
        case sample
        /// The value below which a share of the draws lies, element by element.
        case quantile(Double)
    }

    /// What the guide says of the latents of one run.
    public struct Values: Sendable {
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

        /// - Parameters:
        ///   - assign: the value of a latent, by its name and its distribution in the model; nil for a name that the guide does not have.
        ///   - logDensity: of these values, a scalar, given the model's trace under them.
        ///   - parameters: in their own space, by name, given the model's trace.
        public init(
            assign: @escaping @Sendable (String, any Distribution) throws(ModelError) -> Tensor?,
            logDensity: @escaping @Sendable (Trace) -> Tensor,
            parameters: @escaping @Sendable (Trace) -> [(name: String, value: Tensor)]
        ) {
            self.init(assign: assign, logDensity: logDensity, parameters: parameters, trace: nil)
        }

        init(
            assign: @escaping @Sendable (String, any Distribution) throws(ModelError) -> Tensor?,
            logDensity: @escaping @Sendable (Trace) -> Tensor,
            parameters: @escaping @Sendable (Trace) -> [(name: String, value: Tensor)], trace: Trace?,
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
    public struct Starts: Sendable {
        /// Unconstrained, by parameter.
        public var values: [String: Tensor]
        /// What the given ones are used for.
        package var uses: [Use] = []

        /// Unconstrained, by parameter: numbers, or draws of the run that they are asked of.
        public init(_ values: [String: Tensor] = [:]) { self.values = values }
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

    /// A guide made of pure functions.
    ///
    /// - Parameters:
    ///   - parameters: what is optimised.
    ///   - latents: the names of the model's latents that the guide gives values to.
    ///   - data: those that the guide itself reads: see `GuidedSite.latents`.
    ///   - hasQuantiles: whether `values` has an answer to `Draw.quantile`.
    ///   - initial: where the parameters start in a run.
    ///   - values: those of the latents, for a kind of draw, unconstrained parameters by name, and a run.
    public init(
        parameters: [Parameter], latents: Set<String>, data: [DataDeclaration], hasQuantiles: Bool,
        initial: @escaping @Sendable (TraceRun) throws -> Starts,
        values: @escaping @Sendable (Draw, [String: Tensor], TraceRun) throws -> Values
    ) {
        self.init(
            parameters: parameters, latents: latents, modelParams: [], data: data, hasQuantiles: hasQuantiles, initial: initial, values: values)
    }

    init(
        parameters: [Parameter], latents: Set<String>, modelParams: Set<String>, data: [DataDeclaration],
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
public struct GuidedSite: Sendable {
    /// As the model has it.
    public let name: String
    /// Of its unconstrained value.
    public let shape: Shape

    /// The latents of a model, and the data that it reads.
    ///
    /// - Parameters:
    ///   - model: the model that the guide is for.
    ///   - guide: the name of the guide, for messages.
    ///   - data: what the model reads.
    /// - Throws: `ModelError` for a discrete latent, and for what is wrong with the model.
    public static func latents(
        of model: Model, guide: String, _ data: GuideData
    ) throws -> (sites: [GuidedSite], data: [DataDeclaration]) {
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
