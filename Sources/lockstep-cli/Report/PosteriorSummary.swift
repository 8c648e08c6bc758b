import Lockstep

/// Moments and quantiles of one fit's latent and deterministic sites, from draws of its guide.
struct PosteriorSummary: Sendable {
    struct Site: Sendable {
        let name: String
        let shape: Shape
        /// Element by element, row-major, as all that follow.
        let mean: [Double]
        let sd: [Double]
        let q05: [Double]
        let q50: [Double]
        let q95: [Double]
    }

    let lane: Int
    let loss: Double
    /// In the order of the model.
    let sites: [Site]
}

extension PosteriorSummary {
    private static let draws = 4000

    init(of fit: Fit, sites names: [String]) throws {
        let draws = try fit.sample(Self.draws)
        self.init(lane: fit.lane, loss: fit.loss, sites: names.compactMap { name in draws[name].map { Site(name, $0) } })
    }
}

extension PosteriorSummary.Site {
    init(_ name: String, _ draws: LaneValues) {
        let rows = (0..<draws.lanes).map { draws[$0] }
        let columns = (0..<(rows.first?.count ?? 0)).map { element in rows.map { $0[element] }.sorted() }
        self.name = name
        shape = draws.shape
        let mean = columns.map { $0.reduce(0, +) / Double($0.count) }
        self.mean = mean
        sd = zip(columns, mean).map { column, mean in
            let squares = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (squares / Double(max(column.count - 1, 1))).squareRoot()
        }
        q05 = columns.map { Self.quantile($0, 0.05) }
        q50 = columns.map { Self.quantile($0, 0.5) }
        q95 = columns.map { Self.quantile($0, 0.95) }
    }

    /// Linear interpolation between order statistics, as NumPy's default does.
    static func quantile(_ sorted: [Double], _ probability: Double) -> Double {
        guard let last = sorted.indices.last else { return .nan }
        let place = probability * Double(last)
        let low = Int(place)
        return sorted[low] + (sorted[min(low + 1, last)] - sorted[low]) * (place - Double(low))
    }
}
