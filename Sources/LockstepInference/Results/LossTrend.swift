/// Whether a history of losses still falls at its end.
///
/// A line is fitted to the last fifth of the history, or to the last ten windows where these are more, but to no more
/// than half of it; long histories are first averaged into 8 to 15 blocks, so that neighbours have little in common. The
/// loss falls, or rises, where Student's t of the slope lies beyond the 0.05 % point on that side: losses that are level
/// and whose windows are independent and about normal are taken for falling in one lane of 2,000, and for rising in
/// another. A fit that a large constant rate keeps wandering is no such thing: eight schools by Adam(0.1) comes to one
/// in 200. One odd window cannot do it, whatever its size. What the loss did in the first half of that part only does
/// not count: in the second half it must go on at a quarter of the slope at least. A change that is significant but
/// smaller than a thousandth of a nat, or than what rounding does, counts as level.
struct LossTrend: Hashable, Sendable {
    let trend: FitProgress.Trend
    /// How far the fitted line falls from the middle of its first window to that of its last; nil where there is none.
    let fall: Double?
    /// The standard error of `fall`.
    let standardError: Double?

    private static let fewestWindows = 10
    private static let wantedWindows = 10
    private static let fewestBlocks = 5
    private static let smallestChange = 1e-3
    private static let roundings = 16.0
    private static let share = 0.25
    /// The 0.05 % points of Student's t for 3 to 13 degrees of freedom.
    private static let criticalValues = [12.924, 8.610, 6.869, 5.959, 5.408, 5.041, 4.781, 4.587, 4.437, 4.318, 4.221]

    /// - Parameters:
    ///   - windows: means over steps, of windows of one length; those that are not finite are left out.
    ///   - rounding: the distance from 1 to the next number in the precision of the run.
    init(_ windows: [Double], rounding: Double) {
        let tested = max((windows.count + 4) / 5, min(windows.count / 2, Self.wantedWindows))
        let length = max(1, tested / 8)
        let blocks = (0..<tested / length).compactMap { block -> (x: Double, y: Double)? in
            let first = windows.count - (tested / length - block) * length
            guard windows.count >= Self.fewestWindows else { return nil }
            let finite = windows[first..<(first + length)].filter(\.isFinite)
            return finite.isEmpty ? nil : (Double(block), finite.reduce(0, +) / Double(finite.count))
        }
        guard blocks.count >= Self.fewestBlocks else {
            (trend, fall, standardError) = (.unknown, nil, nil)
            return
        }
        let line = Line(blocks)
        let span = blocks[blocks.count - 1].x - blocks[0].x
        let fall = -line.slope * span
        let standardError = line.standardError * span
        let goesOn = Line(blocks.suffix((blocks.count + 1) / 2)).slope / line.slope >= Self.share
        let critical = Self.criticalValues[min(blocks.count - Self.fewestBlocks, Self.criticalValues.count - 1)]
        let isNotable = abs(fall) >= max(Self.smallestChange, Self.roundings * rounding * abs(line.center))
        (self.fall, self.standardError) = (fall, standardError)
        trend = isNotable && goesOn && abs(fall) > critical * standardError ? (fall > 0 ? .falling : .rising) : .level
    }

    /// The line with the least squares to some points.
    private struct Line {
        let slope: Double
        let standardError: Double
        let center: Double

        init(_ points: some Collection<(x: Double, y: Double)>) {
            let count = Double(points.count)
            let (x, y) = (points.reduce(0) { $0 + $1.x } / count, points.reduce(0) { $0 + $1.y } / count)
            let spread = points.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
            let slope = points.reduce(0) { $0 + ($1.x - x) * ($1.y - y) } / spread
            let residual = points.reduce(0) { sum, point in
                let error = point.y - y - slope * (point.x - x)
                return sum + error * error
            }
            self.slope = slope
            standardError = (residual / (count - 2) / spread).squareRoot()
            center = y
        }
    }
}
