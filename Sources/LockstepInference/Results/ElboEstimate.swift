/// What lanes' ELBOs were estimated to be; NaN for a lane that has none.
struct ElboEstimate: Codable, Sendable {
    private(set) var mean: [Double] = []
    /// Standard errors of the means.
    private(set) var error: [Double] = []
    /// Shares of draws.
    private(set) var nonFinite: [Double] = []

    init() {}

    init(nothingFor lanes: Int) {
        mean = Array(repeating: .nan, count: lanes)
        error = mean
        nonFinite = mean
    }

    /// - Parameters:
    ///   - finite: draws with a finite value, of which there are mean and squared deviations.
    mutating func append(draws: Int, finite: Double, mean: Double, squares: Double) {
        self.mean.append(finite > 0 ? mean : .nan)
        error.append(finite > 1 ? (squares / (finite - 1) / finite).squareRoot() : .nan)
        nonFinite.append((Double(draws) - finite) / Double(draws))
    }

    mutating func appendNothing() {
        mean.append(.nan)
        error.append(.nan)
        nonFinite.append(.nan)
    }

    func appending(_ other: ElboEstimate) -> ElboEstimate {
        var joined = self
        joined.mean += other.mean
        joined.error += other.error
        joined.nonFinite += other.nonFinite
        return joined
    }

    /// The lanes in another order.
    func lanes(_ order: [Int]) -> ElboEstimate {
        var ordered = ElboEstimate()
        ordered.mean = order.map { mean[$0] }
        ordered.error = order.map { error[$0] }
        ordered.nonFinite = order.map { nonFinite[$0] }
        return ordered
    }
}
