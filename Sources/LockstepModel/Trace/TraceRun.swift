import LockstepTensor

/// What one run of a model is given: whose tensors it may use, where its draws come from, and of what shape its data are.
public struct TraceRun: Sendable {
    /// The runs that share an origin may use each other's tensors: a guide's and its model's, say.
    package let origin: Origin
    package let particle: Int
    /// Keeps the draws of one site apart by use.
    package let purpose: String
    /// The shapes of the data that will be bound; nil when none were given.
    package let data: DataShapes?

    package init(origin: Origin = Origin(), particle: Int = 0, purpose: String = "model", data: DataShapes? = nil) {
        self.origin = origin
        self.particle = particle
        self.purpose = purpose
        self.data = data
    }

    /// A run that is asked for its sites only, not for values.
    package static func prototype(_ data: DataShapes?) -> TraceRun { TraceRun(purpose: prototypePurpose, data: data) }
    private static let prototypePurpose = "prototype"
    var isPrototype: Bool { purpose == Self.prototypePurpose }

    package func source(site: String) -> RandomSource {
        RandomSource(site: site, purpose: purpose, particle: particle, origin: origin)
    }

    /// The draws of a site in a guide: independent of those of the model's site of this name.
    public func guideSource(site: String) -> RandomSource {
        RandomSource(site: site, purpose: purpose + "/guide", particle: particle, origin: origin)
    }
}

/// The shapes of one lane's data by name, or why there is none.
package typealias DataShapes = [String: DataShape]

package enum DataShape: Hashable, Sendable {
    case known(Shape)
    /// Rows of a lane's own: the first extent is the most that any lane has. How many each has is an int, the data of the other name.
    case ragged(Shape, rows: String)
    /// Reads after the name of the data.
    case unknown(String)
}
