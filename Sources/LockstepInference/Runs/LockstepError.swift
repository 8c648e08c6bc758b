import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// What runs, explanations and the queries of fits throw, beside `CancellationError` of a cancelled task. Its
/// description is that of the error inside: it names the site or the data, and says what to do.
public enum LockstepError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A mistake in a model or guide, or they do not fit together.
    case model(ModelError)
    /// A mistake in an expression that belongs to no site.
    case expression(TensorError)
    /// Data that are missing, of another shape, or not what the model uses them as.
    case data(DataError)
    /// A request that makes no sense: of steps, lanes, draws or options.
    case request(RunError)
    /// There is no such device.
    case device(DeviceError)
    /// A schedule that the device or the model cannot have.
    case schedule(ScheduleError)
    /// The model is more than the compiler can take.
    case compiler(String)
    /// A driver refused or failed, or its memory did not suffice.
    case driver(String)

    /// The case of an error that some stage threw.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as LockstepError: error
            case let error as ModelError: .model(error)
            case let error as TensorError: .expression(error)
            case let error as DataError: .data(error)
            case let error as RunError: .request(error)
            case let error as DeviceError: .device(error)
            case let error as ScheduleError: .schedule(error)
            case let error as LoweringError: .compiler(error.description)
            default: .driver("\(error)")
            }
    }

    public var description: String {
        switch self {
        case .model(let error): error.description
        case .expression(let error): error.description
        case .data(let error): error.description
        case .request(let error): error.description
        case .device(let error): error.description
        case .schedule(let error): error.description
        case .compiler(let text), .driver(let text): text
        }
    }

    /// Runs the body of something public.
    ///
    /// - Throws: `LockstepError`, or the `CancellationError` of a cancelled task.
    static func wrapping<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw LockstepError(error)
        }
    }
}
