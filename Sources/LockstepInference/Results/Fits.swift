import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Seconds that the parts of a run took.
public struct Timings: Sendable, Hashable {
    /// From closures to expressions.
    public let trace: Double
    /// From expressions to something that the device runs.
    public let compile: Double
    /// All steps of all lanes, transfers included.
    public let run: Double
    /// From the call to the end of the first launch of the step program, which is a trial of the starts.
    public let firstLaunch: Double
    /// Processor seconds that `run` took, of all threads of the process: what it costs on a machine that others share.
    public let runProcessor: Double
    /// Of `compile`.
    public let compileProcessor: Double
    /// Of `firstLaunch`.
    public let firstLaunchProcessor: Double
}

/// How a run was laid on its device.
public struct RunLayout: Sendable, Hashable {
    /// What `automatic` came to; nil on the interpreter.
    public let schedule: Schedule?
    /// Lanes that one work-item carries.
    public let laneWidth: Int
    /// Device memory that one lane takes.
    public let bytesPerLane: Int
}

/// The results of a run: one fit per key, in the order of the keys.
public struct Fits: Sendable {
    let svi: SVI
    let guide: PreparedGuide
    let binding: DataBinding
    let outcome: Outcome
    let device: ResolvedDevice
    /// Why `Device.auto` came to the interpreter, in one line: there is no OpenCL device, or its driver failed. Nil
    /// otherwise.
    public let fallbackReason: String?
    let options: RunOptions
    public let keys: [Key]
    public let steps: Int
    public let timings: Timings
    public let layout: RunLayout

    init(
        svi: SVI, guide: PreparedGuide, keys: [Key], binding: DataBinding, outcome: Outcome, device: DeviceChoice,
        options: RunOptions, steps: Int, timings: Timings, layout: RunLayout
    ) {
        self.svi = svi
        self.guide = guide
        self.keys = keys
        self.binding = binding
        self.outcome = outcome
        self.device = device.device
        fallbackReason = device.fallbackReason
        self.options = options
        self.steps = steps
        self.timings = timings
        self.layout = layout
    }

    public var lanes: Int { keys.count }
    /// The name of the device that ran the fits.
    public var deviceName: String { device.name }
    /// `opencl` or `cpu`.
    public var deviceKind: String { device.kind }

    public var status: [FitStatus] { outcome.status }
    /// The mean loss of the last 50 steps of each lane, or of the last window of one that converged; NaN for a lane that
    /// was lost.
    public var loss: [Double] { outcome.finalLoss }
    /// The loss of each lane's first step; NaN for a lane without a valid start.
    public var initialLoss: [Double] { outcome.initialLoss }
    /// The history of a lane's loss: means over `lossInterval` steps, NaN from where a lane stopped.
    public func losses(lane: Int) throws -> [Double] {
        try check(lane)
        return outcome.losses.lane(lane)
    }
    /// Steps of each lane that were refused because the loss was not finite.
    public var refusedLosses: [Int] { outcome.refusedLosses }
    /// Steps of each lane that were refused because the loss was finite, but the gradient or its square not.
    public var refusedGradients: [Int] { outcome.refusedGradients }

    /// The fit of one lane.
    public subscript(lane: Int) -> Fit { Fit(fits: self, lane: lane) }

    /// The lane with the lowest final loss. When all lanes were lost it is lane 0, whose queries throw.
    public var best: Fit {
        let candidates = loss.indices.filter { !loss[$0].isNaN }
        return self[candidates.min { loss[$0] < loss[$1] } ?? 0]
    }

    /// The parameters of all lanes in their own space, by name: the last finite ones of a lane that diverged, NaN for
    /// a lane without a valid start.
    ///
    /// - Throws: when a device fails.
    public func parameters() throws -> [String: LaneValues] {
        let lost = status.indices.filter { status[$0] == .noValidStart }
        return try PosteriorQuery(self).parameters(Array(0..<lanes)).mapValues { $0.erasing(lost) }
    }

    func check(_ lane: Int) throws {
        guard outcome.status.indices.contains(lane) else { throw RunError("there is no lane \(lane); there are \(lanes)") }
    }
}

/// One array per lane.
public struct LaneValues: Sendable {
    let array: LaneArray
    /// Of one lane's array.
    public let shape: Shape

    public var lanes: Int { array.lanes }
    /// The values of one lane, row-major; empty when there is no such lane.
    public subscript(lane: Int) -> [Double] { (0..<array.lanes).contains(lane) ? array.lane(lane) : [] }

    /// With NaN in some lanes.
    func erasing(_ lanes: [Int]) -> LaneValues {
        guard !lanes.isEmpty else { return self }
        let count = lanes.count * array.count
        let nothing: LaneArray.Elements =
            switch array.elements {
            case .double: .double(Array(repeating: .nan, count: count))
            default: .float(Array(repeating: .nan, count: count))
            }
        let erased = array.replacing(lanes, with: LaneArray(lanes: lanes.count, count: array.count, elements: nothing))
        return LaneValues(array: erased, shape: shape)
    }
}

/// One lane's fit, and questions to its guide.
public struct Fit: Sendable {
    let fits: Fits
    public let lane: Int

    /// Lanes that do not exist are reported by the queries that throw.
    public var status: FitStatus { fits.status.indices.contains(lane) ? fits.status[lane] : .noValidStart }
    public var loss: Double { fits.loss.indices.contains(lane) ? fits.loss[lane] : .nan }

    /// The parameters in their own space, by name.
    public func parameters() throws -> [String: [Double]] {
        try checkUsable()
        return try PosteriorQuery(fits).parameters([lane]).mapValues { $0[0] }
    }

    /// The median of a latent or deterministic site, element by element, row-major.
    public func median(_ site: String) throws -> [Double] { try quantiles(site, [0.5])[0] }

    /// Quantiles of a latent or deterministic site, element by element: an array for each probability.
    ///
    /// For the latents of an automatic guide they are exact; others are those of 2,000 draws.
    public func quantiles(_ site: String, _ probabilities: [Double]) throws -> [[Double]] {
        try checkUsable()
        return try PosteriorQuery(fits).quantiles(lane, site, probabilities)
    }

    /// Draws from the guide, with the deterministic sites that follow from them.
    ///
    /// - Parameter key: the same key gives the same draws.
    /// - Returns: for each site an array per draw, row-major.
    public func sample(_ count: Int, key: Key = Key(0)) throws -> [String: LaneValues] {
        try checkUsable()
        guard count >= 1 else { throw RunError("cannot draw \(count) samples; give at least 1") }
        return try PosteriorQuery(fits).sample(lane, count, key: key)
    }

    private func checkUsable() throws {
        try fits.check(lane)
        if status == .noValidStart { throw RunError("lane \(lane) has no result: \(status)") }
    }
}
