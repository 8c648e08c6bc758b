import LockstepDistributions
import LockstepTensor

/// What a site states.
public enum SiteKind: String, Hashable, Sendable {
    /// A variable with a distribution: latent, or observed.
    case sample
    /// A value to optimise.
    case param
    /// A named value that follows from others.
    case deterministic
    /// A term of the log density.
    case factor
}

/// What one named statement of a model came to in one run.
public struct Site: Sendable {
    /// As the model names it.
    public let name: String
    /// What it states.
    public let kind: SiteKind
    /// Whether the value is data: of a sample site, or of a factor.
    public let isObserved: Bool
    /// The distribution of a sample site, over the batch that its plates ask for.
    public let distribution: (any Distribution)?
    /// Of shape batch + event at a sample site.
    public let value: Tensor
    /// The log density of a sample site, or the term of a factor: elementwise over the batch, scaled, and 0 where a
    /// mask excludes an element. Nil for other sites.
    public let logProb: Tensor?
    /// The plates around the site, outermost first.
    public let plates: [PlateInfo]
    /// Where the value of a param must lie.
    public let constraint: Constraint?
    /// The initial value of a param, which lies in its constraint.
    public let initial: Tensor?
    /// What the site takes values for.
    package let uses: [Use]
    /// The masks that decide whether its elements count.
    package let masks: [Tensor]
    /// What multiplies their log density: where it is 0 they count for nothing.
    package let scales: [Tensor]

    /// Whether the site is a variable that nobody observed.
    public var isLatent: Bool { kind == .sample && !isObserved }
    /// Whether its values are isolated points.
    public var isDiscrete: Bool { distribution?.isDiscrete ?? false }
}

/// What is known of a site while it passes through the handlers.
public struct SiteInfo: Hashable, Sendable {
    /// As the model names it.
    public let name: String
    /// What it states.
    public let kind: SiteKind
    /// Whether the value is data: of a sample site, or of a factor.
    public let isObserved: Bool
    /// Whether its values are isolated points.
    public let isDiscrete: Bool
}
