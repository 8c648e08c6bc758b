import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// A fit as expressions: how a lane starts, and one step.
struct StepFunction {
    let guide: PreparedGuide
    let declarations: [DataDeclaration]
    /// The step that the algorithm wants.
    let plan: LanePlan
    /// The states that hold the results, by parameter.
    let results: [String: String]
    /// The model at the guide's draws.
    let trace: Trace
    /// What data are held against before a run.
    private let checks: DataChecks
    /// What lanes begin with; the step number is the attempt.
    private let starts: [LaneFunction.State]
    let step: (states: [LaneFunction.State], records: [LaneFunction.Record])
    /// Whether lanes may stop before the last step.
    let mayStop: Bool

    /// - Throws: `ModelError` or `TensorError` when model, guide and loss do not fit together, `RunError` for an optimiser
    ///   that does not keep to its word.
    init(_ algorithm: any LaneAlgorithm, slots: Int, convergence: Convergence? = nil, data: DataShapes, precision: Precision = .float) throws {
        let guide = try algorithm.guide.prepare(GuideData(data)).including(paramsOf: algorithm.model, GuideData(data))
        self.guide = guide
        let problem = LaneProblem(algorithm.model, guide, data, precision)
        let origin = problem.origin
        let (plain, values) = try guide.trace(
            algorithm.model, .sample, problem.named, TraceRun(origin: origin, purpose: "step", data: data))

        trace = plain
        let initial = try guide.initial(TraceRun(origin: Origin(), purpose: "initial", data: data))
        checks = DataChecks(traces: [plain] + (values.trace.map { [$0] } ?? []), starts: initial.uses)
        let parameterStarts = try guide.parameters.map { parameter in
            guard let value = initial.values[parameter.name] else {
                throw ModelError(site: parameter.name, "the guide gives this parameter no start")
            }
            return LaneFunction.State(.parameter(parameter.name), value.broadcast(to: parameter.shape))
        }

        let plan = try algorithm.prepare(problem)
        self.plan = plan
        declarations = plain.data + guide.data + plan.dataNames.map { DataDeclaration(name: $0, shape: [], dtype: .real, bound: nil) }
        let bookkeeping = Bookkeeping(
            loss: plan.loss, gradients: plan.gradients, parameters: problem.parameters.map { ($0.name, $0.value) }, slots: slots,
            convergence: convergence, stop: plan.stop, origin: origin)
        starts =
            parameterStarts
            + plan.updates.compactMap { update in
                update.start.map { LaneFunction.State(update.name, $0.broadcast(to: update.new.shape)) }
            } + bookkeeping.starts
        mayStop = convergence != nil || plan.stop != nil
        // A parameter whose update overflows stays, so that what a lane carries is finite whatever its rate; the slots
        // follow gradients whose squares are finite. To refuse the
        // whole step instead would keep all updates until the last is known, which costs a tenth of a fit.
        var states = plan.updates.map { update in
            guard update.isParameter else { return LaneFunction.State(update.name, select(bookkeeping.accepts, update.new, update.old)) }
            let new = bookkeeping.rate.map { update.old + $0 * (update.new - update.old) } ?? update.new
            return LaneFunction.State(update.name, select(bookkeeping.accepts .& new.isFinite, new, update.old))
        }
        if let share = plan.averagedShare {
            let last = Dictionary(uniqueKeysWithValues: states.map { ($0.name, $0.value) })
            for parameter in guide.parameters {
                guard let value = last[StateName.parameter(parameter.name).text] else { continue }
                let name = StateName.average(parameter.name)
                let old = name.before(origin, shape: parameter.shape)
                states.append(.init(name, select(bookkeeping.isLive, Self.average(old, value, share, problem.time), old)))
            }
        }
        let averages = plan.averagedShare != nil
        results = Dictionary(
            uniqueKeysWithValues: guide.parameters.map { ($0.name, (averages ? StateName.average($0.name) : .parameter($0.name)).text) })
        step = (states + bookkeeping.states, bookkeeping.records)
        try StreamCheck.check((starts + step.states).map(\.value))
    }

    /// What the compiler gets.
    ///
    /// - Parameter perLane: the names of data that differ from lane to lane.
    func laneFunction(perLane: Set<String>) -> LaneFunction {
        let unknown = LaneFunction.State(.initialLoss, Tensor(Double.nan))
        return LaneFunction(states: step.states, records: step.records, starts: starts + [unknown], perLane: perLane)
    }

    /// Holds data against what model, guide and optimiser use them for.
    ///
    /// - Returns: why lanes are left out, by lane.
    func check(_ binding: DataBinding, lanes: Int, _ options: RunOptions) throws -> [Int: DataError] {
        try plan.check?.validateConstants(options.precision)
        let mistakes = plan.check?.mistakes(binding.data, options.precision) ?? []
        return try checks.check(binding, lanes: lanes, precision: options.precision, policy: options.badData, mistakes: mistakes)
    }

    /// The mean of a parameter's values over the steps since the average began; before that, the last value.
    private static func average(_ old: Tensor, _ value: Tensor, _ share: Double, _ time: StepTime) -> Tensor {
        let first = floor(time.steps * Tensor(1 - share) + 0.5)
        let mean = old + (value - old) * (1 / pointwiseMax(time.done - first + 1, 1))
        return select((first .< time.done) .& mean.isFinite, mean, value)
    }
}

extension PreparedGuide {
    /// The unconstrained parameters as a lane carries them, by name.
    func carried(_ origin: Origin) -> [String: Tensor] {
        Dictionary(
            uniqueKeysWithValues: parameters.map {
                ($0.name, StateName.parameter($0.name).before(origin, shape: $0.shape))
            })
    }
}
