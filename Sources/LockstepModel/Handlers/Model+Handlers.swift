import LockstepDistributions
import LockstepTensor

/// Handlers: each gives a new model. They compose in the order written: the first written is the innermost, and
/// meets a site first.
extension Model {
    /// Fixes the key of a run that is given none. Where a run has a key, that key wins; of two seeds the last does.
    public func seed(_ key: Key) -> Model {
        var copy = self
        copy.seededKey = key
        return copy
    }

    /// Hides sites from handlers that are written after this one, and from the trace. A hidden latent is drawn from
    /// its distribution, a hidden param keeps its initial value, and neither adds to the log density.
    public func block(hide names: Set<String>) -> Model {
        block { names.contains($0.name) }
    }

    /// Hides all sites but these.
    public func block(expose names: Set<String>) -> Model {
        block { !names.contains($0.name) }
    }

    /// Hides the sites for which `predicate` is true.
    public func block(where predicate: @escaping @Sendable (SiteInfo) -> Bool) -> Model {
        adding(.block(predicate))
    }

    /// Makes data of sample sites.
    ///
    /// - Parameter values: by site; shapes broadcast to batch + event. The trace throws when there is no such sample
    ///   site, or when a `block` written before hides it.
    public func condition(_ values: [String: Tensor]) -> Model {
        adding(.condition(values))
    }

    /// Sets values of sample and param sites; a latent stays latent. Names without a site are passed over.
    ///
    /// - Parameter values: by site; shapes broadcast to batch + event, or are those of the param.
    public func substitute(_ values: [String: Tensor]) -> Model {
        adding(.substitute(values))
    }

    /// Gives latent sample sites the values that the latents of the same names have in `trace`.
    public func replay(_ trace: Trace) -> Model {
        adding(.replay(trace))
    }

    /// Takes elements out of the log density of sample sites and factors where `mask` is false: they count for nothing,
    /// in value and gradient, whatever they hold.
    ///
    /// - Parameter mask: broadcasts to the batch shape of every site that it meets.
    public func mask(_ mask: Tensor) -> Model {
        adding(.mask(mask))
    }

    /// Multiplies the log density of sample sites and factors. Elements of weight 0 count for nothing, as masked ones.
    ///
    /// - Parameter factor: not negative; broadcasts to the batch shape of every site that it meets.
    public func scale(_ factor: Tensor) -> Model {
        adding(.scale(factor))
    }

    /// Draws observed sites anew, from what the model says of them.
    ///
    /// - Parameter sites: their names; nil for all that no `block` hides.
    package func predicting(_ sites: Set<String>? = nil) -> Model { adding(.redraw(sites, asLatents: false)) }

    /// Multiplies the log densities of observed rows, by data that a run binds: lanes may weigh the same rows in ways of their own.
    ///
    /// It meets sites that are observed, by the model or by a `condition(_:)` written before, and factors: those in the plate that the weights
    /// name, or all of them where they name none. Latents count as they do. Rows of weight 0 count for nothing, as masked ones.
    ///
    /// - Parameter weights: of rows. The trace throws where there is no such plate, where it has another number of rows, and, without a plate,
    ///   for a site that has not this one axis of rows.
    public func weighted(rows weights: RowWeights) -> Model {
        adding(.weigh(weights))
    }

    /// Draws what is observed from its distribution, as a latent: no value of an observation is used.
    package func drawingObservations() -> Model {
        adding(.redraw(nil, asLatents: true))
    }

    /// Gives latent sites the value that a function of site and distribution returns, and leaves those alone for
    /// which it returns nil. A site that already has a value is an error: two would otherwise compete silently.
    package func assign(_ value: @escaping @Sendable (String, any Distribution) throws(ModelError) -> Tensor?) -> Model {
        adding(.assign(value))
    }
}
