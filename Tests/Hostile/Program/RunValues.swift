import Lockstep
import Synchronization

// Models, guides, optimisers, options, data, and what a run gives.

extension Values {
    // MARK: Models

    func model() -> Model {
        let kind = pick(["plain", "own", "empty", "blocked"])
        if kind == "empty" { return Model { _ in } }
        if kind == "blocked" { return Self.plain.block(hide: names()) }
        if kind == "plain" { return Self.plain }
        return Model(body())
    }

    static let plain = Model { m in
        let z = m.sample("z", Normal(0, 1))
        let w = m.sample("w", LogNormal(0, 1), shape: [3])
        m.observe("o", Normal(w + z, 1), [0.5, 1, 2])
        m.deterministic("d", z + w)
    }

    /// Sites of hostile names, distributions and values; chosen once.
    func body() -> @Sendable (inout ModelContext) -> Void {
        let (name, distribution, value, shape) = (string(), distribution(), tensor(), shape())
        return { m in
            m.sample(name, distribution, shape: shape)
            m.factor("f", value)
        }
    }

    func inner() -> @Sendable (inout ModelContext) -> Void {
        let (name, value) = (string(), tensor())
        return { m in
            m.observe(name, Normal(0, 1), value)
            m.factor("factor", value)
        }
    }

    func predicate() -> @Sendable (SiteInfo) -> Bool {
        let name = string()
        return { $0.name == name || $0.isDiscrete }
    }

    func guide() -> any Guide {
        switch pick([0, 1, 2]) {
        case 0: AutoNormal(model(), initializer: initializer(), initialScale: double())
        case 1: AutoDelta(model(), initializer: initializer())
        default: model()
        }
    }
    func initializer() -> Initializer {
        switch pick([0, 1, 2, 3]) {
        case 0: .uniform(radius: double())
        case 1: .median
        case 2: .sample
        default: .value(tensorsByName())
        }
    }
    func guideData() -> GuideData { GuideData(data()) }
    func preparedGuide() throws -> PreparedGuide { try AutoNormal(Self.plain).prepare() }
    func loss() -> any Loss { TraceELBO(particles: pick([.min, -1, 0, 1, 2, 1 << 40, .max])) }

    // MARK: Optimisers

    func hyperparameter() -> Hyperparameter {
        switch pick([0, 1, 2, 3, 4, 5]) {
        case 0: .data(string())
        case 1: .exponentialDecay(from: double(), to: double(), over: optional(int()))
        case 2: .oneCycle(peak: double(), rise: double(), startDivisor: double(), endDivisor: double(), over: optional(int()))
        case 3: .piecewise(double(), then: pieces())
        default: .constant(double())
        }
    }
    func pieces() -> [Int: Hyperparameter] {
        Dictionary(many { (int(), Hyperparameter(double())) }, uniquingKeysWith: { first, _ in first })
    }
    func hyperparameterRange() -> Hyperparameter.Range { pick([.real, .positive, .notNegative, .belowOne, .share, .atLeastOne]) }
    func reading() -> (Hyperparameter) -> Tensor {
        let value = tensor()
        return { _ in value }
    }
    func optimizer() -> any Optimizer {
        switch pick([0, 1, 2, 3, 4]) {
        case 0: SGD(learningRate: hyperparameter(), momentum: double())
        case 1: Averaged(Adam(learningRate: 0.1), over: double())
        case 2: Clipped(SGD(learningRate: 0.1), norm: hyperparameter())
        case 3: Clipped(Averaged(Adam()), value: double())
        default: Adam(learningRate: hyperparameter(), beta1: double(), beta2: double(), epsilon: double())
        }
    }

    // MARK: Runs

    func key() -> Key { Key(seed()) }
    func keys() -> [Key] { many { key() } }
    func schedule() -> Schedule {
        switch pick([0, 1, 2]) {
        case 0: .group(vectors: int(), workers: int())
        case 1: .split(slices: int(), together: int())
        default: .lanes
        }
    }
    func device() -> Device { pick([.auto, .cpu, .opencl, .named(string())]) }
    func precision() -> Precision { pick([.float, .double]) }
    func badData() -> BadData { pick([.throw, .leaveOut]) }
    func convergence() -> Convergence { Convergence(tolerance: double(), window: int()) }
    func compileFunction() -> @Sendable (CompilationSize) -> Void { { _ in } }
    func progressFunction() -> @Sendable (Double) -> Void { { _ in } }

