import LockstepTensor

extension Fits {
    /// How well each lane's fit predicts observations that it has not seen, by leaving each one out: see `LeaveOneOut`.
    ///
    /// Draws are those of the guide. What leaves observation i out of the posterior and makes draws of it of the guide's is one weight,
    /// p(x, z) / q(z) / p(y_i | z) (Magnusson, Andersen, Jonasson and Vehtari 2019, "Bayesian leave-one-out cross-validation for large
    /// data", section 2.2), smoothed for each observation. A latent that the guide does not have is drawn from its prior, which then counts
    /// as its guide. Densities have the scales that stand around a site; factors are no observations.
    ///
    /// Lanes are gone through in parts, as many at a time as there is room for their draws; each lane's numbers are a function of its key
    /// alone.
    ///
    /// - Parameters:
    ///   - draws: of each lane, 100 to 262144.
    ///   - key: the same key gives the same draws, those of `waic` and `Fit.logLikelihood`.
    ///   - corrected: false to take the guide for the posterior, and leave out by 1 / p(y_i | z) alone.
    /// - Throws: `LockstepError`, also for a model that observes nothing.
    public func loo(draws: Int = 1024, key: Key = Key(0), corrected: Bool = true) throws -> LeaveOneOut {
        try LockstepError.wrapping { LeaveOneOut(try LaneCriteria(self, of: Array(indices), draws: draws, key: key, corrected: corrected)) }
    }

    /// The widely applicable information criterion of each lane, from the same draws: see `WAIC`.
    ///
    /// Means and variances are weighed by Pareto smoothed importance weights p(x, z) / q(z), or plain ones.
    ///
    /// - Parameters:
    ///   - draws: of each lane, 100 to 262144.
    ///   - key: the same key gives the same draws.
    ///   - corrected: false to take the guide for the posterior: then all weights are equal.
    /// - Throws: `LockstepError`, also for a model that observes nothing.
    public func waic(draws: Int = 1024, key: Key = Key(0), corrected: Bool = true) throws -> WAIC {
        try LockstepError.wrapping { WAIC(try LaneCriteria(self, of: Array(indices), draws: draws, key: key, corrected: corrected)) }
    }
}

extension Fit {
    /// How well the fit predicts observations that it has not seen: see `Fits.loo`. The result has one lane.
    ///
    /// - Parameters: as of `Fits.loo`.
    /// - Throws: `LockstepError`, also for a lane that does not exist.
    public func loo(draws: Int = 1024, key: Key = Key(0), corrected: Bool = true) throws -> LeaveOneOut {
        try LockstepError.wrapping {
            try fits.check(lane)
            return LeaveOneOut(try LaneCriteria(fits, of: [lane], draws: draws, key: key, corrected: corrected))
        }
    }

    /// The widely applicable information criterion of the fit: see `Fits.waic`. The result has one lane.
    ///
    /// - Parameters: as of `Fits.waic`.
    /// - Throws: `LockstepError`, also for a lane that does not exist.
    public func waic(draws: Int = 1024, key: Key = Key(0), corrected: Bool = true) throws -> WAIC {
        try LockstepError.wrapping {
            try fits.check(lane)
            return WAIC(try LaneCriteria(fits, of: [lane], draws: draws, key: key, corrected: corrected))
        }
    }
}

extension GridFits {
    /// How well the best fit of each dataset predicts observations that it has not seen: see `Fits.loo`. The lanes of the result are the
    /// datasets; one all of whose fits were lost has no numbers.
    ///
    /// - Parameters: as of `Fits.loo`.
    /// - Throws: `LockstepError`, also for a model that observes nothing.
    public func loo(draws: Int = 1024, key: Key = Key(0), corrected: Bool = true) throws -> LeaveOneOut {
        try LockstepError.wrapping { LeaveOneOut(try LaneCriteria(fits, of: bestLanes, draws: draws, key: key, corrected: corrected)) }
    }

    /// The widely applicable information criterion of the best fit of each dataset: see `Fits.waic`.
    ///
    /// - Parameters: as of `Fits.waic`.
    /// - Throws: `LockstepError`, also for a model that observes nothing.
    public func waic(draws: Int = 1024, key: Key = Key(0), corrected: Bool = true) throws -> WAIC {
        try LockstepError.wrapping { WAIC(try LaneCriteria(fits, of: bestLanes, draws: draws, key: key, corrected: corrected)) }
    }
}
