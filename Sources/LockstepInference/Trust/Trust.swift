import Foundation

/// Whether one lane's guide can be trusted to be the posterior: what importance weights of its draws say.
///
/// Weights see where the guide has draws. A mode of the posterior that none of them comes near is not seen: lanes that start elsewhere
/// may find it.
public struct Trust: Hashable, Sendable, CustomStringConvertible {
    /// What the guide is good for.
    public enum Verdict: String, Hashable, Sendable {
        /// Draws from the guide can stand for the posterior as they are.
        case good
        /// Draws that are resampled by their weights can, `Fits.resampled`; plain ones are off.
        case usableWithResampling
        /// Not even weights make the guide's draws those of the posterior.
        case notTrusted
        /// The lane was lost, and has no guide to judge.
        case failed
    }

    /// How far importance weights move the mean of a latent.
    public struct Shift: Hashable, Sendable {
        /// The name of the latent.
        public let site: String
        /// The element's place in the latent's unconstrained array; empty for a scalar.
        public let element: [Int]
        /// The weighted mean less the plain one, in standard deviations of the guide's draws, or of the weighted ones where these have
        /// less spread; in unconstrained space.
        public let value: Double
        /// The standard error of `value`, in the same unit.
        public let error: Double
    }

    /// What the guide is good for.
    public let verdict: Verdict
    /// What was found, in words.
    public let reason: String
    /// The shape k of the generalised Pareto distribution that the largest weights follow: minus infinity where all are equal, NaN for a
    /// lane that was lost or has no weights. See `ParetoSmoothing.shape`.
    public let paretoShape: Double
    /// How many draws from the posterior the smoothed weights leave; NaN for a lane that was lost.
    public let effectiveSampleSize: Double
    /// The mean of the log weights of the same draws, less those that are not finite: as `Fits.elbo`, where the guide has all latents. NaN
    /// where there are none.
    public let elbo: Double
    /// The standard error of `elbo`; NaN of fewer than two finite draws.
    public let elboError: Double
    /// The share of draws whose log weight was not finite, 0 ... 1; NaN for a lane that was lost.
    public let nonFiniteDraws: Double
    /// Of all latents' coordinates, the one that counts most against the guide; nil for a lane that was lost, and where no continuous
    /// latent has a guide.
    public let largestShift: Shift?
    /// Behind all this.
    public let draws: Int

    public var description: String { "\(verdict.rawValue): \(reason)" }
}

extension Trust {
    /// The Pareto shape from which weights are not to be relied on (Vehtari et al. 2024, section 3.2.4).
    static func shapeLimit(_ draws: Int) -> Double { min(1 - 1 / log10(Double(draws)), 0.7) }
    /// The shape from which weights have no variance.
    static let goodShape = 0.5
    /// The share of draws that a good guide's weights leave.
    static let goodShare = 0.5
    /// Draws that may be beside the posterior's support.
    static let strayShare = 0.01
}

extension Trust.Shift {
    private static let notable = 0.15
    private static let most = 0.3

    /// How far beyond what is allowed: a shift is notable that is more than 0.15, by two standard errors, or that may be more than 0.3.
    var excess: Double { max(abs(value) - 2 * error - Self.notable, abs(value) + 2 * error - Self.most) }
    /// Also where there is no number.
    var isNotable: Bool { !(excess <= 0) }
}
