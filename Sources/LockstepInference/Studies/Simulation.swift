import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Parameters drawn from a model's prior, and data drawn from them: one dataset in each lane of one program.
struct Simulation {
    /// What latent and deterministic sites were, in the order of the model.
    let truth: [(site: String, values: LaneValues)]
    /// What was drawn in the place of observed data, by the names of the data: an array for each dataset.
    let data: [String: LaneData]

    func values(_ site: String) -> LaneValues? { truth.first { $0.site == site }?.values }

    /// - Parameters:
    ///   - model: whose prior and likelihood are drawn from.
    ///   - given: what the model reads beside what it observes, shared or with an array for each dataset. Of observed data only shapes count;
    ///     they need not be given where the model states them.
    ///   - keys: one for each dataset.
    /// - Throws: `ModelError` and `DataError` for a model that no data can be drawn from.
    init(_ model: Model, _ given: [String: LaneData], keys: [Key], device: DeviceChoice, options: RunOptions) throws {
        let shapes = given.shapes(lanes: keys.count)
        let plain = try DataError.naming { try model.trace(TraceRun.prototype(shapes)) }
        let observed = try ObservedData.all(plain)
        let names = Set(observed.map(\.name))
        if let factor = plain.sites.first(where: { $0.kind == .factor }) {
            throw ModelError(
                site: factor.name,
                "it is a factor, which has no draws, so data of this model cannot be drawn; write it as a sample site, or draw from another "
                    + "model with simulating:")
        }
        if let ragged = names.sorted().first(where: { given[$0]?.isRagged ?? false }) {
            throw DataError(ragged, "is ragged, and data are drawn in one shape; give .shared(...) data of the shape that is to be drawn")
        }
        let origin = Origin()
        let trace = try model.drawingObservations().trace(TraceRun(origin: origin, purpose: "truth", data: shapes))
        let drawn = trace.sites.filter { $0.isLatent || $0.kind == .deterministic }
        try Self.checkIndependence(drawn, of: observed)
        try StreamCheck.check(drawn.map(\.value))
        let binding = try DataBinding(
            trace.data.filter { !names.contains($0.name) }, given.filter { !names.contains($0.key) }, lanes: keys.count)
        let arrays = try Self.run(drawn.map(\.value), binding, keys, device, options)
        let values = zip(drawn, arrays).map { (site: $0.name, values: LaneValues(array: $1, shape: $0.value.shape)) }
        let sites = Dictionary(uniqueKeysWithValues: observed.map { ($0.site, $0) })
        truth = values.filter { sites[$0.site] == nil }
        data = Dictionary(
            uniqueKeysWithValues: values.compactMap { site, values in
                sites[site].map { ($0.name, LaneData.perLane(numbers: values.array.elements.reals).with(.shape($0.shape))) }
            })
    }

    /// - Throws: `ModelError` where what is drawn would follow from data that are not there yet.
    private static func checkIndependence(_ drawn: [Site], of observed: [ObservedData]) throws {
        let names = Dictionary(uniqueKeysWithValues: observed.map { ($0.name, $0.site) })
        for site in drawn {
            guard let name = site.value.dataNames.sorted().first(where: { names[$0] != nil }), let observer = names[name] else { continue }
            throw ModelError(
                [site.name, observer],
                "site '\(site.name)': it follows from data '\(name)', which site '\(observer)' observes, and which would have to be drawn "
                    + "before; use the value that m.observe(\"\(observer)\", ...) returns, or data of another name")
        }
    }

    private static func run(
        _ outputs: [Tensor], _ binding: DataBinding, _ keys: [Key], _ device: DeviceChoice, _ options: RunOptions
    ) throws -> [LaneArray] {
        let names = outputs.indices.map { StateName.query($0) }
        let function = LaneFunction(states: zip(names, outputs).map { .init($0, $1.asReal) }, perLane: binding.perLane)
        let program = try Lowering.lower(function)
        // The schedule that suits any program, so that a dataset does not depend on the number of them.
        let (executable, choice) = try device.compile(program, precision: options.precision, lanes: keys.count, schedule: .lanes)
        let size = max(1, executable.mostLanes(budget: options.memoryBudget ?? choice.device.memoryBudget))
        var parts: [[LaneArray]] = outputs.map { _ in [] }
        for first in stride(from: 0, to: keys.count, by: size) {
            let lanes = Array(first..<min(first + size, keys.count))
            let execution = try executable.start(binding.inputs(keys, lanes: lanes))
            try execution.advance(from: 0, count: 1, scalars: [:])
            for (place, name) in names.enumerated() { parts[place].append(try execution.read(name)) }
        }
        return zip(parts, outputs).map { LaneArray(joining: $0, count: $1.count) }
    }
}

extension Numbers {
    /// As data are given.
    fileprivate var reals: Numbers { if case .int(let values) = self { .double(values.map(Double.init)) } else { self } }
}
