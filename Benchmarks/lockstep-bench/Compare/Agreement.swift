/// Whether two programs fitted the same thing: without that, a ratio of their speeds says nothing.
///
/// The rule: both saw the same data, at most one lane in a hundred was lost on either side, and the centres of the
/// final losses over the lanes differ by at most
///
///     4 * sqrt(se(Lockstep)^2 + se(NumPyro)^2) + 0.002 * |centre(NumPyro)|
///
/// The centre is the mean, with se = sd / sqrt(lanes); for cases with several optima it is the median, with
/// se = 1.2533 sd / sqrt(lanes), since a few lanes in a far optimum move the mean. The draws of the two programs
/// differ, so the losses do too; the second term allows what the noise of 50 steps leaves when lanes hardly differ.
struct Agreement {
    static let rule = """
        the same data (by checksum), at most 1 % of the lanes lost on either side, and centres of the final losses that differ \
        by at most 4 pooled standard errors plus 0.2 %; the centre is the mean over the lanes, or the median for cases with \
        several optima
        """

    struct Side {
        let mean, sd, median: Double?
        let lost: Int
        let checksum: String
    }

    let lockstepCentre, peerCentre: Double
    /// Why there is no ratio; nil when the sides agree.
    let objection: String?

    init(_ item: BenchmarkCase, lanes: Int, lockstep a: Side, peer b: Side) {
        func centre(_ side: Side) -> Double { (item.hasSeveralOptima ? side.median : side.mean) ?? .nan }
        (lockstepCentre, peerCentre) = (centre(a), centre(b))
        objection = Self.objection(item, lanes, a, b, difference: lockstepCentre - peerCentre, peerCentre: peerCentre)
    }

    private static func objection(
        _ item: BenchmarkCase, _ lanes: Int, _ a: Side, _ b: Side, difference: Double, peerCentre: Double
    ) -> String? {
        if a.checksum != b.checksum { return "the data differ" }
        if max(a.lost, b.lost) * 100 > lanes { return "lanes were lost: \(a.lost) and \(b.lost)" }
        let error = ([a, b].reduce(0) { $0 + ($1.sd ?? .nan) * ($1.sd ?? .nan) / Double(max(lanes - $1.lost, 1)) }).squareRoot()
        let allowed = 4 * error * (item.hasSeveralOptima ? 1.2533 : 1) + 0.002 * abs(peerCentre)
        // A NaN does not agree.
        return abs(difference) <= allowed ? nil : "the losses differ by \(Text.number(difference)); \(Text.number(allowed)) is allowed"
    }
}
