import LockstepTensor

/// One step of an algorithm in a lane, as expressions of what the lane holds before it.
public struct LanePlan: Sendable {
    /// Something that a lane carries from step to step beside the parameters.
    public struct State: Sendable {
        let name: StateName
        let start: Tensor?
        let next: Tensor

        /// - Parameters:
        ///   - name: by which `LaneProblem.state` has it.
        ///   - start: before the first step; zero where nil.
        ///   - next: after the step; of the shape and type that `LaneProblem.state` was asked for.
        public init(_ name: String, start: Tensor? = nil, next: Tensor) {
            self.name = .own(name)
            self.start = start
            self.next = next
        }
    }

    /// When a lane needs no further steps, as masks of one lane after a step.
    public struct Stop: Sendable {
        let converged: Tensor
        let stalled: Tensor

        /// - Parameters:
        ///   - converged: whether the lane is where it was to go.
        ///   - stalled: whether the lane is not there, and cannot go on; never where nil.
        public init(converged: Tensor, stalled: Tensor? = nil) {
            self.converged = converged
            self.stalled = stalled ?? Tensor(mask: false)
        }
    }

    /// What a step makes of one array of a lane.
    struct Update {
        let name: StateName
        let start: Tensor?
        let old: Tensor
        let new: Tensor

        var isParameter: Bool { if case .parameter = name { true } else { false } }
    }

    let loss: Tensor
    let gradients: [Tensor]
    let updates: [Update]
    let stop: Stop?
    /// The share of the steps, at the end, over which parameters are averaged for the results.
    var averagedShare: Double?
    /// The numbers that the algorithm works with.
    var hyperparameters: [Hyperparameter] = []
    var check: HyperparameterCheck?

    /// Data that hyperparameters are read from.
    var dataNames: [String] { check?.data ?? [] }

    /// - Parameters:
    ///   - problem: whose step it is.
    ///   - loss: of this step, a scalar. A step whose loss is not finite is refused: the lane stays as it is. Where a lane's first
    ///     step is refused it is given another start.
    ///   - gradients: what has to be finite beside it, and its square, for the step to be taken.
    ///   - parameters: the new values of the problem's parameters, in their order.
    ///   - states: what else the lane carries.
    ///   - stop: when the lane needs no further steps. The loss is then that of its parameters, free of noise, and the last one is
    ///     the lane's final loss.
    /// - Throws: `RunError` where shapes or types do not fit.
    public init(
        _ problem: LaneProblem, loss: Tensor, gradients: [Tensor], parameters: [Tensor], states: [State] = [], stop: Stop? = nil
    ) throws {
        guard parameters.count == problem.parameters.count else {
            throw RunError("a plan has \(parameters.count) new parameters; give one for each of \(problem.parameters.map(\.name))")
        }
        let moved = zip(problem.parameters, parameters).map { parameter, new in
            Update(name: .parameter(parameter.name), start: nil, old: parameter.value, new: new)
        }
        let own = states.map { state in
            Update(
                name: state.name, start: state.start, old: state.name.before(problem.origin, shape: state.next.shape, dtype: state.next.dtype),
                new: state.next)
        }
        for update in moved + own {
            if let failure = update.new.failure ?? update.start?.failure { throw failure }
            guard update.new.shape == update.old.shape, update.new.dtype == update.old.dtype, update.new.dtype != .bool else {
                throw RunError(
                    "a plan makes \(update.new.dtype) values of shape \(update.new.shape) of '\(update.name.text)'; "
                        + "give \(update.old.dtype) values of shape \(update.old.shape)")
            }
        }
        guard Set(own.map(\.name)).count == own.count else { throw RunError("a plan has two states of one name; give each its own") }
        self.init(loss: loss, gradients: gradients, updates: moved + own, stop: stop)
    }

    init(loss: Tensor, gradients: [Tensor], updates: [Update], stop: Stop? = nil) {
        self.loss = loss
        self.gradients = gradients
        self.updates = updates
        self.stop = stop
    }
}
