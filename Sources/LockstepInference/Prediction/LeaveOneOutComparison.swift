import Foundation

extension LeaveOneOut {
    /// Which of several models predicts the same observations best, by the sums of their `elpd`.
    ///
    /// Weights of a mixture of models follow from the pointwise values: see `StackingWeights`.
    ///
    /// - Parameters:
    ///   - models: by a name for each; of the same observations under the same names of sites.
    ///   - lane: which fit of each, or which dataset of a grid.
    /// - Returns: a table, the best first.
    /// - Throws: `LockstepError` where there is no model or no such lane, a lane was lost, and for models of different observations.
    public static func compare(_ models: [String: LeaveOneOut], lane: Int = 0) throws -> LeaveOneOutComparison {
        try LockstepError.wrapping {
            let names = models.keys.sorted()
            guard let first = names.first else { throw RunError("there are no models to compare") }
            var terms: [String: [(place: Int, elpd: Double)]] = [:]
            for name in names {
                guard let model = models[name], let reference = models[first] else { continue }
                guard model.elpd.indices.contains(lane) else { throw RunError("'\(name)' has no lane \(lane); it has \(model.lanes)") }
                guard model.observations[lane] > 0 else {
                    throw RunError("lane \(lane) of '\(name)' has nothing to compare: it was lost, or none of its observations count")
                }
                terms[name] = model.terms(lane)
                let isAlike = model.layout == reference.layout && model.terms(lane).map(\.place) == reference.terms(lane).map(\.place)
                guard isAlike else {
                    throw RunError(
                        "'\(first)' and '\(name)' are not models of the same observations: \(reference.text(lane)), and \(model.text(lane)); "
                            + "compare models that observe the same data under the same names of sites")
                }
            }
            return LeaveOneOutComparison(
                names.compactMap { name in models[name].map { (name, $0, terms[name]?.map(\.elpd) ?? []) } }, lane: lane)
        }
    }

    /// What observations are made of.
    private var layout: [String] { sites.sorted().map { "'\($0)' \(pointwise[$0]?.shape ?? [])" } }

    private func text(_ lane: Int) -> String { "\(observations[lane]) observations of \(layout.joined(separator: ", "))" }
}

/// Models by how well they predict what they have not seen; printed, it is a table.
public struct LeaveOneOutComparison: Sendable {
    /// One model.
    public struct Row: Sendable, Hashable {
        /// As it was given.
        public let name: String
        /// The sum of log p(y_i | y without i), and its standard error.
        public let elpd, standardError: Double
        /// p_loo.
        public let effectiveParameters: Double
        /// How much lower `elpd` is than that of the best: not negative.
        public let difference: Double
        /// The standard error of `difference`, by the differences of each observation: 0 of the best. A difference below 4 is small, and of
        /// one that is less than a few of its errors there is no telling.
        public let differenceError: Double
        /// Observations that are not to be trusted.
        public let untrustedCount: Int
    }

    /// The best first.
    public let rows: [Row]

    fileprivate init(_ models: [(name: String, value: LeaveOneOut, terms: [Double])], lane: Int) {
        // What is no number comes last; of equals the first by name is first.
        func rank(_ value: Double) -> Double { value.isNaN ? .infinity : -value }
        let order = models.sorted { (rank($0.value.elpd[lane]), $0.name) < (rank($1.value.elpd[lane]), $1.name) }
        let best = order.first?.terms ?? []
        rows = order.enumerated().map { number, model in
            let difference = CriterionSum(zip(best, model.terms).map { $0 - $1 })
            return Row(
                name: model.name, elpd: model.value.elpd[lane], standardError: model.value.standardError[lane],
                effectiveParameters: model.value.effectiveParameters[lane], difference: number == 0 ? 0 : difference.total,
                differenceError: number == 0 ? 0 : difference.error, untrustedCount: model.value.untrustedCounts[lane])
        }
    }
}

extension LeaveOneOutComparison: CustomStringConvertible {
    /// A line for each model.
    public var description: String {
        let header = ["model", "elpd", "error", "p_loo", "difference", "its error", "untrusted"]
        let lines = rows.map { row in
            [row.name] + [row.elpd, row.standardError, row.effectiveParameters, row.difference, row.differenceError].map(LeaveOneOut.text)
                + ["\(row.untrustedCount)"]
        }
        return ([header] + lines).aligned(words: 1).joined(separator: "\n") + "\n"
    }
}
