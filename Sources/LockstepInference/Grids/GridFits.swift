import LockstepTensor

/// The results of a grid of fits, by dataset, settings and start.
public struct GridFits: Sendable {
    /// All fits, one for each lane.
    public let fits: Fits
    let layout: GridLayout

    init(_ fits: Fits, _ layout: GridLayout) {
        self.fits = fits
        self.layout = layout
    }

    /// The axes of the grid, that of the slowest lanes first: `dataset`, the settings in their order, and `start`.
    public var axes: [GridAxis] { layout.axes }

    // MARK: Lanes

    /// The lanes of some fits, in order.
    ///
    /// - Parameters:
    ///   - dataset: the label or number of a dataset; nil for all.
    ///   - settings: values of some settings; all values of others.
    ///   - start: the number of a start; nil for all.
    /// - Throws: `LockstepError` for what the grid does not have.
    public func lanes(dataset: (any DatasetReference)? = nil, settings: [String: Double] = [:], start: Int? = nil) throws -> [Int] {
        try LockstepError.wrapping { layout.lanes(try layout.chosen(dataset: dataset, settings: settings, start: start)) }
    }

    /// One fit.
    ///
    /// - Parameters:
    ///   - dataset: the label or number of a dataset; nil where there is only one.
    ///   - settings: a value of each setting that has several.
    ///   - start: the number of a start; nil where there is only one.
    /// - Throws: `LockstepError` for what the grid does not have, and where several fits are meant.
    public func fit(dataset: (any DatasetReference)? = nil, settings: [String: Double] = [:], start: Int? = nil) throws -> Fit {
        try LockstepError.wrapping {
            fits[try layout.lane(layout.chosen(dataset: dataset, settings: settings, start: start))]
        }
    }

    /// One fit, as `fit(dataset:settings:start:)`.
    ///
    /// - Parameters:
    ///   - dataset: the label or number of a dataset.
    ///   - settings: a value of each setting that has several.
    ///   - start: the number of a start.
    public subscript(dataset dataset: any DatasetReference, settings settings: [String: Double] = [:], start start: Int) -> Fit {
        get throws { try fit(dataset: dataset, settings: settings, start: start) }
    }

    // MARK: The best

    /// The best fit of a dataset, by the rule of `Fits.best`.
    ///
    /// Settings that change what the model says make ELBOs of other models of it, which differ as evidence does.
    ///
    /// - Parameters:
    ///   - dataset: its label or number; nil where there is only one.
    ///   - settings: values of some settings, to which the choice is confined.
    /// - Throws: `LockstepError` for what the grid does not have, and where all fits were lost.
    public func best(of dataset: (any DatasetReference)? = nil, settings: [String: Double] = [:]) throws -> Fit {
        try LockstepError.wrapping {
            let lanes = layout.lanes(try chosen(dataset, settings))
            guard let best = LaneRanks(fits).best(lanes) else {
                let first = lanes[0]
                let why = fits.badData[first].map { ": \($0)" } ?? ""
                let label = axes[0].labels[first / layout.stride(of: 0)]
                throw RunError("all \(lanes.count) fits of dataset '\(label)' were lost; the first has the status '\(fits.status[first])'\(why)")
            }
            return fits[best]
        }
    }

    /// The best fit of each dataset, by the rule of `Fits.best`; nil where all were lost.
    public var best: [Fit?] {
        let ranks = LaneRanks(fits)
        return laneRanges.map { ranks.best($0).map { fits[$0] } }
    }

    /// Places along all axes: one dataset, and some settings.
    private func chosen(_ dataset: (any DatasetReference)?, _ settings: [String: Double]) throws -> [Int?] {
        let chosen = try layout.chosen(dataset: dataset, settings: settings, start: nil)
        guard dataset != nil || axes[0].count == 1 else {
            throw RunError("the grid has \(axes[0].count) datasets; say which one is asked for, as in of: \"\(axes[0].labels[0])\"")
        }
        return chosen
    }

    /// The lanes of each dataset.
    private var laneRanges: [Range<Int>] {
        let size = layout.stride(of: 0)
        return axes[0].labels.indices.map { ($0 * size)..<(($0 + 1) * size) }
    }

    // MARK: Questions

    /// How the fits ended, by what stands along an axis.
    ///
    /// - Parameter axis: `dataset`, the name of a setting, or `start`.
    /// - Throws: `LockstepError` where there is no such axis.
    public func statusCounts(by axis: String = "dataset") throws -> [StatusCounts] {
        try LockstepError.wrapping {
            let status = fits.status
            return layout.groups(by: try layout.axis(axis), axes.map { _ in nil }).map { label, lanes in
                StatusCounts(label, lanes.map { status[$0] })
            }
        }
    }

    /// Which fits of one dataset found the same optimum: see `Fits.modes(of:sites:exchangeable:tolerance:)`.
    ///
    /// - Parameters:
    ///   - dataset: its label or number; nil where there is only one.
    ///   - settings: values of some settings. Of those that the model reads one must be named, as modes are those of one posterior.
    ///   - sites: the sites that are compared; nil for all latents and params.
    ///   - exchangeable: groups of sites whose components may change places together.
    ///   - tolerance: how far apart fits of one mode may be.
    /// - Throws: `LockstepError` for what the grid does not have, and as `Fits.modes(of:sites:exchangeable:tolerance:)`.
    public func modes(
        of dataset: (any DatasetReference)? = nil, settings: [String: Double] = [:], sites: [String]? = nil,
        exchangeable: [ExchangeableSites] = [], tolerance: ModeTolerance = ModeTolerance()
    ) throws -> Modes {
        try LockstepError.wrapping {
            try fits.modes(of: layout.lanes(try chosen(dataset, settings)), sites: sites, exchangeable: exchangeable, tolerance: tolerance)
        }
    }

    /// Whether the best fit of each dataset can be trusted: see `Fits.trust`. A dataset all of whose fits were lost has the verdict `failed`.
    ///
    /// - Parameter draws: how many of each fit, 100 to 262144.
    /// - Returns: one for each dataset.
    /// - Throws: `LockstepError`.
    public func trust(draws: Int = 1000) throws -> [Trust] {
        try LockstepError.wrapping {
            try fits.trust(of: bestLanes, draws: draws)
        }
    }

    /// The lane of each dataset's best fit; one that was lost where all were.
    var bestLanes: [Int] {
        let ranks = LaneRanks(fits)
        return laneRanges.map { ranks.best($0) ?? $0.lowerBound }
    }
}
