import LockstepTensor

/// The best fits of a grid, by dataset or another axis: how each came about, and moments and quantiles of all latent and deterministic
/// sites, a row for each element. Printed, it is two tables; `csv` is one for other programs.
public struct GridSummary: Sendable {
    /// The best fit of those that have a label.
    public struct Group: Sendable, Hashable {
        /// Of the dataset, say.
        public let label: String
        /// Of the best fit; nil where all were lost.
        public let lane: Int?
        /// Of the best fit, or of the first where all were lost.
        public let status: FitStatus
        /// Of the best fit; NaN where there is none.
        public let elbo, elboError: Double
        /// How many starts there are of the dataset and the settings of the best fit.
        public let starts: Int
        /// The share of these starts that agree with the best, 0 ... 1: their ELBO is at most 0.1 nats lower, beyond what three standard
        /// errors of the difference allow. NaN where there is no best fit, or where the run had no final draws.
        public let agreeing: Double
    }

    /// One element of a site in one fit.
    public struct Row: Sendable, Hashable {
        /// Of the dataset, say.
        public let label: String
        /// The name of the site.
        public let site: String
        /// The element's place in the site's array; empty for a scalar.
        public let index: [Int]
        /// The element's mean and standard deviation; NaN where all fits were lost.
        public let mean, sd: Double
        /// The 5 %, 50 % and 95 % quantiles; NaN where all fits were lost.
        public let q05, median, q95: Double

        /// `tau`, `theta[3]`, `w[0,2]`.
        public var name: String { Summary.Row.name(site, index) }
    }

    /// The axis by which fits are told apart.
    public let axis: String
    /// One for each label, in their order.
    public let groups: [Group]
    /// Those of the first label, in the order of the model, then those of the next.
    public let rows: [Row]
    /// Rows of each label.
    let rowsPerLabel: Int

    /// The rows of one label; none where there is no such label.
    public subscript(label: String) -> ArraySlice<Row> {
        guard let place = groups.firstIndex(where: { $0.label == label }) else { return rows[0..<0] }
        return rows[(place * rowsPerLabel)..<((place + 1) * rowsPerLabel)]
    }

    static let agreement = 0.1
    static let agreementErrors = 3.0
}

extension GridFits {
    /// Moments and quantiles of the best fit of each dataset, or of each value of a setting: `print` shows tables.
    ///
    /// - Parameters:
    ///   - axis: `dataset`, the name of a setting, or `start`. The best is that of all others that are asked for.
    ///   - dataset: the label or number of a dataset, which is needed where fits are not told apart by it: ELBOs of different data cannot be
    ///     compared.
    ///   - settings: values of some settings, to which the choice is confined.
    /// - Throws: `LockstepError` for what the grid does not have.
    public func summary(
        by axis: String = "dataset", dataset: (any DatasetReference)? = nil, settings: [String: Double] = [:]
    ) throws -> GridSummary {
        try LockstepError.wrapping {
            let number = try layout.axis(axis)
            let chosen = try layout.chosen(dataset: dataset, settings: settings, start: nil)
            guard number == 0 || chosen[0] != nil || axes[0].count == 1 else {
                throw RunError(
                    "the best fit by '\(axis)' would be one of any dataset, and ELBOs of different data cannot be compared; "
                        + "name one of the \(axes[0].count), as in summary(by: \"\(axis)\", dataset: \"\(axes[0].labels[0])\")")
            }
            let ranks = LaneRanks(fits)
            let groups = layout.groups(by: number, chosen).map { (label: $0.label, lanes: $0.lanes, best: ranks.best($0.lanes)) }
            let best = groups.compactMap(\.best)
            let statistics = try PosteriorQuery(fits).statistics(best, of: nil, .all(Summary.probabilities))
            var next = 0
            let rows = groups.flatMap { group -> [GridSummary.Row] in
                var row: Int?
                if group.best != nil {
                    row = next
                    next += 1
                }
                return GridSummary.rows(group.label, statistics, row)
            }
            return GridSummary(
                axis: axis, groups: described(groups), rows: rows,
                rowsPerLabel: statistics.reduce(0) { $0 + $1.shape.elementCount })
        }
    }

    private func described(_ groups: [(label: String, lanes: [Int], best: Int?)]) -> [GridSummary.Group] {
        let (status, elbo, error) = (fits.status, fits.elbo, fits.elboError)
        /// Without an error there is nothing to allow.
        func variance(_ lane: Int) -> Double { error[lane].isNaN ? 0 : error[lane] * error[lane] }
        return groups.map { label, lanes, best in
            guard let best else {
                return GridSummary.Group(
                    label: label, lane: nil, status: status[lanes[0]], elbo: .nan, elboError: .nan, starts: min(lanes.count, layout.starts),
                    agreeing: .nan)
            }
            let starts = lanes.filter { $0 / layout.starts == best / layout.starts }
            let agreeing = starts.filter { lane in
                let allowed = GridSummary.agreement + GridSummary.agreementErrors * (variance(lane) + variance(best)).squareRoot()
                return !status[lane].isLost && elbo[lane] >= elbo[best] - allowed
            }
            return GridSummary.Group(
                label: label, lane: best, status: status[best], elbo: elbo[best], elboError: error[best], starts: starts.count,
                agreeing: elbo[best].isNaN ? .nan : Double(agreeing.count) / Double(starts.count))
        }
    }
}

extension GridSummary {
    /// - Parameter row: of the fit among the lanes of the statistics; nil where there is none.
    fileprivate static func rows(_ label: String, _ statistics: [SiteStatistics], _ row: Int?) -> [Row] {
        statistics.flatMap { site in
            let lane = row.map { site.lanes[$0] }
            return (0..<site.shape.elementCount).map { element in
                func quantile(_ number: Int) -> Double { lane?.quantiles[number][element] ?? .nan }
                return Row(
                    label: label, site: site.name, index: ElementPlace.index(element, site.shape), mean: lane?.mean[element] ?? .nan,
                    sd: lane?.sd[element] ?? .nan, q05: quantile(0), median: quantile(1), q95: quantile(2))
            }
        }
    }
}