    /// Steps of recurrences: of the shape that is carried, of another, with nothing, and with a tensor from elsewhere.
    func foldStep() -> (Tensor, Tensor) -> Tensor {
        let other = tensor()
        switch pick(["sum", "first", "row", "other"]) {
        case "sum": return { $0 + $1.sum() }
        case "first": return { carry, _ in carry }
        case "row": return { _, row in row }
        default: return { carry, _ in carry * other }
        }
    }
    func scanStep() -> (Tensor, Tensor) -> (Tensor, Tensor) {
        let step = foldStep()
        return { (step($0, $1), $1) }
    }
    func stepOfMany() -> ([Tensor], [Tensor]) -> ([Tensor], [Tensor]) {
        switch pick(["carry", "rows", "nothing"]) {
        case "carry": return { ($0.map { $0 * 0.5 }, $1) }
        case "rows": return { ($1, $0) }
        default: return { _, _ in ([], []) }
        }
    }
    /// Derivatives of the state that they are called with, of another, and of nothing.
    func derivativeOfMany() -> (Tensor, [Tensor]) -> [Tensor] {
        let other = tensor()
        switch pick(["state", "time", "other", "nothing"]) {
        case "state": return { _, state in state.map { -$0 } }
        case "time": return { time, state in state.map { $0 * time } }
        case "other": return { _, state in state.map { $0 + other } }
        default: return { _, _ in [] }
        }
    }
    /// Of what they are called with, of it and of another tensor, and of another shape.
    func function() -> (Tensor) -> Tensor {
        let other = tensor()
        switch pick(["half", "itself", "other", "sum"]) {
        case "half": return { 0.5 * $0 }
        case "itself": return { $0 }
        case "other": return { $0 * other }
        default: return { $0.sum() }
        }
    }
    func functionOfMany() -> ([Tensor]) -> [Tensor] {
        let function = function()
        return pick([true, false]) ? { $0.map(function) } : { _ in [] }
    }
    func condition() -> ([Tensor]) -> Tensor {
        let other = tensor()
        switch pick(["any", "none", "numbers", "other"]) {
        case "any": return { ($0.first.map { 0.1 .< abs($0) } ?? other).any() }
        case "none": return { ($0.first.map { $0 .!= $0 } ?? other).any() }
        case "numbers": return { $0.first ?? other }
        default: return { _ in other }
        }
    }

    /// Options that are harmless but for one: a run stops at the first that it refuses.
    func options() -> RunOptions {
        var options = Harness.options
        switch pick(["lossInterval", "precision", "schedule", "budget", "attempts", "convergence", "draws"]) {
        case "lossInterval": options.lossInterval = int()
        case "precision": options.precision = precision()
        case "schedule": options.schedule = schedule()
        case "budget": options.memoryBudget = int()
        case "attempts": options.startAttempts = int()
        case "convergence": options.convergence = convergence()
        default: options.finalDraws = int()
        }
        return options
    }

    func laneData() -> LaneData {
        switch pick([0, 1, 2, 3, 4]) {
        case 0: .shared(doubles())
        case 1: .perLane(rows())
        case 2: .shared(rows())
        case 3: .shared(double())
        default: .perLane(doubles(), shape: shape())
        }
    }
    func data() -> [String: LaneData] { byName { laneData() }.merging(["y": laneData()]) { first, _ in first } }

