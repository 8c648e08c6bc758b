import LockstepRuntime
import LockstepTensor

/// How a posterior changes with a setting: the scale of a prior, say. Printed, it is a table.
public struct Sensitivity: Sendable {
    /// One element of a site at one value of the setting.
    public struct Row: Sendable, Hashable {
        /// The name of the site.
        public let site: String
        /// The element's place in the site's array; empty for a scalar.
        public let index: [Int]
        /// Of the setting.
        public let value: Double
        /// Of the posterior there; NaN where all fits were lost.
        public let mean, sd: Double
        /// The mean less that at the reference, in standard deviations of the posterior there.
        public let shift: Double
        /// The standard deviation by that at the reference.
        public let ratio: Double

        /// `tau`, `theta[3]`, `w[0,2]`.
        public var name: String { Summary.Row.name(site, index) }
    }

    /// The name of the setting.
    public let setting: String
    /// The value that others are compared with.
    public let reference: Double
    /// Element by element, in the order of the model; of each for all values of the setting, in their order.
    public let rows: [Row]

    /// The rows of one site; none where there is no such site.
    public subscript(site: String) -> [Row] { rows.filter { $0.site == site } }
}

extension GridFits {
    /// How the best fit changes along a setting.
    ///
    /// - Parameters:
    ///   - setting: one that the model reads. Only settings that change the posterior tell of it.
    ///   - reference: the value that others are compared with; the first one where nil.
    ///   - dataset: the label or number of a dataset; nil where there is only one.
    ///   - settings: values of the other settings; the first one of those that are not named.
    /// - Throws: `LockstepError` for what the grid does not have, and where all fits at the reference were lost.
    public func sensitivity(
        to setting: String, reference: Double? = nil, dataset: (any DatasetReference)? = nil, settings: [String: Double] = [:]
    ) throws -> Sensitivity {
        try LockstepError.wrapping {
            let number = try layout.axis(setting)
            guard let values = axes[number].values else {
                let known = axes.filter { $0.values != nil }.map(\.name)
                throw RunError("'\(setting)' is no setting of the grid; \(Spelling.hint(setting, among: known))")
            }
            guard settings[setting] == nil else { throw RunError("setting '\(setting)' is the one that is changed; name others only") }
            let reference = reference ?? values[0]
            var chosen = try layout.chosen(dataset: dataset, settings: settings.merging([setting: reference]) { own, _ in own }, start: nil)
            guard let place = chosen[number] else { throw RunError("setting '\(setting)' has no value \(reference)") }
            guard chosen[0] != nil || axes[0].count == 1 else {
                throw RunError("the grid has \(axes[0].count) datasets; say which one is asked for, as in dataset: \"\(axes[0].labels[0])\"")
            }
            for (axis, own) in axes.enumerated() where axis != number && own.values != nil && chosen[axis] == nil { chosen[axis] = 0 }
            chosen[number] = nil
            let ranks = LaneRanks(fits)
            let best = layout.groups(by: number, chosen).map { ranks.best($0.lanes) }
            guard best[place] != nil else {
                throw RunError("all fits with setting '\(setting)' = \(GridAxis.text(reference)) were lost; compare with another reference")
            }
            let statistics = try PosteriorQuery(fits).statistics(best.compactMap { $0 }, of: nil, .moments)
            return Sensitivity(setting, reference, values, best, place, statistics)
        }
    }
}

extension LaneAlgorithm {
    /// How the posterior of one dataset changes with each of some settings, the others being at their first value.
    ///
    /// - Parameters:
    ///   - settings: values of scalar data that the model reads, those first that others are compared with.
    ///   - starts: fits with each value, of which the best is looked at.
    ///   - steps: of each fit, at most.
    ///   - data: what else the model reads, all shared.
    ///   - key: the same key gives the same fits.
    ///   - device: what runs the kernels.
    ///   - options: as of `run(keys:steps:data:device:options:)`.
    /// - Returns: one for each setting, in their order.
    /// - Throws: `LockstepError` for data that are not shared, and as `run(starts:datasets:settings:steps:key:device:options:)`;
    ///   `CancellationError`.
    public func sensitivity(
        settings: Settings, starts: Int = 8, steps: Int, data: [String: LaneData] = [:], key: Key = Key(0), device: Device = .auto,
        options: RunOptions = RunOptions()
    ) throws -> [Sensitivity] {
        try LockstepError.wrapping {
            try StudyData.checkShared(data, "sensitivity")
            let names = settings.settings.map(\.name)
            guard !names.isEmpty else { throw RunError("there are no settings to change; give at least one") }
            let fits = try run(
                starts: starts, datasets: Datasets(data), settings: settings, steps: steps, key: key, device: device, options: options)
            return try names.map { try fits.sensitivity(to: $0) }
        }
    }
}

extension Sensitivity {
    fileprivate init(
        _ setting: String, _ reference: Double, _ values: [Double], _ best: [Int?], _ place: Int, _ statistics: [SiteStatistics]
    ) {
        self.setting = setting
        self.reference = reference
        // Rows of statistics are of those that have a fit.
        var places: [Int?] = []
        var next = 0
        for lane in best {
            places.append(lane == nil ? nil : next)
            if lane != nil { next += 1 }
        }
        rows = statistics.flatMap { site in
            (0..<site.shape.elementCount).flatMap { element -> [Row] in
                func moments(_ value: Int) -> (mean: Double, sd: Double) {
                    places[value].map { (site.lanes[$0].mean[element], site.lanes[$0].sd[element]) } ?? (.nan, .nan)
                }
                let own = moments(place)
                return values.indices.map { number in
                    let (mean, sd) = moments(number)
                    return Row(
                        site: site.name, index: ElementPlace.index(element, site.shape), value: values[number], mean: mean, sd: sd,
                        shift: (mean - own.mean) / own.sd, ratio: sd / own.sd)
                }
            }
        }
    }
}

extension Sensitivity: CustomStringConvertible {
    /// A line for each element and value; of long arrays for the ten elements that shift the most.
    public var description: String {
        var table = [["site", setting, "mean", "sd", "shift", "ratio"]]
        var notes = ["Shifts are from \(setting) = \(GridAxis.text(reference)), in standard deviations there."]
        for site in rows.map(\.site).reduce(into: [String](), { if $0.last != $1 { $0.append($1) } }) {
            let elements = self[site].reduce(into: [[Row]]()) { elements, row in
                if elements.last?.first?.index == row.index { elements[elements.count - 1].append(row) } else { elements.append([row]) }
            }
            func largest(_ rows: [Row]) -> Double { rows.map { $0.shift.isNaN ? 0 : abs($0.shift) }.max() ?? 0 }
            let isCut = elements.count > Summary.shownElements + 2
            let shown = isCut ? Array(elements.sorted { largest($0) > largest($1) }.prefix(Summary.shownElements)) : elements
            table += shown.joined().map { row in
                [row.name, GridAxis.text(row.value)] + [row.mean, row.sd, row.shift, row.ratio].map(Summary.number)
            }
            if isCut { notes.append("\(site) has \(elements.count) elements; the \(shown.count) that shift the most are shown.") }
        }
        return (table.aligned(words: 1) + notes).joined(separator: "\n") + "\n"
    }
}
