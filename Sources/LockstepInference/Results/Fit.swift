import LockstepTensor

/// One lane's fit, and questions to its guide.
public struct Fit: Sendable {
    let fits: Fits
    /// The lane's place in `Fits`.
    public let lane: Int

    /// Lanes that do not exist are reported by the queries that throw.
    public var status: FitStatus { number(fits.status) ?? .noValidStart }
    /// See `Fits.elbo`.
    public var elbo: Double { number(fits.elbo) ?? .nan }
    /// See `Fits.elboError`.
    public var elboError: Double { number(fits.elboError) ?? .nan }
    /// See `Fits.nonFiniteDraws`.
    public var nonFiniteDraws: Double { number(fits.nonFiniteDraws) ?? .nan }
    /// See `Fits.loss`.
    public var loss: Double { number(fits.loss) ?? .nan }

    private func number<Number>(_ numbers: [Number]) -> Number? { numbers.indices.contains(lane) ? numbers[lane] : nil }

    /// The parameters in their own space, by name.
    public func parameters() throws -> [String: [Double]] {
        try asking { try $0.parameters([lane]).mapValues { $0[0] } }
    }

    /// The mean of a latent or deterministic site, element by element, row-major.
    ///
    /// For what the guide does not vary, and the latents of `AutoNormal` that may be any number, mean and standard
    /// deviation are exact; others are those of 4,000 draws.
    public func mean(_ site: String) throws -> [Double] {
        try asking { try $0.statistics([lane], of: site, .moments).lanes[0].mean }
    }

    /// The standard deviation of a latent or deterministic site, element by element, row-major; exact where the mean is.
    public func sd(_ site: String) throws -> [Double] {
        try asking { try $0.statistics([lane], of: site, .moments).lanes[0].sd }
    }

    /// The median of a latent or deterministic site, element by element, row-major.
    public func median(_ site: String) throws -> [Double] { try quantiles(site, [0.5])[0] }

    /// Quantiles of a latent or deterministic site, element by element: an array for each probability.
    ///
    /// For what the guide does not vary, and the latents of `AutoNormal` whose elements are constrained one by one, they
    /// are exact; others are those of 4,000 draws.
    public func quantiles(_ site: String, _ probabilities: [Double]) throws -> [[Double]] {
        try asking { try $0.statistics([lane], of: site, .quantiles(probabilities)).lanes[0].quantiles }
    }

    /// Moments and quantiles of all latent and deterministic sites, a row for each element: `print` shows a table.
    public func summary() throws -> Summary {
        try asking { try Summary(lane: lane, $0.statistics([lane], of: nil, .all(Summary.probabilities))) }
    }

    /// Draws from the guide, with the deterministic sites that follow from them.
    ///
    /// - Parameters:
    ///   - count: how many draws.
    ///   - key: the same key gives the same draws.
    /// - Returns: for each site an array per draw, row-major.
    public func sample(_ count: Int, key: Key = Key(0)) throws -> [String: LaneValues] {
        try asking { query in
            try query.sample([lane], count, key: key).mapValues { values in
                let shape = Shape(values.shape.dropFirst())
                return LaneValues(array: values.array.reshaped(lanes: count, count: shape.elementCount), shape: shape)
            }
        }
    }

    /// Asks the guide of a lane that has one.
    func asking<Answer>(_ question: (PosteriorQuery) throws -> Answer) throws -> Answer {
        try LockstepError.wrapping {
            try fits.check(lane)
            guard status.hasStarted else {
                let why = fits.badData[lane].map { ": \($0)" } ?? ""
                throw RunError("lane \(lane) has no result: \(status)\(why)")
            }
            return try question(PosteriorQuery(fits))
        }
    }
}
