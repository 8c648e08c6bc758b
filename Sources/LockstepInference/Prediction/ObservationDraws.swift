import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Log densities of observations in draws from the guides of finished fits, with the draws' importance weights, on the device of the run.
/// Draw i of a lane is a function of the lane's key, the caller's and i.
struct ObservationDraws {
    /// An observed site; its elements are those of its batch.
    struct Site {
        let name: String
        let shape: Shape
        /// Whether a mask or a weight decides which elements count.
        let isMasked: Bool
    }

    /// What some lanes came to, in the order in which they were asked for.
    struct Values: Sendable {
        fileprivate let weights: Numbers
        fileprivate let densities: [Numbers]
        fileprivate let counted: [Numbers?]
        fileprivate let counts: [Int]
        fileprivate let draws: Int
    }

    let sites: [Site]
    let draws: Int
    private let fits: Fits
    private let origin = Origin()
    private let logWeight: Tensor
    private let densities: [Tensor]
    private let counted: [Tensor?]

    static let most = 1 << 18
    /// Bytes of the draws that are on the device, and here, at a time.
    private static let chunkBytes = 1 << 28

    /// - Throws: `ModelError` when model and guide do not fit together, `RunError` for a number of draws that makes no sense.
    init(_ fits: Fits, draws: Int, atLeast fewest: Int = 1) throws {
        guard (fewest...Self.most).contains(draws) else {
            throw RunError("the number of draws is \(draws); give \(fewest) to \(Self.most)")
        }
        self.fits = fits
        self.draws = draws
        // A purpose of its own: the draws are none of those that the parameters were fitted to.
        let run = TraceRun(origin: origin, purpose: "log likelihood", data: fits.binding.shapes)
        let (trace, values) = try fits.guide.trace(fits.algorithm.model, .sample, fits.guide.carried(origin), run)
        let observations = trace.observations.compactMap { site in site.logProb.map { (site: site, density: $0) } }
        logWeight = fits.guide.logWeight(trace, values)
        densities = observations.map(\.density)
        counted = observations.map { $0.site.counted?.broadcast(to: $0.density.shape).asReal }
        sites = zip(observations, counted).map { Site(name: $0.site.name, shape: $0.density.shape, isMasked: $1 != nil) }
    }

    /// Elements of all sites.
    var elements: Int { sites.reduce(0) { $0 + $1.shape.elementCount } }

    /// Goes through the draws, with as many lanes at a time as there is room for.
    ///
    /// - Parameters:
    ///   - lanes: of the run.
    ///   - body: gets rows of `lanes` and what these came to.
    /// - Throws: `RunError` where the draws of one lane are more than there is room for.
    func run(_ lanes: [Int], key: Key, _ body: (_ rows: Range<Int>, _ values: Values) throws -> Void) throws {
        guard !lanes.isEmpty else { return }
        try checkRoom()
        let outputs = [logWeight] + densities + counted.compactMap { $0 }
        try StreamCheck.check(outputs)
        let program = try DrawProgram(outputs, draws: draws, origin: origin, keeping: kept).compiled(
            // The schedule that suits any program, so that a lane's bits do not depend on the number of lanes.
            on: fits.device, lanes: lanes.count, perLane: fits.binding.perLane, precision: fits.options.precision, schedule: .lanes)
        let budget = min(fits.options.memoryBudget ?? fits.device.memoryBudget, Self.chunkBytes)
        try program.run(
            fits.outcome.parameters.mapValues { $0.lanes(lanes) }, fits.binding, fits.keys.map { $0.mixed(with: key) }, lanes: lanes,
            budget: budget
        ) { rows, execution in
            let values = Values(
                weights: try execution.read(.logWeights).elements,
                densities: try sites.indices.map { try execution.read(.logLikelihood($0)).elements },
                counted: try sites.indices.map { sites[$0].isMasked ? try execution.read(.counted($0)).elements : nil },
                counts: sites.map(\.shape.elementCount), draws: draws)
            try body(rows, values)
        }
    }

