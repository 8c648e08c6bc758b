/// How far apart two fits may be and still have found the same mode. All of it must hold.
public struct ModeTolerance: Sendable, Hashable {
    /// The most that the locations of any element may differ by, in posterior standard deviations: those of the two fits, squared,
    /// averaged, and the root of it.
    public var distance: Double
    /// The largest ratio between the spreads of any element, at least 1.
    public var spreadRatio: Double
    /// The most that the ELBOs may differ by, in nats, beyond what `elboErrors` allows: fits that are still moving about one optimum.
    public var elbo: Double
    /// How many standard errors of the difference the ELBOs may differ by in addition.
    public var elboErrors: Double
    /// The most that elements without a spread may differ by, such as those of `AutoDelta` and the `param` sites of a model: a
    /// share of the larger magnitude, or of 1 where that is larger.
    public var point: Double

    /// Limits that fits of one optimum keep, when they are about to stand still.
    ///
    /// - Parameters:
    ///   - distance: between locations, in posterior standard deviations.
    ///   - spreadRatio: between spreads, at least 1.
    ///   - elbo: between ELBOs, in nats.
    ///   - elboErrors: between ELBOs, in standard errors of the difference, in addition.
    ///   - point: between elements without a spread, as a share of their magnitude or of 1.
    public init(distance: Double = 2, spreadRatio: Double = 2, elbo: Double = 1, elboErrors: Double = 3, point: Double = 0.01) {
        self.distance = distance
        self.spreadRatio = spreadRatio
        self.elbo = elbo
        self.elboErrors = elboErrors
        self.point = point
    }

    /// - Throws: `RunError` for what is no limit.
    func validate() throws {
        for (name, value, least) in [
            ("distance", distance, 0), ("spreadRatio", spreadRatio, 1), ("elbo", elbo, 0), ("elboErrors", elboErrors, 0), ("point", point, 0.0),
        ] where !(value >= least) {
            throw RunError("the tolerance of modes has \(name) \(value); give a number that is at least \(Int(least))")
        }
    }
}
