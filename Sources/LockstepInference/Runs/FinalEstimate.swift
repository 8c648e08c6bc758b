import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// The ELBO of each lane's guide at the lane's final parameters, whatever the loss was: E_q[log p(x, z) - log q(z)]
/// from many draws. A lane program of its own, without a gradient, that goes through one draw in each step.
struct FinalEstimate: Sendable {
    /// Names of states.
    private let constants: [LaneFunction.State]
    private let states: [LaneFunction.State]
    private let draws: Int

    /// - Throws: `ModelError` when model and guide do not fit together.
    init(_ model: Model, _ guide: PreparedGuide, draws: Int, data: DataShapes) throws {
        let origin = Origin()
        // A purpose of its own: the draws are none of those that the parameters were fitted to.
        let run = TraceRun(origin: origin, purpose: "elbo", data: data)
        let (trace, values) = try guide.trace(model, .sample, guide.carried(origin), run)
        let elbo = LaneConstants(
            Simplifier.simplify([trace.logJoint - values.logDensity(trace)])[0], origin: origin)
        constants = elbo.constants
        states = Self.states(elbo.function, origin)
        self.draws = draws
    }

    /// Mean and squared deviations of all values so far (Welford 1962), those that are not finite left out.
    private static func states(_ value: Tensor, _ origin: Origin) -> [LaneFunction.State] {
        func real(_ name: StateName) -> Tensor { name.before(origin) }
        let count = StateName.estimateCount.before(origin, dtype: .int)
        let counts = value.isFinite
        let isFirst = counts .& (count .== Tensor(integer: 0))
        let reference = select(isFirst, value, real(.estimateReference))
        let next = count + select(counts, Tensor(integer: 1), Tensor(integer: 0))
        let distance = value - reference
        let step = distance - real(.estimateMean)
        let mean = real(.estimateMean) + step / next.asReal
        return [
            .init(StateName.estimateCount, next),
            .init(StateName.estimateReference, reference),
            .init(StateName.estimateMean, select(counts, mean, real(.estimateMean))),
            .init(StateName.estimateSquares, select(counts, real(.estimateSquares) + step * (distance - mean), real(.estimateSquares))),
        ]
    }

    // MARK: On a device

    /// The estimate made ready for a device.
    struct Estimator: Sendable {
        fileprivate let draws: Int
        /// Of what does not differ from draw to draw: on the host, as it is one step of little work.
        fileprivate let constants: InterpreterExecutable
        fileprivate let constantNames: [String]
        fileprivate let program: LaneProgram
        fileprivate let executable: any LaneExecutable
        /// Lowering included.
        let compileSeconds: Double
    }

    /// - Parameters:
    ///   - lanes: how many are going to be estimated.
    ///   - schedule: the one of the steps; a program that it does not suit is laid out lane by lane.
    func compiled(
        on device: ResolvedDevice, lanes: Int, perLane: Set<String>, precision: Precision, schedule: Schedule
    ) throws -> Estimator {
        let clock = Clock()
        let program = try Lowering.lower(LaneFunction(states: states, perLane: perLane))
        func executable(_ schedule: Schedule) throws -> any LaneExecutable {
            try device.compile(program, precision: precision, lanes: lanes, schedule: schedule)
        }
        let made: any LaneExecutable
        do {
            made = try executable(schedule)
        } catch is ScheduleError {
            made = try executable(.lanes)
        }
        let constants = InterpreterExecutable(
            try Lowering.lower(LaneFunction(states: self.constants, perLane: perLane)), precision: precision)
        return Estimator(
            draws: draws, constants: constants, constantNames: self.constants.map(\.name), program: program, executable: made,
            compileSeconds: clock.time.seconds)
    }
}

extension FinalEstimate.Estimator {
    /// - Parameters:
    ///   - outcome: what the lanes came to, in the order of `lanes`.
    ///   - placed: the lanes' data, where they lie on the device.
    ///   - budget: bytes of device memory that lanes may take at a time.
    func estimate(
        _ outcome: Outcome, _ binding: DataBinding, _ keys: [Key], lanes: [Int], placed: PlacedData?, budget: Int
    ) throws -> ElboEstimate {
        let size = executable.mostLanes(budget: budget)
        var result = ElboEstimate()
        for first in stride(from: 0, to: lanes.count, by: size) {
            let places = Array(first..<min(first + size, lanes.count))
            let isAll = places.count == lanes.count
            let parameters = Dictionary(
                uniqueKeysWithValues: outcome.parameters.map {
                    (StateName.parameter($0).text, isAll ? $1 : $1.lanes(places))
                })
            let inputs = binding.inputs(keys, lanes: isAll ? lanes : places.map { lanes[$0] })
            let execution = try executable.start(inputs, placed: isAll ? placed : nil)
            try execution.write(parameters, of: program)
            try execution.write(constants(parameters, inputs), of: program)
            try execution.advance(from: 0, count: draws, scalars: [:])
            func scalars(_ name: StateName) throws -> [Double] { try execution.read(name).element(0) }
            let moments = try (scalars(.estimateCount), scalars(.estimateReference), scalars(.estimateMean), scalars(.estimateSquares))
            for (row, place) in places.enumerated() {
                if outcome.status[place].isLost {
                    result.appendNothing()
                } else {
                    result.append(draws: draws, finite: moments.0[row], mean: moments.1[row] + moments.2[row], squares: moments.3[row])
                }
            }
        }
        return result
    }

    /// What does not differ from draw to draw, by name.
    private func constants(_ parameters: [String: LaneArray], _ inputs: LaneInputs) throws -> [String: LaneArray] {
        guard !constantNames.isEmpty else { return [:] }
        let execution = try constants.start(inputs)
        try execution.write(parameters, of: constants.source)
        try execution.advance(from: 0, count: 1, scalars: [:])
        return Dictionary(uniqueKeysWithValues: try constantNames.map { ($0, try execution.read($0)) })
    }
}

extension LaneExecution {
    /// Replaces those of some states that the program has.
    fileprivate func write(_ states: [String: LaneArray], of program: LaneProgram) throws {
        let known = program.stateNames
        for (name, array) in states where known.contains(name) { try write(name, array) }
    }
}
