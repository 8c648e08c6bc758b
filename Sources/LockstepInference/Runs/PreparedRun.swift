import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// What a run is made of before anything is compiled: the algorithm's step, data that were checked, and the lanes that are left.
struct PreparedRun: Sendable {
    let algorithm: any LaneAlgorithm
    let keys: [Key]
    let steps: Int
    let options: RunOptions
    let device: DeviceChoice
    let function: StepFunction
    let binding: DataBinding
    /// Started with the call.
    let clock: Clock
    /// Why lanes are left out.
    let badData: [Int: DataError]
    /// The others.
    let good: [Int]
    let traceSeconds: Double
    let checkSeconds: Double
    /// Nil where no final draws are wanted.
    let estimate: FinalEstimate?
    /// Steps at the end whose mean loss is a fit's final loss.
    private let tail: Int

    init(
        _ algorithm: any LaneAlgorithm, keys: [Key], steps: Int, data: [String: LaneData], device: @autoclosure () throws -> DeviceChoice,
        options: RunOptions
    ) throws {
        clock = Clock()
        self.algorithm = algorithm
        self.keys = keys
        self.steps = steps
        self.options = options
        tail = min(50, steps)
        self.device = try device()
        function = try DataError.naming {
            try StepFunction(
                algorithm, slots: options.slots(steps), convergence: options.convergence, data: data.shapes(lanes: keys.count),
                precision: options.precision)
        }
        binding = try DataBinding(function.declarations, data, lanes: keys.count)
        estimate =
            options.finalDraws == 0
            ? nil : try FinalEstimate(algorithm.model, function.guide, draws: options.finalDraws, data: binding.shapes)
        traceSeconds = clock.time.seconds
        let checking = Clock()
        let badData = try function.check(binding, lanes: keys.count, options)
        self.badData = badData
        good = binding.ordered(keys.indices.filter { badData[$0] == nil })
        checkSeconds = checking.time.seconds
    }

    /// Bytes that a wave may take.
    func budget(_ device: DeviceChoice) -> Int { options.memoryBudget ?? device.device.memoryBudget }

    /// The step, ready for a device.
    struct Compiled: Sendable {
        let program: LaneProgram
        let step: any LaneExecutable
        /// What the caller's choice came to.
        let device: DeviceChoice
    }

    func compile() throws -> Compiled {
        let program = try Lowering.lower(function.laneFunction(perLane: binding.perLane))
        try Outcome.checkRoom(for: keys.count, function.guide.parameters, steps: steps, options)
        if let onCompile = options.onCompile, case .opencl = device.device { onCompile(CompilationSize(program, function.trace)) }
        let (step, device) = try device.compile(
            program, precision: options.precision, lanes: keys.count, schedule: options.schedule,
            first: FirstBatch(budget: budget(device)) { binding.inputs(keys, lanes: Array(good.prefix($0))) })
        return Compiled(program: program, step: step, device: device)
    }

    /// Compiles the final estimate beside the steps: its driver's compiler needs as long as theirs.
    ///
    /// - Parameter schedule: the one of the steps, on which alone the bits of a lane may depend.
    func startEstimator(_ device: ResolvedDevice, _ schedule: Schedule) throws -> Background<FinalEstimate.Estimator>? {
        guard let estimate else { return nil }
        let beside = try device.beside()
        let (perLane, lanes, precision, device) = (binding.perLane, keys.count, options.precision, beside ?? device)
        return Background(onThread: beside != nil) {
            try estimate.compiled(on: device, lanes: lanes, perLane: perLane, precision: precision, schedule: schedule)
        }
    }

    /// The step with which the last tenth begins.
    static func lastTenth(of steps: Int) -> Int { steps - max(1, steps / 10) }

    /// Numbers given at each launch.
    func settings(commit: Bool) -> [String: Double] {
        [
            Bookkeeping.Setting.commit: commit ? 1 : 0,
            Bookkeeping.Setting.interval: Double(options.lossInterval),
            Bookkeeping.Setting.tailStart: Double(steps - tail),
            Bookkeeping.Setting.steps: Double(steps),
        ]
    }

    /// Of drifts; NaN where there was nothing to look at.
    func paces(_ drift: ParameterDrift?, _ lanes: [Int]) throws -> Deferred<[Double]> {
        guard let drift, let rate = RatePath.schedule(in: function.plan.hyperparameters) else { return Deferred { lanes.map { _ in .nan } } }
        return Deferred(value: drift.paces(lanes: lanes.count, try RatePath.sums(rate, steps: steps, binding, lanes: lanes)))
    }
}
