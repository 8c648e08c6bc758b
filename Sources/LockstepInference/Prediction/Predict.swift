import LockstepModel
import LockstepRuntime
import LockstepTensor

extension Fits {
    /// Draws of what is observed from each lane's posterior predictive distribution: latents from the guide, and observations from what the
    /// model says of them, computed on the device of the run. Draws are plain ones of the guide, not weighed.
    ///
    /// Elements that a mask excludes are drawn, too: what is missing is filled in. A latent that the guide does not have is drawn from its
    /// prior. In a recurrence what a step draws is what the next one gets, where the model makes use of it; counts and gamma variates whose
    /// rates depend on such draws are an error, as in `ModelContext.scan`.
    ///
    /// - Parameters:
    ///   - draws: of each lane, 1 to 262144.
    ///   - key: the same key gives the same draws.
    ///   - sites: the observed sites that are drawn; others keep their data. All that no `block` hides where nil.
    ///   - data: in place of those of the run, by name, for as many lanes; what is not named stays as it was. A model that takes the shapes
    ///     of its data from the run may get other ones, as long as its latents have the shapes that they had. What was observed is not read,
    ///     but where a plate goes over its rows these are counted.
    /// - Returns: the observed sites that are drawn, and the deterministic sites as they follow; NaN in lanes that were lost.
    /// - Throws: `LockstepError`, also for data that are not what the model uses them for in any lane that was not lost.
    public func predict(
        draws: Int = 1024, key: Key = Key(0), sites: [String]? = nil, data: [String: LaneData] = [:]
    ) throws -> Predictions {
        try LockstepError.wrapping { try prediction(of: live, at: live, of: lanes, draws: draws, key: key, sites: sites, data: data) }
    }

    fileprivate func prediction(
        of lanes: [Int], at places: [Int], of count: Int, draws: Int, key: Key, sites: [String]?, data given: [String: LaneData]
    ) throws -> Predictions {
        let (known, shapes) = binding.replacing(given, lanes: self.lanes)
        let origin = Origin()
        // A purpose of its own: the draws are none of those that the parameters were fitted to.
        let run = TraceRun(origin: origin, purpose: "prediction", data: shapes)
        let trace = try DataError.naming {
            try guide.trace(algorithm.model.predicting(sites.map(Set.init)), .sample, guide.carried(origin), run).trace
        }
        let predicted = try trace.predicted(sites)
        // What the model reads has the shape of now, whatever it had when the guide was made.
        let read = Set(trace.data.map(\.name))
        let declarations = trace.data + guide.data.filter { !read.contains($0.name) }
        let names = Set(declarations.map(\.name))
        let drawn = try PredictiveDraws(
            trace, predicted, declarations, known.filter { names.contains($0.key) || given[$0.key] != nil }, lanes: self.lanes, draws: draws,
            precision: options.precision)
        if !given.isEmpty { try drawn.check(trace, lanes: lanes, of: self.lanes) }
        return try drawn.values(
            lanes, at: places, of: count, outcome.parameters, keys: keys.map { $0.mixed(with: key) }, on: device,
            memoryBudget: options.memoryBudget)
    }
}

extension Fit {
    /// Draws of what is observed from the fit's posterior predictive distribution: see `Fits.predict`. The result has one lane.
    ///
    /// - Parameters:
    ///   - draws: how many, 1 to 262144.
    ///   - key: the same key gives the same draws.
    ///   - sites: the observed sites that are drawn; others keep their data. All where nil.
    ///   - data: in place of those of the run, by name: `.shared`, or for each lane of the run.
    /// - Throws: `LockstepError`, also for a lane that has no result.
    public func predict(
        draws: Int = 1024, key: Key = Key(0), sites: [String]? = nil, data: [String: LaneData] = [:]
    ) throws -> Predictions {
        try asking { _ in try fits.prediction(of: [lane], at: [0], of: 1, draws: draws, key: key, sites: sites, data: data) }
    }
}

extension Model {
    /// Draws of all sites from the prior: latents from their distributions, observations from what the model says of them, and what is
    /// deterministic as it follows. Params have their initial values.
    ///
    /// - Parameters:
    ///   - draws: of each lane, 1 to 262144.
    ///   - key: the same key gives the same draws; nil for the key of a model with `seed`, or `Key(0)`.
    ///   - data: by the names that the model declares; a lane for each array where they are `.perLane` or `.ragged`, else one. What is
    ///     only observed is not read; it may be left out where the model states its shape.
    ///   - device: what draws; the interpreter needs no compiling.
    ///   - precision: of all real numbers.
    /// - Returns: all sample and deterministic sites.
    /// - Throws: `LockstepError`, also for a prior that has no draws.
    public func predictPrior(
        draws: Int = 1024, key: Key? = nil, data: [String: LaneData] = [:], device: Device = .cpu, precision: Precision = .float
    ) throws -> Predictions {
        try LockstepError.wrapping {
            let datasets = try Datasets(data)
            let run = TraceRun(origin: Origin(), purpose: "prediction", data: datasets.data.shapes(lanes: datasets.count))
            let trace = try DataError.naming { try predicting().trace(run) }
            let predicted = trace.sites.filter { $0.kind == .sample || $0.kind == .deterministic }
            let drawn = try PredictiveDraws(trace, predicted, trace.data, datasets.data, lanes: datasets.count, draws: draws, precision: precision)
            let lanes = Array(0..<datasets.count)
            try drawn.check(trace, lanes: lanes, of: datasets.count)
            return try drawn.values(
                lanes, at: lanes, of: lanes.count, [:], keys: (key ?? seededKey ?? Key(0)).split(datasets.count), on: device.choice().device,
                memoryBudget: nil)
        }
    }
}

extension Trace {
    /// The observed sites that are drawn, and deterministic ones.
    ///
    /// - Throws: `RunError` for a name that is none of an observed site.
    fileprivate func predicted(_ names: [String]?) throws -> [Site] {
        let known = observations.map(\.name)
        for name in names ?? [] where !known.contains(name) {
            throw RunError("there is no observed site '\(name)' to predict; there are: \(known.joined(separator: ", "))")
        }
        return sites.filter { $0.kind == .deterministic || ($0.kind == .sample && $0.isObserved && names?.contains($0.name) ?? true) }
    }
}
