import LockstepDistributions
import LockstepTensor

/// A site on its way from its statement through the handlers, innermost first.
struct Message: Sendable {
    enum Statement: Sendable {
        case sample(any Distribution)
        case param(initial: Tensor, constraint: Constraint)
        case deterministic
        case factor
    }

    let name: String
    var statement: Statement
    /// Axes that the statement adds to a distribution, as one event.
    var shape: Shape = []
    /// Nil as long as nobody gave one.
    var value: Tensor?
    var isObserved: Bool
    /// Outermost first.
    let plates: [PlateInfo]
    var weighting: Weighting
    /// What is wrong with the constants of the distribution, where no row that they are for is excluded.
    var wrongConstant: String?
    /// Set by a handler that cannot do what it was asked.
    var error: ModelError?
    /// The place among the handlers of the one that hid the site from those further out.
    var hiddenBy: Int?

    var kind: SiteKind {
        switch statement {
        case .sample: .sample
        case .param: .param
        case .deterministic: .deterministic
        case .factor: .factor
        }
    }

    var info: SiteInfo {
        var isDiscrete = false
        if case .sample(let distribution) = statement { isDiscrete = distribution.isDiscrete }
        return SiteInfo(name: name, kind: kind, isObserved: isObserved, isDiscrete: isDiscrete)
    }
}
