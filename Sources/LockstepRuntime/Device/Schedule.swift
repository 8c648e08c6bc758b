/// How the lanes and the data of a run are laid on an OpenCL device.
///
/// Within one schedule a lane's result is the same to the bit whatever the other lanes are. Schedules add up the
/// rows of data in different orders, so two of them agree to rounding only; `automatic` goes by the number of lanes,
/// among other things. `Fits.layout.schedule` is the one that a run had: give it to another run to pin it.
public enum Schedule: Hashable, Sendable {
    /// The one that is expected to be the fastest for model, lanes and device.
    case automatic
    /// A: each work-item has a vector of lanes of its own and goes through all data.
    case lanes
    /// B: the work-items of a group share `vectors` vectors of lanes, `workers` for each, a power of two
    /// from 2 on.
    /// C: the same with one vector of lanes.
    case group(vectors: Int, workers: Int)
    /// D: the data are shared out to `slices` work-items and, in each, to `together` parts of a vector; a second
    /// launch adds them up. `together` is a power of two.
    case split(slices: Int, together: Int)
}

/// As a program's option gives it: `automatic`, `A`, `B:vectors:workers`, `C:workers`, `D:slices:together`.
extension Schedule: LosslessStringConvertible {
    public var description: String {
        switch self {
        case .automatic: "automatic"
        case .lanes: "A"
        case .group(1, let workers): "C:\(workers)"
        case .group(let vectors, let workers): "B:\(vectors):\(workers)"
        case .split(let slices, let together): "D:\(slices):\(together)"
        }
    }

    public init?(_ description: String) {
        let parts = description.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.dropFirst().compactMap { Int($0) }
        guard numbers.count == parts.count - 1 else { return nil }
        switch (parts[0], numbers.count) {
        case ("automatic", 0): self = .automatic
        case ("A", 0): self = .lanes
        case ("B", 2): self = .group(vectors: numbers[0], workers: numbers[1])
        case ("C", 1): self = .group(vectors: 1, workers: numbers[0])
        case ("D", 2): self = .split(slices: numbers[0], together: numbers[1])
        default: return nil
        }
    }
}

/// A schedule that cannot be had.
public struct ScheduleError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
