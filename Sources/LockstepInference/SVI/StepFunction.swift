import LockstepCompiler
import LockstepModel
import LockstepTensor

/// A fit as expressions: how a lane starts, and one step.
struct StepFunction {
    let guide: PreparedGuide
    let declarations: [DataDeclaration]
    /// Draws starts; the step number is the attempt.
    let start: [LaneFunction.State]
    let step: (states: [LaneFunction.State], records: [LaneFunction.Record])

    /// - Throws: `ModelError` or `TensorError` when model, guide and loss do not fit together.
    init(_ svi: SVI, slots: Int, convergence: Convergence? = nil, data: DataShapes) throws {
        let guide = try svi.guide.prepare(GuideData(data)).including(paramsOf: svi.model, GuideData(data))
        self.guide = guide
        let origin = Origin()
        let parameters = Dictionary(uniqueKeysWithValues: guide.parameters.map {
            ($0.name, Tensor.input(Input(.state, Self.parameter($0.name), origin: origin), shape: $0.shape))
        })
        let plain = try guide.trace(svi.model, .sample, parameters, TraceRun(origin: origin, purpose: "step", data: data)).trace
        let hyperparameters = svi.optimizer.hyperparameters.compactMap { hyperparameter -> DataDeclaration? in
            guard case .data(let name) = hyperparameter else { return nil }
            return DataDeclaration(name: name, shape: [], dtype: .real, bound: nil)
        }
        declarations = plain.data + guide.data + hyperparameters

        let initial = try guide.initial(TraceRun(origin: Origin(), purpose: "initial", data: data))
        start = try guide.parameters.map { parameter in
            guard let value = initial[parameter.name] else {
                throw ModelError(site: parameter.name, "the guide gives this parameter no start")
            }
            return .init(Self.parameter(parameter.name), value.broadcast(to: parameter.shape))
        }

        let loss = try svi.loss.value(of: LossStep(model: svi.model, guide: guide, parameters: parameters, origin: origin, data: data))
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
