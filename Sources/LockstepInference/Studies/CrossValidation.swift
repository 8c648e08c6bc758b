import Foundation
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// How well a model predicts rows that it was not fitted to: the expected log pointwise predictive density (Vehtari, Gelman and Gabry 2017,
/// "Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC", section 2.3). Printed, it is a table.
public struct CrossValidation: Sendable {
    /// Rows that were left out together.
    public struct Fold: Sendable, Hashable {
        /// The number of the fold, or the value of the index.
        public let label: String
        /// The rows that were left out, ascending.
        public let rows: [Int]
        /// The sum of their log predictive densities, under the best fit of all other rows; NaN where all fits were lost.
        public let elpd: Double
        /// Its standard error: of rows that vary as these do; NaN for one row.
        public let elpdError: Double
        /// Of the best fit; nil where all were lost.
        public let lane: Int?
    }

    /// In the order of their labels.
    public let folds: [Fold]
    /// The log predictive density of each row, under a fit that did not see it.
    public let pointwise: [Double]
    /// Of the folds, which are its datasets.
    public let fits: GridFits

    /// The sum over all rows; NaN where a fold has no fit.
    public var elpd: Double { pointwise.reduce(0, +) }
    /// The standard error of `elpd`: of rows that vary as these do.
    public var elpdError: Double { Self.error(pointwise) }

    /// By how much this predicts better than another, row by row, with its standard error.
    ///
    /// - Parameter other: of the same rows, as of another model.
    /// - Throws: `LockstepError` for another number of rows.
    public func difference(from other: CrossValidation) throws -> (elpd: Double, error: Double) {
        try LockstepError.wrapping {
            guard other.pointwise.count == pointwise.count else {
                throw RunError("one has \(pointwise.count) rows and the other \(other.pointwise.count); compare predictions of the same rows")
            }
            let differences = zip(pointwise, other.pointwise).map { $0 - $1 }
            return (differences.reduce(0, +), Self.error(differences))
        }
    }

    static func error(_ values: [Double]) -> Double {
        let count = Double(values.count)
        guard values.count > 1 else { return .nan }
        let mean = values.reduce(0, +) / count
        return (count * values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)).squareRoot()
    }
}

extension LaneAlgorithm {
    /// Cross-validation: fits all rows but those of a fold, for each fold, and predicts those that were left out. All in one run, a lane for
    /// each fold and start; data are kept once, as a lane leaves out rows by comparing their folds with its own.
    ///
    /// A row is an element of one axis of what the model observes, with all that is observed along other axes. A latent of a group that is
    /// left out stays in the model, and has its prior.
    ///
    /// - Parameters:
    ///   - folds: which rows are left out together.
    ///   - plate: the plate whose copies are the rows; nil where all that is observed has one axis, of one length.
    ///   - starts: fits of each fold, of which the best is looked at.
    ///   - steps: of each fit, at most.
    ///   - data: what the model reads, all shared.
    ///   - draws: behind each predictive density.
    ///   - key: the same key gives the same folds and fits.
    ///   - device: what runs the kernels.
    ///   - options: as of `run(keys:steps:data:device:options:)`.
    /// - Throws: `LockstepError` where rows or folds are not to be told, for data that are not shared, for factors among the rows, which have no
    ///   predictive density, and as `run(keys:steps:data:device:options:)`; `CancellationError`.
    public func crossValidate(
        _ folds: Folds = .random(10), plate: String? = nil, starts: Int = 8, steps: Int, data: [String: LaneData] = [:], draws: Int = 1024,
        key: Key = Key(0), device: Device = .auto, options: RunOptions = RunOptions()
    ) throws -> CrossValidation {
        try LockstepError.wrapping {
            try StudyData.checkShared(data, "cross-validation")
            let rows = try StudyRows(model, data.shapes(lanes: nil), plate: plate)
            if let factor = rows.factors.first {
                throw ModelError(
                    site: factor, "it is a factor, which has no predictive density; observe the data with a distribution, or name another plate")
            }
            let assigned = try folds.assigned(rows.count, data, key: key.mixed(with: Key(0x666F_6C64)))
            var all = data
            all[StudyData.fold] = .shared(assigned.folds)
            all[StudyData.leftOut] = .perLane(assigned.labels.indices.map(Double.init))
            let others = model.weighted(rows: .except(StudyData.leftOut, of: StudyData.fold, plate: plate))
            let fits = try Restated(self, others).run(
                starts: starts, datasets: Datasets(all, labels: assigned.labels), steps: steps, key: key, device: device, options: options)
            let own = model.weighted(rows: .only(StudyData.leftOut, of: StudyData.fold, plate: plate))
            return try CrossValidation(fits, rows, assigned, PredictiveDensity(fits.fits, draws: draws, of: own), key: key)
        }
    }
}

extension CrossValidation {
    fileprivate init(_ fits: GridFits, _ rows: StudyRows, _ assigned: Folds.Assigned, _ density: PredictiveDensity, key: Key) throws {
        let lanes = fits.best.map { $0?.lane }
        let densities = try density.evaluated(lanes.compactMap { $0 }, key: key)
        let axes = Dictionary(uniqueKeysWithValues: rows.sites)
        var pointwise = Array(repeating: Double.nan, count: rows.count)
        var folds: [Fold] = []
        var live = 0
        for (number, lane) in lanes.enumerated() {
            let own = assigned.folds.indices.filter { assigned.folds[$0] == number }
            if lane != nil {
                for row in own { pointwise[row] = 0 }
                for site in density.sites {
                    guard let axis = axes[site.name], let values = densities[site.name]?[live] else { continue }
                    let sums = StudyRows.sums(values, site.shape, axis: axis)
                    for row in own { pointwise[row] += sums[row] }
                }
                live += 1
            }
            let values = own.map { pointwise[$0] }
            folds.append(
                Fold(
                    label: assigned.labels[number], rows: own, elpd: values.reduce(0, +), elpdError: CrossValidation.error(values), lane: lane))
        }
        (self.folds, self.pointwise, self.fits) = (folds, pointwise, fits)
    }
}

extension CrossValidation: CustomStringConvertible {
    /// A line for each fold, of many for the ten that are predicted worst, and one for all.
    public var description: String {
        let isCut = folds.count > Summary.shownElements + 2
        let shown =
            isCut ? folds.sorted { $0.elpd / Double($0.rows.count) < $1.elpd / Double($1.rows.count) }.prefix(Summary.shownElements) : folds[...]
        func line(_ name: String, _ rows: Int, _ elpd: Double, _ error: Double) -> [String] {
            [name, "\(rows)"] + [elpd, error, elpd / Double(max(rows, 1))].map { String(format: "%.2f", $0) }
        }
        let table =
            [["left out", "rows", "elpd", "error", "of a row"]] + shown.map { line($0.label, $0.rows.count, $0.elpd, $0.elpdError) }
            + [line("all", pointwise.count, elpd, elpdError)]
        let note = isCut ? ["There are \(folds.count) folds; the \(shown.count) that are predicted worst are shown."] : []
        return (table.aligned(words: 1) + note).joined(separator: "\n") + "\n"
    }
}
