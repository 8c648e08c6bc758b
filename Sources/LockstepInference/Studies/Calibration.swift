import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Whether fits find what data were made from: where each truth stands among draws of the fit of its data. If posteriors are right these
/// ranks are uniform (Talts et al. 2018, "Validating Bayesian inference algorithms with simulation-based calibration"; Modrák et al. 2023,
/// "Simulation-based calibration checking for Bayesian computation").
///
/// Ranks that pile up at both ends are of posteriors that are too narrow, a hump in the middle is of those that are too wide, and a slope is of
/// those that lie to one side. Printed, it is a table with a picture of the ranks.
public struct Calibration: Sendable {
    /// One element of a site.
    public struct Element: Sendable, Hashable {
        /// The name of the site.
        public let site: String
        /// The element's place in the site's array; empty for a scalar.
        public let index: [Int]
        /// How many draws are below the truth, 0 ... `draws`, for each dataset that has a fit.
        public let ranks: [Int]
        /// The chance that uniform ranks would stray as far from the diagonal, by the simultaneous band of their empirical distribution
        /// function (Säilynoja, Bürkner and Vehtari 2022).
        public let pValue: Double

        /// `tau`, `theta[3]`, `w[0,2]`.
        public var name: String { Summary.Row.name(site, index) }
    }

    /// Of the guide of each fit.
    public let draws: Int
    /// In the order of the model.
    public let elements: [Element]
    /// What the data of each dataset were drawn from, by latent or deterministic site.
    public let truth: [String: LaneValues]
    /// Of the datasets, called `0`, `1` and so on.
    public let fits: GridFits
    /// Datasets without a fit: their data were not finite, or all fits were lost.
    public let lost: [Int]

    /// How many datasets have ranks.
    public var datasets: Int { elements.first?.ranks.count ?? 0 }

    /// The ranks of a site's truth.
    ///
    /// - Returns: for each element, row-major, one rank for each dataset that has a fit.
    /// - Throws: `LockstepError` where there are none of this site.
    public func ranks(_ site: String) throws -> [[Int]] {
        try LockstepError.wrapping {
            let own = elements.filter { $0.site == site }
            guard !own.isEmpty else {
                throw RunError("there are no ranks of a site '\(site)'; \(Spelling.hint(site, among: Set(elements.map(\.site)).sorted()))")
            }
            return own.map(\.ranks)
        }
    }

    /// The smallest p-value of all elements, times their number (Bonferroni): the chance, at most, of one as small if all posteriors were
    /// right. 1 at most.
    public var pValue: Double { min((elements.map(\.pValue).min() ?? 1) * Double(elements.count), 1) }

    /// Whether the ranks of all elements may be uniform.
    ///
    /// - Parameter level: the chance to say no, at most, where all posteriors are right.
    public func isCalibrated(level: Double = 0.05) -> Bool { pValue >= level }
}

extension LaneAlgorithm {
    /// Simulation-based calibration: draws parameters from the prior, and data from them, fits each dataset, and looks where the truth stands
    /// among draws of the fit.
    ///
    /// Parameters and data are drawn in one program, a lane for each dataset, with the model's observed sites sampled. What is drawn are the
    /// data that the model's `observe` sites read as they are, `m.data("y")`. A dataset whose data are not finite, or whose fits were all lost,
    /// has no ranks and is one of `Calibration.lost`.
    ///
    /// - Parameters:
    ///   - datasets: how many truths are drawn.
    ///   - draws: of each fit's guide, 1 to 10000. Ranks are 0 ... `draws`.
    ///   - sites: latent or deterministic sites; all latents where nil.
    ///   - simulating: the model that the truth is drawn from, where it is not the one that is fitted. It has the sites that are looked at.
    ///   - starts: fits of each dataset, of which the best is looked at.
    ///   - steps: of each fit, at most.
    ///   - data: what the model reads. Of observed data only the shape counts; where the model states it they need not be given. Others are
    ///     shared, or have an array for each dataset.
    ///   - key: the same key gives the same truths and fits.
    ///   - device: what runs the kernels.
    ///   - options: as of `run(keys:steps:data:device:options:)`; bad data are always left out.
    /// - Throws: `LockstepError` for a model that no data can be drawn from, naming the site, and as
    ///   `run(keys:steps:data:device:options:)`; `CancellationError`.
    public func calibrate(
        datasets: Int = 1000, draws: Int = 100, sites: [String]? = nil, simulating: Model? = nil, starts: Int = 1, steps: Int,
        data: [String: LaneData] = [:], key: Key = Key(0), device: Device = .auto, options: RunOptions = RunOptions()
    ) throws -> Calibration {
        try LockstepError.wrapping {
            guard (1...10_000).contains(draws) else { throw RunError("cannot rank among \(draws) draws; give 1 to 10000") }
            let simulated = try SimulatedFits(
                self, simulating: simulating ?? model, datasets: datasets, starts: starts, steps: steps, data: data, sites: sites, key: key,
                device: device, options: options)
            return try Calibration(simulated, draws: draws, key: key)
        }
    }
}

extension Calibration {
    fileprivate init(_ simulated: SimulatedFits, draws: Int, key: Key) throws {
        let (live, fits) = (simulated.live, simulated.fits.fits)
        let sites = simulated.sites
        let places = live.map(\.dataset)
        let truths = Dictionary(
            uniqueKeysWithValues: sites.compactMap { site in
                simulated.simulation.values(site.name).map { (site.name, $0.array.lanes(places)) }
            })
        let ranks = try RankProgram(fits, draws: draws, sites.map(\.name)).ranks(live.map(\.lane), truths, key: key)
        let columns = sites.flatMap { site in
            (0..<site.shape.elementCount).map { element in
                (site: site.name, index: ElementPlace.index(element, site.shape), ranks: (ranks[site.name] ?? []).map { $0[element] })
            }
        }
        let uniformity = RankUniformity(datasets: live.count, draws: draws)
        let pValues = AllCores.map(columns.count) { uniformity.pValue(columns[$0].ranks) }
        self.draws = draws
        elements = zip(columns, pValues).map { Element(site: $0.site, index: $0.index, ranks: $0.ranks, pValue: $1) }
        truth = Dictionary(uniqueKeysWithValues: simulated.simulation.truth.map { ($0.site, $0.values) })
        self.fits = simulated.fits
        lost = simulated.lost
    }
}
