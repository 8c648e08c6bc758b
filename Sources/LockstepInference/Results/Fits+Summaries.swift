extension Fits {
    /// The summaries of some lanes, as `Fit.summary`, asked for all at once.
    ///
    /// - Parameter lanes: with results; all of them have started.
    /// - Throws: when a device fails.
    package func summaries(of lanes: [Int]) throws -> [Summary] {
        try LockstepError.wrapping {
            for lane in lanes { try check(lane) }
            let statistics = try PosteriorQuery(self).statistics(lanes, of: nil, .all(Summary.probabilities))
            return lanes.enumerated().map { place, lane in
                Summary(lane: lane, statistics.map { SiteStatistics(name: $0.name, shape: $0.shape, lanes: [$0.lanes[place]]) })
            }
        }
    }
}
