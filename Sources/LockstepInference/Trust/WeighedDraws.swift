import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Draws from the guides of finished fits with their importance weights, log p(x, z) - log q(z). Draw i of a lane is the same whatever
/// is asked of it, on the device that ran the fits.
struct WeighedDraws {
    let fits: Fits
    let draws: Int
    /// Each is a number of each lane, on the device and here.
    static let most = 1 << 18
    private let origin = Origin()
    private let trace: Trace
    private let logWeight: Tensor

    /// - Throws: `RunError` for a number of draws that makes no sense.
    init(_ fits: Fits, draws: Int, atLeast fewest: Int = 1) throws {
        guard (fewest...Self.most).contains(draws) else {
            throw RunError("the number of weighed draws is \(draws); give \(fewest) to \(Self.most)")
        }
        self.fits = fits
        self.draws = draws
        // A purpose of its own: the draws are none of those that the parameters were fitted to.
        let run = TraceRun(origin: origin, purpose: "weights", data: fits.binding.shapes)
        let (trace, values) = try fits.guide.trace(fits.algorithm.model, .sample, fits.guide.carried(origin), run)
        self.trace = trace
        logWeight = fits.guide.logWeight(trace, values)
    }

    // MARK: What is asked

    /// By lane, in the order of `lanes`.
    func logWeights(_ lanes: [Int]) throws -> [[Double]] {
        try checkRoom(for: lanes.count, elements: 1)
        var weights: [[Double]] = []
        try run(lanes, [logWeight], { ([], [weightRecord($0[0])]) }) { rows, execution in
            let array = try execution.read(.logWeights)
            weights += rows.indices.map { array.lane($0 - rows.startIndex) }
        }
        return weights
    }

    /// What a function makes of each lane's log weights and of how they move its means, on all cores.
    func examine<Finding: Sendable>(
        _ lanes: [Int], _ body: @Sendable (_ row: Int, _ logWeights: [Double], _ movement: WeightedSums.Values.Movement) -> Finding
    ) throws -> [Finding] {
        var latents: [WeightedSums.Latent] = []
        var coordinates: [Tensor] = []
        for site in trace.latents where fits.guide.latents.contains(site.name) && !site.isDiscrete {
            guard let distribution = site.distribution, case .success(let bijector) = supportBijector(distribution) else { continue }
            let coordinate = bijector.inverse(site.value)
            latents.append(WeightedSums.Latent(name: site.name, shape: coordinate.shape))
            coordinates.append(coordinate)
        }
        let sums = WeightedSums(latents: latents)
        var findings: [Finding] = []
        try run(
            lanes, [logWeight] + coordinates, { (sums.states($0[0], Array($0.dropFirst()), origin), [weightRecord($0[0])]) }
        ) { rows, execution in
            let array = try execution.read(.logWeights)
            let values = try sums.values(execution, draws: draws)
            findings += AllCores.map(rows.count) { row in body(rows.startIndex + row, array.lane(row), values.movement(row)) }
        }
        return findings
    }

    /// The values of a site in draws that are chosen by their smoothed weights.
    ///
    /// - Returns: by lane, in the order of `lanes`, row-major `[draws] + shape`; NaN where no draw has a weight. And the shape of the site.
    func resampled(_ lanes: [Int], _ name: String) throws -> (rows: [[Double]], shape: Shape) {
        let site = try shown(name)
        try checkRoom(for: lanes.count, elements: site.value.count)
        let (draws, rounding) = (draws, fits.options.precision.weightRounding)
        let keys = lanes.map { fits.keys[$0] }
        let weights = try logWeights(lanes)
        let places = AllCores.map(lanes.count) { row in
            SystematicResampling.places(
                ParetoSmoothing(weights[row], rounding: rounding(weights[row])).logWeights, count: draws,
                offset: SystematicResampling.offset(keys[row]))
        }
        let nothing = Array(repeating: Double.nan, count: draws * site.value.count)
        return (try values(of: site, lanes, at: places).map { $0.isEmpty ? nothing : $0 }, site.value.shape)
    }

