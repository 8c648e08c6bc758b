/// What a step of a lane costs at several numbers of lanes.
struct ScaleReport: Encodable {
    static let meaning = """
        The cost is the time of a run over lanes x steps: drawing and trying starts, all transfers, all steps and reading the \
        results, but not tracing and compiling. All numbers of lanes take the same steps; medians over the turns.
        """

    struct Size: Encodable {
        let lanes, steps: Int
        let schedule: String
        /// By the clock, and of processor time of all cores.
        let nanosecondsPerLaneStep, cpuNanosecondsPerLaneStep: Double
        /// To the cheapest.
        let ratio, cpuRatio: Double
        let peakMemoryBytes, bytesPerLane: Int
    }

    let `case`, deviceName: String
    let sizes: [Size]
    /// What the largest ratio may exceed 1 by.
    let allowed: Double
    let isFlat: Bool

    /// - Parameter reports: for each number of lanes a report of each turn; none of them empty.
    init(_ name: String, _ reports: [[RunReport]], allowed: Double) {
        `case` = name
        deviceName = reports.first?.first?.deviceName ?? "no device"
        self.allowed = allowed
        func cost(_ turns: [RunReport], _ seconds: (RunReport) -> Double) -> Double {
            turns.map { seconds($0) * 1e9 / (Double($0.lanes) * Double($0.steps)) }.median
        }
        let costs = reports.map { cost($0, \.runSeconds) }
        let cpuCosts = reports.map { cost($0, \.cpuSeconds) }
        sizes = reports.indices.compactMap { place in
            guard let one = reports[place].first else { return nil }
            return Size(
                lanes: one.lanes, steps: one.steps, schedule: one.schedule, nanosecondsPerLaneStep: costs[place],
                cpuNanosecondsPerLaneStep: cpuCosts[place], ratio: costs[place] / (costs.min() ?? .nan),
                cpuRatio: cpuCosts[place] / (cpuCosts.min() ?? .nan),
                peakMemoryBytes: reports[place].map(\.peakMemoryBytes).max() ?? 0, bytesPerLane: one.bytesPerLane)
        }
        // NaN is not flat.
        isFlat = !sizes.isEmpty && sizes.allSatisfy { $0.ratio <= 1 + allowed }
    }

    var text: String {
        let header = ["lanes", "steps", "schedule", "ns", "ratio", "CPU ns", "CPU ratio", "peak MiB", "bytes a lane"]
        let rows = sizes.map {
            [
                "\($0.lanes)", "\($0.steps)", $0.schedule, Text.number($0.nanosecondsPerLaneStep), Text.ratio($0.ratio),
                Text.number($0.cpuNanosecondsPerLaneStep), Text.ratio($0.cpuRatio), "\($0.peakMemoryBytes >> 20)",
                "\($0.bytesPerLane)",
            ]
        }
        return """
            \(`case`) on \(deviceName). \(Self.meaning)
            \(Text.aligned([header] + rows))
            \(verdict)
            """
    }

    private var verdict: String {
        let most = sizes.map(\.ratio).max() ?? .nan
        let cpuMost = sizes.map(\.cpuRatio).max() ?? .nan
        return "\(isFlat ? "flat" : "NOT flat"): the dearest costs \(Text.percent(most - 1)) more than the cheapest by the clock, "
            + "\(Text.percent(cpuMost - 1)) by processor time; \(Text.percent(allowed)) is allowed by the clock"
    }
}
