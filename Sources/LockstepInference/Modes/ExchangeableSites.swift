import LockstepTensor

/// Sites whose components can change places together without any change of the posterior: `["weights", "means", "scales"]` of a
/// mixture. A fit ends in any of their orders, and all are one mode.
///
/// Each site has the components along one axis, the first unless `axes` says otherwise. A site that is ordered along two axes, such
/// as the transition matrix of a hidden Markov model, cannot be among them; compare the others (`sites:`).
public struct ExchangeableSites: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// The names of the sites.
    public let sites: [String]
    /// The axis of the components, by site; 0 for a site that is not named here. Negative axes count from the end.
    public let axes: [String: Int]

    /// Sites that are permuted together.
    ///
    /// - Parameters:
    ///   - sites: the names of latent, deterministic or param sites that are compared.
    ///   - axes: the axis of the components, for sites where it is not the first.
    public init(_ sites: [String], axes: [String: Int] = [:]) {
        self.sites = sites
        self.axes = axes
    }

    /// Sites that have their components along the first axis.
    public init(arrayLiteral sites: String...) { self.init(sites) }
}

/// Where the components of exchangeable sites are among all coordinates of a lane.
struct ComponentCoordinates {
    /// Coordinates by component; those at one place correspond.
    let components: [[Int]]

    init(components: [[Int]]) { self.components = components }

    /// - Parameters:
    ///   - sites: those that are permuted together.
    ///   - layout: the sites that are compared, in the order of their coordinates.
    /// - Throws: `RunError` for a site that is not compared, has no such axis, or has another number of components than the first.
    init(_ sites: ExchangeableSites, in layout: [(name: String, shape: Shape)]) throws {
        guard let first = sites.sites.first else { throw RunError("a group of exchangeable sites is empty; name its sites or leave it out") }
        for name in sites.axes.keys.sorted() where !sites.sites.contains(name) {
            throw RunError("exchangeable sites: there is an axis for '\(name)', which is not one of the group's sites: \(Self.list(sites.sites))")
        }
        var components: [[Int]]?
        for name in sites.sites {
            guard let place = layout.firstIndex(where: { $0.name == name }) else {
                throw RunError("exchangeable sites: '\(name)' is not among the sites that are compared: \(Self.list(layout.map(\.name)))")
            }
            let shape = layout[place].shape
            let given = sites.axes[name] ?? 0
            let axis = given < 0 ? given + shape.count : given
            guard shape.indices.contains(axis) else {
                throw RunError("exchangeable sites: '\(name)' has shape \(shape) and no axis \(given) for its components")
            }
            let offset = layout[..<place].reduce(0) { $0 + $1.shape.elementCount }
            let own = Self.components(shape, axis: axis).map { $0.map { $0 + offset } }
            if let found = components, found.count != own.count {
                throw RunError(
                    "exchangeable sites: '\(first)' has \(found.count) components and '\(name)', of shape \(shape), has \(own.count) along axis "
                        + "\(given); sites that are permuted together need as many")
            }
            components = components.map { zip($0, own).map(+) } ?? own
        }
        self.components = components ?? []
    }

    /// The elements of a row-major array by their place along an axis.
    private static func components(_ shape: Shape, axis: Int) -> [[Int]] {
        let stride = shape[(axis + 1)...].reduce(1, *)
        var components = Array(repeating: [Int](), count: shape[axis])
        for element in 0..<shape.elementCount { components[element / stride % shape[axis]].append(element) }
        return components
    }

    private static func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}
