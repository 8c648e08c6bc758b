import LockstepModel
import LockstepRuntime
import LockstepTensor

/// How results would vary with other rows of the same kind: fits of rows drawn with replacement (Efron 1979, "Bootstrap methods: another look
/// at the jackknife"). What varies is the posterior mean of each fit.
public struct Bootstrap: Sendable {
    /// One element of a site.
    public struct Row: Sendable, Hashable {
        /// The name of the site.
        public let site: String
        /// The element's place in the site's array; empty for a scalar.
        public let index: [Int]
        /// The posterior mean of the fit of the rows as they are.
        public let estimate: Double
        /// The standard deviation of the posterior means of all replicates.
        public let error: Double
        /// The posterior mean of each replicate that has a fit.
        public let replicates: [Double]

        /// `tau`, `theta[3]`, `w[0,2]`.
        public var name: String { Summary.Row.name(site, index) }

        /// The central interval of the replicates' means.
        ///
        /// - Parameter share: of the replicates that lie in it, 0 ... 1.
        public func interval(_ share: Double = 0.95) -> (low: Double, high: Double) {
            let sorted = replicates.sorted()
            let outside = (1 - min(max(share, 0), 1)) / 2
            return (sorted.quantile(outside), sorted.quantile(1 - outside))
        }
    }

    /// Of all latent and deterministic sites, in the order of the model.
    public let rows: [Row]
    /// Of the rows as they are, the dataset `data`, and of the replicates, the datasets `0`, `1` and so on.
    public let fits: GridFits
    /// Replicates all of whose fits were lost.
    public let lost: [Int]

    /// The rows of one site; none where there is no such site.
    public subscript(site: String) -> [Row] { rows.filter { $0.site == site } }
}

extension LaneAlgorithm {
    /// The bootstrap: fits of as many rows as there are, drawn from them with replacement, all replicates in one run. Rows are not copied: each
    /// counts as often as it was drawn.
    ///
    /// - Parameters:
    ///   - replicates: how many samples are drawn, at least 2.
    ///   - plate: the plate whose copies are the rows; nil where all that is observed has one axis, of one length.
    ///   - starts: fits of each sample, of which the best is looked at.
    ///   - steps: of each fit, at most.
    ///   - data: what the model reads, all shared.
    ///   - key: the same key gives the same samples and fits.
    ///   - device: what runs the kernels.
    ///   - options: as of `run(keys:steps:data:device:options:)`.
    /// - Throws: `LockstepError` where rows are not to be told, for data that are not shared, and as `run(keys:steps:data:device:options:)`;
    ///   `CancellationError`.
    public func bootstrap(
        replicates: Int = 1000, plate: String? = nil, starts: Int = 1, steps: Int, data: [String: LaneData] = [:], key: Key = Key(0),
        device: Device = .auto, options: RunOptions = RunOptions()
    ) throws -> Bootstrap {
        try LockstepError.wrapping {
            guard (2...Key.mostChildren).contains(replicates) else {
                throw RunError("cannot bootstrap with \(replicates) replicates; give 2 to \(Key.mostChildren)")
            }
            try StudyData.checkShared(data, "a bootstrap")
            let rows = try StudyRows(model, data.shapes(lanes: nil), plate: plate)
            let keys = key.mixed(with: Key(0x626F_6F74)).split(replicates)
            var all = data
            all[StudyData.counts] = .perLane(
                numbers: .float(Array(repeating: 1, count: rows.count) + keys.flatMap { Self.counts(rows.count, $0) }),
                lengths: Array(repeating: rows.count, count: replicates + 1))
            let fits = try Restated(self, model.weighted(rows: .data(StudyData.counts, plate: plate))).run(
                starts: starts, datasets: Datasets(all, labels: ["data"] + (0..<replicates).map(String.init)), steps: steps, key: key,
                device: device, options: options)
            return try Bootstrap(fits)
        }
    }

    /// How often each row is drawn.
    private static func counts(_ rows: Int, _ key: Key) -> [Float] {
        var counts = Array(repeating: Float(0), count: rows)
        for draw in 0..<rows { counts[key.number(draw, below: rows)] += 1 }
        return counts
    }
}

extension Bootstrap {
    fileprivate init(_ fits: GridFits) throws {
        let best = fits.best.map { $0?.lane }
        let live = best.indices.dropFirst().filter { best[$0] != nil }
        let lanes = (best[0].map { [$0] } ?? []) + live.compactMap { best[$0] }
        let first = best[0] == nil ? 0 : 1
        let statistics = try PosteriorQuery(fits.fits).statistics(lanes, of: nil, .moments)
        rows = statistics.flatMap { site in
            (0..<site.shape.elementCount).map { element in
                let means = site.lanes.map { $0.mean[element] }
                let replicates = Array(means.dropFirst(first))
                let mean = replicates.reduce(0, +) / Double(replicates.count)
                let squares = replicates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
                return Row(
                    site: site.name, index: ElementPlace.index(element, site.shape), estimate: first == 1 ? means[0] : .nan,
                    error: (squares / Double(replicates.count - 1)).squareRoot(), replicates: replicates)
            }
        }
        self.fits = fits
        lost = best.indices.dropFirst().filter { best[$0] == nil }.map { $0 - 1 }
    }
}

extension Bootstrap: CustomStringConvertible {
    /// A line for each element; of long arrays for the first ten, with a note.
    public var description: String {
        var table = [["site", "estimate", "error", "2.5%", "97.5%"]]
        var notes: [String] = []
        for site in rows.map(\.site).reduce(into: [String](), { if $0.last != $1 { $0.append($1) } }) {
            let own = self[site]
            let shown = own.count <= Summary.shownElements + 2 ? own.count : Summary.shownElements
            table += own.prefix(shown).map { row in
                let interval = row.interval()
                return [row.name] + [row.estimate, row.error, interval.low, interval.high].map(Summary.number)
            }
            if shown < own.count { notes.append("\(site) has \(own.count) elements; the first \(shown) are shown.") }
        }
        if !lost.isEmpty { notes.append("\(lost.count) replicates have no fit.") }
        return (table.aligned(words: 1) + notes).joined(separator: "\n") + "\n"
    }
}
