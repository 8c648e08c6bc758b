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
    private(set) var value: Tensor?
    /// Whether the value is that of all steps of the scans around, not of the one at hand.
    private(set) var isOfAllSteps = false
    var isObserved: Bool
    /// Outermost first.
    let plates: [PlateInfo]
    var weighting: Weighting
    /// How many steps the scans around have, outermost first: axes of the site in front of its batch.
    let times: Shape
    /// What is wrong with the constants of the distribution, where no row that they are for is excluded.
    var wrongConstant: String?
    /// Set by a handler that cannot do what it was asked.
    var error: ModelError?
    /// The place among the handlers of the one that hid the site from those further out.
    var hiddenBy: Int?

    init(
        _ name: String, _ statement: Statement, shape: Shape, value: Tensor?, isObserved: Bool, plates: [PlateInfo], weighting: Weighting,
        times: Shape
    ) {
        (self.name, self.statement, self.shape, self.value, self.isObserved) = (name, statement, shape, value, isObserved)
        (self.plates, self.weighting, self.times) = (plates, weighting, times)
    }

    /// Takes a value from outside of the model, which is that of all steps.
    mutating func give(_ value: Tensor) { (self.value, isOfAllSteps) = (value, true) }

    /// Leaves the value of what was observed to a draw.
    ///
    /// - Parameter asLatent: whether the site is a latent from now on.
    mutating func forgetValue(asLatent: Bool) { (value, isOfAllSteps, isObserved) = (nil, false, isObserved && !asLatent) }

    /// Takes the value of the step at hand.
    mutating func give(row: Tensor) { (value, isOfAllSteps) = (row, false) }

    /// Takes what a guide has for the site: of all steps, or of the step at hand.
    mutating func give(_ value: Tensor, guiding distribution: any Distribution) {
        let isRow = !times.isEmpty && value.failure == nil && value.shape == distribution.shape()
        if isRow { give(row: value) } else { give(value) }
    }

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