    /// What lanes write down of each draw, and which elements count.
    private func kept(_ values: [Tensor]) -> (states: [LaneFunction.State], records: [LaneFunction.Record]) {
        func record(_ name: StateName, _ value: Tensor) -> LaneFunction.Record {
            .init(name.text, slots: draws, slot: DrawProgram.number(origin), value: value)
        }
        let masked = sites.indices.filter { sites[$0].isMasked }
        let masks = values.dropFirst(1 + sites.count)
        return (
            zip(masked, masks).map { .init(.counted($0), $1) },
            [record(.logWeights, values[0])] + sites.indices.map { record(.logLikelihood($0), values[1 + $0]) }
        )
    }

    private func checkRoom() throws {
        // As doubles, on the device and here.
        let needed = 16 * Double(draws) * Double(elements + 1)
        guard needed > Double(HostMemory.limit) else { return }
        throw RunError(
            "\(draws) draws of \(elements) log densities take \(HostMemory.text(needed)) for one lane, of which this machine has "
                + "\(HostMemory.text(Double(HostMemory.limit))); ask for fewer draws")
    }
}

extension ObservationDraws.Values {
    /// The log weights of a lane's draws.
    ///
    /// - Parameter row: of the lane, from 0 on.
    func logWeights(_ row: Int) -> [Double] { (0..<draws).map { weights[row * draws + $0] } }

    /// The log densities of an element in a lane's draws.
    func logLikelihoods(_ row: Int, site: Int, _ element: Int) -> [Double] {
        let (count, numbers) = (counts[site], densities[site])
        let first = row * draws * count + element
        return (0..<draws).map { numbers[first + $0 * count] }
    }

    /// Whether an element counts in a lane.
    func counts(_ row: Int, site: Int, _ element: Int) -> Bool {
        counted[site].map { $0[row * counts[site] + element] != 0 } ?? true
    }
}

extension Site {
    /// Where an element counts at all, over shapes that broadcast to the batch: no mask excludes it, and no scale is 0. Nil where all count.
    fileprivate var counted: Tensor? {
        let weights = scales.filter { $0.literal?.contains(0) ?? true }.map { $0 .!= 0 }
        let all = masks + weights
        return all.first.map { all.dropFirst().reduce($0, .&) }
    }
}

extension Fit {
    /// The log density of each observation in each draw from the guide, log p(y_i | z), computed on the device of the run.
    ///
    /// An observation is an element of a site's batch, and its density has the scales that stand around the site. Elements that a mask or
    /// a scale of 0 excludes, and rows beyond those that a lane has of ragged data, are NaN. Draws are plain ones of the guide, not weighed:
    /// `Fits.loo` does that.
    ///
    /// - Parameters:
    ///   - draws: how many, 1 to 262144.
    ///   - key: the same key gives the same draws.
    /// - Returns: for each observed site an array of its batch shape for each draw. Empty for a model that observes nothing.
    /// - Throws: `LockstepError`, also for a lane that has no result.
    public func logLikelihood(draws: Int = 1024, key: Key = Key(0)) throws -> [String: LaneValues] {
        try asking { _ in
            let observed = try ObservationDraws(fits, draws: draws)
            var found: [String: LaneValues] = [:]
            guard !observed.sites.isEmpty else { return found }
            try observed.run([lane], key: key) { _, values in
                for (number, site) in observed.sites.enumerated() {
                    let count = site.shape.elementCount
                    var numbers = [Double](repeating: .nan, count: draws * count)
                    for element in 0..<count where values.counts(0, site: number, element) {
                        for (draw, value) in values.logLikelihoods(0, site: number, element).enumerated() { numbers[draw * count + element] = value }
                    }
                    found[site.name] = LaneValues(array: LaneArray(lanes: draws, count: count, elements: .double(numbers)), shape: site.shape)
                }
            }
            return found
        }
    }
}
