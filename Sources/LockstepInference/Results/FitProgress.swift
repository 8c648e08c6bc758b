/// Whether a fit was done when its steps were: what its loss did at the end, latents and parameters that ended at the
/// edge of their range, and how many of its last steps were refused.
public struct FitProgress: Hashable, Sendable, CustomStringConvertible {
    /// What the loss did at the end.
    public enum Trend: String, Hashable, Sendable {
        /// The loss still falls, beyond its noise; in a run with a schedule of rates it would fall on, for parameters were still
        /// on their way when the rate ran out.
        case falling
        /// The loss neither falls nor rises beyond its noise.
        case level
        /// The loss rises, beyond its noise.
        case rising
        /// The history has fewer than ten windows of `RunOptions.lossInterval` steps.
        case unknown = "too few steps to tell"
    }

    /// A latent or parameter that went as far as numbers go.
    public struct Edge: Hashable, Sendable {
        /// In which way it ended there.
        public enum Kind: String, Hashable, Sendable {
            /// Within a millionth of the ends of an interval, below 1e-30 or above 1e30 where it must be positive, all on
            /// one component of a simplex, or two equal neighbours in an ordered vector.
            case bound = "at the edge of its range"
            /// The guide's standard deviation is too small to change the location that it is added to.
            case collapsed = "collapsed to a point"
        }

        /// The name of the latent, or of the parameter.
        public let site: String
        /// In which way it ended there.
        public let kind: Kind
        /// The first such element, and how many there are.
        public let element: [Int]
        /// How many elements ended so.
        public let count: Int
        /// There: of the site's median, of the parameter, or the standard deviation.
        public let value: Double
    }

    /// At the end of the loss's history, by Student's t of its slope at the 0.05 % point: of fits whose loss is level about one in
    /// 2,000 is called falling, and one in 2,000 rising. Where the rate follows a schedule losses fall with it, and
    /// `falling` goes by the parameters: whether one of them moved on in one direction from the second fifth of the run, when the
    /// rate was large, to its end, while the loss came down by a nat or more. A fit that stopped by `Convergence.automatic` is level.
    public let trend: Trend
    /// How far the loss fell over the part of the history that was tested, and the standard error of that; nil where the
    /// trend is unknown.
    public let fall: Double?
    /// The standard error of `fall`.
    public let fallError: Double?
    /// Empty where there are none; nil where they could not be evaluated.
    public let edges: [Edge]?
    /// The share of the last tenth of the steps that was refused; nil for a fit that had stopped before.
    public let refusedShare: Double?

    /// Steps may be refused now and then; beyond this share of the last tenth they are worth a word.
    public static let notableShare = 0.05

    /// Whether nothing of all this speaks against the fit.
    public var isDone: Bool { trend == .level && (edges ?? []).isEmpty && (refusedShare ?? 0) <= Self.notableShare }

    public var description: String {
        var findings: [String] = []
        switch trend {
        case .falling: findings.append("the loss is still falling: run more steps, or raise the learning rate")
        case .rising: findings.append("the loss is rising: lower the learning rate")
        case .unknown: findings.append("too few steps to tell whether the loss is level: run more, or lower lossInterval")
        case .level: break
        }
        for edge in edges ?? [] { findings.append("\(edge.site)\(ElementPlace.text(edge.element)) is \(edge.kind.rawValue)") }
        if let refusedShare, refusedShare > Self.notableShare {
            findings.append("\(Int((100 * refusedShare).rounded())) % of the last steps were refused")
        }
        return findings.isEmpty ? "the loss is level" : findings.joined(separator: "; ")
    }
}

extension Fits {
    /// Whether each lane's fit was done; nil for lanes that were lost. Latents are evaluated when it is first asked for.
    public var progress: [FitProgress?] {
        let edges = examination.edges(of: self)
        return status.indices.map { progress(lane: $0, edges: edges) }
    }

    /// - Parameter edges: nil where they are not asked for.
    func progress(lane: Int, edges: [Int: [FitProgress.Edge]]?) -> FitProgress? {
        if status[lane].isLost { return nil }
        let windows = wholeWindows(lane)
        let trend = LossTrend(windows, rounding: options.precision == .float ? Double(Float.ulpOfOne) : Double.ulpOfOne)
        return FitProgress(
            trend: self.trend(lane, trend, windows), fall: trend.fall, fallError: trend.standardError, edges: edges.map { $0[lane] ?? [] },
            refusedShare: status[lane] == .finished ? Double(outcome.refusedLate[lane]) / Double(lateSteps) : nil)
    }

    /// Where a schedule has a hand in how the loss falls, parameters tell whether it would fall on.
    private func trend(_ lane: Int, _ loss: LossTrend, _ windows: [Double]) -> FitProgress.Trend {
        // A rate that decayed once the lane was there: the loss fell with it.
        if options.convergence?.stationarity != nil, case .converged = status[lane] { return .level }
        let pace = outcome.driftPace[lane]
        guard status[lane] == .finished, !pace.isNaN, loss.trend == .falling || loss.trend == .level else { return loss.trend }
        return pace > 0 && ParameterDrift.isNotable(windows) ? .falling : .level
    }

    /// The history up to where the lane stopped, without a window that it did not fill.
    private func wholeWindows(_ lane: Int) -> [Double] {
        let done = status[lane].lastStep ?? steps
        return Array(outcome.losses.lane(lane).prefix(done / options.lossInterval))
    }

    /// Steps of the last tenth.
    private var lateSteps: Int { steps - PreparedRun.lastTenth(of: steps) }
}

extension Fit {
    /// Whether the fit was done; nil where it was lost.
    public var progress: FitProgress? {
        guard fits.status.indices.contains(lane) else { return nil }
        return fits.progress(lane: lane, edges: fits.examination.edges(of: fits))
    }
}