    func svi() -> SVI {
        let model = model()
        return SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.1), loss: loss())
    }

    // MARK: Results

    /// Of a real run, one lane of which may have gone astray.
    func fits() throws -> Fits {
        let isLost = bool()
        return try Harness.results(isLost ? Harness.astray : Self.plain, target)
    }
    /// Perhaps of a lane that does not exist.
    func fit() throws -> Fit { try fits()[pick([0, 1, 0, 1, 2, -1, .max, .min])] }
    func laneValues() throws -> LaneValues { try found(try fits().parameters().values.first) }
    func summary() throws -> Summary { try Harness.results(Self.plain, target)[0].summary() }
    func row() throws -> Summary.Row { try found(try summary().first) }
    func axes() -> [String: Int] { Dictionary(many { (string(), int()) }, uniquingKeysWith: { first, _ in first }) }
    func exchangeable() -> ExchangeableSites { pick([["z"], ["w"], ["w", "d"], ExchangeableSites(strings(), axes: axes())]) }
    func modes() throws -> Modes { try fits().modes(tolerance: ModeTolerance(distance: pick([0, 2, .infinity]))) }
    func mode() throws -> Mode { try found(try modes().first) }
    func progress() throws -> FitProgress { try found(try Harness.results(Self.plain, target)[0].progress) }
    func edge() throws -> FitProgress.Edge { try found(try progress().edges?.first) }
    func trust() throws -> Trust { try found(try fits().trust(draws: 100).first) }
    func trustShift() throws -> Trust.Shift { try found(try Harness.results(Self.plain, target)[0].trust(draws: 100).largestShift) }
    func reasonGroup() throws -> FitReasonGroup { try found(try Harness.results(Harness.astray, target).reasons.first) }
    func reason() throws -> FitReason { try reasonGroup().reason }
    func reasonNumber() throws -> FitReason.Number { try found(try reason().numbers.first) }
    func reasonKind() -> FitReason.Kind { pick([.value, .support, .density, .unknown]) }
    func status() throws -> FitStatus { try found(try fits().status.first) }
    func timings() throws -> Timings { try fits().timings }
    /// Of a real run; the interpreter compiles nothing.
    func compilationSize() throws -> CompilationSize {
        let told = Mutex<CompilationSize?>(nil)
        var options = Harness.options
        options.onCompile = { size in told.withLock { $0 = size } }
        _ = try SVI(Self.plain, guide: AutoNormal(Self.plain), optimizer: Adam()).run(keys: [Key(0)], steps: 1, device: target, options: options)
        return try found(told.withLock { $0 })
    }
    func layout() throws -> RunLayout { try fits().layout }
    func trace() throws -> Trace { try Self.plain.trace() }
    func site() throws -> Site { try found(try trace().sites.first) }

    // MARK: Errors

    func lockstepError() throws -> LockstepError {
        let options = Harness.options
        let svi = SVI(Self.plain, guide: AutoNormal(Self.plain), optimizer: Adam())
        do {
            switch pick([0, 1, 2, 3, 4]) {
            case 0: _ = try svi.run(keys: [], steps: 1, device: target, options: options)
            case 1: _ = try svi.run(keys: [Key(0)], steps: 1, device: .named(string()), options: options)
            case 2: _ = try svi.run(keys: [Key(0)], steps: 1, data: ["none": .shared(1.0)], device: target, options: options)
            case 3: _ = try SVI(svi.model, guide: AutoNormal(Model { _ in }), optimizer: Adam()).run(keys: [Key(0)], steps: 1, device: target)
            default:
                var scheduled = options
                scheduled.schedule = .group(vectors: -1, workers: 3)
                _ = try svi.run(keys: [Key(0)], steps: 1, device: .opencl, options: scheduled)
            }
        } catch let error as LockstepError {
            return error
        }
        throw NothingFound()
    }
    func modelError() throws -> ModelError {
        guard case .model(let error) = try lockstepError() else { throw NothingFound() }
        return error
    }
    func dataError() throws -> DataError {
        guard case .data(let error) = try lockstepError() else { throw NothingFound() }
        return error
    }
    func runError() throws -> RunError {
        guard case .request(let error) = try lockstepError() else { throw NothingFound() }
        return error
    }
    func deviceError() throws -> DeviceError {
        guard case .device(let error) = try lockstepError() else { throw NothingFound() }
        return error
    }
    func scheduleError() throws -> ScheduleError {
        guard case .schedule(let error) = try lockstepError() else { throw NothingFound() }
        return error
    }
}
