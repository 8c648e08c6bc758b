import LockstepTensor

/// The immutable, ordered record of the sites that one run of a model produced. Its tensors are expressions for one
/// lane.
public struct Trace: Sendable {
    /// In the order of the run; sites that a handler hides are not here.
    public let sites: [Site]
    /// In the order of the run.
    public let data: [DataDeclaration]
    /// The sites that a handler hides, in the order of the run: their values may still reach others.
    package let hidden: [Site]
    /// The log density of all sites together: a scalar.
    public let logJoint: Tensor
    /// The run that the tensors belong to.
    package let origin: Origin
    private let index: [String: Int]

    package init(sites: [Site], hidden: [Site] = [], data: [DataDeclaration], origin: Origin) {
        self.sites = sites
        self.hidden = hidden
        self.data = data
        self.origin = origin
        index = Dictionary(sites.indices.map { (sites[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
        let terms = sites.compactMap { $0.logProb?.sum() }
        logJoint = terms.dropFirst().reduce(terms.first ?? 0, +)
    }

    /// The site of a name; nil when the run had none, or hid it.
    public subscript(name: String) -> Site? { index[name].map { sites[$0] } }

    /// The variables that nobody observed.
    public var latents: [Site] { sites.filter(\.isLatent) }
    /// The latents whose values are isolated points.
    public var discreteLatents: [Site] { sites.filter { $0.isLatent && $0.isDiscrete } }
    /// The sample sites whose value is data.
    public var observations: [Site] { sites.filter { $0.kind == .sample && $0.isObserved } }
    /// The values to optimise.
    public var params: [Site] { sites.filter { $0.kind == .param } }
    /// The values for the record.
    public var deterministics: [Site] { sites.filter { $0.kind == .deterministic } }
}