    /// The sites that draws can be asked for, in the order of the model.
    var shown: [Site] { trace.shown }

    private func shown(_ name: String) throws -> Site {
        guard let site = shown.first(where: { $0.name == name }) else {
            throw RunError("there is no latent or deterministic site '\(name)'; there are: \(shown.map(\.name).joined(separator: ", "))")
        }
        return site
    }

    /// The values of a site in some draws of each lane.
    ///
    /// - Parameter places: the numbers of the draws, by lane, in the order of `lanes`.
    /// - Returns: in the same order, row-major.
    func values(of site: Site, _ lanes: [Int], at places: [[Int]]) throws -> [[Double]] {
        let count = site.value.count
        try checkRoom(for: lanes.count, elements: count)
        var chosen: [[Double]] = []
        let record: ([Tensor]) -> ([LaneFunction.State], [LaneFunction.Record]) = { values in
            ([], [.init(StateName.drawn.text, slots: draws, slot: DrawProgram.number(origin), value: values[0].asReal)])
        }
        // There are no rows of data to share out.
        try run(lanes, [site.value], schedule: .lanes, record) { rows, execution in
            let array = try execution.read(.drawn)
            for row in rows {
                let values = array.lane(row - rows.startIndex)
                chosen.append(places[row].flatMap { values[($0 * count)..<(($0 + 1) * count)] })
            }
        }
        return chosen
    }

    // MARK: On the device

    private func weightRecord(_ logWeight: Tensor) -> LaneFunction.Record {
        .init(StateName.logWeights.text, slots: draws, slot: DrawProgram.number(origin), value: logWeight)
    }

    private func run(
        _ lanes: [Int], _ outputs: [Tensor], schedule: Schedule? = nil,
        _ kept: ([Tensor]) -> (states: [LaneFunction.State], records: [LaneFunction.Record]),
        _ body: (_ rows: Range<Int>, _ execution: any LaneExecution) throws -> Void
    ) throws {
        guard !lanes.isEmpty else { return }
        try StreamCheck.check(outputs)
        let program = try DrawProgram(outputs, draws: draws, origin: origin, keeping: kept).compiled(
            on: fits.device, lanes: lanes.count, perLane: fits.binding.perLane, precision: fits.options.precision,
            schedule: schedule ?? fits.layout.schedule ?? .automatic)
        try program.run(
            fits.outcome.parameters.mapValues { lanes.count == fits.lanes ? $0 : $0.lanes(lanes) }, fits.binding, fits.keys, lanes: lanes,
            budget: fits.options.memoryBudget ?? fits.device.memoryBudget, body)
    }

    /// - Throws: `RunError` where the host has no room for the numbers of all draws.
    private func checkRoom(for lanes: Int, elements: Int) throws {
        // As doubles, and once more while they are put together.
        let needed = 16 * Double(draws) * Double(lanes) * Double(max(elements, 1))
        guard needed > Double(HostMemory.limit) else { return }
        throw RunError(
            "\(draws) draws of \(elements) numbers for \(lanes) lanes take \(HostMemory.text(needed)), of which this machine has "
                + "\(HostMemory.text(Double(HostMemory.limit))); ask for fewer draws or for one lane")
    }
}

extension PreparedGuide {
    /// log p(x, z) - log q(z) at the values of a trace: a scalar.
    func logWeight(_ trace: Trace, _ values: Values) -> Tensor {
        // A latent that the guide does not have is drawn from its prior, which stands in for a guide: both densities are the same.
        let terms = trace.sites.filter { !$0.isLatent || latents.contains($0.name) }.compactMap { $0.logProb?.sum() }
        return terms.dropFirst().reduce(terms.first ?? 0, +) - values.logDensity(trace)
    }
}

extension Precision {
    /// Log weights that differ by less count as equal: a thousandth, which no resampling would notice, or what rounding makes of sums
    /// as large as these.
    func weightRounding(_ logWeights: [Double]) -> Double {
        let largest = logWeights.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
        return max(1e-3, 8 * (self == .float ? Double(Float.ulpOfOne) : Double.ulpOfOne) * largest)
    }
}
