/// How well each lane's fit would predict new observations, by the widely applicable information criterion (Watanabe 2010, JMLR 11, 3571),
/// as Vehtari, Gelman and Gabry 2017 have it (Statistics and Computing 27, 1413, equations 11 to 13): elpd, on the scale of log densities.
///
/// `LeaveOneOut` is the better criterion, which says itself where it fails. What counts, and what is NaN, is as there.
public struct WAIC: Sendable {
    /// Of each lane, 100 at least.
    public let draws: Int
    /// Whether draws of the guide were weighed to be those of the posterior.
    public let isCorrected: Bool
    /// The sum over all observations of log p(y_i | y) less the posterior variance of log p(y_i | z), by lane: higher is better.
    public let elpd: [Double]
    /// The standard error of `elpd` as a sum over n observations, sqrt(n times their variance), by n - 1; NaN of fewer than two.
    public let standardError: [Double]
    /// p_waic, by lane: the variances of log p(y_i | z), summed up. Of equal weights they are those by draws - 1.
    public let effectiveParameters: [Double]
    /// How many observations have a variance above 0.4, by lane: there the criterion is not to be trusted.
    public let untrustedCounts: [Int]
    /// The terms of `elpd`, an array of the batch shape per lane, by observed site.
    public let pointwise: [String: LaneValues]

    private static let mostVariance = 0.4

    init(_ criteria: LaneCriteria) {
        func term(_ row: RowCriteria) -> Double { row.density - row.variance }
        (draws, isCorrected) = (criteria.draws, criteria.isCorrected)
        let sums = criteria.sums(term)
        elpd = sums.map(\.total)
        standardError = sums.map(\.error)
        effectiveParameters = criteria.sums(\.variance).map(\.total)
        untrustedCounts = criteria.counts { !($0.variance <= Self.mostVariance) }
        pointwise = criteria.values(term)
    }
}
