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
        let numbers = description.split(separator: ":", omittingEmptySubsequences: false).dropFirst().map { Int($0) ?? -1 } + [-1, -1]
        let (a, b) = (numbers[0], numbers[1])
        let spellings: [String: Schedule] = [
            "automatic": .automatic, "A": .lanes, "B:\(a):\(b)": .group(vectors: a, workers: b), "C:\(a)": .group(vectors: 1, workers: a),
            "D:\(a):\(b)": .split(slices: a, together: b),
        ]
        guard let match = spellings[description] else { return nil }
        self = match
    }
}

/// A schedule that cannot be had.
public struct ScheduleError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
