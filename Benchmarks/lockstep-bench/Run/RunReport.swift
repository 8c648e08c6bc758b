import Foundation
import Lockstep

/// What one measured run took, as JSON.
struct RunReport: Codable {
    struct Loss: Codable {
        /// Of the lanes that ended with a loss; absent when none did.
        let mean, sd, min, q25, q50, q75: Double?
        let lost: Int

        init(_ losses: [Double]) {
            let finite = losses.filter(\.isFinite).sorted()
            lost = losses.count - finite.count
            let average = finite.isEmpty ? nil : finite.reduce(0, +) / Double(finite.count)
            mean = average
            sd = average.map { average in
                (finite.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(finite.count)).squareRoot()
            }
            min = finite.first
            func quantile(_ share: Double) -> Double? { finite.isEmpty ? nil : finite.quantile(share) }
            (q25, q50, q75) = (quantile(0.25), quantile(0.5), quantile(0.75))
        }
    }

    let `case`, device, deviceName: String
    let lanes, rows, latents, steps: Int
    /// Of the first run; later ones find compiled kernels in the driver's cache.
    let traceSeconds, compileSeconds, firstLaunchSeconds: Double
    /// The median time to hold data against their uses; absent from reports of before that was done.
    let checkSeconds: Double?
    /// Processor time of those, of all cores.
    let compileCpuSeconds, firstLaunchCpuSeconds: Double
    /// The median run, without tracing and compiling; and the processor time of the median run, of all cores.
    let runSeconds, cpuSeconds: Double
    let laneStepsPerSecond: Double
    /// The median run's final draws, and the first run's compiling of their program; absent where none were asked for.
    let finalSeconds, finalCpuSeconds, finalCompileSeconds: Double?
    /// Of all runs: the most launches of one, and the longest; absent from reports of before that was counted.
    let launches: Int?
    let longestLaunchSeconds: Double?
    let bytesPerLane: Int
    /// Of the whole process, up to here.
    let peakMemoryBytes: Int
    let schedule: String
    let laneWidth: Int
    let loss: Loss
    let dataChecksum: String

    init(_ item: BenchmarkCase, _ problem: BenchmarkCase.Problem, first fits: Fits, timings: [Timings]) throws {
        `case` = item.name
        device = fits.deviceKind
        deviceName = fits.deviceName
        lanes = fits.lanes
        rows = item.rows
        latents = try problem.latents()
        steps = fits.steps
        traceSeconds = fits.timings.trace
        checkSeconds = timings.map(\.check).median
        compileSeconds = fits.timings.compile
        firstLaunchSeconds = fits.timings.firstLaunch
        compileCpuSeconds = fits.timings.compileProcessor
        firstLaunchCpuSeconds = fits.timings.firstLaunchProcessor
        runSeconds = timings.map(\.run).median
        cpuSeconds = timings.map(\.runProcessor).median
        laneStepsPerSecond = Double(fits.lanes) * Double(fits.steps) / runSeconds
        let hasFinal = fits.timings.finalCompile > 0
        finalSeconds = hasFinal ? timings.map(\.final).median : nil
        finalCpuSeconds = hasFinal ? timings.map(\.finalProcessor).median : nil
        finalCompileSeconds = hasFinal ? fits.timings.finalCompile : nil
        launches = timings.map(\.launches).max()
        longestLaunchSeconds = timings.map(\.longestLaunch).max()
        bytesPerLane = fits.layout.bytesPerLane
        peakMemoryBytes = PeakMemory.bytes
        schedule = fits.layout.schedule?.description ?? "interpreter"
        laneWidth = fits.layout.laneWidth
        loss = Loss(fits.loss)
        dataChecksum = DataChecksum.text(problem.data)
    }

    func json(isCompact: Bool) throws -> String { try ReportJSON.text(self, isCompact: isCompact) }
}

extension [Double] {
    /// NaN of nothing.
    var median: Double {
        let sorted = sorted()
        guard let last = sorted.indices.last else { return .nan }
        return (sorted[last / 2] + sorted[(last + 1) / 2]) / 2
    }
}
