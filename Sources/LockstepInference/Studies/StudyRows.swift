import LockstepModel
import LockstepTensor

/// The rows that a study leaves out, or counts anew: one axis of what a model observes.
struct StudyRows {
    /// How many there are.
    let count: Int
    let plate: String?
    /// What has these rows, and along which axis of its log density.
    let sites: [(name: String, axis: Int)]
    /// Of `sites`, those that are factors.
    let factors: [String]

    /// - Parameter plate: whose copies are the rows; nil where all that is observed has one axis, of one length.
    /// - Throws: `ModelError` or `RunError` where it is not to be told what the rows are.
    init(_ model: Model, _ shapes: DataShapes, plate: String?) throws {
        let trace = try DataError.naming { try model.trace(TraceRun.prototype(shapes)) }
        let observed = trace.sites.filter { $0.isObserved && $0.logProb != nil }
        let known = observed.flatMap(\.plates).map(\.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let names = known.map { "'\($0)'" }.joined(separator: ", ")
        if let ragged = observed.flatMap(\.plates).first(where: { $0.rows != nil }) {
            throw ModelError([ragged.name], "plate '\(ragged.name)' goes over ragged rows, which this study cannot weigh; give .shared(...) data")
        }
        guard !observed.isEmpty else { throw RunError("the model observes nothing, so there are no rows to leave out or to count anew") }
        guard let plate else {
            var own: [(name: String, axis: Int, count: Int)] = []
            for site in observed {
                let shape = site.logProb?.shape ?? []
                let count = shape.elementCount
                guard let axis = shape.firstIndex(of: count), count == own.first?.count ?? count else {
                    let others = own.first.map { ", where site '\($0.name)' has \($0.count) rows" } ?? ""
                    throw ModelError(
                        site: site.name,
                        "its log density has shape \(shape)\(others), so it is not to be told what the rows are; name their plate, plate: \"...\""
                            + (known.isEmpty ? "; the model has none around what it observes" : ", of \(names)"))
                }
                own.append((site.name, axis, count))
            }
            self.init(own[0].count, nil, own.map { ($0.name, $0.axis) }, observed)
            return
        }
        let inside = observed.filter { site in site.plates.contains { $0.name == plate } }
        let size = inside.first?.plates.first { $0.name == plate }?.size
        guard let size else {
            throw ModelError([plate], "nothing is observed in a plate '\(plate)'; \(known.isEmpty ? "there are no plates" : "there are \(names)")")
        }
        let places = inside.compactMap { site in
            site.plates.first { $0.name == plate }.map { (site.name, (site.logProb?.rank ?? 0) + $0.dim) }
        }
        self.init(size, plate, places, inside)
    }

    private init(_ count: Int, _ plate: String?, _ sites: [(name: String, axis: Int)], _ observed: [Site]) {
        (self.count, self.plate, self.sites) = (count, plate, sites)
        factors = observed.filter { $0.kind == .factor }.map(\.name)
    }

    /// Sums of a site's elements by row.
    ///
    /// - Parameters:
    ///   - values: row-major, of a shape.
    ///   - axis: that of the rows.
    static func sums(_ values: [Double], _ shape: Shape, axis: Int) -> [Double] {
        let behind = shape[(axis + 1)...].reduce(1, *)
        var sums = Array(repeating: 0.0, count: shape[axis])
        for (place, value) in values.enumerated() { sums[place / behind % shape[axis]] += value }
        return sums
    }
}
