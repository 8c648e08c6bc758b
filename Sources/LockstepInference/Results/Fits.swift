import LockstepModel
import LockstepRuntime
import LockstepTensor

/// The results of a run: one fit per key, in the order of the keys.
public struct Fits: Sendable {
    let algorithm: any LaneAlgorithm
    let guide: PreparedGuide
    let binding: DataBinding
    let outcome: Outcome
    let estimate: ElboEstimate
    let device: ResolvedDevice
    /// Why `Device.auto` came to the interpreter, in one line: there is no OpenCL device, or its driver failed. Nil
    /// otherwise.
    public let fallbackReason: String?
    let options: RunOptions
    let examination = Examination()
    /// One for each lane.
    public let keys: [Key]
    /// The steps that were asked for; a lane that stopped took fewer.
    public let steps: Int
    /// What took how long.
    public let timings: Timings
    /// How lanes and data were laid on the device.
    public let layout: RunLayout
    /// What is wrong with the data of the lanes that `RunOptions.badData` left out.
    public let badData: [Int: DataError]

    init(
        algorithm: any LaneAlgorithm, guide: PreparedGuide, keys: [Key], binding: DataBinding, outcome: Outcome,
        estimate: ElboEstimate, device: DeviceChoice, options: RunOptions, steps: Int, timings: Timings, layout: RunLayout,
        badData: [Int: DataError] = [:]
    ) {
        self.algorithm = algorithm
        self.guide = guide
        self.keys = keys
        self.binding = binding
        self.outcome = outcome
        self.estimate = estimate
        self.device = device.device
        fallbackReason = device.fallbackReason
        self.options = options
        self.steps = steps
        self.timings = timings
        self.layout = layout
        self.badData = badData
    }

    /// How many fits there are.
    public var lanes: Int { keys.count }
    /// The name of the device that ran the fits.
    public var deviceName: String { device.name }
    /// `opencl` or `cpu`.
    public var deviceKind: String { device.kind }

    /// How each lane ended.
    public var status: [FitStatus] { outcome.status }
    /// The ELBO of each lane's guide at its final parameters: the mean over `RunOptions.finalDraws` draws that no step
    /// saw, less those that are not finite. NaN for a lane that was lost, for one without a finite draw, and where no
    /// draws were asked for.
    public var elbo: [Double] { estimate.mean }
    /// The standard error of each lane's `elbo`; NaN for a lane that has fewer than two finite draws.
    public var elboError: [Double] { estimate.error }
    /// The share of each lane's final draws, 0 ... 1, whose log density under model or guide was not finite; NaN for a
    /// lane that was lost, and where no draws were asked for.
    public var nonFiniteDraws: [Double] { estimate.nonFinite }
    /// The mean loss of the last 50 steps of each lane, or of the last window of one that converged; NaN for a lane that
    /// was lost. It is noisy, and leaves out losses that were not finite: lanes are ranked by `elbo`.
    public var loss: [Double] { outcome.finalLoss }
    /// The loss of each lane's first step; NaN for a lane without a valid start.
    public var initialLoss: [Double] { outcome.initialLoss }
    /// The history of a lane's loss: means over `lossInterval` steps, NaN from where a lane stopped.
    public func losses(lane: Int) throws -> [Double] {
        try LockstepError.wrapping {
            try check(lane)
            return outcome.losses.lane(lane)
        }
    }
    /// Steps of each lane that were refused because the loss was not finite.
    public var refusedLosses: [Int] { outcome.refusedLosses }
    /// Steps of each lane that were refused because the loss was finite, but the gradient or its square not.
    public var refusedGradients: [Int] { outcome.refusedGradients }

    /// The lane with the highest ELBO, of those with the fewest final draws that are not finite; without final draws,
    /// the one with the lowest loss. Of equals it is the first. When all lanes were lost it is lane 0.
    public var best: Fit {
        self[LaneRanks(self).best(indices) ?? 0]
    }

    func check(_ lane: Int) throws {
        guard indices.contains(lane) else { throw RunError("there is no lane \(lane); there are \(lanes)") }
    }
}

extension Fits: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { lanes }
    /// The fit of one lane. Of a lane that does not exist, the queries throw.
    public subscript(lane: Int) -> Fit { Fit(fits: self, lane: lane) }
}

// MARK: Posteriors of all lanes

extension Fits {
    /// The parameters of all lanes in their own space, by name: the last finite ones of a lane that diverged, NaN for
    /// a lane without a valid start or with bad data.
    ///
    /// - Throws: when a device fails.
    public func parameters() throws -> [String: LaneValues] {
        try LockstepError.wrapping {
            let lost = indices.filter { !status[$0].hasStarted }
            return try PosteriorQuery(self).parameters(places).mapValues { $0.erasing(lost) }
        }
    }

    /// The mean of a latent or deterministic site in each lane, as `Fit.mean`; NaN in lanes that were lost.
    public func mean(_ site: String) throws -> LaneValues { try moments(site, \.mean) }

    /// The standard deviation of a latent or deterministic site in each lane, as `Fit.sd`; NaN in lanes that were lost.
    public func sd(_ site: String) throws -> LaneValues { try moments(site, \.sd) }

    /// The median of a latent or deterministic site in each lane, element by element; NaN in lanes that were lost.
    public func median(_ site: String) throws -> LaneValues { try quantile(site, 0.5) }

    /// Quantiles of a latent or deterministic site in each lane, as `Fit.quantiles`: arrays for each probability. NaN in
    /// lanes that were lost.
    public func quantiles(_ site: String, _ probabilities: [Double]) throws -> [LaneValues] {
        try LockstepError.wrapping {
            let live = live
            let found = try PosteriorQuery(self).statistics(live, of: site, .quantiles(probabilities))
            return probabilities.indices.map { number in
                LaneValues(found.lanes.map { $0.quantiles[number] }, at: live, of: lanes, shape: found.shape)
            }
        }
    }

    /// Draws from the guides of all lanes, as `Fit.sample`; NaN in lanes that were lost.
    ///
    /// - Returns: for each site an array `[count] + shape` per lane.
    public func sample(_ count: Int, key: Key = Key(0)) throws -> [String: LaneValues] {
        try LockstepError.wrapping {
            let lost = status.indices.filter { status[$0].isLost }
            return try PosteriorQuery(self).sample(places, count, key: key).mapValues { $0.erasing(lost) }
        }
    }

    private func quantile(_ site: String, _ probability: Double) throws -> LaneValues {
        try quantiles(site, [probability])[0]
    }

    private func moments(_ site: String, _ moment: KeyPath<SiteStatistics.Lane, [Double]>) throws -> LaneValues {
        try LockstepError.wrapping {
            let live = live
            let found = try PosteriorQuery(self).statistics(live, of: site, .moments)
            return LaneValues(found.lanes.map { $0[keyPath: moment] }, at: live, of: lanes, shape: found.shape)
        }
    }

    /// The lanes that questions are put to, one for each: bad data are not evaluated, another lane stands in.
    private var places: [Int] {
        let standIn = status.firstIndex { $0 != .badData } ?? 0
        return indices.map { status[$0] == .badData ? standIn : $0 }
    }

    /// Those that were not lost.
    var live: [Int] { status.indices.filter { !status[$0].isLost } }
}
