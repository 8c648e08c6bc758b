import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// The ELBO of each lane's guide at the lane's final parameters, whatever the loss was: E_q[log p(x, z) - log q(z)]
/// from many draws.
struct FinalEstimate: Sendable {
    private let program: DrawProgram

    /// - Throws: `ModelError` when model and guide do not fit together.
    init(_ model: Model, _ guide: PreparedGuide, draws: Int, data: DataShapes) throws {
        let origin = Origin()
        // A purpose of its own: the draws are none of those that the parameters were fitted to.
        let run = TraceRun(origin: origin, purpose: "elbo", data: data)
        let (trace, values) = try guide.trace(model, .sample, guide.carried(origin), run)
        program = DrawProgram([trace.logJoint - values.logDensity(trace)], draws: draws, origin: origin) { elbo in
            (Self.states(elbo[0], origin), [])
        }
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
        fileprivate let program: DrawProgram.Compiled
        /// Lowering included.
        let compileSeconds: Double
    }

    /// As `DrawProgram.compiled`.
    func compiled(
        on device: ResolvedDevice, lanes: Int, perLane: Set<String>, precision: Precision, schedule: Schedule
    ) throws -> Estimator {
        let clock = Clock()
        let program = try program.compiled(on: device, lanes: lanes, perLane: perLane, precision: precision, schedule: schedule)
        return Estimator(program: program, compileSeconds: clock.time.seconds)
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
        var result = ElboEstimate()
        try program.run(outcome.parameters, binding, keys, lanes: lanes, placed: placed, budget: budget) { rows, execution in
            func scalars(_ name: StateName) throws -> [Double] { try execution.read(name).element(0) }
            let moments = try (scalars(.estimateCount), scalars(.estimateReference), scalars(.estimateMean), scalars(.estimateSquares))
            for (row, place) in rows.enumerated() {
                if outcome.status[place].isLost {
                    result.appendNothing()
                } else {
                    result.append(
                        draws: program.draws, finite: moments.0[row], mean: moments.1[row] + moments.2[row], squares: moments.3[row])
                }
            }
        }
        return result
    }
}
