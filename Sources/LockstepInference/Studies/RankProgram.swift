import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Where a truth stands among draws of a guide: a lane program that goes through one draw in each step, and counts those below the truth.
struct RankProgram {
    private let fits: Fits
    private let draws: Int
    private let sites: [(name: String, count: Int)]
    private let states: [LaneFunction.State]

    /// - Parameter names: of latent or deterministic sites.
    /// - Throws: `ModelError` when model and guide do not fit together.
    init(_ fits: Fits, draws: Int, _ names: [String]) throws {
        self.fits = fits
        self.draws = draws
        let origin = Origin()
        // A purpose of its own: the draws are none of those that the parameters were fitted to.
        let run = TraceRun(origin: origin, purpose: "ranks", data: fits.binding.shapes)
        let (trace, _) = try fits.guide.trace(fits.algorithm.model, .sample, fits.guide.carried(origin), run)
        var sites: [(name: String, count: Int)] = []
        var states: [LaneFunction.State] = []
        for name in names {
            guard let value = trace[name]?.value.asReal else { throw RunError("there is no site '\(name)'") }
            let truth = Self.truth(sites.count).before(origin, shape: value.shape)
            func counting(_ state: StateName, _ mask: Tensor) -> LaneFunction.State {
                let before = state.before(origin, shape: value.shape, dtype: .int)
                return .init(state, before + select(mask, Tensor(integer: 1), Tensor(integer: 0)))
            }
            states += [counting(.query(2 * sites.count), value .< truth), counting(.query(2 * sites.count + 1), value .== truth)]
            sites.append((name, value.count))
        }
        try StreamCheck.check(states.map(\.value))
        (self.sites, self.states) = (sites, states)
    }

    private static func truth(_ site: Int) -> StateName { .own("truth \(site)") }

    /// How many of the draws of each lane's guide are below the truth, 0 ... draws. Of draws that are equal to it, as those of a guide that is
    /// a point, a random number counts (Modrák et al. 2023).
    ///
    /// - Parameters:
    ///   - lanes: of the fits.
    ///   - truth: by site an array of each of these lanes.
    /// - Returns: by site an array of each lane.
    func ranks(_ lanes: [Int], _ truth: [String: LaneArray], key: Key) throws -> [String: [[Int]]] {
        guard !lanes.isEmpty else { return [:] }
        let program = try Lowering.lower(LaneFunction(states: states, perLane: fits.binding.perLane))
        // The schedule that suits any program, so that a lane's ranks do not depend on the number of lanes.
        let executable = try fits.device.compile(program, precision: fits.options.precision, lanes: lanes.count, schedule: .lanes)
        let size = max(1, executable.mostLanes(budget: fits.options.memoryBudget ?? fits.device.memoryBudget))
        var ranks: [String: [[Int]]] = [:]
        for first in stride(from: 0, to: lanes.count, by: size) {
            let rows = Array(first..<min(first + size, lanes.count))
            let part = rows.map { lanes[$0] }
            let keys = part.map { fits.keys[$0].mixed(with: key) }
            let execution = try executable.start(LaneInputs(keys: keys, data: fits.binding.slices(part)))
            let read = program.stateNames
            for (name, array) in fits.outcome.parameters where read.contains(StateName.parameter(name).text) {
                try execution.write(.parameter(name), array.lanes(part))
            }
            for (place, site) in sites.enumerated() {
                if let array = truth[site.name] { try execution.write(Self.truth(place), array.lanes(rows)) }
            }
            try execution.advance(from: 0, count: draws, scalars: [:])
            for (place, site) in sites.enumerated() {
                let (below, equal) = try (execution.read(.query(2 * place)).values, execution.read(.query(2 * place + 1)).values)
                ranks[site.name, default: []] += rows.indices.map { row in
                    // A stream that no draw of the lane has.
                    let ties = keys[row].mixed(with: Key(UInt64(place)))
                    return (0..<site.count).map { element in
                        let number = row * site.count + element
                        return Int(below[number]) + (equal[number] == 0 ? 0 : ties.number(element, below: Int(equal[number]) + 1))
                    }
                }
            }
        }
        return ranks
    }
}
