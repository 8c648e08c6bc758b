import Lockstep

/// Several starts of each dataset.
struct GroupedFits {
    /// The column that names the datasets.
    let column: String
    let grid: GridFits

    var fits: Fits { grid.fits }
    var labels: [String] { grid.axes[0].labels }
    /// Of each dataset.
    var starts: Int { fits.lanes / labels.count }

    /// The lanes of a dataset.
    func lanes(of dataset: Int) -> Range<Int> { (dataset * starts)..<((dataset + 1) * starts) }

    /// How close to the best a start's ELBO is that came as far.
    static let nearness = 0.1

    /// How many starts of the dataset of a lane came as far as it did.
    func near(_ best: Int) -> Int {
        let elbo = fits.elbo
        return lanes(of: best / starts).count { elbo[$0] >= elbo[best] - Self.nearness }
    }
}

/// What there is to say of one dataset.
struct DatasetResult {
    let label: String
    let lanes: Range<Int>
    /// Of its best lane; nil where all were lost.
    let summary: Summary?
    /// How many starts came as far as the best.
    let near: Int
    /// How the best lane ended, or the first of those that were lost.
    let status: FitStatus
    /// Of the best lane; NaN where there is none.
    let elbo: Double
    let elboError: Double
    /// Why the first lane was lost, where all were.
    let reason: String?

    var best: Int? { summary?.lane }
}

extension GroupedFits {
    /// One for each dataset.
    ///
    /// - Throws: when the device that evaluates the posteriors fails.
    func results() throws -> [DatasetResult] {
        let best = grid.best.map { $0?.lane }
        let summaries = try fits.summaries(of: best.compactMap(\.self))
        let byLane = Dictionary(summaries.map { ($0.lane, $0) }, uniquingKeysWith: { first, _ in first })
        let (elbo, error, status, reasons) = (fits.elbo, fits.elboError, fits.status, fits.laneReasons)
        return labels.indices.map { dataset in
            let lanes = lanes(of: dataset)
            let lane = best[dataset] ?? lanes.lowerBound
            return DatasetResult(
                label: labels[dataset], lanes: lanes, summary: best[dataset].flatMap { byLane[$0] }, near: best[dataset].map(near) ?? 0,
                status: status[lane], elbo: best[dataset].map { elbo[$0] } ?? .nan, elboError: best[dataset].map { error[$0] } ?? .nan,
                reason: best[dataset] == nil ? fits.badData[lane]?.description ?? reasons[lane]?.description : nil)
        }
    }
}
