import Foundation
import LockstepRuntime
import LockstepTensor

/// Draws of sites from what a model says of them, under a posterior or a prior, and what they come to.
///
/// Rows beyond those that a lane has of ragged data are NaN, and so is all of a lane that was lost.
public struct Predictions: Sendable {
    /// In the order of the model.
    public let sites: [String]
    /// Of each lane.
    public let draws: Int
    /// How many lanes there are.
    public let lanes: Int
    private let values: [String: LaneValues]

    init(sites: [String], draws: Int, lanes: Int, values: [String: LaneValues]) {
        (self.sites, self.draws, self.lanes, self.values) = (sites, draws, lanes, values)
    }

    /// The draws of a site: an array `[draws] + shape` per lane. Nil when there is no such site.
    public subscript(site: String) -> LaneValues? { values[site] }

    /// The means over draws, element by element.
    ///
    /// - Returns: an array of the site's shape per lane.
    /// - Throws: `LockstepError` where there is no such site.
    public func mean(_ site: String) throws -> LaneValues {
        try each(site) { [$0.reduce(0, +) / Double($0.count)] }[0]
    }

    /// The standard deviations over draws, by draws - 1, element by element; NaN of one draw.
    ///
    /// - Returns: an array of the site's shape per lane.
    /// - Throws: `LockstepError` where there is no such site.
    public func sd(_ site: String) throws -> LaneValues {
        try each(site) { column in
            let mean = column.reduce(0, +) / Double(column.count)
            return [(column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count - 1)).squareRoot()]
        }[0]
    }

    /// Quantiles over draws, by linear interpolation between them, element by element; NaN where a draw is.
    ///
    /// - Returns: for each probability an array of the site's shape per lane.
    /// - Throws: `LockstepError` where there is no such site, and for probabilities that are not between 0 and 1.
    public func quantiles(_ site: String, _ probabilities: [Double]) throws -> [LaneValues] {
        try LockstepError.wrapping {
            for probability in probabilities where !(probability > 0 && probability < 1) {
                throw RunError("a quantile's probability is \(probability); give numbers between 0 and 1")
            }
            return try each(site, count: probabilities.count) { column in
                guard !column.contains(where: \.isNaN) else { return probabilities.map { _ in .nan } }
                let sorted = column.sorted()
                return probabilities.map { sorted.quantile($0) }
            }
        }
    }

    /// The interval that holds a share of the draws and leaves out as many below as above, element by element.
    ///
    /// - Parameters:
    ///   - site: the name of a site.
    ///   - share: between 0 and 1.
    /// - Returns: the ends, arrays of the site's shape per lane.
    /// - Throws: `LockstepError` where there is no such site, and for a share that is not between 0 and 1.
    public func interval(_ site: String, _ share: Double = 0.9) throws -> (lower: LaneValues, upper: LaneValues) {
        try LockstepError.wrapping {
            guard share > 0, share < 1 else { throw RunError("an interval's share is \(share); give a number between 0 and 1") }
            let ends = try quantiles(site, [(1 - share) / 2, (1 + share) / 2])
            return (ends[0], ends[1])
        }
    }

    /// Some numbers of each element's draws.
    private func each(_ site: String, count: Int = 1, _ body: ([Double]) -> [Double]) throws -> [LaneValues] {
        try LockstepError.wrapping {
            guard let found = values[site] else { throw RunError("there is no prediction of '\(site)'; there are: \(sites.joined(separator: ", "))") }
            let shape = Shape(found.shape.dropFirst())
            let (elements, numbers, draws) = (shape.elementCount, found.array.elements, draws)
            let columns = AllCores.map(lanes * elements) { place in
                let first = place / max(elements, 1) * draws * elements + place % max(elements, 1)
                return body((0..<draws).map { numbers[first + $0 * elements] })
            }
            return (0..<count).map { number in
                LaneValues(array: LaneArray(lanes: lanes, count: elements, elements: .double(columns.map { $0[number] })), shape: shape)
            }
        }
    }
}
