import LockstepCompiler
import LockstepModel
import LockstepTensor

/// A fit as expressions: how a lane starts, and one step.
struct StepFunction {
    let guide: PreparedGuide
    let declarations: [DataDeclaration]
    /// What data are held against before a run.
    private let checks: DataChecks
    /// The data that the optimiser reads.
    private let hyperparameters: [String]
    /// Draws starts; the step number is the attempt.
    let start: [LaneFunction.State]
    let step: (states: [LaneFunction.State], records: [LaneFunction.Record])

    /// - Throws: `ModelError` or `TensorError` when model, guide and loss do not fit together.
    init(_ svi: SVI, slots: Int, convergence: Convergence? = nil) throws {
        let guide = try svi.guide.prepare().including(paramsOf: svi.model)
        self.guide = guide
        let origin = Origin()
        let parameters = Dictionary(uniqueKeysWithValues: guide.parameters.map {
            ($0.name, Tensor.input(Input(.state, Self.parameter($0.name), origin: origin), shape: $0.shape))
        })
        let (plain, values) = try guide.trace(svi.model, .sample, parameters, TraceRun(origin: origin, purpose: "step"))
        let read = svi.optimizer.hyperparameters.compactMap { hyperparameter -> DataDeclaration? in
            guard case .data(let name) = hyperparameter else { return nil }
            return DataDeclaration(name: name, shape: [], dtype: .real, bound: nil)
        }
        hyperparameters = read.map(\.name)
        declarations = plain.data + guide.data + read

        let initial = try guide.initial(TraceRun(origin: Origin(), purpose: "initial"))
        checks = DataChecks(traces: [plain] + (values.trace.map { [$0] } ?? []), starts: initial.uses)
        start = try guide.parameters.map { parameter in
            guard let value = initial.values[parameter.name] else {
                throw ModelError(site: parameter.name, "the guide gives this parameter no start")
            }
            return .init(Self.parameter(parameter.name), value.broadcast(to: parameter.shape))
        }

        let loss = try svi.loss.value(of: LossStep(model: svi.model, guide: guide, parameters: parameters, origin: origin))
        if let failure = loss.failure { throw failure }
        let targets = guide.parameters.compactMap { parameters[$0.name] }
        let gradients = Gradient.of(loss, withRespectTo: targets)
        let updates = Self.updates(svi.optimizer, guide.parameters, targets, gradients, origin)
        let bookkeeping = Bookkeeping(loss: loss, gradients: gradients, slots: slots, convergence: convergence, origin: origin)
        // A parameter whose update overflows stays, so that what a lane carries is finite whatever its rate; the slots
        // follow gradients whose squares are finite. To refuse the
        // whole step instead would keep all updates until the last is known, which costs a tenth of a fit.
        let states = updates.map { LaneFunction.State($0.name, select($0.isParameter ? bookkeeping.accepts .& $0.new.isFinite : bookkeeping.accepts, $0.new, $0.old)) }
        step = (states + bookkeeping.states, bookkeeping.records)
        try StreamCheck.check((start + step.states).map(\.value))
    }

    /// Holds data against what model, guide and optimiser use them for.
    ///
    /// - Returns: why lanes are left out, by lane.
    func check(_ binding: DataBinding, lanes: Int, _ options: RunOptions) throws -> [Int: DataError] {
        let limit = DataScan.limit(options.precision)
        let mistakes = hyperparameters.flatMap { name -> [(lane: Int?, error: DataError)] in
            guard let given = binding.data[name] else { return [] }
            return given.values.enumerated().filter { !(abs($0.element) <= limit) }.map { lane, value in
                let place = given.isShared ? "" : " in lane \(lane)"
                return (given.isShared ? nil : lane, DataError(name, "is \(value)\(place); a number of the optimiser must be finite"))
            }
        }
        return try checks.check(binding, lanes: lanes, precision: options.precision, policy: options.badData, mistakes: mistakes)
    }

    static func parameter(_ name: String) -> String { "p/" + name }

    /// What a step would make of one array of a lane.
    private struct Update {
        let name: String
        let isParameter: Bool
        let old: Tensor
        let new: Tensor
    }

    private static func updates(
        _ optimizer: any Optimizer, _ parameters: [PreparedGuide.Parameter], _ values: [Tensor], _ gradients: [Tensor],
        _ origin: Origin
    ) -> [Update] {
        let number = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int).asReal + 1
        func read(_ hyperparameter: Hyperparameter) -> Tensor {
            switch hyperparameter {
            case .constant(let value): Tensor(value)
            case .data(let name): .input(Input(.data, name, origin: origin), shape: [])
            }
        }
        var updates: [Update] = []
        for ((parameter, value), gradient) in zip(zip(parameters, values), gradients) {
            let slots = optimizer.slotNames.map { slot in
                Tensor.input(Input(.state, "o/\(slot)/\(parameter.name)", origin: origin), shape: parameter.shape)
            }
            let (next, nextSlots) = optimizer.update(value, gradient: gradient, slots: slots, step: number, read)
            updates.append(Update(name: Self.parameter(parameter.name), isParameter: true, old: value, new: next))
            for ((slot, old), new) in zip(zip(optimizer.slotNames, slots), nextSlots) {
                updates.append(Update(name: "o/\(slot)/\(parameter.name)", isParameter: false, old: old, new: new))
            }
        }
        return updates
    }
}
