/// How many steps an execution takes in one go, by the time that the steps so far took.
struct LaunchPace {
    private(set) var steps = 32
    /// How long one go should take.
    let seconds: Double

    init(seconds: Double) { self.seconds = seconds }

    mutating func took(_ time: Double, for count: Int) {
        let ideal = Int(Double(count) * seconds / max(time, 1e-6))
        // Fewer steps than planned tell what is too long, as all of a launch's own time is in them, not what is too short.
        guard count == steps || ideal < steps else { return }
        steps = max(1, min(ideal, 4 * count, 1 << 16))
    }
}
