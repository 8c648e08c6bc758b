import LockstepTensor

/// A mistake in a model, found while it ran and thrown when its trace ends. The text names the sites and says what
/// to do.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The names concerned: of sites, plates or data.
    public let names: [String]
    /// What is wrong and what to do.
    public let description: String
    /// The data that the run was not given, if that is the mistake.
    package let missingData: String?

    /// - Parameters:
    ///   - names: of sites, plates or data.
    ///   - description: what is wrong and what to do.
    public init(_ names: [String], _ description: String) {
        self.names = names
        self.description = description
        missingData = nil
    }

    /// Data that the run was not given.
    init(missingData name: String) {
        names = [name]
        description = "data '\(name)' is missing; give data: [\"\(name)\": .shared(...)] or .perLane(...)"
        missingData = name
    }

    /// A mistake at one site.
    public init(site: String, _ reason: String) {
        self.init([site], "site '\(site)': \(reason)")
    }
}
