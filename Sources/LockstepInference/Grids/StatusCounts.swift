/// How some fits of a grid ended: how many in which way.
public struct StatusCounts: Sendable, Hashable, CustomStringConvertible {
    /// What the fits have in common: the label of a dataset, the value of a setting, or the number of a start.
    public let label: String
    /// Fits that ran all steps, stopped where they were to go, and stopped where they could not go on.
    public let finished, converged, stalled: Int
    /// Fits on their way, and before it.
    public let running, waiting: Int
    /// Fits that were lost: by a loss that was not finite, for want of a start, and for their data.
    public let diverged, noValidStart, badData: Int

    init(_ label: String, _ statuses: [FitStatus]) {
        self.label = label
        var counts = Array(repeating: 0, count: 8)
        for status in statuses {
            let kind =
                switch status {
                case .finished: 0
                case .converged: 1
                case .stalled: 2
                case .running: 3
                case .waiting: 4
                case .diverged: 5
                case .noValidStart: 6
                case .badData: 7
                }
            counts[kind] += 1
        }
        (finished, converged, stalled, running) = (counts[0], counts[1], counts[2], counts[3])
        (waiting, diverged, noValidStart, badData) = (counts[4], counts[5], counts[6], counts[7])
    }

    /// How many fits there are.
    public var total: Int { finished + converged + stalled + running + waiting + diverged + noValidStart + badData }
    /// How many of them have no result, and will have none.
    public var lost: Int { diverged + noValidStart + badData }

    public var description: String {
        let named = [
            (finished, "finished"), (converged, "converged"), (stalled, "stalled"), (running, "running"), (waiting, "waiting"),
            (diverged, "diverged"), (noValidStart, "without a valid start"), (badData, "with bad data"),
        ]
        return "\(label): " + named.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}
