import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Looks lanes up in what their guides say, and groups them.
struct ModeQuery {
    let fits: Fits
    /// Ascending, each once, those that were lost included.
    private let lanes: [Int]

    /// What a standard normal variate is below: its mean less and plus one standard deviation.
    private static let probabilities = [0.15865525393145705, 0.5, 0.8413447460685429]
    /// Draws behind a location without a closed form, which its error is a small share of a standard deviation with.
    private static let draws = 500

    /// - Throws: `RunError` for a lane that does not exist.
    init(_ fits: Fits, lanes: some Sequence<Int>) throws {
        self.fits = fits
        self.lanes = Set(lanes).sorted()
        for lane in self.lanes { try fits.check(lane) }
    }

    func modes(sites: [String]?, exchangeable: [ExchangeableSites], tolerance: ModeTolerance) throws -> Modes {
        try tolerance.validate()
        let live = lanes.filter { !fits.status[$0].isLost }
        let compared = try comparedSites(sites, live)
        let layout = compared.map { (name: $0.name, shape: $0.shape) }
        var grouped: Set<String> = []
        for name in exchangeable.flatMap(\.sites) where !grouped.insert(name).inserted {
            throw RunError("exchangeable sites: '\(name)' is named twice; its components can change places in one way only")
        }
        let components = try exchangeable.map { try ComponentCoordinates($0, in: layout) }
        let grouping = ModeGrouping(
            tolerance, exchangeable: components, coordinates: layout.reduce(0) { $0 + $1.shape.elementCount })
        let (groups, incomplete) = grouping.groups(summaries(live, compared))
        let lost = lanes.filter { fits.status[$0].isLost }
        return Modes(fits, groups, unassigned: (lost + incomplete).sorted())
    }

    // MARK: What is compared

    private struct ComparedSite {
        let name: String
        let shape: Shape
        /// By lane, then coordinate.
        let locations, spreads: [[Double]]
    }

    private func summaries(_ lanes: [Int], _ sites: [ComparedSite]) -> [LaneSummary] {
        let hasDraws = fits.options.finalDraws > 0
        let (elbo, error, nonFinite, loss) = (fits.elbo, fits.elboError, fits.nonFiniteDraws, fits.loss)
        return lanes.enumerated().map { row, lane in
            LaneSummary(
                lane: lane, nonFinite: hasDraws ? nonFinite[lane] : 0, elbo: hasDraws ? elbo[lane] : -loss[lane], elboError: error[lane],
                locations: sites.flatMap { $0.locations[row] }, spreads: sites.flatMap { $0.spreads[row] })
        }
    }

    private func comparedSites(_ names: [String]?, _ lanes: [Int]) throws -> [ComparedSite] {
        let query = PosteriorQuery(fits)
        let trace = try PosteriorQuery.Context(evaluation: HostEvaluation(fits)).trace(.sample).trace
        try checkData(trace, lanes)
        let params = trace.params.map(\.name).filter(fits.guide.modelParams.contains)
        let latents = trace.latents.map(\.name).filter(fits.guide.latents.contains)
        let shown = trace.shown.map(\.name)
        let known = shown + params
        for name in names ?? [] where !known.contains(name) {
            throw RunError("there is no latent, deterministic or param site '\(name)'; there are: \(known.joined(separator: ", "))")
        }
        let chosen = names.map(Set.init)
        let asked = chosen.map { chosen in shown.filter(chosen.contains) } ?? latents
        var question = PosteriorQuery.Question.quantiles(Self.probabilities)
        question.draws = Self.draws
        var sites = try asked.isEmpty ? [] : query.statistics(lanes, of: asked, question).map(compared)
        let values = lanes.isEmpty || params.isEmpty ? [:] : try query.parameters(lanes)
        for name in params where chosen?.contains(name) ?? true {
            guard let shape = trace[name]?.value.shape else { continue }
            let found = values[name]
            let locations = lanes.indices.map { found?[$0] ?? [] }
            sites.append(
                ComparedSite(name: name, shape: shape, locations: locations, spreads: locations.map { $0.map { _ in 0 } }))
        }
        return sites
    }

    /// The median, and half of what lies between one standard deviation below and above it: both are functions of each other under
    /// monotone transformations, and exact where quantiles are.
    private func compared(_ site: SiteStatistics) -> ComparedSite {
        // A difference of two numbers of this size is not known better.
        let resolution = fits.options.precision == .float ? 8 * Double(Float.ulpOfOne) : 8 * Double.ulpOfOne
        return ComparedSite(
            name: site.name, shape: site.shape, locations: site.lanes.map { $0.quantiles[1] },
            spreads: site.lanes.map { lane in
                lane.quantiles[1].indices.map { element in
                    let spread = (lane.quantiles[2][element] - lane.quantiles[0][element]) / 2
                    return spread == 0 ? 0 : max(abs(spread), resolution * abs(lane.quantiles[1][element]))
                }
            })
    }

    /// Modes are those of one posterior.
    ///
    /// - Throws: `RunError` where the model reads other data in one lane than in another.
    private func checkData(_ trace: Trace, _ lanes: [Int]) throws {
        guard let first = lanes.first else { return }
        for declaration in trace.data {
            guard let data = fits.binding.data[declaration.name], !data.isShared else { continue }
            let own = fits.binding.places(of: declaration.name)
            let values = data.values[own(first)].doubles
            for lane in lanes.dropFirst() {
                if own(lane) == own(first) { continue }
                let others = data.values[own(lane)].doubles
                guard others.count == values.count, zip(values, others).allSatisfy({ $0 == $1 || ($0.isNaN && $1.isNaN) }) else {
                    throw RunError(
                        "lanes \(first) and \(lane) were fitted to different data '\(declaration.name)', and modes are those of one posterior; "
                            + "ask for the lanes of one dataset, as in fits.modes(of: [0, 1, 2])")
                }
            }
        }
    }
}
