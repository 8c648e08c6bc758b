import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Questions to the guide of finished fits. Each is a lane program of its own, run by the interpreter: draws of one
/// fit are lanes with one set of parameters and keys of their own.
struct PosteriorQuery {
    private let fits: Fits
    private static let drawsForQuantiles = 2000

    init(_ fits: Fits) { self.fits = fits }

    func parameters(_ lanes: [Int]) throws -> [String: LaneValues] {
        try evaluate(lanes, keys: lanes.map { fits.keys[$0] }) { context in
            let (trace, values) = try context.trace(.sample)
            return values.parameters(trace)
        }
    }

    func sample(_ lane: Int, _ count: Int, key: Key, only site: String? = nil) throws -> [String: LaneValues] {
        let own = fits.keys[lane]
        // Of the lane's key and the caller's, not of the lane's place: a fit's draws do not depend on its batch.
        let mixed = Key(low: own.low ^ key.low, high: own.high ^ key.high)
        return try evaluate(Array(repeating: lane, count: count), keys: mixed.split(count)) { context in
            let (trace, _) = try context.trace(.sample)
            let shown = trace.latents + trace.deterministics
            guard let site else { return shown.map { ($0.name, $0.value) } }
            return try [(site, find(site, shown).value)]
        }
    }

    func quantiles(_ lane: Int, _ site: String, _ probabilities: [Double]) throws -> [[Double]] {
        for probability in probabilities where !(probability > 0 && probability < 1) {
            throw RunError("a quantile's probability is \(probability); give numbers between 0 and 1")
        }
        if fits.guide.hasQuantiles, fits.guide.latents.contains(site) {
            let found = try evaluate([lane], keys: [fits.keys[lane]]) { context in
                try probabilities.enumerated().map { number, probability in
                    let (trace, _) = try context.trace(.quantile(probability))
                    return (String(number), try find(site, trace.latents).value)
                }
            }
            return probabilities.indices.map { found[String($0)]?[0] ?? [] }
        }
        guard let draws = try sample(lane, Self.drawsForQuantiles, key: Key(0), only: site)[site] else { return [] }
        let elements = (0..<draws.shape.elementCount).map { element in
            draws.array.element(element).sorted()
        }
        return probabilities.map { probability in elements.map { Self.quantile($0, probability) } }
    }

    /// Linear interpolation between order statistics, as NumPy's default does.
    static func quantile(_ sorted: [Double], _ probability: Double) -> Double {
        let place = probability * Double(sorted.count - 1)
        let low = Int(place)
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }

    private func find(_ name: String, _ sites: [Site]) throws -> Site {
        guard let site = sites.first(where: { $0.name == name }) else {
            throw RunError("there is no latent or deterministic site '\(name)'; there are: \(sites.map(\.name).joined(separator: ", "))")
        }
        return site
    }

    // MARK: Evaluation

    private struct Context {
        let fits: Fits
        let parameters: [String: Tensor]
        let origin: Origin

        func trace(_ draw: PreparedGuide.Draw) throws -> (trace: Trace, values: PreparedGuide.Values) {
            try fits.guide.trace(fits.svi.model, draw, parameters, TraceRun(origin: origin, purpose: "posterior"))
        }
    }

    /// Runs expressions of a fit's parameters for `lanes`, which may name a lane many times.
    private func evaluate(
        _ lanes: [Int], keys: [Key], _ outputs: (Context) throws -> [(name: String, value: Tensor)]
    ) throws -> [String: LaneValues] {
        let origin = Origin()
        let parameters = Dictionary(uniqueKeysWithValues: fits.guide.parameters.map {
            ($0.name, Tensor.input(Input(.state, StepFunction.parameter($0.name), origin: origin), shape: $0.shape))
        })
        let wanted = try outputs(Context(fits: fits, parameters: parameters, origin: origin))
        try StreamCheck.check(wanted.map(\.value))
        let program = try Lowering.lower(
            LaneFunction(states: wanted.map { .init("q/" + $0.name, $0.value.asReal) }, perLane: fits.binding.perLane))
        let executable = InterpreterExecutable(program, precision: fits.options.precision)
        let data = fits.binding.inputs(fits.keys, lanes: lanes).data
        let execution = try executable.start(LaneInputs(keys: keys, data: data))
        let read = Set(program.buffers.compactMap { buffer in
            if case .state(let name) = buffer.role { name } else { nil }
        })
        for (name, array) in fits.outcome.parameters where read.contains(StepFunction.parameter(name)) {
            try execution.write(StepFunction.parameter(name), array.lanes(lanes))
        }
        try execution.advance(from: 0, count: 1, scalars: [:])
        var values: [String: LaneValues] = [:]
        for (name, value) in wanted {
            values[name] = LaneValues(array: try execution.read("q/" + name), shape: value.shape)
        }
        return values
    }
}
