/// What an execution does in one go, by the time that it took so far: at first one step of the items that keep the device
/// busy, then up to eight times as much as before, until a launch is as long as it should be. Where all items take longer
/// than that for a single step, a launch is some of them.
struct LaunchPace: Sendable {
    /// How long a launch is on a device that nothing else hurries.
    static let usualSeconds = 0.2
    /// The share of what a device allows that a launch is meant to take: two of the same work differ by some.
    static let margin = 0.8
    static let growth = 8.0
    static let mostSteps = 1 << 16

    /// How long one launch should take, and does not, but where a step of the fewest items is longer.
    let seconds: Double
    /// Of all work-items or blocks.
    let items: Int
    /// Items come in groups of so many.
    let unit: Int
    /// Items times steps of the next launch.
    private var work: Double

    /// - Parameter fewest: items that keep the device busy.
    init(seconds: Double, items: Int = 1, unit: Int = 1, fewest: Int = 1) {
        self.seconds = seconds
        self.items = max(items, 1)
        self.unit = max(unit, 1)
        work = Double(min(max(fewest, 1), self.items))
    }

    /// Items of the next launch.
    var launchItems: Int { work >= Double(items) ? items : min(max(Int(work) / unit, 1) * unit, items) }
    /// Steps of the next launch; more than one only of all items.
    var steps: Int { launchItems < items ? 1 : min(max(Int(work / Double(items)), 1), Self.mostSteps) }

    mutating func took(_ time: Double, items: Int, steps: Int) {
        let done = Double(items) * Double(steps)
        let ideal = done * seconds / max(time, 1e-6)
        // A launch's own time is in it, so a short one tells what is too long, not what is too short.
        guard done >= Double(launchItems) * Double(self.steps) || ideal < work else { return }
        work = min(ideal, Self.growth * done, Double(self.items) * Double(Self.mostSteps))
    }
}

/// The launches of a batch so far.
package struct LaunchLog: Hashable, Sendable {
    package private(set) var count = 0
    /// Seconds of the longest.
    package private(set) var longest = 0.0

    package init() {}

    mutating func add(_ seconds: Double) {
        count += 1
        longest = max(longest, seconds)
    }

    package mutating func add(_ other: LaunchLog) {
        count += other.count
        longest = max(longest, other.longest)
    }
}
