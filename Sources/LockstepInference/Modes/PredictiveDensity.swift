import Foundation
import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

extension Fits {
    /// The log predictive density of each observation under each lane's posterior: log E_q[p(y_i | z)], from draws of the guide at the
    /// lane's final parameters. Computed on the device of the run.
    ///
    /// The data are those that the lanes were fitted to. An element that a mask excludes has 0.
    ///
    /// - Parameters:
    ///   - draws: how many; more than 32 are made a multiple of 32.
    ///   - key: the same key gives the same draws.
    /// - Returns: for each observed site an array of its batch shape per lane; NaN in lanes that were lost. Empty for a model that
    ///   observes nothing.
    /// - Throws: for a number of draws that makes no sense, and when a device fails.
    public func logPredictiveDensities(draws: Int = 1024, key: Key = Key(0)) throws -> [String: LaneValues] {
        try LockstepError.wrapping {
            let density = try PredictiveDensity(self, draws: draws)
            let live = indices.filter { !status[$0].isLost }
            let rows = try density.evaluated(live, key: key)
            return Dictionary(
                uniqueKeysWithValues: density.sites.map { site in
                    (site.name, LaneValues(rows[site.name] ?? [], at: live, of: lanes, shape: site.shape))
                })
        }
    }
}

/// Means of the densities of observations over draws of a guide: a lane program that goes through one draw in each step, and keeps
/// the sums as logarithms (a largest term, and a sum of shares of it). Several copies of a lane go through draws of their own, so that
/// few lanes keep a device busy too.
struct PredictiveDensity {
    struct Site {
        let name: String
        let shape: Shape
        /// States: the largest log density of all draws so far, and the sum of densities as shares of it.
        fileprivate let largest, sum: StateName
    }

    let sites: [Site]
    private let fits: Fits
    private let states: [LaneFunction.State]
    /// Of each lane, whatever the number of lanes: a lane's numbers do not depend on its batch.
    private let copies: Int
    private let steps: Int

    private static let mostCopies = 32
    private static let mostDraws = 1 << 22

    /// - Parameter model: whose observations are looked at; that of the fits where nil. It reads the same data.
    /// - Throws: `ModelError` when model and guide do not fit together, `RunError` for a number of draws that makes no sense.
    init(_ fits: Fits, draws: Int, of model: Model? = nil) throws {
        guard (1...Self.mostDraws).contains(draws) else {
            throw RunError("cannot take predictive densities from \(draws) draws; give 1 to \(Self.mostDraws)")
        }
        self.fits = fits
        copies = min(Self.mostCopies, draws)
        steps = (draws + copies - 1) / copies
        let origin = Origin()
        // A purpose of its own: the draws are none of those that the parameters were fitted to.
        let run = TraceRun(origin: origin, purpose: "predictive density", data: fits.binding.shapes)
        let (trace, _) = try fits.guide.trace(model ?? fits.algorithm.model, .sample, fits.guide.carried(origin), run)
        var sites: [Site] = []
        var states: [LaneFunction.State] = []
        for observation in trace.observations {
            guard let density = observation.logProb else { continue }
            let site = Site(
                name: observation.name, shape: density.shape, largest: .query(2 * sites.count), sum: .query(2 * sites.count + 1))
            let before = site.largest.before(origin, shape: density.shape)
            let largest = pointwiseMax(before, density)
            // Where no density was above 0 yet, shares of 1 are as good.
            let reference = select(largest.isFinite, largest, 0)
            let sum = site.sum.before(origin, shape: density.shape) * exp(before - reference) + exp(density - reference)
            sites.append(site)
            states += [.init(site.largest, largest), .init(site.sum, sum)]
        }
        try StreamCheck.check(states.map(\.value))
        self.sites = sites
        self.states = states
    }

    /// - Returns: log densities of the sites' elements, for each lane.
    func evaluated(_ lanes: [Int], key: Key) throws -> [String: [[Double]]] {
        guard !sites.isEmpty, !lanes.isEmpty else { return [:] }
        let program = try Lowering.lower(LaneFunction(states: states, perLane: fits.binding.perLane))
        // The schedule that suits any program, so that a lane's bits do not depend on the number of lanes.
        let executable = try fits.device.compile(program, precision: fits.options.precision, lanes: lanes.count * copies, schedule: .lanes)
        let size = max(1, executable.mostLanes(budget: fits.options.memoryBudget ?? fits.device.memoryBudget) / copies)
        var rows: [String: [[Double]]] = [:]
        for first in stride(from: 0, to: lanes.count, by: size) {
            let part = Array(lanes[first..<min(first + size, lanes.count)])
            let execution = try started(executable, part, key: key, program.stateNames)
            try execution.advance(from: 0, count: steps, scalars: [:])
            for site in sites {
                let (largest, sums) = try (execution.read(site.largest), execution.read(site.sum))
                rows[site.name, default: []] += part.indices.map { row in
                    let places = (row * copies)..<((row + 1) * copies)
                    return (0..<site.shape.elementCount).map { element in logMean(places.map { (largest[$0, element], sums[$0, element]) }) }
                }
            }
        }
        return rows
    }

    private func started(_ executable: any LaneExecutable, _ lanes: [Int], key: Key, _ read: Set<String>) throws -> any LaneExecution {
        let places = lanes.flatMap { Array(repeating: $0, count: copies) }
        let keys = lanes.flatMap { fits.keys[$0].mixed(with: key).split(copies) }
        let execution = try executable.start(LaneInputs(keys: keys, data: fits.binding.slices(places)))
        for (name, array) in fits.outcome.parameters where read.contains(StateName.parameter(name).text) {
            try execution.write(.parameter(name), array.lanes(places))
        }
        for site in sites {
            let count = site.shape.elementCount
            func filled(_ value: Double) -> LaneArray {
                let elements: LaneArray.Elements =
                    switch fits.options.precision {
                    case .float: .float(Array(repeating: Float(value), count: places.count * count))
                    case .double: .double(Array(repeating: value, count: places.count * count))
                    }
                return LaneArray(lanes: places.count, count: count, elements: elements)
            }
            try execution.write(site.largest, filled(-.infinity))
            try execution.write(site.sum, filled(0))
        }
        return execution
    }

    /// The logarithm of the mean over all draws, from the sums of each copy.
    private func logMean(_ copies: [(largest: Double, sum: Double)]) -> Double {
        let logs = copies.map { ($0.largest.isFinite ? $0.largest : 0) + log($0.sum) }
        return logs.logSumOfExponentials - log(Double(copies.count * steps))
    }
}

extension [Double] {
    /// log(sum of exp), without overflow; NaN where an element is.
    fileprivate var logSumOfExponentials: Double {
        guard !contains(where: \.isNaN), let largest = self.max(), largest.isFinite else {
            return contains(where: \.isNaN) ? .nan : self.max() ?? -.infinity
        }
        return largest + log(reduce(0) { $0 + exp($1 - largest) })
    }
}
