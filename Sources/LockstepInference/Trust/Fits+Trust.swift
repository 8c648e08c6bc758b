import LockstepRuntime
import LockstepTensor

extension Fits {
    /// Log importance weights of draws from each lane's guide, log p(x, z) - log q(z), computed on the device that ran the fits; NaN in
    /// lanes that were lost.
    ///
    /// A latent that the guide does not have is drawn from its prior, which then counts as its guide.
    ///
    /// - Parameter draws: how many, 1 to 262144; the same ones in each call, and those of `resampled` and `trust`.
    /// - Returns: an array `[draws]` per lane.
    /// - Throws: `LockstepError`.
    public func logWeights(draws: Int = 1000) throws -> LaneValues {
        try LockstepError.wrapping {
            let live = live
            return LaneValues(try WeighedDraws(self, draws: draws).logWeights(live), at: live, of: lanes, shape: [draws])
        }
    }

    /// Whether each lane's guide can be trusted to be the posterior, by importance weights of its draws.
    ///
    /// A guide is good where the Pareto shape of the weights is below 0.5, they leave half of the draws at least, they move no latent's mean
    /// by more than about 0.15 standard deviations (by two standard errors, and not by what may be 0.3), at most 1 % of draws lie beside the
    /// posterior's support, and the fit was at rest when it ended. It is usable with resampling where the shape is below
    /// min(1 - 1 / log10(draws), 0.7) (Vehtari, Simpson, Gelman, Yao and Gabry 2024).
    ///
    /// - Parameter draws: how many of each lane, 100 to 262144.
    /// - Returns: one for each lane.
    /// - Throws: `LockstepError`.
    public func trust(draws: Int = 1000) throws -> [Trust] {
        try LockstepError.wrapping { try trust(of: Array(indices), draws: draws) }
    }

    /// The values of a latent or deterministic site in each lane, resampled by Pareto smoothed importance weights of as many draws from
    /// its guide: closer to the posterior than plain draws where `trust` says so. NaN in lanes that were lost, or without a weight.
    ///
    /// A lane's draws are a function of its key; those of several sites, asked for one after the other, belong together.
    ///
    /// - Parameters:
    ///   - site: the name of a latent or deterministic site.
    ///   - draws: how many are made, and how many are chosen from them with replacement, 1 to 262144.
    /// - Returns: an array `[draws] + shape` per lane.
    /// - Throws: `LockstepError`.
    public func resampled(_ site: String, draws: Int = 1000) throws -> LaneValues {
        try LockstepError.wrapping {
            let live = live
            let (rows, shape) = try WeighedDraws(self, draws: draws).resampled(live, site)
            return LaneValues(rows, at: live, of: lanes, shape: [draws] + shape)
        }
    }

    func trust(of lanes: [Int], draws: Int) throws -> [Trust] {
        let weighed = try WeighedDraws(self, draws: draws, atLeast: Trust.fewestDraws)
        let (statuses, precision) = (status, options.precision)
        let live = lanes.filter { !statuses[$0].isLost }
        let findings = try weighed.examine(live) { _, weights, movement in TrustFindings(weights, movement, precision) }
        var next = 0
        return lanes.map { lane in
            guard !statuses[lane].isLost else { return Trust(lost: statuses[lane], badData[lane], draws: draws) }
            defer { next += 1 }
            return findings[next].trust(unrest: unrest(lane))
        }
    }

    /// Why a lane's fit was not at rest; nil where it was, or too few steps tell nothing.
    private func unrest(_ lane: Int) -> String? {
        if case .running = status[lane] { return "the fit is still on its way" }
        switch progress(lane: lane, edges: nil)?.trend {
        case .falling: return "the loss was still falling"
        case .rising: return "the loss was rising"
        case .level, .unknown, nil: return nil
        }
    }
}

extension Trust {
    /// Fewer have no shape to speak of.
    static let fewestDraws = 100
}

extension Fit {
    /// Log importance weights of draws from the guide: see `Fits.logWeights`.
    ///
    /// - Parameter draws: how many, 1 to 262144.
    /// - Throws: `LockstepError`, also for a lane that has no result.
    public func logWeights(draws: Int = 1000) throws -> [Double] {
        try asking { _ in try WeighedDraws(fits, draws: draws).logWeights([lane])[0] }
    }

    /// Whether the guide can be trusted to be the posterior: see `Fits.trust`.
    ///
    /// - Parameter draws: how many, 100 to 262144.
    /// - Throws: `LockstepError`, also for a lane that does not exist.
    public func trust(draws: Int = 1000) throws -> Trust {
        try LockstepError.wrapping {
            try fits.check(lane)
            return try fits.trust(of: [lane], draws: draws)[0]
        }
    }

    /// The values of a latent or deterministic site, resampled by importance weights: see `Fits.resampled`.
    ///
    /// - Parameters:
    ///   - site: the name of a latent or deterministic site.
    ///   - draws: how many are made, and how many are chosen from them with replacement, 1 to 262144.
    /// - Returns: an array per draw, row-major.
    /// - Throws: `LockstepError`, also for a lane that has no result.
    public func resampled(_ site: String, draws: Int = 1000) throws -> LaneValues {
        try asking { _ in
            let (rows, shape) = try WeighedDraws(fits, draws: draws).resampled([lane], site)
            return LaneValues(
                array: LaneArray(lanes: draws, count: shape.elementCount, elements: .double(rows[0])), shape: shape)
        }
    }
}
