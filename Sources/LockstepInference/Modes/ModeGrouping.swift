/// What lanes are compared by.
struct LaneSummary {
    let lane: Int
    /// The share of the lane's final draws that are not finite; 0 where there were none.
    let nonFinite: Double
    /// The higher the better.
    let elbo: Double
    /// The standard error of `elbo`; NaN where that is not known.
    let elboError: Double
    /// A number for each coordinate.
    let locations: [Double]
    /// A number for each coordinate, 0 for one that has a single value.
    let spreads: [Double]

    /// Whether there are numbers to compare.
    var isComplete: Bool { !elbo.isNaN && !nonFinite.isNaN && (locations + spreads).allSatisfy(\.isFinite) }

    /// Best first, as `Fits.best` ranks lanes. Equals stand in an order of their numbers, so that it does not depend on the order
    /// in which lanes are given.
    static func isBetter(_ a: LaneSummary, than b: LaneSummary) -> Bool {
        if a.nonFinite != b.nonFinite { return a.nonFinite < b.nonFinite }
        if a.elbo != b.elbo { return a.elbo > b.elbo }
        if a.locations != b.locations { return a.locations.lexicographicallyPrecedes(b.locations) }
        if a.spreads != b.spreads { return a.spreads.lexicographicallyPrecedes(b.spreads) }
        return a.lane < b.lane
    }
}

/// Puts lanes that found the same mode together: best first, a lane joins the first mode whose representative it is near to, or else
/// founds one. O(lanes * modes).
struct ModeGrouping {
    let tolerance: ModeTolerance
    /// No coordinate is in two of them.
    let exchangeable: [ComponentCoordinates]
    /// Coordinates that are in none of them.
    private let fixed: [Int]

    init(_ tolerance: ModeTolerance, exchangeable: [ComponentCoordinates], coordinates: Int) {
        self.tolerance = tolerance
        self.exchangeable = exchangeable
        let moving = Set(exchangeable.flatMap { $0.components.joined() })
        fixed = (0..<coordinates).filter { !moving.contains($0) }
    }

    struct Group {
        let representative: LaneSummary
        /// Best first.
        var lanes: [Int] = []
        /// By lane and group of sites: component k of the representative is component `permutation[k]` of the lane.
        var permutations: [Int: [[Int]]] = [:]
    }

    /// - Returns: modes, best first, and the lanes that have no numbers to compare, in order.
    func groups(_ lanes: [LaneSummary]) -> (groups: [Group], unassigned: [Int]) {
        var groups: [Group] = []
        for lane in lanes.filter(\.isComplete).sorted(by: LaneSummary.isBetter(_:than:)) {
            var place = groups.count
            var found: [[Int]]?
            for (number, group) in groups.enumerated() {
                found = permutations(from: group.representative, to: lane)
                guard found == nil else {
                    place = number
                    break
                }
            }
            if place == groups.count { groups.append(Group(representative: lane)) }
            groups[place].lanes.append(lane.lane)
            groups[place].permutations[lane.lane] = found ?? exchangeable.map { Array($0.components.indices) }
        }
        return (groups, lanes.filter { !$0.isComplete }.map(\.lane).sorted())
    }

    /// The permutation of each group's components that brings two lanes together; nil when they are apart.
    private func permutations(from representative: LaneSummary, to lane: LaneSummary) -> [[Int]]? {
        guard elbosAgree(representative, lane), fixed.allSatisfy({ difference(representative, $0, lane, $0) != nil }) else { return nil }
        var permutations: [[Int]] = []
        for sites in exchangeable {
            guard let permutation = permutation(of: sites, from: representative, to: lane) else { return nil }
            permutations.append(permutation)
        }
        return permutations
    }

    private func permutation(of sites: ComponentCoordinates, from representative: LaneSummary, to lane: LaneSummary) -> [Int]? {
        let components = sites.components
        // More than all pairs of components that are near can cost together: a permutation of near ones is found if there is any.
        let apart = 2 * Double(components.reduce(0) { $0 + $1.count }) + 1
        var costs: [[Double]] = []
        for mine in components {
            let row = components.map { theirs in
                var cost = 0.0
                for (a, b) in zip(mine, theirs) {
                    guard let difference = difference(representative, a, lane, b) else { return apart }
                    cost += difference
                }
                return cost
            }
            guard row.contains(where: { $0 < apart }) else { return nil }
            costs.append(row)
        }
        let permutation = Assignment.cheapest(costs)
        return permutation.indices.allSatisfy { costs[$0][permutation[$0]] < apart } ? permutation : nil
    }

    private func elbosAgree(_ a: LaneSummary, _ b: LaneSummary) -> Bool {
        // Without an error there is nothing to say of a difference.
        guard !a.elboError.isNaN, !b.elboError.isNaN else { return true }
        let error = (a.elboError * a.elboError + b.elboError * b.elboError).squareRoot()
        return abs(a.elbo - b.elbo) <= tolerance.elbo + tolerance.elboErrors * error
    }

    /// How far two coordinates are apart, from 0 to 2; nil when they are further apart than the tolerance.
    private func difference(_ a: LaneSummary, _ i: Int, _ b: LaneSummary, _ j: Int) -> Double? {
        func share(_ difference: Double, of limit: Double) -> Double? {
            // Equals are near whatever the limit is.
            difference == 0 ? 0 : difference <= limit ? difference / limit : nil
        }
        let distance = abs(a.locations[i] - b.locations[j])
        let (low, high) = (min(a.spreads[i], b.spreads[j]), max(a.spreads[i], b.spreads[j]))
        guard high > 0 else {
            let magnitude = max(1, abs(a.locations[i]), abs(b.locations[j]))
            return share(distance, of: tolerance.point * magnitude).map { $0 * $0 }
        }
        // The root of the mean square, without squares that overflow.
        let ratio = low / high
        let deviation = high * ((1 + ratio * ratio) / 2).squareRoot()
        guard high <= tolerance.spreadRatio * low, let shift = share(distance, of: tolerance.distance * deviation),
            let stretch = share(1 - ratio, of: 1 - 1 / tolerance.spreadRatio)
        else { return nil }
        return shift * shift + stretch * stretch
    }
}
