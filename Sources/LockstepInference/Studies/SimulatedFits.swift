import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Fits of datasets whose truth is known.
struct SimulatedFits {
    let simulation: Simulation
    /// One dataset after the other, by their numbers.
    let fits: GridFits
    /// The best fit of each dataset; nil where all were lost.
    let best: [Int?]
    /// The sites that are looked at, in the order of the model, and their shapes.
    let sites: [(name: String, shape: Shape)]

    /// - Parameters:
    ///   - simulating: what the truth is drawn from.
    ///   - sites: latent or deterministic ones; all latents where nil.
    init(
        _ algorithm: some LaneAlgorithm, simulating: Model, datasets: Int, starts: Int, steps: Int, data: [String: LaneData],
        sites wanted: [String]?, key: Key, device: Device, options: RunOptions
    ) throws {
        guard (1...Key.mostChildren).contains(datasets) else {
            throw RunError("cannot fit \(datasets) datasets; give 1 to \(Key.mostChildren)")
        }
        let fitted = try DataError.naming { try algorithm.model.trace(TraceRun.prototype(data.shapes(lanes: datasets))) }
        let drawing = try DataError.naming { try simulating.trace(TraceRun.prototype(data.shapes(lanes: datasets))) }
        let (read, drawn) = (Set(fitted.data.map(\.name)), Set(drawing.data.map(\.name)))
        // Keys of datasets are children of `key`; this one is none of them.
        let keys = key.mixed(with: Key(0x7472_7574_6800)).split(datasets)
        let simulation = try Simulation(
            simulating, data.filter { drawn.contains($0.key) || !read.contains($0.key) }, keys: keys, device: device.choice(),
            options: options)
        self.simulation = simulation
        sites = try Self.sites(fitted, wanted, simulation)
        var all = data.filter { simulation.data[$0.key] == nil && (read.contains($0.key) || !drawn.contains($0.key)) }
        for observed in try ObservedData.all(fitted) {
            guard let own = simulation.data[observed.name] else {
                throw ModelError(
                    site: observed.site,
                    "it observes data '\(observed.name)', and the model that the truth is drawn from does not; it observes "
                        + simulation.data.keys.sorted().map { "'\($0)'" }.joined(separator: ", "))
            }
            all[observed.name] = own
        }
        if let name = simulation.data.keys.sorted().first(where: { all[$0] == nil && read.contains($0) }) {
            throw DataError(name, "is drawn by the model of the truth, and the fitted model reads it without observing it; observe it there too")
        }
        var options = options
        // A prior without moments draws what single precision cannot hold, now and then.
        options.badData = .leaveOut
        fits = try algorithm.run(
            starts: starts, datasets: Datasets(all, labels: (0..<datasets).map(String.init)), steps: steps, key: key, device: device,
            options: options)
        best = fits.best.map { $0?.lane }
    }

    /// - Throws: `RunError` and `ModelError` for sites without a truth.
    private static func sites(_ fitted: Trace, _ wanted: [String]?, _ simulation: Simulation) throws -> [(name: String, shape: Shape)] {
        let shown = fitted.shown
        if let unknown = wanted?.first(where: { name in !shown.contains { $0.name == name } }) {
            throw RunError("there is no latent or deterministic site '\(unknown)'; \(Spelling.hint(unknown, among: shown.map(\.name)))")
        }
        let chosen = shown.filter { wanted?.contains($0.name) ?? $0.isLatent }
        guard !chosen.isEmpty else { throw RunError("there are no sites to look at; the model has no latents, or name at least one") }
        return try chosen.map { site in
            guard let truth = simulation.values(site.name) else {
                throw ModelError(
                    site: site.name,
                    "the model that the truth is drawn from has no such site, so it has no truth here; name others with sites:")
            }
            guard truth.shape == site.value.shape else {
                throw ModelError(
                    site: site.name,
                    "it has shape \(site.value.shape), and \(truth.shape) in the model that the truth is drawn from; make them alike")
            }
            return (site.name, site.value.shape)
        }
    }

    /// The datasets that have a fit, and their best lanes.
    var live: [(dataset: Int, lane: Int)] { best.enumerated().compactMap { dataset, lane in lane.map { (dataset, $0) } } }

    /// Those that have none.
    var lost: [Int] { best.indices.filter { best[$0] == nil } }
}
