import Foundation
import Lockstep

/// Runs what a call gave.
enum Harness {
    static var options: RunOptions {
        var options = RunOptions()
        options.finalDraws = 2
        options.startAttempts = 2
        options.lossInterval = 1
        return options
    }

    /// A model whose loss is not finite.
    static let astray = Model { m in
        let z = m.sample("z", Normal(0, 1))
        m.factor("f", log(-square(z) - 1))
    }

    static func results(_ model: Model, _ device: Device) throws -> Fits {
        try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.1))
            .run(keys: [Key(0), Key(1)], steps: 2, device: device, options: options)
    }

    /// The errors that the library says it throws.
    static func judge(_ error: any Error) {
        switch error {
        case is LockstepError, is CancellationError, is ModelError, is TensorError, is DataError, is RunError, is DeviceError,
            is ScheduleError:
            // Messages are made of hostile values too.
            _ = "\(error)"
        case is NothingFound: break
        default: fail("an error of type \(type(of: error)): \(error)")
        }
    }

    static func fail(_ text: String) -> Never {
        print(text)
        exit(1)
    }

    /// Calls something, and judges what it throws.
    static func attempt(_ body: () throws -> Void) {
        do { try body() } catch { judge(error) }
    }

    // MARK: Calls

    /// Makes a call whose result belongs to a model's run, and runs that model.
    static func runInside(_ number: Int, _ device: Device, _ body: @escaping Call.Inside) {
        let model = Model { m in
            let probe = SourceProbe()
            let z = m.sample("z", Normal(0, 1))
            let w = m.sample("w", Normal(0, 1), shape: [3])
            let y = m.data("y", shape: [2, 3])
            let k = m.indices("k", shape: [3], below: 3)
            m.sample("probe", probe)
            let own = [z, w, y, k, y + w, k + 1, exp(w), w .> 0, y[0], sigmoid(w), Tensor.iota(3) + k]
            let values = Values(number: number, device: device, own: own, source: probe.source)
            do {
                use(try body(values, &m), values, &m)
            } catch {
                judge(error)
            }
        }.block { $0.name == "probe" }
        let data: [String: LaneData] = ["y": .shared([[0.5, 1, 2], [3, -4, 1e30]]), "k": .shared([0, 2, 1])]
        fit(model, device, data: data)
    }

    static func runOutside(_ number: Int, _ device: Device, _ body: Call.Outside) {
        let values = Values(number: number, device: device)
        attempt { use(try body(values), values, device) }
    }

    // MARK: Use inside a model

    private static func use(_ result: Any, _ v: Values, _ m: inout ModelContext) {
        switch result {
        case let x as Tensor:
            _ = (x.shape, x.dtype, x.count, x.rank, x.failure.map { "\($0)" })
            m.deterministic("used", x)
            m.factor("used factor", x.dtype == .real ? x : x.asReal)
        case let x as [Tensor]:
            for (place, tensor) in x.enumerated() { m.factor("used \(place)", tensor.asReal) }
        case let distribution as any Distribution: use(distribution, v, &m)
        case let bijector as any Bijector:
            let x = v.tensor()
            let y = bijector.forward(x)
            m.deterministic("forward", y)
            m.deterministic("inverse", bijector.inverse(y))
            m.factor("jacobian", bijector.logAbsDetJacobian(x, y))
            m.sample("transformed", TransformedDistribution(Normal(0, 1).expanded(to: [3]), bijector))
        case let constraint as Constraint:
            _ = (constraint.isDiscrete, constraint.eventRank, "\(constraint)")
            m.deterministic("check", constraint.check(v.tensor()))
            m.param("used param", v.tensor(), constraint: constraint)
        case let parameter as DistributionParameter:
            m.deterministic("used", parameter.constraint.check(parameter.value))
        case let source as RandomSource: m.deterministic("used", source.normal([3]))
        default: _ = String("\(result)".prefix(1000))
        }
    }

    private static func use(_ distribution: any Distribution, _ v: Values, _ m: inout ModelContext) {
        _ = (distribution.failure.map { "\($0)" }, distribution.shape(), distribution.isProper, distribution.parameters.count)
        let value = v.tensor()
        m.deterministic("mean", distribution.mean)
        m.deterministic("variance", distribution.variance)
        if let cdf = distribution.cdf(value) { m.deterministic("cdf", cdf) }
        if let icdf = distribution.icdf(value) { m.deterministic("icdf", icdf) }
        if let all = distribution.enumeratedSupport { m.deterministic("support", all) }
        if !distribution.isDiscrete { m.sample("latent", distribution) }
        m.observe("observed", distribution, value)
    }

    // MARK: Use outside of a model

    private static func use(_ result: Any, _ v: Values, _ device: Device) {
        let plain = Values.plain
        func run(
            optimizer: any Optimizer = Adam(learningRate: 0.1), loss: any Loss = TraceELBO(), initializer: Initializer = .uniform(),
            keys: [Key] = [Key(0), Key(1)], data: [String: LaneData] = [:], on device: Device = device, options: RunOptions = Harness.options
        ) {
            fit(
                plain, guide: AutoNormal(plain, initializer: initializer), optimizer: optimizer, loss: loss, keys: keys, device, data: data,
                options: options)
        }
        switch result {
        case let model as Model:
            fit(model, device, data: v.data())
            fit(plain, guide: model, device)
        case let guide as any Guide: fit(plain, guide: guide, device)
        case let optimizer as any Optimizer: run(optimizer: optimizer, data: rates)
        case let value as Hyperparameter: run(optimizer: Clipped(Adam(learningRate: value), norm: value), data: rates)
        case let values as [Hyperparameter]: if let first = values.first { run(optimizer: SGD(learningRate: first), data: rates) }
        case let limit as Clipped.Limit: _ = "\(limit)"
        case let loss as any Loss: run(loss: loss)
        case let initializer as Initializer: run(initializer: initializer)
        case let options as RunOptions: run(options: options)
        case let convergence as Convergence:
            var options = options
            options.convergence = convergence
            run(options: options)
        case let schedule as Schedule:
            var options = options
            options.schedule = schedule
            run(options: options)
        case let precision as Precision:
            var options = options
            options.precision = precision
            run(options: options)
        case let key as Key: run(keys: [key, key.fold(1)])
        case let keys as [Key]: run(keys: Array(keys.prefix(3)))
        case let other as Device: run(on: other)
        case let data as LaneData: useData(data, device)
        case let svi as SVI:
            attempt { try ask(svi.run(keys: v.keys(), steps: 2, data: v.data(), device: device, options: options)) }
            attempt { _ = try svi.explain(steps: v.int(), lanes: v.int(), device: device, options: options) }
        case let fits as Fits: attempt { try ask(fits) }
        case let fit as Fit: ask(fit)
        case let trace as Trace: fit(plain.replay(trace), device)
        default: _ = String("\(result)".prefix(1000))
        }
    }

    /// Data for hyperparameters that read some.
    private static let rates: [String: LaneData] = ["z": .shared(0.1), "w": .perLane([0.1, .nan]), "y": .perLane([1, 2, 3])]

    private static func useData(_ data: LaneData, _ device: Device) {
        let model = Model { m in
            let z = m.sample("z", Normal(0, 1))
            m.observe("o", Normal(z, 1), m.data("y"))
        }
        let indexed = Model { m in
            let z = m.sample("z", Normal(0, 1), shape: [3])
            m.observe("o", Normal(z[m.indices("y")], 1), 1)
        }
        for model in [model, indexed] { fit(model, device, data: ["y": data]) }
        attempt { _ = try model.trace(data: ["y": data]) }
        var leaving = options
        leaving.badData = .leaveOut
        fit(model, device, data: ["y": data], options: leaving)
    }

    // MARK: Runs

    private static func fit(
        _ model: Model, guide: (any Guide)? = nil, optimizer: any Optimizer = Adam(learningRate: 0.1), loss: any Loss = TraceELBO(),
        keys: [Key] = [Key(0), Key(1)], _ device: Device, data: [String: LaneData] = [:], options: RunOptions = Harness.options
    ) {
        let svi = SVI(model, guide: guide ?? AutoNormal(model), optimizer: optimizer, loss: loss)
        do {
            try ask(svi.run(keys: keys, steps: 2, data: data, device: device, options: options))
            Values.tell("it ran")
        } catch is CancellationError {
        } catch let error as LockstepError {
            Values.tell(error.description)
        } catch {
            fail("run threw an error of type \(type(of: error)): \(error)")
        }
    }

    private static func ask(_ fits: Fits) throws {
        _ = (fits.elbo, fits.elboError, fits.loss, fits.status, fits.nonFiniteDraws, fits.timings)
        _ = fits.progress.map { $0.map { "\($0)" } }
        _ = fits.reasons.map { "\($0)" }
        attempt { _ = try fits.parameters() }
        attempt { _ = try fits.sample(2).mapValues(\.values) }
        ask(fits.best)
    }

    private static func ask(_ fit: Fit) {
        _ = (fit.status, fit.elbo, fit.loss, fit.reason, fit.progress)
        attempt { _ = try fit.parameters() }
        attempt { _ = try "\(fit.summary())" }
        attempt { _ = try fit.quantiles("z", [0.5, 0, 1]) }
    }
}
