import Foundation
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// One optimum that lanes of a run found.
public struct Mode: Sendable, Hashable {
    /// The best of its lanes.
    public let representative: Int
    /// The lanes that found it, best first.
    public let lanes: [Int]
    /// The share of the lanes that belong to a mode at all which belong to this one, 0 ... 1. It says how easily starts find the mode,
    /// not how much of the posterior it holds.
    public let share: Double
    /// The ELBO of its best lane; NaN where the run had no final draws.
    public let elbo: Double
    /// The standard error of `elbo`.
    public let elboError: Double
    /// How components of exchangeable sites stand in each lane, for each group of sites in the order given: component k of the
    /// representative is component `permutations[lane]?[group][k]` of the lane.
    public let permutations: [Int: [[Int]]]
}

/// Which lanes of a run found the same optimum: modes, best first, as `Fits.best` ranks lanes.
///
/// Printed, it is a table.
public struct Modes: Sendable {
    let fits: Fits
    private let modes: [Mode]
    private let places: [Int: Int]
    /// Lanes that belong to no mode, in order: those that were lost, and those without an ELBO or with a posterior that is not finite.
    public let unassigned: [Int]

    init(_ fits: Fits, _ groups: [ModeGrouping.Group], unassigned: [Int]) {
        self.fits = fits
        self.unassigned = unassigned
        let assigned = Double(groups.reduce(0) { $0 + $1.lanes.count })
        let (elbo, error) = (fits.elbo, fits.elboError)
        modes = groups.map { group in
            let best = group.representative.lane
            return Mode(
                representative: best, lanes: group.lanes, share: Double(group.lanes.count) / assigned, elbo: elbo[best], elboError: error[best],
                permutations: group.permutations)
        }
        places = Dictionary(uniqueKeysWithValues: modes.enumerated().flatMap { place, mode in mode.lanes.map { ($0, place) } })
    }

    /// The place of the mode that a lane found; nil for a lane that belongs to none.
    public func index(containing lane: Int) -> Int? { places[lane] }
}

extension Modes: RandomAccessCollection {
    public var startIndex: Int { modes.startIndex }
    public var endIndex: Int { modes.endIndex }
    /// One mode; without lanes where there is none.
    public subscript(position: Int) -> Mode {
        modes.indices.contains(position)
            ? modes[position] : Mode(representative: -1, lanes: [], share: 0, elbo: .nan, elboError: .nan, permutations: [:])
    }
}

extension Modes: CustomStringConvertible {
    /// A line for each mode, with a note on the lanes that belong to none.
    public var description: String {
        let header = ["mode", "lanes", "share", "ELBO", "error", "best lane"]
        let rows = enumerated().map { place, mode in
            [
                "\(place)", "\(mode.lanes.count)", String(format: "%.1f %%", 100 * mode.share), String(format: "%.2f", mode.elbo),
                String(format: "%.2f", mode.elboError), "\(mode.representative)",
            ]
        }
        let lines = ([header] + rows).map { row in row.map { $0.aligned(to: 9) }.joined(separator: "  ") }
        let note = unassigned.isEmpty ? [] : ["lanes that belong to no mode: \(unassigned.count)"]
        return (lines + note).joined(separator: "\n") + "\n"
    }
}

// MARK: Finding them

extension Fits {
    /// Which lanes found the same optimum of one model on one dataset.
    ///
    /// Two lanes are of one mode where their ELBOs agree within their errors, and the locations of all latents and `param` sites within
    /// posterior standard deviations, with spreads of about one size. Locations are medians, and spreads half the distance between the
    /// quantiles of a standard normal variate's -1 and 1, both in the sites' own space; sites without closed forms have those of 500
    /// draws. Lanes are taken best first: each joins the first mode whose representative it is near to, or founds one. Without final
    /// draws lanes are ranked by their loss and compared by their posteriors alone.
    ///
    /// - Parameters:
    ///   - sites: the latent, deterministic and param sites that are compared; nil for all latents and params.
    ///   - exchangeable: groups of sites whose components may change places together, which leaves the mode the same:
    ///     `[["weights", "means", "scales"]]` for a mixture.
    ///   - tolerance: how far apart fits of one mode may be.
    /// - Throws: for sites that do not exist or do not fit together, for lanes on different data, and when a device fails.
    public func modes(
        sites: [String]? = nil, exchangeable: [ExchangeableSites] = [], tolerance: ModeTolerance = ModeTolerance()
    ) throws -> Modes {
        try modes(of: indices, sites: sites, exchangeable: exchangeable, tolerance: tolerance)
    }

    /// Which of some lanes found the same optimum, as `modes(sites:exchangeable:tolerance:)`.
    ///
    /// - Parameters:
    ///   - lanes: those that are compared: of one dataset.
    ///   - sites: the latent, deterministic and param sites that are compared; nil for all latents and params.
    ///   - exchangeable: groups of sites whose components may change places together.
    ///   - tolerance: how far apart fits of one mode may be.
    /// - Throws: for a lane that does not exist, and as `modes(sites:exchangeable:tolerance:)`.
    public func modes(
        of lanes: some Sequence<Int>, sites: [String]? = nil, exchangeable: [ExchangeableSites] = [], tolerance: ModeTolerance = ModeTolerance()
    ) throws -> Modes {
        try LockstepError.wrapping {
            try ModeQuery(self, lanes: lanes).modes(sites: sites, exchangeable: exchangeable, tolerance: tolerance)
        }
    }
}
